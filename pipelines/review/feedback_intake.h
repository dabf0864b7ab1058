/* What users say comes in, in the writer's transaction: with the spans of a run, or afterwards by a
 * program (POST /api/v1/feedback). A run is remembered with the cohorts in which it counted, so that
 * what is said of it counts there. Nothing is kept unless the pipeline file has `feedback`. Owner: the
 * writer thread. */
#pragma once
#include "pipelines/decide/effects.h"
#include "processor/review/feedback.h"
#include "state/tables/counters.h"
#include "state/tables/feedback.h"

/* A verdict, with what it adds to the cohorts (encoded; empty: it counts in none, as a candidate of
 * the gate does). */
void feedback_intake_verdict(struct store_txn *txn, struct counters *counters,
                             const struct closed *closed, struct bytes contributions,
                             int64_t wall_ms);
struct feedback_limits feedback_intake_limits(const struct pipeline_config *config);
enum feedback_fate feedback_intake_note(struct store_txn *txn, struct counters *counters,
                                        const struct feedback_limits *limits,
                                        const struct feedback_note *note, int64_t wall_ms);
/* A bounded piece of what has left the window (0: everything has); each second. */
void feedback_intake_turn(struct store_txn *txn, int64_t window_ms, int64_t wall_ms);
extern const char *const feedback_fate_names[];
