/* Selection, in this order:
 *   counted    in its day, of the control stratum; and in its hour: stratum, and signature of a
 *              failure
 *   a first    one of the first runs of a cohort: chosen whatever the share says
 *   a hit      failed a row of the regression set: beyond the budget, at a pace of its own
 * What the shard chose goes out: nothing is refused by count. Where too much does, the next view
 * has half the probability. */
#include "pipelines/commit/budget.h"

#include <stdlib.h>

#include "pipelines/commit/budget_hours.h"
#include "pipelines/commit/regression_pace.h"

enum {
    PUBLISH_MS = 100
}; /* a view copies up to 8 hours of signatures; probabilities move slowly */

struct review_budget {
    struct budget_hours hours;
    struct regression_pace pace;
    struct budget_board board;
    bool are_days_dirty;
    bool is_stale;     /* the last transaction failed: memory is ahead of the store */
    uint64_t untabled; /* in this transaction */
    bool has_news;     /* since the last view */
    int64_t published_ms;
};

static bool is_same_policy(const struct budget_policy *a, const struct budget_policy *b)
{
    bool is_same = a->selection.control_per_day == b->selection.control_per_day &&
                   a->budget.per_hour >= b->budget.per_hour &&
                   a->budget.per_hour <= b->budget.per_hour &&
                   a->budget.per_signature >= b->budget.per_signature &&
                   a->budget.per_signature <= b->budget.per_signature;
    for (int i = 0; i < VERDICTS; i++)
        is_same = is_same && a->selection.share[i] >= b->selection.share[i] &&
                  a->selection.share[i] <= b->selection.share[i];
    return is_same;
}

/* After a reload two configurations decide side by side for a moment: the last one seen plans. */
static void take_policy(struct review_budget *budget, const struct pipeline_config *config)
{
    struct budget_policy policy = {
        .selection = config->selection,
        .budget = budget_of(config->budget.per_hour, config->budget.per_signature_per_hour,
                            config->budget.instances),
    };
    if (is_same_policy(&policy, &budget->hours.policy))
        return;
    budget->hours.policy = policy;
    budget_hours_plan(&budget->hours);
    budget->has_news = true;
}

static bool has_budget(const struct pipeline_config *config)
{
    return config->budget.is_present &&
           (config->budget.per_hour > 0 || config->budget.per_signature_per_hour > 0);
}

/* --- the store --- */

static void restore_day(void *context, const struct selection_day *row)
{
    struct control_days *days = &((struct review_budget *)context)->hours.days;
    if (days->count < CONTROL_DAYS)
        days->days[days->count++] = *row;
}

static void restore_hour(void *context, const struct selection_hour *row)
{
    struct review_budget *budget = context;
    (void)budget_hours_restore(&budget->hours, row);
}

static void restore_signature(void *context, int64_t hour, const struct selection_signature *row)
{
    struct budget_hours *hours = &((struct review_budget *)context)->hours;
    struct budget_hour *last = hours->count > 0 ? &hours->hours[hours->count - 1] : NULL;
    if (!last || last->row.hour != hour)
        return;
    struct budget_signature_count *count = budget_hour_signature(last, row->id);
    if (count)
        count->row = *row;
}

static void load(struct review_budget *budget, struct store_txn *txn)
{
    const struct selection_scan scan = {restore_day, restore_hour, restore_signature, budget};
    budget_hours_finish(&budget->hours);
    selection_scan(txn, &scan);
    regression_pace_load(&budget->pace, txn);
    budget_hours_plan(&budget->hours);
    budget->is_stale = false;
    budget->untabled = 0;
    budget->has_news = true;
}

static void at_end(void *context, bool is_committed)
{
    struct review_budget *budget = context;
    budget->is_stale |= !is_committed;
}

