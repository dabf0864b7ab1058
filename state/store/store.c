/* The one file that knows LMDB. fate_of() is the one place where its codes become ours. */
#include "state/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "state/store/store_faults.h"
#include "state/store/store_lock.h"

enum { CRC_BYTES = 4, READERS_MAX = 126, DISK_FULL_BYTES = 1 << 20 };
enum {
    PATH_BYTES_MAX = 4096,
    PAGE_BYTES = 4096,
    META_VALUE_BYTES_MAX = 64,
    RESERVE_BYTES_MIN = 1 << 20,
    ROOM_BYTES_PLENTY = 256 << 20
};

struct store {
    MDB_env *env;
    MDB_dbi tables[STATE_TABLES];
    bool is_absent[STATE_TABLES]; /* for readers: an older program made the directory */
    int lock_fd;
    enum store_mode mode;
    struct schema_instance instance;
    struct store_faults *faults;
    char path[];
};

/* --- failures --- */

static enum status fate_of(const struct store *store, int code)
{
    struct statvfs disk;
    switch (code) {
    case MDB_MAP_FULL:
    case MDB_READERS_FULL:
    case ENOSPC:
    case EDQUOT:
        return STATUS_BUSY;
    case EIO: /* LMDB says EIO also for a write cut short, which is how a disk fills up. */
        if (statvfs(store->path, &disk) == 0 && disk.f_bavail * disk.f_frsize < DISK_FULL_BYTES)
            return STATUS_BUSY;
        return STATUS_FATAL;
    default:
        return STATUS_FATAL;
    }
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

static void fail_code(struct store_txn *txn, const char *doing, enum state_table table, int code)
{
    store_fail(txn, fate_of(txn->store, code), "%s table %s: %s", doing, table_layouts[table].name,
               mdb_strerror(code));
}

/* Counts a write towards the fault that a test has asked for. */
static bool write_fails(struct store_txn *txn, enum state_table table)
{
    struct store_faults *faults = txn->store->faults;
    if (!faults || faults->writes_until_failure <= 0 || --faults->writes_until_failure > 0)
        return false;
    fail_code(txn, "writing", table, faults->write_error);
    return true;
}

void store_set_faults(struct store *store, struct store_faults *faults)
{
    store->faults = faults;
}

/* --- transactions --- */

/* Pages that a write transaction after snapshot `txn` may take from the free list: all but those
 * that the last commit freed. Database 0 is that list: txn id -> count, page numbers (see
 * mdb_stat -f). */
static size_t free_pages(MDB_txn *txn, bool is_usable_only)
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
    room += (int64_t)free_pages(txn, true) * page;
    mdb_txn_abort(txn);
    return room;
}

/* Tables of bounded size may use the reserve: whoever deletes writes down that he did. */
static bool takes_room(enum state_table table)
{
    return table != TABLE_META && table != TABLE_SOURCE && table != TABLE_COUNTER &&
           table != TABLE_OUTBOX_FILE;
}

static void charge(struct store_txn *txn, enum state_table table, size_t size, bool is_append)
{
    if (!takes_room(table))
        return;
    /* Large values have pages of their own; elsewhere in the tree, a leaf is copied. */
    size_t cost = size > PAGE_BYTES / 2 ? (size / PAGE_BYTES + 1) * PAGE_BYTES : size + 64;
    txn->room_bytes -= (int64_t)(is_append ? cost : cost + PAGE_BYTES);
    if (txn->room_bytes < 0)
        fail_code(txn, "writing", table, MDB_MAP_FULL);
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
        code = mdb_txn_begin(store->env, NULL, flags, &ret_txn->handle);
    }
    if (code != 0) {
        ret_txn->handle = NULL;
        store_fail(ret_txn, fate_of(store, code), "no transaction: %s", mdb_strerror(code));
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
        store_fail(txn, fate_of(txn->store, code), "commit: %s", mdb_strerror(code));
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
        store_fail(txn, fate_of(txn->store, code), "commit: %s", mdb_strerror(code));
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

/* --- rows --- */

static MDB_val value_of(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.size, .mv_data = (void *)(uintptr_t)bytes.data};
}

static struct bytes bytes_of_value(MDB_val value)
{
    return (struct bytes){value.mv_data, value.mv_size};
}

