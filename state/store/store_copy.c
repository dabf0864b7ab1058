/* Copies of the environment: a backup, a compacted file in the place of the original. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store/store_state.h"

enum { PATH_BYTES_MAX = 4096 };

/* Into a file of our own making, because LMDB would leave it readable by everybody. */
static int copy_to(struct store *store, const char *beside, const char *path)
{
    if (access(path, F_OK) == 0)
        return EEXIST;
    int fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno;
    int code = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
    if (code == 0)
        code = pages_wipe(fd); /* What was erased is not to live on in gaps of pages. */
    if (code == 0 && fsync(fd) != 0)
        code = errno;
    close(fd);
    if (code == 0 && rename(beside, path) != 0)
        code = errno;
    if (code != 0)
        unlink(beside);
    return code;
}

enum status store_copy(struct store *store, const char *directory, struct error *ret_error)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        error_set(ret_error, store_exit_code(errno), "%s can't be created: %s", directory,
                  strerror(errno));
        return STATUS_FATAL;
    }
    char path[PATH_BYTES_MAX], beside[PATH_BYTES_MAX];
    if (store_file_check_snapshot(store, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    int code = ENAMETOOLONG;
    if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", directory) < sizeof path &&
        (size_t)snprintf(beside, sizeof beside, "%s/data.mdb.tmp", directory) < sizeof beside)
        code = copy_to(store, beside, path);
    if (code != 0) {
        error_set(ret_error, store_exit_code(code), "%s can't be copied to %s: %s", store->path,
                  directory, mdb_strerror(code));
        return STATUS_FATAL;
    }
    store_sync_directory(directory);
    return STATUS_OK;
}

enum status store_copy_name(const struct store *store, const char *directory,
                            struct error *ret_error)
{
    if (store_lock_leave(directory, store->instance.uuid)) {
        store_sync_directory(directory);
        return STATUS_OK;
    }
    error_set(ret_error, store_exit_code(errno), "%s/owner.lock can't be made: %s", directory,
              strerror(errno));
    return STATUS_FATAL;
}

enum status store_back_up(struct store *store, const char *directory, struct error *ret_error)
{
    enum status status = store_copy(store, directory, ret_error);
    return status == STATUS_OK ? store_copy_name(store, directory, ret_error) : status;
}

enum status store_replace(struct store *store, const char *copy, const char *original,
                          struct error *ret_error)
{
    assert(store->mode == STORE_OFFLINE);
    int fd = open(copy, O_RDONLY | O_CLOEXEC);
    bool is_done = fd >= 0 && fsync(fd) == 0 && rename(copy, original) == 0;
    if (!is_done)
        error_set(ret_error, store_exit_code(errno), "%s can't take the place of %s: %s", copy,
                  original, strerror(errno));
    if (fd >= 0)
        close(fd);
    store_sync_directory(store->path);
    return is_done ? STATUS_OK : STATUS_FATAL;
}
