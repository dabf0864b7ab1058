/* From an older schema to this one, by the owner that opens the store:
 *   copy to DIR/backup-schemaN/ -> the steps, in the transaction that opens the store
 * The copy is the way back: an older program refuses what was migrated. It is made beside its name
 * and moved there, so that it is whole or not there. A crash on the way leaves the old schema, and
 * the next start begins anew. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "state/store/store_faults.h"
#include "state/store/store_state.h"

enum { PATH_BYTES_MAX = 4096, METAS = 2 };

/* Schema 2: contributions and buckets say the class of a run, summaries whether a rule judged. What
 * schema 1 wrote is read as it is, in no class. */
static void keep_rows(struct store_txn *txn)
{
    (void)txn;
}

/* Schema 3 is additive: the tables of the return path are made when the store is opened. Schema 4
 * likewise: what it counts follows from items and results, and who opens the review counts it.
 * Append only; the last one ends the list. */
const struct store_migration store_migrations[] = {
    {1, keep_rows}, {2, keep_rows}, {3, keep_rows}, {0, NULL}};

static const char backup_name[] = "backup-schema";

struct names {
    char directory[PATH_BYTES_MAX], file[PATH_BYTES_MAX];
};

static bool make_names(struct names *to, const struct store *store, uint32_t version,
                       const char *suffix)
{
    int size = snprintf(to->directory, sizeof to->directory, "%s/%s%u%s", store_path(store),
                        backup_name, version, suffix);
    return size < PATH_BYTES_MAX &&
           snprintf(to->file, sizeof to->file, "%s/data.mdb", to->directory) < PATH_BYTES_MAX;
}

/* How many bytes the disk is short of for a compacted copy. */
static uint64_t missing_bytes(const struct store *store)
{
    const struct pages_report *pages = store_pages(store);
    uint64_t wanted = (pages->used + METAS) * pages->page_bytes;
    uint64_t there = store_disk_free(store);
    return wanted > there ? wanted - there : 0;
}

static enum status say_missing(const struct store *store, uint32_t version, uint64_t missing,
                               struct error *ret_error)
{
    *ret_error = (struct error){0};
    error_set(ret_error, EXIT_TEMPORARY,
              "data directory %s: schema %u is migrated only behind a backup, and its disk is %llu "
              "bytes short of one",
              store_path(store), version, (unsigned long long)missing);
    return STATUS_FATAL;
}

static enum status move(const struct names *from, const struct names *to, struct error *ret_error)
{
    bool is_there = mkdir(to->directory, 0700) == 0 || errno == EEXIST;
    if (is_there && rename(from->file, to->file) == 0) {
        store_sync_directory(to->directory);
        rmdir(from->directory);
        return STATUS_OK;
    }
    error_set(ret_error, store_exit_code(errno), "%s can't be made: %s", to->file, strerror(errno));
    return STATUS_FATAL;
}

enum status store_migrate_back_up(struct store *store, uint32_t version, struct error *ret_error)
{
    struct names beside, backup;
    if (!make_names(&beside, store, version, ".tmp") || !make_names(&backup, store, version, "")) {
        error_set(ret_error, EXIT_STATE_IO, "data directory: the path is too long");
        return STATUS_FATAL;
    }
    unlink(beside.file); /* of an attempt that was interrupted */
    uint64_t missing = missing_bytes(store);
    if (missing > 0)
        return say_missing(store, version, missing, ret_error);
    if (store_copy(store, beside.directory, ret_error) != STATUS_OK) {
        missing = missing_bytes(store);
        rmdir(beside.directory);
        return missing > 0 ? say_missing(store, version, missing, ret_error) : STATUS_FATAL;
    }
    enum status status = move(&beside, &backup, ret_error);
    store_sync_directory(store_path(store));
    return status == STATUS_OK ? store_copy_name(store, backup.directory, ret_error) : status;
}

void store_migrate_begin(struct store_txn *txn, uint32_t version, struct error *ret_error)
{
    struct store *store = txn->store;
    store->migrated_from = version;
    store->migrating_ms = clock_monotonic_ms();
    log_info("state_migrating", "from_schema=%u to_schema=%d decided_runs=%llu backup=\"%s/%s%u\"",
             version, SCHEMA_VERSION, (unsigned long long)store_get_number(txn, "decided_rows"),
             store_path(store), backup_name, version);
    if (store_migrate_back_up(store, version, ret_error) == STATUS_OK)
        store_migrate_run(txn, store_migrations, version, SCHEMA_VERSION, ret_error);
}

void store_migrate_end(const struct store *store, uint64_t decided)
{
    if (store->migrated_from == 0)
        return;
    log_info("state_migrated",
             "from_schema=%u to_schema=%d decided_runs=%llu seconds=%.2f backup=\"%s/%s%u\"",
             store->migrated_from, SCHEMA_VERSION, (unsigned long long)decided,
             (double)(clock_monotonic_ms() - store->migrating_ms) / 1000, store_path(store),
             backup_name, store->migrated_from);
}

void store_migrate_run(struct store_txn *txn, const struct store_migration *steps, uint32_t version,
                       uint32_t target, struct error *ret_error)
{
    while (version < target && txn->status == STATUS_OK) {
        const struct store_migration *step = steps;
        while (step->run && step->from != version)
            step++;
        if (!step->run) {
            error_set(ret_error, EXIT_CONFIG,
                      "data directory %s has schema %u, which this program can't bring to %u",
                      store_path(txn->store), version, target);
            store_fail(txn, STATUS_FATAL, "no step from schema %u", version);
            return;
        }
        step->run(txn);
        store_put_number(txn, "schema", ++version);
    }
}
