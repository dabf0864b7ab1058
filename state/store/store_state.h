/* What the files of the store share: the environment, and how a code of
 * LMDB fails a transaction. */
#pragma once
#include <lmdb.h>

#include "state/store/store.h"
#include "state/store/store_guard.h"
#include "state/store/store_lock.h"

struct store {
    MDB_env *env;
    MDB_dbi tables[STATE_TABLES];
    bool is_absent[STATE_TABLES]; /* for readers: an older program made the directory */
    struct store_lock lock;       /* of a reader: what it says */
    struct store_guard guard;
    struct pages_report pages; /* when they were read last */
    enum store_mode mode;
    struct schema_instance instance;
    struct store_faults *faults;
    uint32_t migrated_from; /* by this opening; 0: it had the schema */
    int64_t migrating_ms;   /* monotonic, since when */
    char path[];
};

/* What a code of LMDB means for the caller: the one place where they become ours. */
enum status store_fate(const struct store *store, int code);
void store_fail_code(struct store_txn *txn, const char *doing, enum state_table table, int code);
/* Counts a write towards the fault that a test has asked for. */
bool store_write_fails(struct store_txn *txn, enum state_table table);
/* Takes what a new row costs from the room that is left; fails the
 * transaction when there is none. */
void store_charge(struct store_txn *txn, enum state_table table, size_t size, bool is_append);
/* Pages of the free list; `is_usable_only`: without those that the last commit freed. */
size_t store_free_pages(MDB_txn *txn, bool is_usable_only);

/* --- the file --- */

/* Is what lies in the directory the whole file that should be there? Asked before LMDB maps
 * it, which believes every page: of the owner and offline every page, of a reader the
 * metas, and when it is open a snapshot. A state that was never begun is OK for the owner.
 * FATAL with `ret_error`. */
MUST_CHECK enum status store_file_check(struct store *store, struct error *ret_error);
/* Every page of a snapshot of the open environment, also while the owner writes. */
MUST_CHECK enum status store_file_check_snapshot(struct store *store, struct error *ret_error);
/* A fault in the maps of the environment, as they are now, ends the process with a sentence. */
void store_guard(struct store *store);
/* New files must survive a power cut by name, too. */
void store_sync_directory(const char *path);

/* Names the owner of a copy in its directory: the second half of store_back_up(). */
MUST_CHECK enum status store_copy_name(const struct store *store, const char *directory,
                                       struct error *ret_error);

/* --- from schema to schema --- */

/* A step from schema `from` to the next. */
struct store_migration {
    uint32_t from;
    void (*run)(struct store_txn *txn); /* NULL: the end of the list */
};
extern const struct store_migration store_migrations[];
/* A copy of what is committed. FATAL with `ret_error`: EXIT_TEMPORARY and how many bytes
 * the disk is short of, or that of store_copy(). A copy of an attempt before is replaced
 * when this one is whole. */
MUST_CHECK enum status store_migrate_back_up(struct store *store, uint32_t version,
                                             struct error *ret_error);
/* The copy, then the steps to SCHEMA_VERSION, in the transaction that opens the store. It is told
 * before, and after the commit. */
void store_migrate_begin(struct store_txn *txn, uint32_t version, struct error *ret_error);
void store_migrate_end(const struct store *store, uint64_t decided);
/* Every step from `version` to `target`, and the schema's row after each. EXIT_CONFIG when there is
 * no step; a step that fails fails the transaction. */
void store_migrate_run(struct store_txn *txn, const struct store_migration *steps, uint32_t version,
                       uint32_t target, struct error *ret_error);
