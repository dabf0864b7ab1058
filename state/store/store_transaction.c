/* Transactions: their room, their hooks, and the fate of what LMDB says. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "state/store/store_faults.h"
#include "state/store/store_state.h"

enum {
    DISK_FULL_BYTES = 1 << 20,
    PAGE_BYTES = 4096,
    RESERVE_BYTES_MIN = 1 << 20,
    ROOM_BYTES_PLENTY = 256 << 20
};

/* --- failures --- */

enum status store_fate(const struct store *store, int code)
{
    switch (code) {
    case MDB_MAP_FULL:
    case MDB_READERS_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STATUS_BUSY;
    case EIO: /* LMDB says EIO also for a write cut short, which is how a disk fills up. */
        return store_disk_free(store) < DISK_FULL_BYTES ? STATUS_BUSY : STATUS_FATAL;
    default:
        return STATUS_FATAL;
    }
}

/* A disk that fills up has several faces; they get one name. */
static const char *text_of(const struct store *store, int code)
{
    bool is_full = code == ENOSPC || (code == EIO && store_fate(store, code) == STATUS_BUSY);
    return is_full             ? "no space left on the disk"
           : code == EDQUOT    ? "no space left in the disk quota"
           : code == EFBIG     ? "the process may not write a larger file (ulimit -f)"
           : code == MDB_MAP_FULL ? "no space left in the state (its size limit is reached)"
                               : mdb_strerror(code);
}

void store_fail(struct store_txn *txn, enum status status, const char *format, ...)
{
    if (txn->status != STATUS_OK)
        return;
    txn->status = status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(txn->reason, sizeof txn->reason, format, arguments);
    va_end(arguments);
}

void store_fail_code(struct store_txn *txn, const char *doing, enum state_table table, int code)
{
    store_fail(txn, store_fate(txn->store, code), "%s table %s: %s", doing,
               table_layouts[table].name, text_of(txn->store, code));
}

bool store_write_fails(struct store_txn *txn, enum state_table table)
{
    struct store_faults *faults = txn->store->faults;
    if (!faults || faults->writes_until_failure <= 0 || --faults->writes_until_failure > 0)
        return false;
    store_fail_code(txn, "writing", table, faults->write_error);
    return true;
}

/* How far the process may extend its file (ulimit -f, LimitFSIZE=). */
static uint64_t file_limit_left(const struct store *store)
{
    struct rlimit limit;
    struct stat file;
    mdb_filehandle_t fd;
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &file) != 0)
        return UINT64_MAX;
    uint64_t size = (uint64_t)file.st_size;
    return limit.rlim_cur > size ? limit.rlim_cur - size : 0;
}

uint64_t store_disk_free(const struct store *store)
{
    struct statvfs disk;
    if (store->faults && store->faults->has_disk_free)
        return store->faults->disk_free;
    uint64_t free = statvfs(store->path, &disk) == 0 ? disk.f_bavail * disk.f_frsize : UINT64_MAX;
    uint64_t left = file_limit_left(store);
    return left < free ? left : free;
}

void store_set_faults(struct store *store, struct store_faults *faults)
{
    store->faults = faults;
}

/* --- transactions --- */

/* Pages that a write transaction after snapshot `txn` may take from the free list: all but those
 * that the last commit freed. Database 0 is that list: txn id -> count, page numbers (see
 * mdb_stat -f). */
size_t store_free_pages(MDB_txn *txn, bool is_usable_only)
{
    MDB_cursor *cursor;
    MDB_val key, pages;
    size_t sum = 0, last = mdb_txn_id(txn);
    if (mdb_cursor_open(txn, 0, &cursor) != 0)
        return 0;
    while (mdb_cursor_get(cursor, &key, &pages, MDB_NEXT) == 0) {
        size_t count = 0, id = last;
        memcpy(&count, pages.mv_data, pages.mv_size < sizeof count ? 0 : sizeof count);
        memcpy(&id, key.mv_data, key.mv_size < sizeof id ? 0 : sizeof id);
        sum += is_usable_only && id >= last ? 0 : count;
    }
    mdb_cursor_close(cursor);
    return sum;
}

/* Bytes that new rows may take in the next write transaction. A reserve is kept back, because in
 * a map that is full to the last page nothing can be deleted either: LMDB copies pages before it
 * changes them. The free list is only walked when the part of the map never used is small. */
