/* From decided rows to buckets. The decided rows are the redo log: the writer adds the
 * contributions of a commit to a delta in memory AFTER that commit succeeded, and at most once a
 * second flushes the delta together with folded_sequence = the last sequence it holds. What a
 * reader sees is buckets + decided rows above folded_sequence, so a crash between loses and doubles
 * nothing. Owner: the writer thread. */
#pragma once
#include "state/cohorts/cohort.h"

/* Buckets touched since the last flush. */
struct cohort_delta;
struct cohort_delta *cohort_delta_create(void);
void cohort_delta_destroy(struct cohort_delta *delta);
/* Adds to each ring of each group. False when out of memory. */
MUST_CHECK bool cohort_delta_add(struct cohort_delta *delta,
                                 const struct cohort_contribution *contribution);
/* All contributions of a decided row, as encoded there. MALFORMED: nothing was added. */
MUST_CHECK enum status cohort_delta_add_encoded(struct cohort_delta *delta,
                                                struct bytes contributions);
size_t cohort_delta_buckets(const struct cohort_delta *delta);
/* Adds the delta to the rows and moves folded_sequence, in one transaction; buckets that have left
 * their ring at `now_ms` are left out, and some of those stored are deleted. The delta is emptied
 * when the transaction commits, and kept when it doesn't. Nothing may be added between flush and
 * the end of the transaction. */
void cohort_delta_flush(struct cohort_delta *delta, struct store_txn *txn, uint64_t folded_sequence,
                        int64_t now_ms);
/* 0 when nothing was folded yet. */
uint64_t cohort_folded_sequence(struct store_txn *txn);
/* At start: adds the decided rows above folded_sequence. `ret_last` is the last sequence seen, for
 * the next flush. */
MUST_CHECK enum status cohort_delta_restore(struct cohort_delta *delta, struct store *store,
                                            uint64_t *ret_last);
