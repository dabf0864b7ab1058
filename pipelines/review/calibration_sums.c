/* Two passes over the days of the window: first who was chosen and who was reviewed, which gives the
 * factors; then what the reviewed ones were. */
#include "pipelines/review/calibration_sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipelines/review/item_scan.h"
#include "processor/verdict.h"

/* One more at the end of a list that grows, zeroed; NULL: out of memory. */
static void *grow(void **items, size_t *count, size_t *capacity, size_t size)
{
    if (*count == *capacity) {
        size_t larger = *capacity ? *capacity * 2 : 64;
        void *moved = realloc(*items, larger * size);
        if (!moved)
            return NULL;
        *items = moved;
        *capacity = larger;
    }
    void *added = (uint8_t *)*items + (*count)++ * size;
    memset(added, 0, size);
    return added;
}

/* --- classes --- */

static struct calibration_queue_class *queue_class_of(struct calibration_sums *sums,
                                                      const struct response_class *of)
{
    for (size_t i = 0; i < sums->queue_class_count; i++) {
        struct response_class *class = &sums->queue_classes[i].class;
        if (class->queue == of->queue && class->verdict == of->verdict &&
            class->priority == of->priority)
            return &sums->queue_classes[i];
    }
    void *classes = sums->queue_classes;
    struct calibration_queue_class *added =
        grow(&classes, &sums->queue_class_count, &sums->queue_class_capacity,
             sizeof *sums->queue_classes);
    sums->queue_classes = classes;
    sums->failed = sums->failed || !added;
    if (added)
        added->class = (struct response_class){
            .verdict = of->verdict, .queue = of->queue, .priority = of->priority};
    return added;
}

static void take_class(void *context, const struct calibration_row *row)
{
    struct calibration_sums *sums = context;
    if (row->kind != CALIBRATION_CLASS)
        return;
    void *classes = sums->classes;
    struct response_class *added =
        grow(&classes, &sums->class_count, &sums->class_capacity, sizeof *sums->classes);
    sums->classes = classes;
    sums->failed = sums->failed || !added;
    if (added)
        *added = (struct response_class){.verdict = row->class.verdict,
                                         .queue = row->class.queue,
                                         .priority = row->class.priority,
                                         .day = row->day,
                                         .eligible = row->n,
                                         .reviewed = row->reviewed,
                                         .eligible_weight = row->weight,
                                         .reviewed_weight = row->reviewed_weight};
}

/* --- what is not due yet --- */

struct not_due {
    struct calibration_sums *sums;
    const struct review_settings *settings;
    int64_t now_ms, due_ms; /* the longest of all queues */
    int64_t from_day, to_day;
};

static bool take_not_due(void *context, struct store_txn *txn, const struct item_row *item)
{
    struct not_due *it = context;
    struct calibration_sums *sums = it->sums;
    const struct review_queue_settings *queue = review_settings_queue(it->settings, item->queue);
    int64_t day = tally_day(item->event_ms), age_ms = it->now_ms - item->emitted_ms;
    (void)txn;
    if (age_ms >= it->due_ms)
        return false; /* and so are all before it */
    bool is_open = item->state == ITEM_OPEN;
    if (!is_open || age_ms >= queue->due_ms || day < it->from_day || day > it->to_day ||
        !calibration_is_eligible(item))
        return true;
    struct calibration_class of = calibration_class_of(item);
    for (size_t i = 0; i < sums->class_count; i++) {
        struct response_class *class = &sums->classes[i];
        if (class->day != day || class->queue != of.queue || class->verdict != of.verdict ||
            class->priority != of.priority || class->eligible <= class->reviewed)
            continue;
        class->eligible--;
        class->eligible_weight =
            fmax(class->reviewed_weight, class->eligible_weight - 1 / item->probability);
        struct calibration_queue_class *all = queue_class_of(sums, class);
        if (all)
            all->not_due++;
    }
    return true;
}

static enum status find_not_due(struct store *store, const struct review_settings *settings,
                                int64_t from_day, int64_t to_day, int64_t now_ms,
                                struct calibration_sums *sums)
{
    struct not_due it = {sums, settings, now_ms, 0, from_day, to_day};
    for (uint32_t i = 0; i < settings->queue_count; i++)
        if (settings->queues[i].due_ms > it.due_ms)
            it.due_ms = settings->queues[i].due_ms;
    return item_scan(store, take_not_due, &it);
}

/* --- what the reviewed ones were --- */

static struct weighted_count counted(const struct calibration_row *row, double factor)
{
    return (struct weighted_count){.n = row->n,
                                   .weight = row->weight * factor,
                                   .weight_squared = row->weight_squared * factor * factor};
}

static struct calibration_scope_sums *scope_of(struct calibration_sums *sums,
                                               const uint8_t scope[CALIBRATION_SCOPE_SIZE])
{
    uint32_t number = key_index_find(&sums->scopes, scope);
    if (number != KEY_INDEX_NONE)
        return &sums->scope_sums[number];
    void *items = sums->scope_sums;
    size_t count = sums->scopes.count;
    struct calibration_scope_sums *added =
        grow(&items, &count, &sums->scope_capacity, sizeof *sums->scope_sums);
    sums->scope_sums = items;
    if (!added || key_index_add(&sums->scopes, scope) == KEY_INDEX_NONE) {
        sums->failed = true;
        return NULL;
    }
    return added;
}

static void note_ruleset(struct calibration_sums *sums, const struct calibration_row *row)
{
    for (uint32_t i = 0; i < sums->ruleset_count; i++)
        if (memcmp(sums->rulesets[i], row->ruleset, sizeof row->ruleset) == 0)
            return;
    if (sums->ruleset_count < CALIBRATION_RULESETS_MAX)
        memcpy(sums->rulesets[sums->ruleset_count++], row->ruleset, sizeof row->ruleset);
}

