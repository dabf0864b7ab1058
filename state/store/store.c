/* The environment: opened with its tables, once its file is known to be whole. */
#include "state/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "state/store/store_state.h"

enum { READERS_MAX = 126, META_VALUE_BYTES_MAX = 64 };

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
        if (store->lock.has_instance)
            store_fail(
                txn, STATUS_FATAL,
                "owner.lock knows an instance, but data.mdb is another file: restore a backup, "
                "or remove owner.lock to start anew");
        else if (txn->status == STATUS_OK && store->mode == STORE_OWNER)
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
    if (version < SCHEMA_VERSION && store->mode == STORE_READER)
        store_fail(txn, STATUS_FATAL, "schema %u is migrated by `flywheel run` only", version);
    if (!store_get(txn, TABLE_META, BYTES_LITERAL("instance"), &value) ||
        schema_instance_decode(value, &store->instance) != STATUS_OK)
        store_fail(txn, STATUS_FATAL, "the instance row is not understood");
    else if (store->lock.has_instance &&
             memcmp(store->lock.instance, store->instance.uuid, INSTANCE_UUID_SIZE) != 0)
        store_fail(txn, STATUS_FATAL,
                   "data.mdb is of another instance than owner.lock: put the right file back, or "
                   "remove owner.lock to take this one");
    if (txn->status == STATUS_OK && version < SCHEMA_VERSION && store->mode == STORE_OWNER)
        store_migrate_begin(txn, version, ret_error);
    if (ret_error->is_set)
        store_fail(txn, STATUS_FATAL, "not migrated");
}

/* A name that is damaged makes a table that nobody knows, and leaves one that should be there. */
static void check_names(struct store *store, struct store_txn *txn)
{
    uint64_t known = 0, first = 0;
    for (enum state_table table = 0; table < STATE_TABLES; table++) {
        MDB_dbi unused;
        int code = mdb_dbi_open(txn->handle, table_layouts[table].name, 0, &unused);
        if (code != 0 && code != MDB_NOTFOUND) {
            store_fail_code(txn, "opening", table, code);
            return;
        }
        known += code == 0;
        first += code == 0 && table < TABLES_FIRST_RELEASE;
    }
    bool is_strange = store->pages.tables > known && known < STATE_TABLES;
    if (store->pages.tables > 0 && (first < TABLES_FIRST_RELEASE || is_strange))
        store_fail(txn, STATUS_FATAL, "names of tables are damaged");
}

static enum status open_tables(struct store *store, struct error *ret_error)
{
    struct store_txn txn;
    store_begin(store, store->mode == STORE_OWNER, &txn);
    if (txn.status == STATUS_OK && store->mode != STORE_READER)
        check_names(store, &txn);
    for (enum state_table table = 0; table < STATE_TABLES && txn.status == STATUS_OK; table++) {
        int code = mdb_dbi_open(txn.handle, table_layouts[table].name,
                                txn.is_write ? MDB_CREATE : 0, &store->tables[table]);
        store->is_absent[table] = code == MDB_NOTFOUND && table >= TABLES_FIRST_RELEASE;
        if (store->is_absent[table])
            continue; /* Reads find nothing; the owner creates it. */
        if (code != 0)
            store_fail_code(&txn, "opening", table, code == MDB_NOTFOUND ? ENOENT : code);
        if (code == 0 && table == TABLE_META)
            open_meta(store, &txn, ret_error);
    }
    /* Also a read transaction is committed: only so do its table handles stay. */
    uint64_t decided =
        txn.status == STATUS_OK && txn.is_write ? store_get_number(&txn, "decided_rows") : 0;
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
    if (status == STATUS_OK)
        store_migrate_end(store, decided);
    else if (!ret_error->is_set)
        error_set(ret_error, EXIT_STATE_IO, "data directory %s: %s", store->path, reason);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

static void end_on_assertion(MDB_env *env, const char *text)
{
    char line[400];
    const char *path = "";
    mdb_env_get_path(env, &path);
    snprintf(line, sizeof line, "flywheel: data directory %.200s: data.mdb is damaged: %.150s\n",
             path, text);
    store_guard_end(line);
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
        code = mdb_env_set_assert(store->env, end_on_assertion);
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
    enum status status = STATUS_OK;
    if (mode == STORE_READER)
        store_lock_peek(path, &store->lock);
    else
        status = store_lock(path, mode == STORE_OWNER, &store->lock, ret_error);
    if (status == STATUS_OK)
        status = store_file_check(store, ret_error);
    if (status == STATUS_OK)
        status = open_environment(store, map_bytes, ret_error);
    if (status == STATUS_OK) {
        store_guard(store);
        store_check_readers(store);
        if (mode == STORE_READER)
            status = store_file_check_snapshot(store, ret_error);
    }
    if (status == STATUS_OK)
        status = open_tables(store, ret_error);
    if (status != STATUS_OK) {
        store_close(store);
        return STATUS_FATAL;
    }
    store_lock_remember(&store->lock, store->instance.uuid);
    if (mode == STORE_OWNER)
        store_sync_directory(path);
    *ret_store = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_guard_clear(&store->guard);
    if (store->env)
        mdb_env_close(store->env);
    store_unlock(&store->lock);
    free(store);
}

const char *store_path(const struct store *store)
{
    return store->path;
}

const struct pages_report *store_pages(const struct store *store)
{
    return &store->pages;
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
    size_t unused = store_free_pages(txn, false);
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
