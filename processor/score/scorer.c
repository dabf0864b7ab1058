/* One rule at a time, in file order, then the fold:
 *
 *   value < fail_below | < borderline_below |   pass   | > borderline_above | > fail_above
 *         fail         |     borderline     |          |     borderline     |     fail
 *
 * A value on a threshold is on its better side. What is not a number never passes. */
#include "processor/score/scorer.h"

#include <math.h>

#include "processor/base/json/number.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/score/expression/expression.h"
#include "processor/score/measure/reading.h"
#include "processor/score/memo.h"
#include "processor/score/rules.h"
#include "processor/score/signature.h"

static enum outcome band(const struct rule *rule, double value)
{
    if ((rule->has_fail_below && value < rule->fail_below) ||
        (rule->has_fail_above && value > rule->fail_above))
        return OUTCOME_FAIL;
    if ((rule->has_borderline_below && value < rule->borderline_below) ||
        (rule->has_borderline_above && value > rule->borderline_above))
        return OUTCOME_BORDERLINE;
    return OUTCOME_PASS;
}

/* A count or a time says by itself what it is: the sentence is the value and what it crossed. Only
 * where it crossed one, so that runs that pass pay nothing. */
static void explain_crossing(const struct rule *rule, struct score_context *context,
                             const struct measure *measure, struct evaluation *evaluation)
{
    char value[NUMBER_TEXT_SIZE], limit[NUMBER_TEXT_SIZE];
    double v = evaluation->value;
    bool is_below = (rule->has_fail_below && v < rule->fail_below) ||
                    (rule->has_borderline_below && v < rule->borderline_below);
    bool is_failed = evaluation->outcome == OUTCOME_FAIL;
    double crossed = is_below ? (is_failed ? rule->fail_below : rule->borderline_below)
                              : (is_failed ? rule->fail_above : rule->borderline_above);
    struct reading reading = {0};
    number_format(value, v);
    number_format(limit, crossed);
    const char *unit = measure->measurement ? measure->measurement->unit : "";
    reading_explain(&reading, context, "%.*s is %s%s%s, %s %s", SHOWN(evaluation->measurement),
                    value, *unit ? " " : "", unit, is_below ? "below" : "above", limit);
    evaluation->explanation = reading.explanation;
}

static double margin(const struct rule *rule, double value)
{
    double below = rule->has_fail_below ? value - rule->fail_below : INFINITY;
    double above = rule->has_fail_above ? rule->fail_above - value : INFINITY;
    double nearest = below < above ? below : above;
    return isfinite(nearest) ? nearest : 0;
}

static void state_reading(struct evaluation *evaluation, const struct measure *measure,
                          const struct reading *reading)
{
    evaluation->measurement =
        measure->measurement ? bytes_of_text(measure->measurement->name) : measure->name;
    evaluation->na_reason = reading->na_reason;
    evaluation->explanation = reading->explanation;
    evaluation->evidence = reading->evidence;
    evaluation->evidence_count = reading->evidence_count;
    evaluation->evaluator_id = reading->evaluator_id;
    evaluation->evaluator_version = reading->evaluator_version;
    evaluation->evaluator_type = reading->evaluator_type;
}

/* Does it read an awaited score that did not come? */
static bool lacks_awaited(const struct rule *rule, struct score_context *context)
{
    const struct ruleset *ruleset = context->ruleset;
    for (uint32_t i = 0; i < ruleset->awaited_count; i++)
        for (uint32_t k = 0; k < rule->measure_count; k++)
            if (rule->measures[k].imported.size > 0 && !rule->measures[k].is_attribute &&
                lookup_name_equal(rule->measures[k].imported, ruleset->awaited_scores[i]) &&
                !lookup_score(context->run, ruleset->awaited_scores[i]))
                return true;
    return false;
}

