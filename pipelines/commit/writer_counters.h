/* The persistent counters of the product: each is stored under its name in /metrics, labels and
 * all, and has one row in the table that describes it. Only the writer adds to them
 * (writer_count); any thread may read. */
#pragma once
#include "pipelines/decide/effects.h"
#include "state/tables/counters.h"

enum span_drop { DROP_DUPLICATE, DROP_LATE, DROP_EVALUATION, DROP_CRASH, DROP_REVOKED, SPAN_DROPS };

/* A direct-mapped cache: some dozens a run, and looking a counter up by its
 * text takes microseconds. */
enum { WITHOUT_VALUE_SLOTS = 256 };

struct writer_counters {
    struct counters *stored;
    struct persistent_counter *accepted_spans[SOURCES_MAX], *accepted_logs[SOURCES_MAX];
    struct persistent_counter *decided, *late;
    struct persistent_counter *dropped[SPAN_DROPS];
    struct persistent_counter *logs_ignored, *logs_joined, *logs_dropped[LOG_DROPS];
    struct persistent_counter *trajectories[CLOSE_TRIGGERS];
    struct persistent_counter *verdicts[VERDICTS];
    struct persistent_counter *skipped[SKIP_REASONS];
    struct persistent_counter *skewed, *split, *recounted, *mixed_weights, *untabled, *revisions,
        *unread, *too_costly, *set_aside, *candidates, *parts;
    struct without_value_counter { /* a keyed hash of measurement and reason: where it was before */
        uint64_t hash;
        struct persistent_counter *counter;
    } without[WITHOUT_VALUE_SLOTS];
};

/* `receivers`: the value of the label `receiver` of each source; sources of one receiver share a
 * counter. False with `ret_error` when there is no room for them. */
MUST_CHECK bool writer_counters_open(struct writer_counters *counters, struct counters *stored,
                                     const char *const *receivers, uint32_t source_count,
                                     struct error *ret_error);
/* flywheel_rule_outcomes_total{rule,outcome} and flywheel_review_records_total{queue,verdict}.
 * NULL: no room. */
struct persistent_counter *writer_counters_rule_outcome(struct writer_counters *counters,
                                                        struct bytes rule, enum outcome outcome);
struct persistent_counter *writer_counters_review_records(struct writer_counters *counters,
                                                          struct bytes queue, enum verdict verdict);
/* flywheel_regressions_total{release,severity} */
struct persistent_counter *writer_counters_regressions(struct writer_counters *counters,
                                                       struct bytes release, bool is_critical);
/* flywheel_await_timeouts_total{score} */
struct persistent_counter *writer_counters_await_timeout(struct writer_counters *counters,
                                                         struct bytes score);
/* flywheel_measurement_na_total{measurement,reason} */
struct persistent_counter *writer_counters_measurement_na(struct writer_counters *counters,
                                                          struct bytes measurement,
                                                          const char *reason);
/* flywheel_cohort_corrections_total{group,from,to}: a late verdict in place of another one. */
struct persistent_counter *writer_counters_correction(struct writer_counters *counters,
                                                      struct bytes group, enum verdict from,
                                                      enum verdict to);
/* Writes every persistent counter, row after row, and flywheel_spans_in_flight. */
void writer_counters_render(const struct writer_counters *counters, struct buffer *to);

/* What became of the spans taken in, over all receivers that the store has ever counted. */
struct span_account {
    uint64_t accepted, decided, dropped;
    uint64_t in_flight; /* accepted less decided less dropped */
};
struct span_account writer_counters_account(const struct writer_counters *counters);
