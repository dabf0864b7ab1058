/* The built-in rule `regression`: what the regression set says of a run, as an evaluation among the
 * others. It stands behind the rules of the file, and only where a set is in force:
 *
 *   no row was met                        na(no_row)
 *   every row that was met holds          1   pass, which is no evidence for the run: a known mistake
 *                                             did not come back
 *   failed, by a near question alone      0.5 borderline
 *   failed                                0   fail
 *
 * The evaluator is the row whose check failed: people approved it. Priority 1; labels are the failure
 * modes of the rows. */
#pragma once
#include "processor/regression.h"
#include "processor/score/measurement.h"

extern const struct rule regression_rule; /* without labels */
#define REGRESSION_NO_ROW "no_row"

/* Behind the evaluations of scorer_run(); then the verdict, labels and signature of all. `met` has a
 * snapshot. */
void regression_rule_add(struct score_context *context, const struct regression_report *met,
                         struct verdict_report *report);
/* As a verdict before said, whose content is gone; the verdict is not concluded. `row_id`: text of the
 * row that failed; absent: not known. */
struct summary_rule;
void regression_rule_add_before(const struct summary_rule *before, struct bytes row_id,
                                struct verdict_report *report);