static void put(struct store_txn *txn, enum state_table table, struct bytes key, struct bytes first,
                struct bytes second, bool is_append)
{
    size_t size = first.size + second.size;
    assert(txn->is_write && key.size > 0 && key.size <= STORE_KEY_BYTES_MAX);
    assert(size <= STORE_VALUE_BYTES_MAX);
    if (txn->status == STATUS_OK)
        charge(txn, table, size, is_append);
    if (txn->status != STATUS_OK || write_fails(txn, table))
        return;
    MDB_val at = value_of(key), row = {.mv_size = size + CRC_BYTES};
    MDB_dbi dbi = txn->store->tables[table];
    int code = MDB_KEYEXIST;
    if (is_append)
        code = mdb_put(txn->handle, dbi, &at, &row, MDB_RESERVE | MDB_APPEND);
    if (code == MDB_KEYEXIST) /* not above the last key: an ordinary put */
        code = mdb_put(txn->handle, dbi, &at, &row, MDB_RESERVE);
    if (code != 0) {
        fail_code(txn, "writing", table, code);
        return;
    }
    uint8_t *to = row.mv_data;
    put_be32(to, crc32c(crc32c(crc32c(0, key), first), second));
    if (first.size > 0)
        memcpy(to + CRC_BYTES, first.data, first.size);
    if (second.size > 0)
        memcpy(to + CRC_BYTES + first.size, second.data, second.size);
}

void store_put(struct store_txn *txn, enum state_table table, struct bytes key, struct bytes value)
{
    put(txn, table, key, value, bytes_of("", 0), false);
}

void store_append(struct store_txn *txn, enum state_table table, struct bytes key,
                  struct bytes first, struct bytes second)
{
    put(txn, table, key, first, second, true);
}

static bool is_intact(struct bytes key, struct bytes stored)
{
    return stored.size >= CRC_BYTES &&
           get_be32(stored.data) ==
               crc32c(crc32c(0, key), bytes_of(stored.data + CRC_BYTES, stored.size - CRC_BYTES));
}

/* Absent, and the transaction failed, when the CRC is wrong. */
static struct bytes checked(struct store_txn *txn, enum state_table table, struct bytes key,
                            struct bytes stored)
{
    if (is_intact(key, stored))
        return bytes_of(stored.data + CRC_BYTES, stored.size - CRC_BYTES);
    store_fail(txn, STATUS_FATAL, "a value of table %s is damaged (CRC)",
               table_layouts[table].name);
    return (struct bytes){0};
}

bool store_get(struct store_txn *txn, enum state_table table, struct bytes key,
               struct bytes *ret_value)
{
    if (txn->status != STATUS_OK || txn->store->is_absent[table])
        return false;
    MDB_val at = value_of(key), row;
    int code = mdb_get(txn->handle, txn->store->tables[table], &at, &row);
    if (code == MDB_NOTFOUND)
        return false;
    if (code != 0) {
        fail_code(txn, "reading", table, code);
        return false;
    }
    struct bytes value = checked(txn, table, key, bytes_of_value(row));
    if (!value.data)
        return false;
    *ret_value = value;
    return true;
}

bool store_delete(struct store_txn *txn, enum state_table table, struct bytes key)
{
    assert(txn->is_write);
    if (txn->status != STATUS_OK || write_fails(txn, table))
        return false;
    MDB_val at = value_of(key);
    int code = mdb_del(txn->handle, txn->store->tables[table], &at, NULL);
    if (code != 0 && code != MDB_NOTFOUND)
        fail_code(txn, "deleting from", table, code);
    return code == 0;
}

uint64_t store_count(struct store_txn *txn, enum state_table table)
{
    MDB_stat stat = {0};
    if (txn->status != STATUS_OK || txn->store->is_absent[table])
        return 0;
    int code = mdb_stat(txn->handle, txn->store->tables[table], &stat);
    if (code != 0)
        fail_code(txn, "counting", table, code);
    return stat.ms_entries;
}

uint64_t store_get_number(struct store_txn *txn, const char *name)
{
    struct bytes value;
    uint64_t number = 0;
    if (store_get(txn, TABLE_META, bytes_of_text(name), &value) &&
        schema_number_decode(value, &number) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "meta row %s is not understood", name);
    return number;
}

void store_put_number(struct store_txn *txn, const char *name, uint64_t number)
{
    uint8_t memory[META_VALUE_BYTES_MAX];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    schema_number_encode(number, &value);
    assert(!value.failed);
    store_put(txn, TABLE_META, bytes_of_text(name), buffer_bytes(&value));
}

/* --- cursors --- */

