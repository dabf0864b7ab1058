/* The way of results from their topic to the writer: every message once, with its position, in one
 * transaction; what can't be applied becomes a dead letter once that is durable.
 *
 *   whole_topic (its thread) --batch--> runtime_review_call --> review_apply, results_position
 *          ^------ durable, or BUSY: the rest again later -------------'
 */
#pragma once
#include "pipelines/run/runtime.h"
#include "processor/base/metrics.h"

struct results_topic;

/* NULL with `ret_error`. Everything is borrowed until destroy. */
struct results_topic *results_topic_create(const struct pipeline_config *config,
                                           struct runtime *runtime, struct store *store,
                                           struct error *ret_error);
MUST_CHECK enum status results_topic_start(struct results_topic *topic, struct error *ret_error);
/* Before the runtime stops, which answers what is under way. NULL is allowed, here and below. */
void results_topic_stop(struct results_topic *topic);
/* Behind what renders its metrics. */
void results_topic_destroy(struct results_topic *topic);
void results_topic_register_metrics(struct results_topic *topic, struct metrics *metrics);
