/* The writer's side of selection: what each event-time hour brought and let through, the budgets of
 * the next, their pace, and the first runs of new cohorts. Counts move in the writer's transaction
 * (state/tables/selection.h); when it fails, memory is read again from the store. The shards see
 * the probabilities in force as views. Owner: the writer thread, but for budget_take(). */
#pragma once
#include "pipelines/decide/budget_view.h"
#include "pipelines/decide/effects.h"
#include "state/cohorts/cohort.h"

struct review_budget;

MUST_CHECK enum status budget_open(struct store *store, const struct pipeline_config *config,
                                   uint32_t shards, struct review_budget **ret_budget);
void budget_close(struct review_budget *budget);

/* Counts a run of this cohort, for each of its groupings. Is it one of the first of a new one? */
bool budget_meet_cohort(struct store_txn *txn, const struct pipeline_config *config,
                        uint16_t grouping, const uint8_t hash[COHORT_HASH_SIZE], bool is_new);
/* Which of the selected records goes out; `is_first`: budget_meet_cohort() said so of a grouping.
 * Without budgets and new cohorts that is what the judge selected, and nothing is kept. For first
 * verdicts, and for revisions of what had no record so far; that of an emitted record is always
 * emitted. */
struct record_emission budget_select(struct review_budget *budget, struct store_txn *txn,
                                     const struct closed *closed, bool is_first);
/* Halves what is ahead of its pace, and writes rows of what has changed; before the commit. Returns
 * the failed runs of this transaction whose signature found no place among those of its hour. */
uint64_t budget_write(struct review_budget *budget, struct store_txn *txn, int64_t wall_ms);
/* Shows the shards what became durable; at most every 100 ms. */
void budget_publish(struct review_budget *budget, int64_t now_ms);

/* A shard: the newest view in exchange for the one it holds. */
const struct budget_view *budget_take(struct review_budget *budget, uint32_t shard,
                                      const struct budget_view *held);