enum status budget_open(struct store *store, const struct pipeline_config *config, uint32_t shards,
                        struct review_budget **ret_budget)
{
    struct review_budget *budget = calloc(1, sizeof(*budget));
    if (!budget)
        return STATUS_FATAL;
    struct store_txn txn;
    budget->published_ms = INT64_MIN / 2;
    budget_board_init(&budget->board, shards);
    take_policy(budget, config);
    store_begin(store, false, &txn);
    load(budget, &txn);
    enum status status = store_commit(&txn);
    if (status != STATUS_OK) {
        budget_close(budget);
        return status;
    }
    budget_publish(budget, 0); /* Shards begin with what was in force. */
    budget->published_ms = INT64_MIN / 2;
    *ret_budget = budget;
    return STATUS_OK;
}

void budget_close(struct review_budget *budget)
{
    if (!budget)
        return;
    budget_board_finish(&budget->board);
    budget_hours_finish(&budget->hours);
    regression_pace_finish(&budget->pace);
    free(budget);
}

uint64_t budget_write(struct review_budget *budget, struct store_txn *txn, int64_t wall_ms)
{
    if (!budget->is_stale)
        budget_hours_pace(&budget->hours, wall_ms);
    bool has_days = budget->are_days_dirty && !budget->is_stale;
    for (uint32_t i = 0; i < budget->hours.days.count && has_days; i++)
        selection_put_day(txn, &budget->hours.days.days[i]);
    budget->are_days_dirty = false;
    for (uint32_t i = 0; i < budget->hours.count && !budget->is_stale; i++) {
        struct budget_hour *hour = &budget->hours.hours[i];
        if (!hour->is_dirty)
            continue;
        hour->is_dirty = false;
        selection_put_hour(txn, &hour->row);
        for (uint32_t k = 0; k < hour->index.count; k++) {
            if (!hour->signatures[k].is_dirty)
                continue;
            hour->signatures[k].is_dirty = false;
            selection_put_signature(txn, hour->row.hour, &hour->signatures[k].row);
        }
    }
    if (!budget->is_stale)
        regression_pace_write(&budget->pace, txn, wall_ms);
    uint64_t untabled = budget->untabled;
    budget->untabled = 0;
    return untabled;
}

/* --- selection --- */

bool budget_meet_cohort(struct store_txn *txn, const struct pipeline_config *config,
                        uint16_t grouping, const uint8_t hash[COHORT_HASH_SIZE], bool is_new)
{
    uint32_t wanted = config->selection.new_cohort;
    if (wanted == 0)
        return false;
    uint32_t seen = is_new ? 0 : selection_cohort(txn, grouping, hash);
    if (!is_new && seen == 0)
        return false; /* It has had its first runs, or is older than the setting. */
    uint32_t now_seen = seen + 1 < wanted ? seen + 1 : 0;
    if (seen != 0 || now_seen != 0)
        selection_put_cohort(txn, grouping, hash, now_seen);
    return seen < wanted;
}

/* Without budgets. */
static struct record_emission emission_of(const struct record_selection *selection, bool is_first)
{
    if (is_first && selection->has_first)
        return (struct record_emission){.record = &selection->first, .is_first = true};
    if (selection->record.frame.size > 0)
        return (struct record_emission){.record = &selection->record};
    return (struct record_emission){.skipped = selection->skipped};
}

/* What the shares went by: a row of the regression set moves no run to another part of the budget. */
static enum verdict share_of(const struct closed *closed)
{
    return closed->selection.is_hit ? closed->selection.own : closed->verdict;
}

static bool is_control(enum verdict verdict)
{
    return verdict == VERDICT_PASS || verdict == VERDICT_UNSCORED;
}

/* Its first verdict alone, as in the hours. */
static void count_day(struct review_budget *budget, struct store_txn *txn,
                      const struct closed *closed)
{
    int64_t dropped;
    struct selection_day *day =
        control_days_open(&budget->hours.days, control_day_of(closed->selection.hour), &dropped);
    if (dropped >= 0)
        selection_delete_day(txn, dropped);
    day->seen += !closed->revision && is_control(share_of(closed));
    budget->are_days_dirty = budget->has_news = true;
}

