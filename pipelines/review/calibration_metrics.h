/* flywheel_rule_precision, flywheel_rule_recall, flywheel_cohort_fail_rate_calibrated and
 * flywheel_review_response_ratio: over 28 days, of what is known alone. The page is made anew a minute
 * after it was made, or later where making it takes long: a tenth of the time at most goes into it. */
#pragma once
#include "pipelines/config/config.h"
#include "state/store/store.h"

struct calibration_metrics;

/* Both borrowed. Out of memory ends the process. */
struct calibration_metrics *calibration_metrics_create(const struct pipeline_config *config,
                                                       struct store *store);
void calibration_metrics_destroy(struct calibration_metrics *metrics);
/* Appends the families. One thread at a time. */
void calibration_metrics_collect(struct calibration_metrics *metrics, struct buffer *to);
