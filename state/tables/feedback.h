/* What users say of runs after the verdict, matched to the cohorts in which these counted. A run is
 * remembered for a window, in some 24 bytes; what is said of it is counted by cohort, day and kind,
 * and what is said of nobody waits for its run as long.
 *
 *   'c' be16 grouping | hash 16               number of the cohort, as runs and counts name it
 *   'n' be32 number                           and back
 *   'r' be32 hour | be64 id                   a run: its day and cohorts; the hour of its verdict
 *   'f' be32 hour | identity 16               feedback that was taken; the hour in which it came
 *   'w' be64 id | be32 hour | identity 16     of these, what waits for its run
 *   'k' be32 day | be32 number | u8 kind      how much there is of a cohort
 *   'a' be32 day | u8 is attributed | u8 kind how much there is in all
 *
 * A day is that of the run, where there is none that on which it came. Numbers of kinds are the
 * caller's. Owner: the writer's transaction; readers from any thread. */
#pragma once
#include "state/store/store.h"

enum { FEEDBACK_IDENTITY_SIZE = 16, FEEDBACK_COHORTS_MAX = 32, FEEDBACK_ROW_KINDS = 16 };

struct feedback_cohort {
    uint16_t grouping;
    uint8_t hash[COHORT_HASH_SIZE];
};

struct feedback_limits {
    int64_t window_ms;
    uint64_t rows_max; /* of the table; above it the oldest leave before their time */
};

/* A run under each of its ids (of trace, of conversation); the newest of an id is the one that is
 * meant. What waits for it is counted with it. `is_ignored`: what is said of it counts nowhere.
 * Returns how many rows left before their time. */
uint64_t feedback_put_run(struct store_txn *txn, const struct feedback_limits *limits,
                          const uint64_t *ids, uint32_t id_count, int64_t event_ms,
                          const struct feedback_cohort *cohorts, uint32_t cohort_count,
                          bool is_ignored, int64_t now_ms);

enum feedback_fate { FEEDBACK_COUNTED, FEEDBACK_WAITS, FEEDBACK_DUPLICATE, FEEDBACK_IGNORED };
struct feedback_said {
    uint64_t id; /* of the run */
    uint8_t kind;
    uint8_t identity[FEEDBACK_IDENTITY_SIZE]; /* equal ones are one */
};
/* `ret_left`: how many rows left before their time. */
enum feedback_fate feedback_take(struct store_txn *txn, const struct feedback_limits *limits,
                                 const struct feedback_said *said, int64_t now_ms,
                                 uint64_t *ret_left);

/* Deletes what has left the window, and counts older than `counts_before_ms`: at most `rows_max`
 * rows. Returns how many. */
uint32_t feedback_sweep(struct store_txn *txn, int64_t window_ms, int64_t counts_before_ms,
                        uint32_t rows_max, int64_t now_ms);

/* Counts of the days from that of `from_ms` on. */
struct feedback_count {
    bool is_of_cohort; /* else of all that is, or is not, `is_attributed` */
    struct feedback_cohort cohort;
    bool is_attributed;
    uint8_t kind;
    int64_t day_ms;
    uint64_t count;
};
typedef void feedback_count_fn(void *context, const struct feedback_count *count);
void feedback_counts(struct store_txn *txn, int64_t from_ms, feedback_count_fn *fn, void *context);

/* A row, for inspection. */
struct feedback_row {
    char kind; /* of the row */
    uint64_t id, number, count;
    int64_t hour, day;
    uint8_t said_kind;
    struct feedback_cohort cohort;
    uint32_t cohort_count;
    bool is_ignored, waits, is_attributed;
};
MUST_CHECK enum status feedback_row_decode(struct bytes key, struct bytes value,
                                           struct feedback_row *ret_row);