void store_cursor_begin(struct store_txn *txn, enum state_table table, struct bytes from,
                        size_t prefix_size, struct store_cursor *ret_cursor)
{
    assert(prefix_size <= from.size);
    *ret_cursor = (struct store_cursor){.txn = txn, .table = table};
    key_raw(&ret_cursor->key, from);
    key_raw(&ret_cursor->prefix, bytes_of(from.data, prefix_size));
    if (txn->status != STATUS_OK)
        return;
    if (txn->store->is_absent[table])
        return;
    int code = mdb_cursor_open(txn->handle, txn->store->tables[table], &ret_cursor->handle);
    if (code != 0)
        fail_code(txn, "opening", table, code);
}

void store_cursor_seek(struct store_cursor *cursor, struct bytes key)
{
    cursor->key.size = 0;
    key_raw(&cursor->key, key);
    cursor->is_positioned = false;
}

/* In a write transaction every step looks its key up again: rows come and go under the cursor. */
static int cursor_step(struct store_cursor *cursor, MDB_val *key, MDB_val *row)
{
    if (cursor->is_positioned && !cursor->txn->is_write)
        return mdb_cursor_get(cursor->handle, key, row, MDB_NEXT);
    *key = value_of(key_bytes(&cursor->key));
    if (key->mv_size == 0)
        return mdb_cursor_get(cursor->handle, key, row, MDB_FIRST);
    int code = mdb_cursor_get(cursor->handle, key, row, MDB_SET_RANGE);
    bool is_same = code == 0 && bytes_equal(bytes_of_value(*key), key_bytes(&cursor->key));
    if (is_same && cursor->is_positioned)
        return mdb_cursor_get(cursor->handle, key, row, MDB_NEXT);
    return code;
}

bool store_cursor_next(struct store_cursor *cursor)
{
    MDB_val key, row;
    cursor->stored = (struct bytes){0};
    if (cursor->txn->status != STATUS_OK || !cursor->handle)
        return false;
    int code = cursor_step(cursor, &key, &row);
    if (code != 0) {
        if (code != MDB_NOTFOUND)
            fail_code(cursor->txn, "walking", cursor->table, code);
        return false;
    }
    if (key.mv_size > STORE_KEY_BYTES_MAX) {
        store_fail(cursor->txn, STATUS_FATAL, "a key of table %s is too long",
                   table_layouts[cursor->table].name);
        return false;
    }
    if (!bytes_starts_with(bytes_of_value(key), key_bytes(&cursor->prefix)))
        return false;
    store_cursor_seek(cursor, bytes_of_value(key));
    cursor->is_positioned = true;
    cursor->stored = bytes_of_value(row);
    return true;
}

struct bytes store_cursor_value(struct store_cursor *cursor)
{
    if (!cursor->stored.data)
        return (struct bytes){0};
    return checked(cursor->txn, cursor->table, key_bytes(&cursor->key), cursor->stored);
}

size_t store_cursor_value_size(const struct store_cursor *cursor)
{
    return cursor->stored.size > CRC_BYTES ? cursor->stored.size - CRC_BYTES : 0;
}

bool store_cursor_is_intact(const struct store_cursor *cursor)
{
    return is_intact(key_bytes(&cursor->key), cursor->stored);
}

void store_cursor_delete(struct store_cursor *cursor)
{
    assert(cursor->is_positioned || cursor->txn->status != STATUS_OK);
    store_delete(cursor->txn, cursor->table, key_bytes(&cursor->key));
    cursor->stored = (struct bytes){0};
}

void store_cursor_finish(struct store_cursor *cursor)
{
    if (cursor->handle)
        mdb_cursor_close(cursor->handle);
    cursor->handle = NULL;
}

/* The smallest key above all that begin with the prefix; false when there is none (all 0xff). */
static bool prefix_end(struct bytes prefix, struct state_key *ret_end)
{
    ret_end->size = 0;
    key_raw(ret_end, prefix);
    for (; ret_end->size > 0; ret_end->size--)
        if (++ret_end->data[ret_end->size - 1] != 0)
            return true;
    return false;
}

