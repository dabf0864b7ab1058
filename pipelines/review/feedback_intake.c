/* The contribution that a run adds says in which cohorts it counts. */
#include "pipelines/review/feedback_intake.h"

#include <assert.h>
#include <stdio.h>

#include "state/cohorts/bucket.h"
#include "state/cohorts/cohort.h"

enum { SWEEP_ROWS_MAX = 2000 };

static const char forgotten_name[] = "flywheel_feedback_forgotten_total";

const char *const feedback_fate_names[] = {
    [FEEDBACK_COUNTED] = "counted",
    [FEEDBACK_WAITS] = "unattributed",
    [FEEDBACK_DUPLICATE] = "duplicate",
    [FEEDBACK_IGNORED] = "ignored",
};

struct feedback_limits feedback_intake_limits(const struct pipeline_config *config)
{
    int64_t window_ms = config->feedback.is_present ? config->feedback.window_ms : 0;
    return (struct feedback_limits){window_ms, config->limits.decided};
}

/* What is said is rare beside runs, so its counter is looked up by name each time. */
static void count(struct store_txn *txn, struct counters *counters, const char *name, uint64_t by)
{
    struct persistent_counter *counter = by > 0 ? counters_get(counters, name) : NULL;
    if (counter)
        counters_add(counters, txn, counter, by);
}

static enum feedback_fate take(struct store_txn *txn, struct counters *counters,
                               const struct feedback_limits *limits,
                               const struct feedback_said *said, int64_t wall_ms)
{
    char name[COUNTER_NAME_BYTES_MAX];
    uint64_t left;
    enum feedback_fate fate = feedback_take(txn, limits, said, wall_ms, &left);
    (void)snprintf(name, sizeof name, "flywheel_feedback_total{kind=\"%s\",outcome=\"%s\"}",
                   feedback_kind_names[said->kind], feedback_fate_names[fate]);
    count(txn, counters, name, 1);
    count(txn, counters, forgotten_name, left);
    return fate;
}

static uint32_t cohorts_of(struct bytes contributions,
                           struct feedback_cohort ret_cohorts[FEEDBACK_COHORTS_MAX])
{
    static_assert((int)FEEDBACK_COHORTS_MAX >= (int)COHORT_GROUPS_MAX, "each has a place");
    struct value_reader reader;
    struct cohort_contribution contribution = {.group_count = 0};
    value_reader_init(&reader, contributions);
    cohort_contribution_decode(&reader, &contribution);
    for (uint32_t i = 0; !reader.failed && i < contribution.group_count; i++) {
        ret_cohorts[i].grouping = contribution.groups[i].grouping;
        memcpy(ret_cohorts[i].hash, contribution.groups[i].hash, COHORT_HASH_SIZE);
    }
    return reader.failed ? 0 : contribution.group_count;
}

void feedback_intake_verdict(struct store_txn *txn, struct counters *counters,
                             const struct closed *closed, struct bytes contributions,
                             int64_t wall_ms)
{
    struct feedback_cohort cohorts[FEEDBACK_COHORTS_MAX];
    const struct feedback_limits limits = feedback_intake_limits(closed->config);
    if (!closed->config->feedback.is_present || closed->said.id_count == 0)
        return;
    if (!closed->revision) {
        bool is_counted = contributions.size > 0;
        count(txn, counters, forgotten_name,
              feedback_put_run(txn, &limits, closed->said.ids, closed->said.id_count,
                               (int64_t)closed->event_ms, cohorts,
                               is_counted ? cohorts_of(contributions, cohorts) : 0, !is_counted,
                               wall_ms));
    }
    for (uint32_t i = 0; i < closed->said.count; i++) {
        struct feedback_said said = {.id = closed->said.ids[0], .kind = closed->said.items[i].kind};
        memcpy(said.identity, closed->said.items[i].identity, sizeof said.identity);
        (void)take(txn, counters, &limits, &said, wall_ms);
    }
}

enum feedback_fate feedback_intake_note(struct store_txn *txn, struct counters *counters,
                                        const struct feedback_limits *limits,
                                        const struct feedback_note *note, int64_t wall_ms)
{
    struct feedback_said said = {.id = note->id, .kind = note->kind};
    memcpy(said.identity, note->identity, sizeof said.identity);
    return take(txn, counters, limits, &said, wall_ms);
}

void feedback_intake_turn(struct store_txn *txn, int64_t window_ms, int64_t wall_ms)
{
    if (store_count(txn, TABLE_FEEDBACK) > 0)
        (void)feedback_sweep(txn, window_ms, cohort_ring_horizon(RING_DAY, wall_ms), SWEEP_ROWS_MAX,
                             wall_ms);
}
