/* What a closed trajectory adds to the cohorts: its groupings resolved to stored cohorts, its
 * rules to stored numbers. Kept per configuration, because a reload may change the rules. Owner:
 * the writer thread, inside its transaction. */
#pragma once
#include "pipelines/commit/budget.h"
#include "pipelines/decide/effects.h"
#include "state/cohorts/cohort.h"

struct persistent_counter;

struct binding {
    const struct pipeline_config *config;
    uint16_t groupings[GROUPINGS_MAX];
    /* Of each rule, and behind them of the built-in one, where there may be a regression set. */
    uint16_t rules[RULES_JUDGED_MAX];
    /* The writer's cache; NULL: not looked up yet. */
    struct persistent_counter *outcomes[RULES_JUDGED_MAX][OUTCOMES];
};

/* Numbers of the groupings and rules; writes new ones in the transaction. Pins the pinned
 * cohorts. */
void binding_resolve(struct binding *binding, struct store_txn *txn, struct cohorts *cohorts,
                     const struct pipeline_config *config);
/* Appends the encoded contribution. New cohorts get their name rows in the
 * transaction. `ret_is_first` asks to count the run under its cohorts
 * (commit/budget.h), and whether it is a first one. */
void contribution_append(const struct binding *binding, struct store_txn *txn,
                         struct cohorts *cohorts, const struct closed *closed, int64_t wall_ms,
                         struct buffer *to, bool *ret_is_first);
/* Appends what takes an encoded contribution out of the cohorts again. False: it is malformed. */
MUST_CHECK bool contribution_take_back(struct bytes contribution, struct buffer *to);
