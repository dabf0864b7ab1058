/* What the files of the store share: the environment, and how a code of LMDB fails a transaction. */
#pragma once
#include <lmdb.h>

#include "state/store/store.h"

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

/* What a code of LMDB means for the caller: the one place where they become ours. */
enum status store_fate(const struct store *store, int code);
void store_fail_code(struct store_txn *txn, const char *doing, enum state_table table, int code);
/* Counts a write towards the fault that a test has asked for. */
bool store_write_fails(struct store_txn *txn, enum state_table table);
/* Takes what a new row costs from the room that is left; fails the transaction when there is none. */
void store_charge(struct store_txn *txn, enum state_table table, size_t size, bool is_append);
/* Pages of the free list; `is_usable_only`: without those that the last commit freed. */
size_t store_free_pages(MDB_txn *txn, bool is_usable_only);
