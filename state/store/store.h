/* The LMDB environment of a data directory, and its transactions. Nobody else knows LMDB.
 *   DIR/data.mdb   the tables (0600; full sync, no WRITEMAP, no DUPSORT)
 *   DIR/lock.mdb   LMDB's reader table
 *   DIR/owner.lock flock of the one process that may write; its pid, and whose state it is
 * A transaction remembers its first failure: later calls do nothing (reads say absent), and
 * store_commit() returns it. So callers write on and check once:
 *   OK      durable
 *   BUSY    map or disk full: nothing was written; delete something, then try again. A reserve of
 *           the map (1/64) is kept for deletes, positions and counters, so those still commit
 *   FATAL   I/O error or a value whose CRC is wrong: exit with EXIT_STATE_IO; do not retry
 * One write transaction at a time, by the owner thread; read transactions from any thread, each
 * kept under 100 ms, because pages freed meanwhile can't be used again while one is open. */
#pragma once
#include <stdbool.h>

#include "processor/base/error.h"
#include "state/store/pages.h"
#include "state/store/schema.h"

enum store_mode {
    STORE_OWNER,   /* the daemon: creates what is missing, migrates, holds the lock */
    STORE_READER,  /* beside a running daemon: read only, takes no lock */
    STORE_OFFLINE, /* check, dump, compact: read only, any schema up to this one, holds the lock */
};

struct store;
struct MDB_txn;
struct MDB_cursor;

/* FATAL with `ret_error`: EXIT_TEMPORARY in use by another process, EXIT_PERMISSION, EXIT_CONFIG a
 * newer schema, EXIT_STATE_IO. `map_bytes` 0: as large as the file says (readers). */
MUST_CHECK enum status store_open(const char *path, size_t map_bytes, enum store_mode mode,
                                  struct store **ret_store, struct error *ret_error);
void store_close(struct store *store);
const char *store_path(const struct store *store);
/* What the pages of the file were found to be when it was opened or copied. */
const struct pages_report *store_pages(const struct store *store);
const struct schema_instance *store_instance(const struct store *store);
size_t store_map_bytes(const struct store *store);
/* Share of the map that is in use, free pages not counted. Walks the free list: once a second at
 * most. -1 when it could not be read. */
double store_used_ratio(struct store *store);
/* Frees reader slots of dead processes; once a minute. */
void store_check_readers(struct store *store);
/* A compacted copy into `directory` (created; must be empty), of pages that were found whole. Keeps a
 * read transaction meanwhile. A copy that was interrupted leaves no data.mdb. */
MUST_CHECK enum status store_copy(struct store *store, const char *directory,
                                  struct error *ret_error);
/* The same with an owner.lock beside it, which knows whose state it is: a directory to open. */
MUST_CHECK enum status store_back_up(struct store *store, const char *directory,
                                     struct error *ret_error);

/* Puts the file `copy` in the place of `original`, durably. For an offline store that is closed
 * next. */
MUST_CHECK enum status store_replace(struct store *store, const char *copy, const char *original,
                                     struct error *ret_error);

/* Runs after the end of a write transaction, in its thread: memory follows what became durable. */
typedef void store_end_fn(void *context, bool is_committed);
enum { STORE_END_HOOKS_MAX = 48 };

/* In the caller's storage, from store_begin() until store_commit() or store_abort(). */
struct store_txn {
    struct store *store;
    struct MDB_txn *handle;
    enum status status; /* the first failure */
    bool is_write;
    int64_t room_bytes; /* left for new rows */
    uint32_t hook_count;
    struct {
        store_end_fn *run;
        void *context;
    } hooks[STORE_END_HOOKS_MAX];
    char reason[200]; /* of the failure, one sentence without content */
};

void store_begin(struct store *store, bool is_write, struct store_txn *ret_txn);
/* Ends a write or a read transaction. */
MUST_CHECK enum status store_commit(struct store_txn *txn);
void store_abort(struct store_txn *txn); /* also of one that was committed: does nothing */
/* The first failure stays. For modules that can't read a value, and the like. */
void store_fail(struct store_txn *txn, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Registers `run` once per (run, context) and transaction. */
void store_on_end(struct store_txn *txn, store_end_fn *run, void *context);

void store_put(struct store_txn *txn, enum state_table table, struct bytes key, struct bytes value);
/* The same, of two parts, and cheap when `key` is above every key of the table. */
void store_append(struct store_txn *txn, enum state_table table, struct bytes key,
                  struct bytes first, struct bytes second);
/* False when absent (or failed). `ret_value` is borrowed until the next write, or the end. */
bool store_get(struct store_txn *txn, enum state_table table, struct bytes key,
               struct bytes *ret_value);
/* Was it there? */
bool store_delete(struct store_txn *txn, enum state_table table, struct bytes key);
uint64_t store_count(struct store_txn *txn, enum state_table table); /* rows */
/* A number under a name in the meta table; 0 when absent. */
uint64_t store_get_number(struct store_txn *txn, const char *name);
void store_put_number(struct store_txn *txn, const char *name, uint64_t number);

/* Rows in key order, from `from` on, while keys begin with the first `prefix_size` bytes of it.
 *   for (store_cursor_begin(&txn, TABLE_X, from, 2, &cursor); store_cursor_next(&cursor);) ...
 *   store_cursor_finish(&cursor);
 * Rows may be deleted and put meanwhile. Finish before the transaction ends. */
struct store_cursor {
    struct store_txn *txn;
    struct MDB_cursor *handle;
    enum state_table table;
    bool is_positioned; /* `key` is the row that was handed out last */
    struct state_key key, prefix;
    struct bytes stored; /* with its CRC */
};
void store_cursor_begin(struct store_txn *txn, enum state_table table, struct bytes from,
                        size_t prefix_size, struct store_cursor *ret_cursor);
bool store_cursor_next(struct store_cursor *cursor);
/* Continues at the first key not below `key`. */
void store_cursor_seek(struct store_cursor *cursor, struct bytes key);
/* The value, CRC checked; absent when it is wrong (the transaction has failed then). */
struct bytes store_cursor_value(struct store_cursor *cursor);
size_t store_cursor_value_size(const struct store_cursor *cursor); /* not touching the value */
/* Is the CRC right? Does not fail the transaction; for `state check`. */
bool store_cursor_is_intact(const struct store_cursor *cursor);
void store_cursor_delete(struct store_cursor *cursor);
void store_cursor_finish(struct store_cursor *cursor);
/* Positions on the last row that begins with the prefix; false when there is none. */
bool store_last_key(struct store_txn *txn, enum state_table table, struct bytes prefix,
                    struct state_key *ret_key);
