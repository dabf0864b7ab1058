/* The worst row decides the value and speaks; all rows that failed lend their labels and places. */
#include "pipelines/decide/regression_rule.h"

#include <stdio.h>

#include "pipelines/decide/summary.h"
#include "processor/score/measure/reading.h"
#include "processor/score/scorer.h"

static const struct measurement regression_check = {
    .name = "regression.check",
    .unit = "",
    .range = "0, 0.5 or 1",
    .is_judging = true,
    .judges_where = "where it asks exactly what a row asks",
    .na_conditions = "no row of the regression set was met",
    .meaning = "1: the run holds what people asked of an earlier one; 0: it does not; 0.5: it does "
               "not, and its question is only near",
};

const struct rule regression_rule = {
    .name = {(const uint8_t *)REGRESSION_RULE, sizeof REGRESSION_RULE - 1},
    .measures = {{.name = {(const uint8_t *)"regression.check", 16},
                  .measurement = &regression_check}},
    .measure_count = 1,
    .has_fail_below = true,
    .has_borderline_below = true,
    .fail_below = 0.5,
    .borderline_below = 1,
    .priority = 1,
    .queue = {(const uint8_t *)"review", 6},
    .judges = true,
};

static const double values[OUTCOMES] = {
    [OUTCOME_FAIL] = 0, [OUTCOME_BORDERLINE] = 0.5, [OUTCOME_PASS] = 1};

static enum outcome outcome_of(const struct regression_hit *hit)
{
    if (hit->check == CHECK_NONE)
        return OUTCOME_PASS;
    return hit->is_fail ? OUTCOME_FAIL : OUTCOME_BORDERLINE;
}

/* --- what is said --- */

/* "opening VALUE closing row 3fa2c1d0 tail"; without a value "plain row 3fa2c1d0 tail". */
static const struct sentence_parts {
    const char *opening, *closing, *plain, *tail;
} parts[REGRESSION_CHECKS] = {
    [CHECK_MUST_NOT_INCLUDE] = {"The answer says \"", "\", which", "The answer says what",
                                "forbids"},
    [CHECK_MUST_INCLUDE] = {"The answer does not say \"", "\", which",
                            "The answer does not say what", "requires"},
    [CHECK_FORBIDDEN_TOOL] = {"", " was called, which", "A tool was called that", "forbids"},
    [CHECK_REQUIRED_TOOL] = {"", " was not called, which", "A tool was not called that",
                             "requires"},
    [CHECK_REFUSAL] = {NULL, NULL, "The answer refuses, or does not, unlike what", "expects"},
    [CHECK_VOLATILE_NUMBERS] = {NULL, NULL, "The answer has no grounded figures for those that",
                                "takes from tools"},
    [CHECK_GROUND_TRUTH] = {NULL, NULL, "The answer says less than half of what", "expects"},
    [CHECK_IDENTITY] = {NULL, NULL, "The run failed as that of", "did"},
};

static void explain_failure(struct score_context *context, const struct regression_hit *hit,
                            uint32_t more, struct reading *reading)
{
    const struct sentence_parts *said = &parts[hit->check];
    struct bytes value = said->opening ? hit->value : (struct bytes){0};
    char others[32] = "";
    if (more > 0)
        (void)snprintf(others, sizeof others, "; %u more row%s failed", more, more == 1 ? "" : "s");
    if (value.size > 0)
        reading_explain(reading, context, "%s%.*s%s row %.8s %s%s", said->opening, SHOWN(value),
                        said->closing, hit->row_id, said->tail, others);
    else
        reading_explain(reading, context, "%s row %.8s %s%s", said->plain, hit->row_id, said->tail,
                        others);
}

static void explain(struct score_context *context, const struct regression_report *met,
                    struct reading *reading)
{
    uint32_t failed = met->failed + met->borderline;
    if (failed > 0)
        explain_failure(context, &met->hits[0], failed - 1, reading);
    else
        reading_explain(reading, context,
                        "The answer holds what %u row%s of the regression set "
                        "ask%s for",
                        met->count, met->count == 1 ? "" : "s", met->count == 1 ? "s" : "");
}