static void take_scope(struct calibration_sums *sums, const struct calibration_row *row,
                       double factor)
{
    struct calibration_scope_sums *scope = scope_of(sums, row->scope);
    struct weighted_count count = counted(row, factor);
    note_ruleset(sums, row);
    if (!scope)
        return;
    struct calibration_counts *of = &scope->verdicts[row->class.verdict];
    fail_rate_count_add(&of->all, &count);
    if (row->bits & CALIBRATION_IS_BAD)
        fail_rate_count_add(&of->bad, &count);
}

static struct calibration_rule_sums *rule_of(struct calibration_sums *sums, uint32_t name)
{
    for (size_t i = 0; i < sums->rule_count; i++)
        if (sums->rules[i].name == name)
            return &sums->rules[i];
    void *items = sums->rules;
    struct calibration_rule_sums *added =
        grow(&items, &sums->rule_count, &sums->rule_capacity, sizeof *sums->rules);
    sums->rules = items;
    sums->failed = sums->failed || !added;
    if (added)
        added->name = name;
    return added;
}

static void take_rule(struct calibration_sums *sums, const struct calibration_row *row,
                      double factor)
{
    struct calibration_rule_sums *rule = rule_of(sums, row->rule);
    struct weighted_count count = counted(row, factor);
    bool has_fired = row->outcome == OUTCOME_FAIL;
    if (!rule)
        return;
    struct calibration_rule_counts *of = &rule->verdicts[row->class.verdict];
    fail_rate_count_add(&of->all, &count);
    if (has_fired)
        fail_rate_count_add(&of->fired, &count);
    if (row->bits & CALIBRATION_IS_BAD)
        fail_rate_count_add(has_fired ? &of->bad_fired : &of->bad_missed, &count);
    if (!(row->bits & CALIBRATION_KNOWS_OWN))
        return;
    rule->has_own = true;
    fail_rate_count_add(&of->own_all, &count);
    if (has_fired)
        fail_rate_count_add(&of->own_fired, &count);
    if (row->bits & CALIBRATION_HAS_OWN)
        fail_rate_count_add(has_fired ? &of->own_given_fired : &of->own_given_missed, &count);
}

static void take_sum(void *context, const struct calibration_row *row)
{
    struct calibration_sums *sums = context;
    if (row->kind == CALIBRATION_CLASS)
        return;
    double factor = calibration_sums_factor(sums, row->day, &row->class);
    if (row->kind == CALIBRATION_SCOPE)
        take_scope(sums, row, factor);
    else
        take_rule(sums, row, factor);
}

/* --- the whole --- */

static void sum_classes(struct calibration_sums *sums)
{
    for (size_t i = 0; i < sums->class_count; i++) {
        struct calibration_queue_class *all = queue_class_of(sums, &sums->classes[i]);
        if (!all)
            return;
        all->class.eligible += sums->classes[i].eligible;
        all->class.reviewed += sums->classes[i].reviewed;
    }
}

enum status calibration_sums_read(struct store *store, const struct review_settings *settings,
                                  int64_t from_day, int64_t to_day, int64_t now_ms,
                                  struct calibration_sums *ret_sums)
{
    struct calibration_sums *sums = ret_sums;
    struct store_txn txn;
    *sums = (struct calibration_sums){.scopes = {.key_size = CALIBRATION_SCOPE_SIZE}};
    store_begin(store, false, &txn);
    sums->is_whole = tally_is_whole(&txn, TALLY_CALIBRATION);
    calibration_scan(&txn, from_day, to_day, take_class, sums);
    enum status status = store_commit(&txn);
    if (status == STATUS_OK)
        status = find_not_due(store, settings, from_day, to_day, now_ms, sums);
    if (status != STATUS_OK)
        return status;
    poststratify_response(sums->classes, sums->class_count);
    sum_classes(sums);
    store_begin(store, false, &txn);
    calibration_scan(&txn, from_day, to_day, take_sum, sums);
    status = store_commit(&txn);
    return status == STATUS_OK && sums->failed ? STATUS_BUSY : status;
}

const struct calibration_scope_sums *
calibration_sums_scope(const struct calibration_sums *sums,
                       const uint8_t scope[CALIBRATION_SCOPE_SIZE])
{
    uint32_t number = key_index_find(&sums->scopes, scope);
    return number != KEY_INDEX_NONE ? &sums->scope_sums[number] : NULL;
}

const struct calibration_rule_sums *calibration_sums_rule(const struct calibration_sums *sums,
                                                          uint32_t name)
{
    for (size_t i = 0; i < sums->rule_count; i++)
        if (sums->rules[i].name == name)
            return &sums->rules[i];
    return NULL;
}

/* A review that came between the two passes may be of a class that had none. */
double calibration_sums_factor(const struct calibration_sums *sums, int64_t day,
                               const struct calibration_class *class)
{
    const struct response_class key = {
        .verdict = class->verdict, .queue = class->queue, .priority = class->priority, .day = day};
    const struct response_class *found = poststratify_find(sums->classes, sums->class_count, &key);
    return found && found->factor > 0 ? found->factor : 1;
}

void calibration_sums_finish(struct calibration_sums *sums)
{
    free(sums->classes);
    free(sums->queue_classes);
    free(sums->scope_sums);
    free(sums->rules);
    key_index_finish(&sums->scopes);
    *sums = (struct calibration_sums){.is_whole = false};
}