static struct budget_hour *open_hour(struct review_budget *budget, struct store_txn *txn,
                                     int64_t number)
{
    int64_t dropped;
    struct budget_hour *hour = budget_hours_open(&budget->hours, number, &dropped);
    if (dropped >= 0)
        selection_delete_hour(txn, dropped);
    return hour;
}

static struct budget_signature_count *
count_signature(struct review_budget *budget, struct budget_hour *hour, const struct closed *closed)
{
    if (budget->hours.policy.budget.per_signature <= 0 || share_of(closed) != VERDICT_FAIL)
        return NULL;
    struct budget_signature_count *count = budget_hour_signature(hour, closed->selection.signature);
    budget->untabled += !count;
    if (count) {
        count->row.seen += !closed->revision;
        count->is_dirty = true;
    }
    return count;
}

static void count_hit(struct review_budget *budget, struct store_txn *txn,
                      const struct closed *closed, bool is_emitted)
{
    const struct regression_settings *settings = &closed->config->regression;
    struct met_rows rows;
    if (closed->met.size == 0 || met_rows_decode(closed->met, &rows) != STATUS_OK)
        return;
    if (budget->is_stale)
        load(budget, txn);
    store_on_end(txn, at_end, budget);
    regression_pace_set(&budget->pace, settings->per_hour, settings->per_row_per_hour,
                        closed->config->budget.instances);
    regression_pace_count(&budget->pace, txn, closed->selection.hour, &rows, !closed->revision,
                          is_emitted);
    budget->has_news = true;
}

struct record_emission budget_select(struct review_budget *budget, struct store_txn *txn,
                                     const struct closed *closed, bool is_first)
{
    struct record_emission emission = emission_of(&closed->selection, is_first);
    bool has_control = closed->config->selection.control_per_day > 0;
    bool is_paced = closed->selection.is_paced;
    if (closed->selection.is_hit)
        count_hit(budget, txn, closed, is_paced && emission.record);
    if (is_paced)
        return emission;
    if (closed->is_judge_only || (!has_control && !has_budget(closed->config)))
        return emission;
    take_policy(budget, closed->config);
    if (budget->is_stale)
        load(budget, txn);
    store_on_end(txn, at_end, budget);
    if (has_control)
        count_day(budget, txn, closed);
    if (!has_budget(closed->config))
        return emission;
    struct budget_hour *hour = open_hour(budget, txn, closed->selection.hour);
    struct budget_signature_count *signature = count_signature(budget, hour, closed);
    hour->row.seen[share_of(closed)] +=
        !closed->revision; /* It was counted with its first verdict. */
    hour->is_dirty = budget->has_news = true;
    if (!emission.record)
        return emission;
    /* What one kind brings above its own budget does not count against the others. */
    double most = budget->hours.policy.budget.per_signature;
    hour->row.emitted[share_of(closed)] += !signature || (double)signature->row.emitted < most;
    if (signature)
        signature->row.emitted++;
    return emission;
}

/* --- the shards --- */

void budget_publish(struct review_budget *budget, int64_t now_ms)
{
    if (!budget->has_news || budget->is_stale || now_ms - budget->published_ms < PUBLISH_MS)
        return;
    struct budget_signature *room;
    struct budget_view *view =
        budget_hours_view(&budget->hours, regression_pace_room(&budget->pace), &room);
    if (!view)
        return; /* The one before stays in force. */
    regression_pace_view(&budget->pace, room, view);
    budget_board_publish(&budget->board, view);
    budget->published_ms = now_ms;
    budget_hours_shown(&budget->hours);
    regression_pace_shown(&budget->pace);
    budget->has_news = false;
}

const struct budget_view *budget_take(struct review_budget *budget, uint32_t shard,
                                      const struct budget_view *held)
{
    return budget_board_take(&budget->board, shard, held);
}
