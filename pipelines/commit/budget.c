/* Admission, in this order:
 *   counted    in its hour: stratum, and signature of a failure
 *   a first    one of the first runs of a cohort: chosen whatever the share says
 *   capped     the hour, or the signature, has had twice its budget */
#include "pipelines/commit/budget.h"

#include <stdlib.h>

#include "pipelines/commit/budget_hours.h"

enum { PUBLISH_MS = 100 };

struct quota {
    struct quota_hours hours;
    struct quota_board board;
    bool is_stale;     /* the last transaction failed: memory is ahead of the store */
    uint64_t untabled; /* in this transaction */
    bool is_first;     /* the run that is about to be admitted */
    bool has_news;     /* since the last view */
    int64_t published_ms;
};

static bool is_same_policy(const struct quota_policy *a, const struct quota_policy *b)
{
    bool is_same = a->budget.per_hour >= b->budget.per_hour &&
                   a->budget.per_hour <= b->budget.per_hour &&
                   a->budget.per_signature >= b->budget.per_signature &&
                   a->budget.per_signature <= b->budget.per_signature;
    for (int i = 0; i < VERDICTS; i++)
        is_same = is_same && a->selection.share[i] >= b->selection.share[i] &&
                  a->selection.share[i] <= b->selection.share[i];
    return is_same;
}

/* After a reload two configurations decide side by side for a moment: the last one seen plans. */
static void take_policy(struct quota *quota, const struct pipeline_config *config)
{
    struct quota_policy policy = {
        .selection = config->selection,
        .budget = budget_of(config->budget.per_hour, config->budget.per_signature_per_hour,
                            config->budget.instances),
    };
    if (is_same_policy(&policy, &quota->hours.policy))
        return;
    quota->hours.policy = policy;
    quota_hours_plan(&quota->hours);
    quota->has_news = true;
}

static bool has_budget(const struct pipeline_config *config)
{
    return config->budget.is_present &&
           (config->budget.per_hour > 0 || config->budget.per_signature_per_hour > 0);
}

/* --- the store --- */

static void restore_hour(void *context, const struct selection_hour *row)
{
    struct quota *quota = context;
    (void)quota_hours_restore(&quota->hours, row);
}

static void restore_signature(void *context, int64_t hour, const struct selection_signature *row)
{
    struct quota_hours *hours = &((struct quota *)context)->hours;
    struct quota_hour *last = hours->count > 0 ? &hours->hours[hours->count - 1] : NULL;
    if (!last || last->row.hour != hour)
        return;
    struct quota_signature_count *count = quota_hour_signature(last, row->id);
    if (count)
        count->row = *row;
}

static void load(struct quota *quota, struct store_txn *txn)
{
    const struct selection_scan scan = {restore_hour, restore_signature, quota};
    quota_hours_finish(&quota->hours);
    selection_scan(txn, &scan);
    quota_hours_plan(&quota->hours);
    quota->is_stale = false;
    quota->untabled = 0;
    quota->has_news = true;
}

static void at_end(void *context, bool is_committed)
{
    struct quota *quota = context;
    quota->is_stale |= !is_committed;
}

enum status quota_open(struct store *store, const struct pipeline_config *config, uint32_t shards,
                       struct quota **ret_quota)
{
    struct quota *quota = calloc(1, sizeof(*quota));
    if (!quota)
        return STATUS_FATAL;
    struct store_txn txn;
    quota->published_ms = INT64_MIN / 2;
    quota_board_init(&quota->board, shards);
    take_policy(quota, config);
    store_begin(store, false, &txn);
    load(quota, &txn);
    enum status status = store_commit(&txn);
    if (status != STATUS_OK) {
        quota_close(quota);
        return status;
    }
    quota_publish(quota, 0); /* Shards begin with what was in force. */
    quota->published_ms = INT64_MIN / 2;
    *ret_quota = quota;
    return STATUS_OK;
}

void quota_close(struct quota *quota)
{
    if (!quota)
        return;
    quota_board_finish(&quota->board);
    quota_hours_finish(&quota->hours);
    free(quota);
}

