/* Runs the rules over a run and folds them into one verdict: fail if any rule fails; else
 * borderline if any is borderline; else pass if a judging rule passed; else unscored. A pure
 * function of the run, the ruleset and the dimensions. */
#pragma once
#include "processor/score/measurements.h"

struct score_context {
    struct agent_run *run; /* content is added when a measurement needs it */
    const struct ruleset *ruleset;
    const struct bytes *dimension_values; /* as ruleset->dimension_names */
    struct arena *arena;
    struct regex_scratch *scratch;
    void *memo; /* scorer's own */
};

void score_run(struct score_context *context, struct verdict_report *ret_report);

/* For a verdict that starts from an earlier one, whose content is gone: an evaluation as it was
 * then, by the place of its measure in the rule; and the fold of evaluations from anywhere.
 * `value` NULL: it had none. */
void score_restate(const struct rule *rule, uint32_t measure, enum outcome outcome,
                   const double *value, const char *na_reason, struct evaluation *ret_evaluation);
void score_conclude(struct score_context *context, struct verdict_report *report);
