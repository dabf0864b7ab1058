/* A data directory of its own for one test, and a store in it. */
#pragma once
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "state/store/store.h"

enum { TEMP_MAP_BYTES = 64 << 20 };

struct temp_store {
    char path[64];
    struct store *store;
};

static inline void temp_store_reopen(struct temp_store *temp, size_t map_bytes)
{
    struct error error = {0};
    store_close(temp->store);
    temp->store = NULL;
    enum status status = store_open(temp->path, map_bytes, STORE_OWNER, &temp->store, &error);
    ck_assert_msg(status == STATUS_OK, "%s", error.text);
}

static inline void temp_store_open(struct temp_store *temp, size_t map_bytes)
{
    *temp = (struct temp_store){.path = "/tmp/flywheel-test-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(temp->path));
    temp_store_reopen(temp, map_bytes);
}

static inline void temp_directory_remove(const char *path)
{
    char name[512];
    DIR *directory = opendir(path);
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') {
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            if (unlink(name) != 0)
                temp_directory_remove(name); /* a backup within */
        }
    closedir(directory);
    rmdir(path);
}

static inline void temp_store_finish(struct temp_store *temp)
{
    store_close(temp->store);
    temp_directory_remove(temp->path);
}

#define COMMIT(txn) ck_assert_msg(store_commit(txn) == STATUS_OK, "%s", (txn)->reason)
