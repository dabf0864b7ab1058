/* What one item adds to the patterns and pairs: the first verdicts and first labels in planned places,
 * at most eight, and what the machine said.
 *
 *   verdict     how many chose pass, fail, unsure
 *   label       how many gave it, how many did not; where nobody did, the verdict's pattern says it
 *   rule        bad and fired, 2 x 2, of rules that had an outcome; the machine's verdict likewise
 *   pair        of two persons, or of a person and the machine's verdict: what each chose
 *
 * Its day is that of the decision; without one, of the last judgement that counts. */
#include <string.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/tally_state.h"
#include "processor/review/result.h"
#include "state/tables/agreement.h"
#include "state/tables/reviewer.h"

enum { SUMMARY_BYTES_MAX = 1 << 20 };

struct rater {
    uint8_t actor[AGREEMENT_ACTOR_SIZE];
    uint8_t verdict;
    const struct bytes *labels; /* first ones */
    uint32_t label_count;
};

struct raters {
    struct rater items[TALLY_PLANNED_MAX];
    uint32_t count;
    int64_t day;
};

/* --- who judged --- */

/* An erased person's name in a row is the actor. */
static bool find_actor(struct store_txn *txn, struct bytes person,
                       uint8_t ret_actor[AGREEMENT_ACTOR_SIZE])
{
    struct reviewer_row known;
    char text[REVIEWER_ACTOR_SIZE] = "";
    if (reviewer_read(txn, person, &known))
        memcpy(text, known.actor, sizeof text);
    else if (person.size == sizeof text - 1)
        memcpy(text, person.data, person.size);
    return text[0] != 0 && hex_decode(ret_actor, text, AGREEMENT_ACTOR_SIZE);
}

static void take_rater(struct store_txn *txn, const struct item_tally *tally,
                       const struct result_row *row, struct raters *raters)
{
    struct rater *rater = &raters->items[raters->count++];
    uint8_t actor[AGREEMENT_ACTOR_SIZE];
    rater->verdict = row->first_verdict;
    rater->labels = row->first_labels;
    rater->label_count = row->first_label_count;
    if (find_actor(txn, row->principal, actor))
        agreement_actor(txn, actor, tally->settings->reviewers_max, tally->sign > 0, rater->actor);
    else
        memcpy(rater->actor, agreement_other, sizeof rater->actor);
}

static void find_raters(struct store_txn *txn, const struct item_tally *tally,
                        struct raters *ret_raters)
{
    const struct result_row *planned[TALLY_PLANNED_MAX];
    const struct item_decision *decision = &tally->item->decision;
    uint32_t count = tally_planned(tally, planned);
    int64_t last_ms = count > 0 ? planned[count - 1]->received_ms : 0;
    *ret_raters = (struct raters){.count = 0};
    for (uint32_t i = 0; i < count; i++)
        take_rater(txn, tally, planned[i], ret_raters);
    ret_raters->day = tally_day(decision->is_decided ? decision->decided_ms : last_ms);
}

/* --- rows --- */

static bool has_day(const struct item_tally *tally, int64_t day)
{
    return day >= 0 && day >= tally->first_day;
}

static void put(struct store_txn *txn, const struct item_tally *tally,
                const struct agreement_row *row)
{
    if (tally->sink)
        tally->sink->of_row(tally->sink->context, row);
    else
        agreement_add(txn, row);
}

static void add(struct store_txn *txn, const struct item_tally *tally, int64_t day,
                struct agreement_row row)
{
    row.queue = item_row_hash(tally->item->queue);
    row.count = tally->sign;
    row.day = AGREEMENT_TOTAL;
    put(txn, tally, &row);
    row.day = day;
    if (has_day(tally, day))
        put(txn, tally, &row);
}

static void put_pair(struct store_txn *txn, const struct item_tally *tally,
                     const struct agreement_pair *pair)
{
    if (tally->sink)
        tally->sink->of_pair(tally->sink->context, pair);
    else
        agreement_add_pair(txn, pair);
}

static void add_pair(struct store_txn *txn, const struct item_tally *tally, int64_t day,
                     struct agreement_pair pair)
{
    pair.count = tally->sign;
    pair.day = AGREEMENT_TOTAL;
    put_pair(txn, tally, &pair);
    pair.day = day;
    if (has_day(tally, day))
        put_pair(txn, tally, &pair);
}

static bool gives(const struct rater *rater, struct bytes label)
{
    for (uint32_t i = 0; i < rater->label_count; i++)
        if (bytes_equal(rater->labels[i], label))
            return true;
    return false;
}

static void add_verdict(struct store_txn *txn, const struct item_tally *tally,
                        const struct raters *raters)
{
    struct agreement_row row = {.subject = AGREEMENT_VERDICT};
    for (uint32_t i = 0; i < raters->count; i++)
        row.counts[raters->items[i].verdict]++;
    add(txn, tally, raters->day, row);
}

