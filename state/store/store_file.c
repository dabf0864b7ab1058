/* Two ways to be without a state are not one: a directory that never had one starts anew; one whose
 * lock file knows an instance has lost it, and says so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state/store/store_state.h"

enum { PATH_BYTES_MAX = 4096, SNAPSHOT_TRIES = 20 };

void store_sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

void store_guard(struct store *store)
{
    MDB_stat stat = {0};
    mdb_env_stat(store->env, &stat);
    store_guard_set(&store->guard, store->path, stat.ms_psize);
}

static int open_data(const struct store *store, char path[PATH_BYTES_MAX])
{
    if ((size_t)snprintf(path, PATH_BYTES_MAX, "%s/data.mdb", store->path) >= PATH_BYTES_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is not waited for */
}

static bool is_file_or_absent(const struct store *store, const char *name)
{
    char path[PATH_BYTES_MAX];
    struct stat file;
    snprintf(path, sizeof path, "%s/%s", store->path, name);
    return lstat(path, &file) != 0 || S_ISREG(file.st_mode);
}

static void say_damage(const struct store *store, const struct pages_report *report,
                       struct error *ret_error)
{
    const struct pages_finding *first = &report->findings[0];
    char more[64] = "";
    if (report->bad > 1)
        snprintf(more, sizeof more, ", and %llu more like it", (unsigned long long)report->bad - 1);
    error_set(
        ret_error, EXIT_STATE_IO,
        "data directory %s: data.mdb is damaged: page %llu%s%s %s%s: restore a backup, or start "
        "afresh",
        store->path, (unsigned long long)first->page, first->tree[0] ? " of table " : "",
        first->tree, first->what, more);
}

static enum status say(const struct store *store, enum status status,
                       const struct pages_report *report, struct error *ret_error)
{
    if (status == STATUS_MALFORMED)
        say_damage(store, report, ret_error);
    else if (status == STATUS_BUSY)
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
    else if (status != STATUS_OK)
        error_set(ret_error, EXIT_TEMPORARY, "data directory %s is written too fast to be read",
                  store->path);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

/* There is no file, or nothing in it. */
static enum status check_absent(const struct store *store, bool is_missing, struct error *ret_error)
{
    if (store->lock.has_instance)
        error_set(ret_error, EXIT_STATE_IO,
                  "data directory %s: data.mdb is %s, but owner.lock says that there was a state: "
                  "restore a backup, or remove owner.lock to start anew",
                  store->path, is_missing ? "missing" : "empty");
    else if (store->mode != STORE_OWNER)
        error_set(ret_error, EXIT_STATE_IO, "data directory %s: there is no state here",
                  store->path);
    return ret_error->is_set ? STATUS_FATAL : STATUS_OK;
}

static enum status check_open(struct store *store, int fd, const char *path,
                              struct error *ret_error)
{
    struct pages_report *report = &store->pages;
    if (store->mode == STORE_READER)
        return say(store, pages_read_metas(fd, report), report, ret_error);
    enum status status = pages_check(fd, PAGES_NEWEST, report);
    bool may_be_new = store->mode == STORE_OWNER && !store->lock.has_instance;
    if (status == STATUS_MALFORMED && may_be_new && pages_is_blank(fd)) {
        if (unlink(path) == 0) {
            *report = (struct pages_report){0};
            return STATUS_OK;
        }
    }
    return say(store, status, report, ret_error);
}

enum status store_file_check(struct store *store, struct error *ret_error)
{
    char path[PATH_BYTES_MAX];
    struct stat file;
    int fd = open_data(store, path);
    if (fd < 0 && errno == ENOENT)
        return check_absent(store, true, ret_error);
    if (fd < 0 || fstat(fd, &file) != 0) {
        error_set(ret_error, store_exit_code(errno), "data directory %s: data.mdb: %s", store->path,
                  strerror(errno));
        if (fd >= 0)
            close(fd);
        return STATUS_FATAL;
    }
    if (!S_ISREG(file.st_mode) || !is_file_or_absent(store, "lock.mdb")) {
        error_set(ret_error, EXIT_STATE_IO,
                  "data directory %s: data.mdb and lock.mdb are regular files: remove what is not",
                  store->path);
        close(fd);
        return STATUS_FATAL;
    }
    enum status status = file.st_size == 0 ? check_absent(store, false, ret_error)
                                           : check_open(store, fd, path, ret_error);
    close(fd);
    return status;
}

enum status store_file_check_snapshot(struct store *store, struct error *ret_error)
{
    char path[PATH_BYTES_MAX];
    struct pages_report report = {0};
    int fd = open_data(store, path);
    if (fd < 0) {
        error_set(ret_error, store_exit_code(errno), "data directory %s: data.mdb: %s", store->path,
                  strerror(errno));
        return STATUS_FATAL;
    }
    enum status status = STATUS_NOT_FOUND;
    for (int i = 0; status == STATUS_NOT_FOUND && i < SNAPSHOT_TRIES; i++) {
        struct store_txn txn;
        store_begin(store, false, &txn);
        if (txn.status != STATUS_OK) {
            error_set(ret_error, EXIT_STATE_IO, "data directory %s: %s", store->path, txn.reason);
            store_abort(&txn);
            break;
        }
        status = pages_check(fd, mdb_txn_id(txn.handle), &report);
        store_abort(&txn);
    }
    close(fd);
    if (status == STATUS_OK)
        store->pages = report;
    return ret_error->is_set ? STATUS_FATAL : say(store, status, &report, ret_error);
}