static void point(struct score_context *context, const struct regression_report *met,
                  struct reading *reading)
{
    for (uint32_t i = 0; i < met->failed + met->borderline; i++)
        if (met->hits[i].end > met->hits[i].start)
            reading_point(reading, context, NO_SPAN, FIELD_OUTPUT, met->hits[i].start,
                          met->hits[i].end);
}

/* --- the evaluation --- */

/* The failure modes of the rows that failed, as if they were the rule's labels. */
static const struct rule *labelled(const struct regression_report *met, struct arena *arena)
{
    uint32_t failed = met->failed + met->borderline;
    struct rule *rule = failed > 0 ? arena_alloc(arena, sizeof *rule) : NULL;
    if (!rule)
        return &regression_rule;
    *rule = regression_rule;
    for (uint32_t i = 0; i < failed; i++) {
        struct bytes mode = met->hits[i].failure_mode;
        uint32_t at = 0;
        while (at < rule->label_count && !bytes_equal(rule->labels[at], mode))
            at++;
        if (mode.size > 0 && at == rule->label_count && at < RULE_LABELS_MAX)
            rule->labels[rule->label_count++] = mode;
    }
    return rule;
}

/* Whoever asks exactly what a row asks is judged by what people approved; other ways of meeting a row
 * only condemn. */
static bool is_exact(const struct regression_report *met, enum outcome outcome)
{
    for (uint32_t i = 0; i < met->count && i < REGRESSION_HITS_MAX; i++)
        if (met->hits[i].match == MATCH_EXACT && outcome_of(&met->hits[i]) == outcome)
            return true;
    return false;
}

static void state(struct score_context *context, const struct regression_report *met,
                  struct evaluation *evaluation)
{
    const struct regression_hit *worst = &met->hits[0];
    struct reading reading = {0};
    explain(context, met, &reading);
    point(context, met, &reading);
    evaluation->outcome = outcome_of(worst);
    evaluation->has_value = true;
    evaluation->judges = is_exact(met, evaluation->outcome);
    evaluation->value = values[evaluation->outcome];
    evaluation->margin = evaluation->value - regression_rule.fail_below;
    evaluation->explanation = reading.explanation;
    evaluation->evidence = reading.evidence;
    evaluation->evidence_count = reading.evidence_count;
    char revision[12];
    int size = snprintf(revision, sizeof revision, "%u", worst->row_revision);
    evaluation->evaluator_id = arena_copy(context->arena, bytes_of_text(worst->row_id));
    evaluation->evaluator_version = arena_copy(context->arena, bytes_of(revision, (size_t)size));
}

void regression_rule_add(struct score_context *context, const struct regression_report *met,
                         struct verdict_report *report)
{
    if (!report->evaluations)
        return; /* there was no room for any */
    struct evaluation *evaluation = &report->evaluations[report->evaluation_count++];
    *evaluation = (struct evaluation){.rule = labelled(met, context->arena),
                                      .measurement = bytes_of_text(regression_check.name),
                                      .outcome = OUTCOME_NA,
                                      .na_reason = REGRESSION_NO_ROW,
                                      .evaluator_type = EVALUATOR_HUMAN};
    if (met->count == 0)
        return;
    evaluation->na_reason = NULL;
    state(context, met, evaluation);
    scorer_conclude(context, report);
}

void regression_rule_add_before(const struct summary_rule *before, struct bytes row_id,
                                struct verdict_report *report)
{
    if (!report->evaluations)
        return;
    struct evaluation *evaluation = &report->evaluations[report->evaluation_count++];
    scorer_from_before(&regression_rule, 0, before ? before->outcome : OUTCOME_NA,
                       before && before->has_value ? &before->value : NULL,
                       before && before->judges, "not_retained", evaluation);
    evaluation->evaluator_type = EVALUATOR_HUMAN;
    evaluation->evaluator_id = row_id;
    evaluation->evaluator_version = (struct bytes){0};
}