bool store_last_key(struct store_txn *txn, enum state_table table, struct bytes prefix,
                    struct state_key *ret_key)
{
    struct store_cursor cursor;
    struct state_key end;
    MDB_val key, row;
    bool is_found = false;
    store_cursor_begin(txn, table, prefix, prefix.size, &cursor);
    if (cursor.handle) {
        int code = MDB_NOTFOUND;
        if (prefix_end(prefix, &end)) {
            key = value_of(key_bytes(&end));
            code = mdb_cursor_get(cursor.handle, &key, &row, MDB_SET_RANGE);
        }
        code = mdb_cursor_get(cursor.handle, &key, &row, code == 0 ? MDB_PREV : MDB_LAST);
        is_found = code == 0 && key.mv_size <= STORE_KEY_BYTES_MAX &&
                   bytes_starts_with(bytes_of_value(key), prefix);
        if (is_found) {
            ret_key->size = 0;
            key_raw(ret_key, bytes_of_value(key));
        } else if (code != 0 && code != MDB_NOTFOUND) {
            fail_code(txn, "walking", table, code);
        }
    }
    store_cursor_finish(&cursor);
    return is_found;
}

/* --- the environment --- */

/* A step from schema `from` to the next, in the transaction that opens the store. Append only. */
struct migration {
    uint32_t from;
    void (*run)(struct store_txn *txn);
};
static const struct migration migrations[] = {{0, NULL}};

static void create_meta(struct store_txn *txn, struct schema_instance *instance)
{
    uint8_t memory[META_VALUE_BYTES_MAX];
    struct buffer value = {.data = memory, .capacity = sizeof memory, .limit = sizeof memory};
    if (getrandom(instance->uuid, sizeof instance->uuid, 0) != sizeof instance->uuid)
        store_fail(txn, STATUS_FATAL, "no random bytes for the instance id");
    instance->uuid[6] = (uint8_t)((instance->uuid[6] & 0x0f) | 0x40); /* RFC 4122, version 4 */
    instance->uuid[8] = (uint8_t)((instance->uuid[8] & 0x3f) | 0x80);
    instance->created_ms = clock_realtime_ms();
    schema_instance_encode(instance, &value);
    assert(!value.failed);
    store_put(txn, TABLE_META, BYTES_LITERAL("instance"), buffer_bytes(&value));
    store_put_number(txn, "schema", SCHEMA_VERSION);
}

/* Reads who this is, before anything is written; refuses what a newer program wrote. */
static void open_meta(struct store *store, struct store_txn *txn, struct error *ret_error)
{
    struct bytes value;
    uint32_t version = 0;
    if (!store_get(txn, TABLE_META, BYTES_LITERAL("schema"), &value)) {
        if (txn->status == STATUS_OK && store->mode == STORE_OWNER)
            create_meta(txn, &store->instance);
        else
            store_fail(txn, STATUS_FATAL, "there is no state here");
        return;
    }
    if (schema_version_decode(value, &version) != STATUS_OK) {
        store_fail(txn, STATUS_FATAL, "the schema row is not understood");
        return;
    }
    if (version > SCHEMA_VERSION) {
        error_set(ret_error, EXIT_CONFIG,
                  "data directory %s has schema %u, this program reads up to %d: use the newer "
                  "program",
                  store->path, version, SCHEMA_VERSION);
        store_fail(txn, STATUS_FATAL, "newer schema");
        return;
    }
    if (version < SCHEMA_VERSION && store->mode != STORE_OWNER)
        store_fail(txn, STATUS_FATAL, "schema %u is migrated by `flywheel run` only", version);
    for (size_t i = 0; version < SCHEMA_VERSION && i < sizeof migrations / sizeof *migrations; i++)
        if (migrations[i].run && migrations[i].from == version) {
            migrations[i].run(txn);
            store_put_number(txn, "schema", ++version);
        }
    if (!store_get(txn, TABLE_META, BYTES_LITERAL("instance"), &value) ||
        schema_instance_decode(value, &store->instance) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "the instance row is not understood");
}

