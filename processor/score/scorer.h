/* Runs the rules over a run and folds them into one verdict: fail if any rule fails; else
 * borderline if any is borderline; else pass if a judging rule passed; else unscored. A pure
 * function of the run, the ruleset and the dimensions. */
#pragma once
#include "processor/score/measurement.h"

/* There is room for one evaluation behind those of the rules. */
void scorer_run(struct score_context *context, struct verdict_report *ret_report);

/* For a verdict that starts from an earlier one, whose content is gone: an evaluation as it was
 * then, by the place of its measure in the rule; and the fold of evaluations from anywhere. `value`
 * NULL: it had none. `judges`: its value was evidence for the run, if the rule says so now. */
void scorer_from_before(const struct rule *rule, uint32_t measure, enum outcome outcome,
                        const double *value, bool judges, const char *na_reason,
                        struct evaluation *ret_evaluation);
void scorer_conclude(struct score_context *context, struct verdict_report *report);
/* The verdict that the first `count` of its evaluations alone come to. */
enum verdict scorer_verdict_of(const struct verdict_report *report, uint32_t count);