/* By the first measure that is a number; else an evaluator's error, else why the first is na. */
static void measure_rule(const struct rule *rule, struct score_context *context,
                         struct evaluation *evaluation)
{
    evaluation->outcome = OUTCOME_NA;
    evaluation->is_missing = lacks_awaited(rule, context);
    for (uint32_t i = 0; i < rule->measure_count; i++) {
        const struct reading *reading = memo_read(&rule->measures[i], context);
        bool is_number = reading->has_value && isfinite(reading->value);
        bool is_first_error = reading->is_error && evaluation->outcome != OUTCOME_ERROR;
        if (i == 0 || is_number || is_first_error)
            state_reading(evaluation, &rule->measures[i], reading);
        if (is_number) {
            evaluation->has_value = true;
            evaluation->value = reading->value;
            evaluation->is_missing = false;
            evaluation->judges = rule_may_judge(rule, i) && !reading->proves_nothing;
            evaluation->outcome = band(rule, reading->value);
            evaluation->margin = margin(rule, reading->value);
            if (evaluation->explanation.size == 0 && evaluation->outcome != OUTCOME_PASS)
                explain_crossing(rule, context, &rule->measures[i], evaluation);
            return;
        }
        if (is_first_error) {
            evaluation->outcome = OUTCOME_ERROR;
            evaluation->na_reason = NULL;
        } else if (i == 0 && reading->has_value)
            evaluation->na_reason = "not_a_number";
        else if (i == 0 && !reading->na_reason)
            evaluation->na_reason = "text";
    }
}

/* What would have been measured. */
static void state_measure(const struct measure *measure, struct evaluation *evaluation)
{
    bool is_ours = measure->measurement != NULL;
    evaluation->measurement = is_ours ? bytes_of_text(measure->measurement->name) : measure->name;
    evaluation->evaluator_id = is_ours ? evaluation->measurement : measure->imported;
    evaluation->evaluator_version = is_ours ? BYTES_LITERAL("1") : (struct bytes){0};
    evaluation->evaluator_type = is_ours ? EVALUATOR_CODE : EVALUATOR_IMPORTED;
}

void scorer_from_before(const struct rule *rule, uint32_t measure, enum outcome outcome,
                    const double *value, bool judges, const char *na_reason,
                    struct evaluation *ret_evaluation)
{
    *ret_evaluation = (struct evaluation){
        .rule = rule, .outcome = outcome, .na_reason = outcome == OUTCOME_NA ? na_reason : NULL};
    if (measure < rule->measure_count)
        state_measure(&rule->measures[measure], ret_evaluation);
    if (!value)
        return;
    ret_evaluation->has_value = true;
    ret_evaluation->judges = judges && rule_may_judge(rule, measure);
    ret_evaluation->value = *value;
    ret_evaluation->margin = margin(rule, *value);
}

static void evaluate_rule(const struct rule *rule, struct score_context *context,
                          struct evaluation *ret_evaluation)
{
    *ret_evaluation = (struct evaluation){.rule = rule, .outcome = OUTCOME_NA};
    enum tristate applies = rule->when ? expression_evaluate(rule->when, context) : IS_TRUE;
    if (applies == IS_TRUE) {
        measure_rule(rule, context, ret_evaluation);
        return;
    }
    ret_evaluation->na_reason = applies == IS_FALSE ? "when_false" : "when_unknown";
    if (rule->measure_count > 0)
        state_measure(&rule->measures[0], ret_evaluation);
}

static bool lacks_required(const struct evaluation *evaluation)
{
    bool applies = !evaluation->na_reason || strncmp(evaluation->na_reason, "when_", 5) != 0;
    return evaluation->rule->is_required && !evaluation->has_value && applies;
}