static enum status open_tables(struct store *store, struct error *ret_error)
{
    struct store_txn txn;
    store_begin(store, store->mode == STORE_OWNER, &txn);
    for (enum state_table table = 0; table < STATE_TABLES && txn.status == STATUS_OK; table++) {
        int code = mdb_dbi_open(txn.handle, table_layouts[table].name,
                                txn.is_write ? MDB_CREATE : 0, &store->tables[table]);
        store->is_absent[table] = code == MDB_NOTFOUND && table >= TABLES_FIRST_RELEASE;
        if (store->is_absent[table])
            continue; /* Reads find nothing; the owner creates it. */
        if (code != 0)
            fail_code(&txn, "opening", table, code == MDB_NOTFOUND ? ENOENT : code);
        if (code == 0 && table == TABLE_META)
            open_meta(store, &txn, ret_error);
    }
    /* Also a read transaction is committed: only so do its table handles stay. */
    enum status status = txn.status;
    char reason[sizeof txn.reason];
    memcpy(reason, txn.reason, sizeof reason);
    if (status == STATUS_OK) {
        int code = mdb_txn_commit(txn.handle);
        txn.handle = NULL;
        if (code != 0) {
            status = STATUS_FATAL;
            snprintf(reason, sizeof reason, "%s", mdb_strerror(code));
        }
    }
    store_abort(&txn);
    if (status != STATUS_OK && !ret_error->is_set)
        error_set(ret_error, EXIT_STATE_IO, "data directory %s: %s", store->path, reason);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

/* New files must survive a power cut by name, too. */
static void sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static enum status open_environment(struct store *store, size_t map_bytes, struct error *ret_error)
{
    unsigned flags = MDB_NOTLS | (store->mode == STORE_OWNER ? 0 : MDB_RDONLY);
    const char *doing = "opened";
    int code = mdb_env_create(&store->env);
    if (code == 0)
        code = mdb_env_set_maxdbs(store->env, STATE_TABLES + 4);
    if (code == 0)
        code = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (code == 0 && map_bytes > 0 && store->mode == STORE_OWNER)
        code = mdb_env_set_mapsize(store->env, map_bytes);
    if (code == 0)
        code = mdb_env_open(store->env, store->path, flags, 0600);
    if (code == 0)
        return STATUS_OK;
    if (code == ENOMEM)
        doing = "mapped (lower state.map_size, or allow more address space)";
    error_set(ret_error, store_exit_code(code), "data directory %s can't be %s: %s", store->path,
              doing, code == ENOENT ? "there is no state here" : mdb_strerror(code));
    return STATUS_FATAL;
}

enum status store_open(const char *path, size_t map_bytes, enum store_mode mode,
                       struct store **ret_store, struct error *ret_error)
{
    size_t path_size = strlen(path) + 1;
    struct store *store = calloc(1, sizeof *store + path_size);
    if (!store) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return STATUS_FATAL;
    }
    memcpy(store->path, path, path_size);
    store->mode = mode;
    store->lock_fd = -1;
    enum status status = STATUS_OK;
    if (mode != STORE_READER)
        status = store_lock(path, mode == STORE_OWNER, &store->lock_fd, ret_error);
    if (status == STATUS_OK)
        status = open_environment(store, map_bytes, ret_error);
    if (status == STATUS_OK) {
        store_check_readers(store);
        status = open_tables(store, ret_error);
    }
    if (status != STATUS_OK) {
        store_close(store);
        return STATUS_FATAL;
    }
    if (mode == STORE_OWNER)
        sync_directory(path);
    *ret_store = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    if (store->env)
        mdb_env_close(store->env);
    store_unlock(store->lock_fd);
    free(store);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

const struct schema_instance *store_instance(const struct store *store)
{
    return &store->instance;
}

size_t store_map_bytes(const struct store *store)
{
    MDB_envinfo info = {0};
    mdb_env_info(store->env, &info);
    return info.me_mapsize;
}

double store_used_ratio(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    MDB_txn *txn;
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0)
        return -1;
    size_t unused = free_pages(txn, false);
    mdb_txn_abort(txn);
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0)
        return -1;
    size_t used = info.me_last_pgno + 1;
    used -= unused < used ? unused : used;
    return (double)used * stat.ms_psize / (double)info.me_mapsize;
}

void store_check_readers(struct store *store)
{
    int dead = 0;
    mdb_reader_check(store->env, &dead);
}

enum status store_copy(struct store *store, const char *directory, struct error *ret_error)
{
    if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
        error_set(ret_error, store_exit_code(errno), "%s can't be created: %s", directory,
                  strerror(errno));
        return STATUS_FATAL;
    }
    /* A file of our own making, because LMDB would leave it readable by everybody. */
    char path[PATH_BYTES_MAX];
    int fd = -1, code = ENAMETOOLONG;
    if ((size_t)snprintf(path, sizeof path, "%s/data.mdb", directory) < sizeof path) {
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        code = fd < 0 ? errno : mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
        if (code == 0 && fsync(fd) != 0)
            code = errno;
    }
    if (fd >= 0)
        close(fd);
    if (code != 0) {
        if (fd >= 0)
            unlink(path);
        error_set(ret_error, store_exit_code(code), "%s can't be copied to %s: %s", store->path,
                  directory, mdb_strerror(code));
        return STATUS_FATAL;
    }
    sync_directory(directory);
    return STATUS_OK;
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
    sync_directory(store->path);
    return is_done ? STATUS_OK : STATUS_FATAL;
}
