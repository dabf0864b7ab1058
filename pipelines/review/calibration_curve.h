/* What a rule's threshold would be worth elsewhere: weighted precision and recall at each distinct value
 * of its measurement among reviewed runs, and the threshold with the best precision at a recall that is
 * asked for. Nothing is applied by itself.
 *
 *   items, results, summaries -> samples -> curve_make -> points -> advice
 *
 * A reviewed run weighs what it stands for: 1/pi, what was not reviewed, and the share of its verdict in
 * the traffic. Runs for which the rule had no value are in no point. */
#pragma once
#include "pipelines/review/calibration_report.h"
#include "processor/base/curve.h"

struct curve_advice {
    const char *reason; /* why there is none; NULL: there is */
    uint32_t point;
    double threshold; /* to be written in the rule, which fires on worse values alone */
    struct estimate precision, recall;
    struct estimate more; /* runs a day, against the rule as it is; below 0: fewer */
    const char *more_reason;
};

struct calibration_curve { /* owns what is below; calibration_curve_finish() */
    struct bytes rule;
    const char *reason; /* why there is none; NULL: there is */
    bool is_above;      /* fails above its threshold, else below */
    double configured, min_recall;
    struct curve_sample
        *samples; /* the worst first; stratum: verdict; own_weight: without the share
                                     of the traffic, for intervals */
    size_t n, capacity;
    size_t without_value;
    struct curve curve;
    struct curve_advice advice;
    bool failed;
};

/* `calibration` is that of the same request, which names the rule. */
MUST_CHECK enum status
calibration_curve_read(struct store *store, const struct pipeline_config *config,
                       const struct calibration_request *request,
                       const struct calibration *calibration, double min_recall,
                       struct calibration_curve *ret_curve, struct error *ret_error);
void calibration_curve_finish(struct calibration_curve *curve);
