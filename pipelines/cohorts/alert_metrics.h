/* What alerts show in /metrics: flywheel_cohort_alert, flywheel_cohort_burn_rate,
 * flywheel_cohort_cusum. Numbers are those of the last flush that became durable. */
#pragma once
#include "processor/base/bytes.h"

/* A collector, of `struct alerts`; from any thread. */
void alert_metrics_collect(void *alerts, struct buffer *to);
