/* The environment: opened with its tables, copied, replaced. */
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
#include "state/store/store_lock.h"
#include "state/store/store_state.h"

enum { READERS_MAX = 126, PATH_BYTES_MAX = 4096, META_VALUE_BYTES_MAX = 64 };

/* A step from schema `from` to the next, in the transaction that opens the store. Append only. */
struct migration {
    uint32_t from;
    void (*run)(struct store_txn *txn);
};
/* Schema 2: contributions and buckets say the class of a run, summaries whether a rule judged. What
 * schema 1 wrote is read as it is, in no class. */
static void keep_rows(struct store_txn *txn)
{
    (void)txn;
}

static const struct migration migrations[] = {{1, keep_rows}, {0, NULL}};

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
            store_fail_code(&txn, "opening", table, code == MDB_NOTFOUND ? ENOENT : code);
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
