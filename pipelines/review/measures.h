/* What the way back comes to, in one document: from a trace to its row, the queue, throughput,
 * export, lift, escape, coverage, feedback. `flywheel measures` and GET /api/v1/measures:
 *
 *   texts -> measures_parse -> request -> measures_read -> measures -> JSON, table
 *
 * Each measure tells its numerator and denominator, an interval where it is a share of a sample, and
 * what is not known; where it is not known at all it is null with the reason. Read in short
 * transactions, so beside a running daemon and from any thread. No names of persons. */
#pragma once
#include "pipelines/review/agreement_report.h"
#include "pipelines/review/calibration_report.h"
#include "pipelines/review/dataset_coverage.h"
#include "pipelines/review/escape_read.h"
#include "pipelines/review/feedback_report.h"
#include "pipelines/review/lift_read.h"
#include "pipelines/review/measures_items.h"

struct measures_request {
    struct cohort_report_request
        cohorts;            /* window and time; grouped by `dimension`, or the first */
    struct bytes dimension; /* by which items and users are told apart; absent: by none */
    bool is_grouped;        /* and the document has these cohorts */
    struct bytes baseline;  /* a release; absent: none */
    struct measures_span span;
};

/* Absent texts take the default: 7d, no grouping, no baseline. MALFORMED with `ret_error`
 * (EXIT_USAGE). */
MUST_CHECK enum status measures_parse(struct bytes window, struct bytes group_by,
                                      struct bytes baseline, const struct pipeline_config *config,
                                      int64_t now_ms, struct measures_request *ret_request,
                                      struct error *ret_error);

struct traffic {
    struct bytes value; /* of the dimension; absent: all */
    int64_t runs, failed;
};

struct measures { /* owns what is below; measures_finish() */
    struct arena arena;
    const char *traffic_reason;   /* why the runs are not known; NULL: they are */
    struct traffic all, *cohorts; /* most runs first; those that have items alone last */
    uint32_t cohort_count;
    struct measures_items items;
    struct coverage coverage;
    struct escape_reading escape;
    const char *calibration_reason; /* why nothing is calibrated; NULL: it is */
    struct calibration calibration;
    const char *agreement_reason; /* why there is none; NULL: there is */
    struct agreement_report agreement;
    struct lift_report lift;
    uint16_t grouping; /* of the store, that knows the cohorts */
    struct feedback_report feedback;
};

MUST_CHECK enum status measures_read(struct store *store, const struct pipeline_config *config,
                                     const struct measures_request *request,
                                     struct measures *ret_measures, struct error *ret_error);
void measures_finish(struct measures *measures);
/* The coverage alone: texts to flywheel.dataset_coverage/v1. */
MUST_CHECK enum status measures_coverage_write(struct store *store,
                                               const struct pipeline_config *config,
                                               struct bytes window, int64_t now_ms,
                                               struct buffer *to, struct error *ret_error);