/* The worst of each kind of rule, and the verdict of both. A pass needs what is required. */
static void fold(struct verdict_report *report)
{
    static const enum condemned condemned_of[OUTCOMES] = {
        [OUTCOME_BORDERLINE] = CONDEMNED_BORDERLINE, [OUTCOME_FAIL] = CONDEMNED_FAIL};
    static const enum judged judged_of[OUTCOMES] = {[OUTCOME_PASS] = JUDGED_PASS,
                                                    [OUTCOME_BORDERLINE] = JUDGED_BORDERLINE,
                                                    [OUTCOME_FAIL] = JUDGED_FAIL};
    report->condemned = CONDEMNED_NOT;
    report->judged = JUDGED_NOT;
    bool is_lacking = false;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        struct evaluation *evaluation = &report->evaluations[i];
        enum judged judged = judged_of[evaluation->outcome];
        enum condemned condemned = condemned_of[evaluation->outcome];
        if (evaluation->judges && judged > report->judged)
            report->judged = judged;
        if (!evaluation->judges && condemned > report->condemned)
            report->condemned = condemned;
        evaluation->lacks_required = lacks_required(evaluation);
        is_lacking = is_lacking || evaluation->lacks_required;
    }
    if (is_lacking && report->judged == JUDGED_PASS)
        report->judged = JUDGED_NOT;
    if (report->condemned == CONDEMNED_FAIL || report->judged == JUDGED_FAIL)
        report->verdict = VERDICT_FAIL;
    else if (report->condemned == CONDEMNED_BORDERLINE || report->judged == JUDGED_BORDERLINE)
        report->verdict = VERDICT_BORDERLINE;
    else
        report->verdict = report->judged == JUDGED_PASS ? VERDICT_PASS : VERDICT_UNSCORED;
}

static void add_label(struct bytes_list *labels, struct bytes label)
{
    for (uint32_t i = 0; i < labels->count; i++)
        if (bytes_equal(labels->items[i], label))
            return;
    labels->items[labels->count++] = label;
}

/* Of the failed rules, then of the borderline ones. */
static void collect_labels(struct verdict_report *report, struct arena *arena)
{
    static const enum outcome outcomes[] = {OUTCOME_FAIL, OUTCOME_BORDERLINE};
    uint32_t room = 0;
    for (uint32_t i = 0; i < report->evaluation_count; i++)
        room += report->evaluations[i].rule->label_count;
    report->labels.items = room ? arena_alloc(arena, room * sizeof(struct bytes)) : NULL;
    if (!report->labels.items)
        return;
    for (size_t o = 0; o < 2; o++)
        for (uint32_t i = 0; i < report->evaluation_count; i++) {
            const struct evaluation *evaluation = &report->evaluations[i];
            if (evaluation->outcome != outcomes[o])
                continue;
            for (uint32_t j = 0; j < evaluation->rule->label_count; j++)
                add_label(&report->labels, evaluation->rule->labels[j]);
        }
}

static const struct rule *find_worst(const struct verdict_report *report)
{
    const struct rule *worst = NULL;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        bool matters =
            evaluation->outcome == OUTCOME_FAIL || evaluation->outcome == OUTCOME_BORDERLINE;
        if (matters && (!worst || evaluation->rule->priority < worst->priority))
            worst = evaluation->rule;
    }
    return worst;
}

void scorer_run(struct score_context *context, struct verdict_report *ret_report)
{
    const struct ruleset *ruleset = context->ruleset;
    *ret_report = (struct verdict_report){.verdict = VERDICT_UNSCORED};
    ret_report->evaluations =
        arena_alloc(context->arena, (ruleset->rule_count + 1) * sizeof(struct evaluation));
    if (ret_report->evaluations) {
        ret_report->evaluation_count = ruleset->rule_count;
        for (uint32_t i = 0; i < ruleset->rule_count; i++)
            evaluate_rule(&ruleset->rules[i], context, &ret_report->evaluations[i]);
    }
    scorer_conclude(context, ret_report);
}

void scorer_conclude(struct score_context *context, struct verdict_report *report)
{
    fold(report);
    report->labels = (struct bytes_list){0};
    report->worst = NULL;
    if (report->verdict == VERDICT_FAIL || report->verdict == VERDICT_BORDERLINE) {
        collect_labels(report, context->arena);
        report->worst = find_worst(report);
    }
    const struct reading *refusal = memo_remembered("refusal", context);
    report->refusal = refusal && refusal->has_value && refusal->value > 0;
    signature_write(report->signature, report, context->run);
}

enum verdict scorer_verdict_of(const struct verdict_report *report, uint32_t count)
{
    struct verdict_report part = *report;
    part.evaluation_count = count < report->evaluation_count ? count : report->evaluation_count;
    fold(&part);
    return part.verdict;
}
