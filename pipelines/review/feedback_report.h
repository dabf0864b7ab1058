/* What users said, as a measure: by kind, per 100 runs and per 100 feedbacks, for the values of a
 * dimension, and apart for those that have rows of the dataset and those that have none. A proxy: few
 * users say anything, and they are no sample. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/json/writer.h"
#include "processor/review/feedback.h"
#include "state/cohorts/names.h"

struct feedback_sums {
    uint64_t kinds[FEEDBACK_KINDS_ALL];
};
struct feedback_of_value {
    struct bytes value;
    struct feedback_sums sums;
};

struct feedback_report { /* texts in the arena that was passed in */
    bool is_configured;
    struct feedback_sums attributed, unattributed;
    struct feedback_of_value *values;
    uint32_t value_count, value_capacity;
    bool failed;
};

/* Since `from_ms`; by the values of `dimension` in a stored grouping, if `dimension` is there. */
MUST_CHECK enum status feedback_report_read(struct store *store, int64_t from_ms, uint16_t grouping,
                                            struct bytes dimension, struct arena *arena,
                                            struct feedback_report *ret_report);
/* NULL: nobody said anything. */
const struct feedback_sums *feedback_report_of(const struct feedback_report *report,
                                               struct bytes value);
void feedback_report_finish(struct feedback_report *report);
void feedback_report_add(const struct feedback_sums *from, struct feedback_sums *to);
uint64_t feedback_report_total(const struct feedback_sums *sums);
/* Members of an open object: counts, per_100_runs, of_feedbacks. */
void feedback_report_write(struct json_writer *to, const struct feedback_sums *sums, int64_t runs);
