/* The persistent counters of the product, as rows: the name under which each is stored is its
 * series in /metrics. */
#pragma once
#include "pipelines/decide/effects.h"
#include "state/tables/counters.h"

enum span_drop { DROP_DUPLICATE, DROP_LATE, DROP_EVALUATION, DROP_CRASH, DROP_REVOKED, SPAN_DROPS };

struct series {
    struct counters *counters;
    struct persistent_counter *accepted_spans[SOURCES_MAX], *accepted_logs[SOURCES_MAX];
    uint32_t source_count;
    struct persistent_counter *decided, *late;
    struct persistent_counter *dropped[SPAN_DROPS];
    struct persistent_counter *logs_ignored, *logs_joined, *logs_dropped[LOG_DROPS];
    struct persistent_counter *trajectories[CLOSE_TRIGGERS];
    struct persistent_counter *verdicts[VERDICTS];
    struct persistent_counter *skipped[SKIP_REASONS];
    struct persistent_counter *skewed, *split, *recounted, *mixed_weights, *untabled, *revisions,
        *parts;
};

/* `receivers`: the value of the label `receiver` of each source; sources of one receiver share a
 * counter. False with `ret_error` when there is no room for them. */
MUST_CHECK bool series_open(struct series *series, struct counters *counters,
                            const char *const *receivers, uint32_t source_count,
                            struct error *ret_error);
/* flywheel_rule_outcomes_total{rule,outcome} and flywheel_review_records_total{queue,verdict}.
 * NULL: no room. */
struct persistent_counter *series_rule_outcome(struct series *series, struct bytes rule,
                                               enum outcome outcome);
struct persistent_counter *series_review_records(struct series *series, struct bytes queue,
                                                 enum verdict verdict);
/* flywheel_cohort_corrections_total{group,from,to}: a late verdict in place of another one. */
struct persistent_counter *series_correction(struct series *series, struct bytes group,
                                             enum verdict from, enum verdict to);
/* Writes every persistent counter, one family after the other, and flywheel_spans_in_flight. */
void series_render(const struct series *series, struct buffer *to);
