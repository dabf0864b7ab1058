/* The counts of a grouping over a window of event time, read from the store beside the writer:
 * buckets of one ring, and the decided rows not folded yet. */
#pragma once
#include "state/cohorts/cohort.h"

/* A window is the last buckets of a ring, the one that holds `as_of_ms` included. Up to 60 m it
 * reads minutes, up to 48 h hours, up to 35 d days; a window that is no whole number of its unit is
 * rounded up (90 m reads two hours). MALFORMED: not positive, or above 35 d. 0 stands for since
 * start. */
struct cohort_window {
    enum cohort_ring ring;
    int64_t from_ms, to_ms; /* bucket starts, both included */
};
MUST_CHECK enum status cohort_window_resolve(int64_t as_of_ms, int64_t window_ms,
                                             struct cohort_window *ret_window);

/* One cohort of the result: unweighted counts in sums.verdicts, rates are sums of sums.classes
 * (processor/base/fail_rate.h), quantiles by sketch_quantile(&sums.duration_ms, q). */
struct cohort_result_row {
    struct bytes *values; /* in the order asked for */
    struct cohort_bucket sums;
};

struct cohort_result_rule {
    uint16_t rule;
    struct bytes name;
};

/* Owns everything below; cohort_result_finish(). Rows with the most trajectories first, then by
 * values; cohorts without a trajectory in the window are left out. */
struct cohort_result {
    struct cohort_window window;
    uint16_t grouping; /* the one that answered */
    uint32_t value_count;
    double largest_weight; /* of the grouping since start, not of the window alone */
    struct cohort_result_row *rows;
    size_t row_count;
    struct cohort_result_rule *rules; /* every rule that occurs, by number */
    size_t rule_count;
    struct arena *arena; /* of values and names */
};

/* Groups by `dimensions` (their names, any order; the values come in that order). Answered by the
 * grouping of exactly these dimensions, else by the smallest one that has them all, summed over the
 * rest. NOT_FOUND: no grouping of the store covers them. MALFORMED: the window. FATAL: the store
 * can't be read (`ret_error` says why; also set for the others). */
MUST_CHECK enum status cohort_query(struct store *store, const struct bytes *dimensions,
                                    size_t count, int64_t as_of_ms, int64_t window_ms,
                                    struct cohort_result *ret_result, struct error *ret_error);
/* The same, answered by `grouping` ("release,intent" as the store has it) and by no other:
 * one that the configuration has dropped still has its old rows. NOT_FOUND also while the
 * store has not heard of it. */
MUST_CHECK enum status cohort_query_in(struct store *store, struct bytes grouping,
                                       const struct bytes *dimensions, size_t count,
                                       int64_t as_of_ms, int64_t window_ms,
                                       struct cohort_result *ret_result, struct error *ret_error);
void cohort_result_finish(struct cohort_result *result);
/* The largest weight of any run of a grouping since start, as far as it is folded. */
double cohort_largest_weight(struct store_txn *txn, uint16_t grouping);
/* Absent when unknown. */
struct bytes cohort_result_rule_name(const struct cohort_result *result, uint16_t rule);
/* The texts of every grouping of the store ("intent", "release,intent"), for messages. */
void cohort_groupings(struct store_txn *txn,
                      void (*fn)(void *context, uint16_t grouping, struct bytes text),
                      void *context);