static int64_t room_for_rows(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0)
        return 0;
    int64_t map = (int64_t)info.me_mapsize, page = stat.ms_psize, reserve = map / 64;
    if (reserve < RESERVE_BYTES_MIN)
        reserve = map / 8 < RESERVE_BYTES_MIN ? map / 8 : RESERVE_BYTES_MIN;
    int64_t room = map - (int64_t)(info.me_last_pgno + 1) * page - reserve;
    if (room > map / 8 && room > ROOM_BYTES_PLENTY)
        return room;
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0)
        return room;
    room += (int64_t)store_free_pages(txn, true) * page;
    mdb_txn_abort(txn);
    return room;
}

void store_charge(struct store_txn *txn, enum state_table table, size_t size, bool is_append)
{
    if (table_layouts[table].is_bounded)
        return; /* It may use the reserve: whoever deletes writes down that he did. */
    /* Large values have pages of their own; elsewhere in the tree, a leaf is copied. */
    size_t cost = size > PAGE_BYTES / 2 ? (size / PAGE_BYTES + 1) * PAGE_BYTES : size + 64;
    txn->room_bytes -= (int64_t)(is_append ? cost : cost + PAGE_BYTES);
    if (txn->room_bytes < 0)
        store_fail_code(txn, "writing", table, MDB_MAP_FULL);
}

void store_begin(struct store *store, bool is_write, struct store_txn *ret_txn)
{
    assert(!is_write || store->mode == STORE_OWNER);
    *ret_txn = (struct store_txn){.store = store, .is_write = is_write};
    unsigned flags = is_write ? 0 : MDB_RDONLY;
    if (is_write)
        ret_txn->room_bytes = room_for_rows(store);
    int code = mdb_txn_begin(store->env, NULL, flags, &ret_txn->handle);
    if (code == MDB_READERS_FULL) { /* Slots of dead processes may be all that is in the way. */
        store_check_readers(store);
        code = mdb_txn_begin(store->env, NULL, flags, &ret_txn->handle);
    } else if (code == MDB_MAP_RESIZED && store->mode == STORE_READER) {
        mdb_env_set_mapsize(store->env, 0);
        store_guard(store); /* The map has moved. */
        code = mdb_txn_begin(store->env, NULL, flags, &ret_txn->handle);
    }
    if (code != 0) {
        ret_txn->handle = NULL;
        store_fail(ret_txn, store_fate(store, code), "no transaction: %s", text_of(store, code));
    }
}

static void run_hooks(struct store_txn *txn, bool is_committed)
{
    for (uint32_t i = 0; i < txn->hook_count; i++)
        txn->hooks[i].run(txn->hooks[i].context, is_committed);
    txn->hook_count = 0;
}

void store_abort(struct store_txn *txn)
{
    if (txn->handle)
        mdb_txn_abort(txn->handle);
    txn->handle = NULL;
    run_hooks(txn, false);
}

enum status store_commit(struct store_txn *txn)
{
    struct store_faults *faults = txn->is_write ? txn->store->faults : NULL;
    if (txn->status == STATUS_OK && faults && faults->commit_error != 0) {
        int code = faults->commit_error;
        faults->commit_error = 0;
        store_fail(txn, store_fate(txn->store, code), "commit: %s", text_of(txn->store, code));
    }
    if (txn->status != STATUS_OK || !txn->is_write) {
        store_abort(txn);
        return txn->status;
    }
    assert(txn->handle);
    if (faults && faults->before_commit)
        faults->before_commit(faults->context);
    int code = mdb_txn_commit(txn->handle);
    txn->handle = NULL;
    if (code != 0)
        store_fail(txn, store_fate(txn->store, code), "commit: %s", text_of(txn->store, code));
    else if (faults && faults->after_commit)
        faults->after_commit(faults->context);
    run_hooks(txn, code == 0);
    return txn->status;
}

void store_on_end(struct store_txn *txn, store_end_fn *run, void *context)
{
    for (uint32_t i = 0; i < txn->hook_count; i++)
        if (txn->hooks[i].run == run && txn->hooks[i].context == context)
            return;
    assert(txn->is_write && txn->hook_count < STORE_END_HOOKS_MAX);
    txn->hooks[txn->hook_count].run = run;
    txn->hooks[txn->hook_count++].context = context;
}
