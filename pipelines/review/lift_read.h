/* A lift as the cohorts have it, of the pass rate and of each rule: arms of two releases, raw and over
 * the cells of one stored grouping. */
#pragma once
#include "pipelines/cohorts/report.h"
#include "pipelines/review/lift.h"

struct lift_subject {
    struct bytes rule; /* absent: the pass rate, 1 - fail rate */
    struct lift_arm before, after;
    struct lift_difference lift;
    struct lift_adjusted adjusted;
};

struct lift_report { /* owns its arena; lift_read_finish() */
    struct arena arena;
    struct bytes before, after; /* releases */
    const char *reason;         /* why there is none; NULL: there is */
    const char *mix_reason;     /* likewise of all that is adjusted */
    struct bytes mix[GROUPING_DIMENSIONS_MAX];
    uint32_t mix_count;
    struct lift_subject *subjects; /* the first: the pass rate */
    uint32_t subject_count;
};

/* From release `before` to the newest one with runs in the window of `request`. */
MUST_CHECK enum status lift_read(struct store *store, const struct pipeline_config *config,
                                 const struct cohort_report_request *request, struct bytes before,
                                 struct lift_report *ret_report, struct error *ret_error);
void lift_read_finish(struct lift_report *report);
