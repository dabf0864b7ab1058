/* What one item adds to the sums of calibration: that it was to be reviewed, and once it has been, what
 * it stands for, 1/pi, in the sums of all runs, of each cohort that it is in, and of each rule.
 *
 *   not at all   chosen for another reason than chance: new_cohort, regression, feedback
 *                superseded by other content; skipped with others of the same failure
 *   eligible     all else
 *   reviewed     somebody in a planned place has judged it, and it is known whether the run was bad
 *                (tally_find_bad): the first verdicts say so, made before the machine's was shown; what
 *                is disputed waits for its decision, what is unsure is not reviewed
 *
 * Who opens an item by its id has chosen it, so that judgement makes no reviewed item: it stays what the
 * class has not been asked about. Its day is that of the run, like that of the cohorts. Of a run whose
 * content changed after it was judged both items count, each for the content that it is of. */
#include <string.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/calibration_scope.h"
#include "pipelines/review/item_cohort.h"
#include "pipelines/review/tally_state.h"
#include "processor/emit/record/input.h"
#include "processor/review/result.h"
#include "state/tables/calibration.h"

enum { SUMMARY_BYTES_MAX = 1 << 20 };

bool calibration_is_eligible(const struct item_row *item)
{
    bool is_by_chance = item->reason == SELECT_RULE || item->reason == SELECT_CONTROL ||
                        item->reason == SELECT_UNSCORED;
    return is_by_chance && item->probability > 0 && item->verdict < CALIBRATION_VERDICTS &&
           item->state != ITEM_SUPERSEDED &&
           !(item->state == ITEM_SKIPPED && item->cause == SKIPPED_SAME_AS);
}

bool calibration_is_reviewed(const struct item_tally *tally, bool *ret_is_bad)
{
    const struct result_row *planned[TALLY_PLANNED_MAX];
    return tally_planned(tally, planned) > 0 && tally_find_bad(tally, ret_is_bad);
}

/* --- rows --- */

static void add_one(struct store_txn *txn, const struct item_tally *tally,
                    const struct calibration_row *row)
{
    if (tally->sink)
        tally->sink->of_calibration(tally->sink->context, row);
    else
        calibration_add(txn, row);
}

static void add(struct store_txn *txn, const struct item_tally *tally, struct calibration_row row)
{
    int64_t day = tally_day(tally->item->event_ms);
    row.class = calibration_class_of(tally->item);
    row.day = CALIBRATION_TOTAL;
    add_one(txn, tally, &row);
    row.day = day;
    if (day >= 0 && day >= tally->first_day)
        add_one(txn, tally, &row);
}

static struct calibration_row weighted(const struct item_tally *tally, enum calibration_kind kind,
                                       unsigned bits)
{
    double sign = tally->sign, weight = 1 / tally->item->probability;
    return (struct calibration_row){.kind = kind,
                                    .bits = (uint8_t)bits,
                                    .n = tally->sign,
                                    .weight = sign * weight,
                                    .weight_squared = sign * weight * weight};
}

static void add_scopes(struct store_txn *txn, const struct item_tally *tally, bool is_bad)
{
    const struct calibration_settings *settings = &tally->settings->calibration;
    struct calibration_row row = weighted(tally, CALIBRATION_SCOPE, is_bad);
    memcpy(row.ruleset, tally->item->ruleset, sizeof row.ruleset);
    add(txn, tally, row);
    for (uint32_t i = 0; i < settings->grouping_count; i++) {
        const struct calibration_grouping *grouping = &settings->groupings[i];
        struct bytes values[CALIBRATION_DIMENSIONS_MAX];
        for (uint32_t d = 0; d < grouping->count; d++)
            values[d] = item_cohort_value(tally->item->cohort, grouping->names[d]);
        calibration_scope(grouping->names, values, grouping->count, row.scope);
        add(txn, tally, row);
    }
}

static const struct calibration_rule *find_rule(const struct calibration_settings *settings,
                                                uint32_t name)
{
    for (uint32_t i = 0; i < settings->rule_count; i++)
        if (summary_rule_name(settings->rules[i].name) == name)
            return &settings->rules[i];
    return NULL;
}

static void add_rules(struct store_txn *txn, const struct item_tally *tally, bool is_bad)
{
    struct arena arena;
    struct summary summary = {.rule_count = 0};
    arena_init(&arena, SUMMARY_BYTES_MAX);
    if (summary_decode(tally->item->summary, &arena, &summary) != STATUS_OK)
        summary.rule_count = 0;
    for (uint32_t i = 0; i < summary.rule_count; i++) {
        const struct calibration_rule *rule =
            find_rule(&tally->settings->calibration, summary.rules[i].name);
        if (!rule || (int)summary.rules[i].outcome >= (int)CALIBRATION_OUTCOMES)
            continue;
        bool knows_own = rule->label_count > 0;
        unsigned bits = (is_bad ? CALIBRATION_IS_BAD : 0u) |
                        (knows_own ? CALIBRATION_KNOWS_OWN : 0u) |
                        (knows_own && tally_has_label(tally, rule->labels, rule->label_count)
                             ? CALIBRATION_HAS_OWN
                             : 0u);
        struct calibration_row row = weighted(tally, CALIBRATION_RULE, bits);
        row.rule = summary.rules[i].name;
        row.outcome = (uint8_t)summary.rules[i].outcome;
        add(txn, tally, row);
    }
    arena_finish(&arena);
}

void calibration_tally(struct store_txn *txn, const struct item_tally *tally)
{
    bool is_bad = false;
    if (!calibration_is_eligible(tally->item))
        return;
    bool is_reviewed = calibration_is_reviewed(tally, &is_bad);
    double weight = tally->sign / tally->item->probability;
    add(txn, tally,
        (struct calibration_row){.kind = CALIBRATION_CLASS,
                                 .n = tally->sign,
                                 .reviewed = is_reviewed ? tally->sign : 0,
                                 .weight = weight,
                                 .reviewed_weight = is_reviewed ? weight : 0});
    if (!is_reviewed)
        return;
    add_scopes(txn, tally, is_bad);
    add_rules(txn, tally, is_bad);
}
