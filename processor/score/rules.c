/* What makes a rule valid, and which slots its measures have. All of it happens when the
 * configuration is read: a run only follows pointers and slots. */
#include "processor/score/rules.h"

#include <math.h>
#include <stdlib.h>

#include "processor/normalize/facts/lookup.h"
#include "processor/score/expression/expression.h"
#include "processor/score/measurements.h"

static bool is_text(const struct measure *measure)
{
    return measure->measurement ? measure->measurement->is_text : measure->is_label;
}

static bool measure_judges(const struct measure *measure)
{
    if (measure->is_attribute)
        return false;
    return !measure->measurement || measure->measurement->is_judging;
}

/* What `judges: true` asks for in vain. */
static const char *judging_problem(const struct rule *rule)
{
    bool is_own = rule->measure_count == 1 && rule->measures[0].is_attribute;
    if (!rule->is_vouched)
        return NULL;
    if (!rule->has_fail_below && !rule->has_fail_above)
        return "judges: true needs fail_below or fail_above: a rule with a band alone sends runs "
               "to "
               "people, and its pass proves nothing";
    for (uint32_t i = 0; i < rule->measure_count && !is_own; i++)
        if (!measure_judges(&rule->measures[i]))
            return "judges: true is allowed on one's own attributes[\"key\"] alone: a pass of this "
                   "measurement proves nothing (see `flywheel help measurements`); leave it out";
    return NULL;
}

const char *rule_check(const struct rule *rule)
{
    if (rule->measure_count == 0)
        return "a rule needs a measure";
    for (uint32_t i = 0; i < rule->measure_count; i++)
        if (is_text(&rule->measures[i]))
            return "a threshold needs a number, and this measure is a text; compare it in `when`";
    bool below = rule->has_fail_below || rule->has_borderline_below;
    bool above = rule->has_fail_above || rule->has_borderline_above;
    if (!below && !above)
        return "a rule needs at least one of fail_below, borderline_below, borderline_above and "
               "fail_above";
    if ((rule->has_fail_below && !isfinite(rule->fail_below)) ||
        (rule->has_borderline_below && !isfinite(rule->borderline_below)) ||
        (rule->has_fail_above && !isfinite(rule->fail_above)) ||
        (rule->has_borderline_above && !isfinite(rule->borderline_above)))
        return "a threshold must be a finite number";
    if (rule->has_fail_below && rule->has_borderline_below &&
        rule->fail_below > rule->borderline_below)
        return "fail_below must not be above borderline_below";
    if (rule->has_fail_above && rule->has_borderline_above &&
        rule->borderline_above > rule->fail_above)
        return "borderline_above must not be above fail_above";
    double below_end = rule->has_borderline_below ? rule->borderline_below : rule->fail_below;
    double above_start = rule->has_borderline_above ? rule->borderline_above : rule->fail_above;
    if (below && above && below_end > above_start)
        return "the thresholds below must not be above the thresholds above: no value could pass";
    return judging_problem(rule);
}

static bool is_measure_of_gate(const struct measure *measure)
{
    static const char *const imported[] = {"Groundedness", "ContextRelevance", "GroundTruthMatch",
                                           "ToolSelectionAccuracy"};
    static const char *const built_in[] = {"groundedness.", "context_relevance.", "ground_truth.",
                                           "tool_selection.accuracy"};
    for (size_t i = 0; i < sizeof imported / sizeof *imported; i++)
        if (measure->measurement
                ? bytes_starts_with(measure->name, bytes_of_text(built_in[i]))
                : !measure->is_attribute && bytes_equal_text(measure->imported, imported[i]))
            return true;
    return false;
}

bool rule_counts_in_gate(const struct rule *rule)
{
    for (uint32_t i = 0; !rule->has_gate && i < rule->measure_count; i++)
        if (is_measure_of_gate(&rule->measures[i]))
            return true;
    return rule->has_gate && rule->gate;
}

bool rule_may_judge(const struct rule *rule, uint32_t measure)
{
    if (!rule->judges || measure >= rule->measure_count ||
        !(rule->has_fail_below || rule->has_fail_above))
        return false;
    return rule->is_vouched || measure_judges(&rule->measures[measure]);
}

bool rule_may_condemn(const struct rule *rule, bool is_strict)
{
    bool has_fail = rule->has_fail_below || rule->has_fail_above;
    if (!has_fail)
        return is_strict;
    for (uint32_t i = 0; i < rule->measure_count; i++) {
        const struct measurement *row = rule->measures[i].measurement;
        if (!rule_may_judge(rule, i) || (row && row->judges_where))
            return true;
    }
    return false;
}

bool rules_may_condemn(const struct ruleset *ruleset, bool is_strict)
{
    for (uint32_t i = 0; i < ruleset->rule_count; i++)
        if (rule_may_condemn(&ruleset->rules[i], is_strict))
            return true;
    return false;
}

/* The measures of a ruleset one after another: of its rules, then of their conditions. */
static struct measure *next_measure(struct ruleset *ruleset, uint32_t *rule_at, uint32_t *at)
{
    for (; *rule_at < ruleset->rule_count; ++*rule_at, *at = 0) {
        struct rule *rule = &ruleset->rules[*rule_at];
        uint32_t index = (*at)++;
        if (index < rule->measure_count)
            return &rule->measures[index];
        struct measure *in_condition =
            rule->when ? expression_measure(rule->when, index - rule->measure_count) : NULL;
        if (in_condition)
            return in_condition;
    }
    return NULL;
}

/* The imported scores and labels met so far, one measure for each. */
struct distinct_measures {
    const struct measure **items;
    uint32_t count, capacity;
    bool failed; /* no memory */
};

/* Keys of attributes are exact, names of scores are not. */
static bool is_same_import(const struct measure *a, const struct measure *b)
{
    if (a->is_label != b->is_label || a->is_attribute != b->is_attribute)
        return false;
    return a->is_attribute ? bytes_equal(a->imported, b->imported)
                           : lookup_name_equal(a->imported, b->imported);
}

/* The slot of an imported score that an earlier measure names too, else a new one. */
static uint32_t imported_slot(struct ruleset *ruleset, struct distinct_measures *seen,
                              const struct measure *wanted)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (is_same_import(seen->items[i], wanted))
            return seen->items[i]->slot;
    if (seen->count == seen->capacity) {
        uint32_t capacity = seen->capacity ? seen->capacity * 2 : 16;
        const struct measure **items = realloc(seen->items, capacity * sizeof *items);
        seen->failed |= !items;
        if (!items)
            return 0;
        seen->items = items;
        seen->capacity = capacity;
    }
    seen->items[seen->count++] = wanted;
    return ruleset->slot_count++;
}

bool rules_prepare(struct ruleset *ruleset)
{
    struct distinct_measures seen = {0};
    ruleset->slot_count = measurement_count + 1; /* slot 0 stands for none */
    ruleset->needs_content = false;
    uint32_t rule_at = 0, at = 0;
    struct measure *measure;
    while ((measure = next_measure(ruleset, &rule_at, &at))) {
        if (!measure->measurement)
            measure->slot = imported_slot(ruleset, &seen, measure);
        else if (measure->measurement->needs_content)
            ruleset->needs_content = true;
    }
    free(seen.items);
    return !seen.failed;
}
