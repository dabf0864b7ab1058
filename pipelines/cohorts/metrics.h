/* The cohort families of /metrics, read from the store: pinned cohorts and the 200 largest of each
 * grouping, so that the page stays bounded whatever the cardinality. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/base/metrics.h"
#include "state/store/store.h"

struct cohort_metrics;

/* `config` and `store` are borrowed. */
struct cohort_metrics *cohort_metrics_create(const struct pipeline_config *config,
                                             struct store *store);
void cohort_metrics_destroy(struct cohort_metrics *metrics);
/* A collector; one thread at a time. What was written lately is written again while making it anew
 * would cost more than a tenth of the time. */
void cohort_metrics_collect(void *metrics, struct buffer *to);

/* group="...", and the dimensions of a grouping with their values, as the samples of all families
 * of a cohort have them. */
void cohort_metrics_append_labels(struct buffer *to, const struct pipeline_config *config,
                                  uint32_t grouping, const struct bytes *values);

/* A dimension as the name of a label: letters, digits and `_`; what the families themselves use,
 * and what Prometheus reserves, gets `dimension_` in front. */
enum { COHORT_LABEL_SIZE = 96 };
void cohort_metrics_label_name(char to[COHORT_LABEL_SIZE], struct bytes dimension);
