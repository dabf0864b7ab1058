/* What revisions start from: the content of decided trajectories, under the sequence of the record
 * that was emitted. Trimmed from the front by age and by bytes; a row that is gone means that a
 * late span can't make a whole record any more. Counts follow the commit. Owner: the writer thread;
 * retained_read from any thread. */
#pragma once
#include "state/store/chunked.h"

struct retained;

MUST_CHECK enum status retained_open(struct store *store, struct retained **ret_retained);
void retained_close(struct retained *retained);

/* `committed_ms`: wall clock. */
void retained_append(struct retained *retained, struct store_txn *txn, uint64_t sequence,
                     int64_t committed_ms, struct bytes content);
/* False when it was not there. */
bool retained_delete(struct retained *retained, struct store_txn *txn, uint64_t sequence);
/* Deletes from the front what was committed before `before_ms`, and what is above `bytes_max` as of
 * the last commit, at most about `rows_max` rows. Returns the rows deleted. */
uint32_t retained_trim(struct retained *retained, struct store_txn *txn, int64_t before_ms,
                       uint64_t bytes_max, uint32_t rows_max);
uint64_t retained_items(const struct retained *retained); /* durable */
uint64_t retained_bytes(const struct retained *retained); /* durable, as stored */

/* Appends the content to `to`, in the transaction; NOT_FOUND when it has left. */
MUST_CHECK enum status retained_read(struct store_txn *txn, uint64_t sequence, struct buffer *to);
/* The head of an item. */
MUST_CHECK enum status retained_head_decode(struct bytes head, int64_t *ret_committed_ms);