static void add_label(struct store_txn *txn, const struct item_tally *tally,
                      const struct raters *raters, struct bytes label)
{
    struct agreement_row row = {.subject = AGREEMENT_LABEL, .id = label};
    for (uint32_t i = 0; i < raters->count; i++)
        row.counts[!gives(&raters->items[i], label)]++;
    add(txn, tally, raters->day, row);
    for (uint32_t i = 0; i < raters->count; i++)
        for (uint32_t j = i + 1; j < raters->count; j++) {
            struct agreement_pair pair = {.subject = AGREEMENT_LABEL, .id = label};
            const struct rater *two[] = {&raters->items[i], &raters->items[j]};
            for (int k = 0; k < 2; k++) {
                memcpy(pair.actors[k], two[k]->actor, AGREEMENT_ACTOR_SIZE);
                pair.categories[k] = !gives(two[k], label);
            }
            if (pair.categories[0] == 0 || pair.categories[1] == 0)
                add_pair(txn, tally, raters->day, pair);
        }
}

/* Each label once, with whoever gave it first. */
static void add_labels(struct store_txn *txn, const struct item_tally *tally,
                       const struct raters *raters)
{
    for (uint32_t i = 0; i < raters->count; i++)
        for (uint32_t j = 0; j < raters->items[i].label_count; j++) {
            struct bytes label = raters->items[i].labels[j];
            bool is_new = label.size > 0 && label.size <= AGREEMENT_ID_MAX;
            for (uint32_t k = 0; k < i; k++)
                is_new = is_new && !gives(&raters->items[k], label);
            for (uint32_t k = 0; k < j; k++)
                is_new = is_new && !bytes_equal(raters->items[i].labels[k], label);
            if (is_new)
                add_label(txn, tally, raters, label);
        }
}

/* The machine's verdicts in the order of the reviewers': pass, fail, neither; -1: it said nothing. */
static int machine_category(uint8_t verdict)
{
    return verdict == VERDICT_PASS         ? REVIEW_PASS
           : verdict == VERDICT_FAIL       ? REVIEW_FAIL
           : verdict == VERDICT_BORDERLINE ? REVIEW_UNSURE
                                           : -1;
}

static void add_pairs(struct store_txn *txn, const struct item_tally *tally,
                      const struct raters *raters)
{
    int machine = machine_category(tally->item->verdict);
    for (uint32_t i = 0; i < raters->count; i++) {
        struct agreement_pair pair = {.subject = AGREEMENT_VERDICT};
        memcpy(pair.actors[0], raters->items[i].actor, AGREEMENT_ACTOR_SIZE);
        pair.categories[0] = raters->items[i].verdict;
        for (uint32_t j = i + 1; j < raters->count; j++) {
            memcpy(pair.actors[1], raters->items[j].actor, AGREEMENT_ACTOR_SIZE);
            pair.categories[1] = raters->items[j].verdict;
            add_pair(txn, tally, raters->day, pair);
        }
        if (machine < 0)
            continue;
        memcpy(pair.actors[1], agreement_machine, AGREEMENT_ACTOR_SIZE);
        pair.categories[1] = (uint8_t)machine;
        add_pair(txn, tally, raters->day, pair);
    }
}

/* --- people against the machine --- */

static void add_rule(struct store_txn *txn, const struct item_tally *tally, int64_t day,
                     struct bytes id, bool is_bad, bool has_fired)
{
    add(txn, tally, day,
        (struct agreement_row){.subject = AGREEMENT_RULE, .id = id, .counts = {is_bad, has_fired}});
}

static void add_rules(struct store_txn *txn, const struct item_tally *tally, int64_t day)
{
    struct arena arena;
    struct summary summary;
    bool is_bad;
    if (!tally_find_bad(tally, &is_bad))
        return;
    if (tally->item->verdict != VERDICT_UNSCORED)
        add_rule(txn, tally, day, BYTES_LITERAL(""), is_bad, tally->item->verdict == VERDICT_FAIL);
    arena_init(&arena, SUMMARY_BYTES_MAX);
    if (summary_decode(tally->item->summary, &arena, &summary) == STATUS_OK)
        for (uint32_t i = 0; i < summary.rule_count; i++) {
            uint8_t name[4];
            const struct summary_rule *rule = &summary.rules[i];
            put_be32(name, rule->name);
            if (rule->outcome != OUTCOME_NA && rule->outcome != OUTCOME_ERROR)
                add_rule(txn, tally, day, bytes_of(name, sizeof name), is_bad,
                         rule->outcome == OUTCOME_FAIL);
        }
    arena_finish(&arena);
}

void agreement_tally(struct store_txn *txn, const struct item_tally *tally)
{
    struct raters raters;
    find_raters(txn, tally, &raters);
    if (raters.count == 0)
        return;
    add_verdict(txn, tally, &raters);
    add_labels(txn, tally, &raters);
    add_pairs(txn, tally, &raters);
    add_rules(txn, tally, raters.day);
}
