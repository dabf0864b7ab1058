/* What was decided, for the late window: the rows of one commit are packed under one sequence, in
 * chunks that can each be read alone.
 *   key = be64 sequence | be16 chunk;   value = u8 version | row, row, ...
 * They are also the redo log of the cohort counts (state/cohorts/delta.h): a row carries its
 * contributions, and those of sequences above the folded one are not in the buckets yet. Sequences
 * go up by one per commit and never start again. Owner: the writer thread. */
#pragma once
#include "state/store/store.h"

enum { DECIDED_POSITIONS_MAX = 8, DECIDED_ROW_BYTES_MAX = 48000 };

struct decided_position {
    uint16_t source;
    uint64_t position; /* of that source at the verdict: at or below it a span is a replay */
};

struct decided_row {
    uint8_t trace_id[16];
    uint8_t position_count; /* one for each source that gave spans */
    struct decided_position positions[DECIDED_POSITIONS_MAX];
    int64_t decided_ms; /* wall clock */
    int64_t event_ms;
    uint8_t verdict, trigger;  /* the caller's numbers */
    uint32_t flags;            /* the caller's bits */
    uint32_t spans;            /* counted as decided by this row */
    uint64_t record_sequence;  /* of the outbox; 0: none */
    struct bytes contribution; /* encoded cohort_contributions, one after the other; may be empty */
    struct bytes extension;    /* the caller's, for later additions; may be empty */
};

struct decided;

MUST_CHECK enum status decided_open(struct store *store, struct decided **ret_decided);
void decided_close(struct decided *decided);
/* The sequence of the next commit that appends. */
uint64_t decided_next_sequence(const struct decided *decided);
uint64_t decided_count(const struct decided *decided); /* durable rows, all trajectories */

/* Appends the rows of this commit; once per transaction. Returns their sequence (0 when there are
 * none). A row above DECIDED_ROW_BYTES_MAX is a bug. */
uint64_t decided_append(struct decided *decided, struct store_txn *txn,
                        const struct decided_row *rows, size_t count);

/* `row` and its bytes are borrowed until it returns. False: stop. */
typedef bool decided_fn(void *context, uint64_t sequence, const struct decided_row *row);
/* Rows from `from_sequence` on, within the transaction. */
void decided_scan(struct store_txn *txn, uint64_t from_sequence, decided_fn *fn, void *context);
/* The same over many short read transactions, for the start. */
MUST_CHECK enum status decided_load(struct store *store, uint64_t from_sequence, decided_fn *fn,
                                    void *context);
/* The last row of `trace_id` under `sequence`; its bytes are borrowed from the transaction. */
bool decided_find(struct store_txn *txn, uint64_t sequence, const uint8_t trace_id[16],
                  struct decided_row *ret_row);
/* The first row of `trace_id` under `from_sequence` or a later one, decoding no other row; its
 * bytes are borrowed from the transaction. */
bool decided_search(struct store_txn *txn, uint64_t from_sequence, const uint8_t trace_id[16],
                    uint64_t *ret_sequence, struct decided_row *ret_row);

/* Deletes whole sequences from the front while each of their rows was decided before `before_ms`,
 * has all its positions below the low watermark of their source (as of this transaction) or where
 * it will not give them again (handed over, or begun anew), and is folded into the cohorts. About
 * `rows_max` table rows a call. `fn` (may be NULL) hears of each row that leaves; if the
 * transaction fails they have not left. Returns the rows that left. */
uint64_t decided_expire(struct decided *decided, struct store_txn *txn, int64_t before_ms,
                        uint32_t rows_max, decided_fn *fn, void *context);

void decided_row_encode(const struct decided_row *row, struct buffer *to);
struct value_reader;
/* Reads one row; sets the reader's `failed` when it is malformed. */
void decided_row_decode(struct value_reader *reader, struct decided_row *ret_row);
