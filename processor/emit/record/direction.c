/* A rule may have thresholds on both sides: what failed or is borderline says which one decided;
 * what passed between both is told from the nearer end. */
#include "processor/emit/record/direction.h"

static bool is_above(const struct rule *rule, const struct evaluation *evaluation)
{
    bool has_below = rule->has_fail_below || rule->has_borderline_below;
    bool has_above = rule->has_fail_above || rule->has_borderline_above;
    if (!has_below || !has_above || !evaluation->has_value)
        return !has_below;
    double value = evaluation->value;
    if (evaluation->outcome == OUTCOME_FAIL)
        return !(rule->has_fail_below && value < rule->fail_below);
    if (evaluation->outcome == OUTCOME_BORDERLINE)
        return !(rule->has_borderline_below && value < rule->borderline_below);
    /* Passed between both: the nearer end. */
    double below = value - (rule->has_fail_below ? rule->fail_below : rule->borderline_below);
    double above = (rule->has_fail_above ? rule->fail_above : rule->borderline_above) - value;
    return above < below;
}

struct direction direction_of(const struct evaluation *evaluation)
{
    const struct rule *rule = evaluation->rule;
    if (is_above(rule, evaluation))
        return (struct direction){true, rule->has_fail_above, rule->has_borderline_above,
                                  rule->fail_above, rule->borderline_above};
    return (struct direction){false, rule->has_fail_below, rule->has_borderline_below,
                              rule->fail_below, rule->borderline_below};
}