uint64_t quota_write(struct quota *quota, struct store_txn *txn)
{
    for (uint32_t i = 0; i < quota->hours.count && !quota->is_stale; i++) {
        struct quota_hour *hour = &quota->hours.hours[i];
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
    uint64_t untabled = quota->untabled;
    quota->untabled = 0;
    return untabled;
}

/* --- admission --- */

void quota_meet_cohort(struct quota *quota, struct store_txn *txn,
                       const struct pipeline_config *config, uint16_t grouping,
                       const uint8_t hash[COHORT_HASH_SIZE], bool is_new)
{
    uint32_t wanted = config->selection.new_cohort;
    if (wanted == 0)
        return;
    uint32_t seen = is_new ? 0 : selection_cohort(txn, grouping, hash);
    if (!is_new && seen == 0)
        return; /* It has had its first runs, or is older than the setting. */
    quota->is_first |= seen < wanted;
    uint32_t now_seen = seen + 1 < wanted ? seen + 1 : 0;
    if (seen != 0 || now_seen != 0)
        selection_put_cohort(txn, grouping, hash, now_seen);
}

/* What others of the budget are still owed counts as taken, so that a flood of one stratum in
 * the second half of the cap leaves them their part. */
static bool has_room(const struct quota_hour *hour, double per_hour, enum verdict verdict)
{
    if (per_hour <= 0)
        return true;
    uint64_t taken = hour->row.emitted[verdict];
    if (taken < (uint64_t)hour->plan.records[verdict])
        return true;
    for (int i = 0; i < VERDICTS; i++) {
        uint64_t owed = (uint64_t)hour->plan.records[i];
        if (i != (int)verdict)
            taken += hour->row.emitted[i] > owed ? hour->row.emitted[i] : owed;
    }
    return taken < budget_cap(per_hour);
}

static void accept(struct closed *closed, bool is_first)
{
    const struct offer *offer = &closed->offer;
    bool is_other = is_first && offer->has_first;
    closed->has_record = offer->is_chosen || is_other;
    closed->frame = is_other ? offer->first_frame : offer->frame;
    closed->queue = is_other ? offer->first_queue : offer->queue;
    closed->skipped = closed->has_record ? SKIP_NONE : offer->skipped;
}

static void refuse(struct closed *closed, enum skip_reason reason)
{
    closed->has_record = false;
    closed->skipped = reason;
}

static struct quota_hour *open_hour(struct quota *quota, struct store_txn *txn, int64_t number)
{
    int64_t dropped;
    struct quota_hour *hour = quota_hours_open(&quota->hours, number, &dropped);
    if (dropped >= 0)
        selection_delete_hour(txn, dropped);
    return hour;
}

static struct quota_signature_count *count_signature(struct quota *quota, struct quota_hour *hour,
                                                     const struct closed *closed)
{
    if (quota->hours.policy.budget.per_signature <= 0 || closed->verdict != VERDICT_FAIL)
        return NULL;
    struct quota_signature_count *count = quota_hour_signature(hour, closed->offer.signature);
    quota->untabled += !count;
    if (count) {
        count->row.seen += !closed->again;
        count->is_dirty = true;
    }
    return count;
}

void quota_admit(struct quota *quota, struct store_txn *txn, struct closed *closed)
{
    bool is_first = quota->is_first;
    quota->is_first = false;
    accept(closed, is_first);
    if (!has_budget(closed->config) || closed->is_judge_only)
        return;
    take_policy(quota, closed->config);
    if (quota->is_stale)
        load(quota, txn);
    store_on_end(txn, at_end, quota);
    const struct budget *budget = &quota->hours.policy.budget;
    struct quota_hour *hour = open_hour(quota, txn, closed->offer.hour);
    struct quota_signature_count *signature = count_signature(quota, hour, closed);
    hour->row.seen[closed->verdict] += !closed->again; /* It was counted with its first verdict. */
    hour->is_dirty = quota->has_news = true;
    if (!closed->has_record)
        return;
    if (signature && signature->row.emitted >= budget_cap(budget->per_signature)) {
        refuse(closed, SKIP_SIGNATURE_CAP);
        return;
    }
    if (!has_room(hour, budget->per_hour, closed->verdict)) {
        refuse(closed, SKIP_CAP);
        return;
    }
    hour->row.emitted[closed->verdict]++;
    if (signature)
        signature->row.emitted++;
}

/* --- the shards --- */

void quota_publish(struct quota *quota, int64_t now_ms)
{
    if (!quota->has_news || quota->is_stale || now_ms - quota->published_ms < PUBLISH_MS)
        return;
    struct quota_view *view = quota_hours_view(&quota->hours);
    if (!view)
        return; /* The one before stays in force. */
    quota_board_publish(&quota->board, view);
    quota->published_ms = now_ms;
    quota->has_news = false;
}

const struct quota_view *quota_take(struct quota *quota, uint32_t shard,
                                    const struct quota_view *held)
{
    return quota_board_take(&quota->board, shard, held);
}
