/* The sums of one cohort over windows of event time, in memory: what alerts look at each second
 * without reading the store. The same buckets as in the store (minutes, hours, days), loaded at the
 * start and added to as contributions become durable; without durations, tokens and rules.
 *   slot of a bucket = (start / unit) mod slots; a few slots more than buckets, because event time
 *   may be ahead of the clock. A later bucket takes the slot of one that has left its ring. */
#pragma once
#include "state/cohorts/query.h"

struct cohort_windows;

struct cohort_windows *cohort_windows_create(void); /* NULL: out of memory */
void cohort_windows_destroy(struct cohort_windows *windows);
/* A contribution to this cohort, or the taking back of one. */
void cohort_windows_add(struct cohort_windows *windows,
                        const struct cohort_contribution *contribution);
/* The largest weight of the grouping, so far. */
void cohort_windows_raise(struct cohort_windows *windows, double largest_weight);
/* A stored bucket. */
void cohort_windows_add_bucket(struct cohort_windows *windows, enum cohort_ring ring,
                               int64_t start_ms, const struct cohort_bucket *bucket);
/* Verdicts and weights over a window as cohort_query() would give them; the rest of the bucket
 * stays empty, so there is nothing to finish. */
struct cohort_bucket cohort_windows_sum(const struct cohort_windows *windows, int64_t as_of_ms,
                                        int64_t window_ms);
/* Every stored bucket of a cohort, within the transaction. */
void cohort_windows_load(struct cohort_windows *windows, struct store_txn *txn, uint16_t grouping,
                         const uint8_t hash[COHORT_HASH_SIZE]);
