/* How straight did the run go?
 *   0.4 min(1, budget / steps) + 0.3 (1 - redundant / steps) + 0.3 (1 - failed / calls)
 * Redundant are tool calls with the name and arguments of an earlier one. Without a budget, and
 * without a call, that part is left out and the others weigh in its place. */
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

/* Of StepEfficiency (ai-evaluation). */
static const double budget_weight = 0.4, redundant_weight = 0.3, failed_weight = 0.3;

void measure_step_efficiency(const struct measurement *self, struct score_context *context,
                             struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    if (!agent_run_is_whole(run)) {
        reading_na(ret_reading, "incomplete");
        return;
    }
    uint32_t steps = 0, redundant = 0, failed = 0;
    for (uint32_t i = 0; i < run->step_count; i++)
        steps += step_counts(&run->steps[i]) && run->steps[i].kind != STEP_EVALUATOR;
    if (steps == 0) {
        reading_na(ret_reading, "no_steps");
        return;
    }
    struct tool_calls calls = tool_calls_read(context);
    for (uint32_t i = 0; i < calls.count; i++) {
        const struct tool_call *call = &calls.items[i];
        bool is_redundant = call->has_arguments && call->earlier > 0;
        redundant += is_redundant;
        failed += call->has_failed;
        if (is_redundant || call->has_failed)
            reading_point(ret_reading, context, call->span, FIELD_NAME, 0,
                          run->steps[call->span].name.size);
    }
    uint32_t budget = context->ruleset->measurements.steps_max;
    double lost = redundant_weight * redundant / steps, weights = redundant_weight;
    if (budget > 0) {
        lost += steps > budget ? budget_weight * (1 - (double)budget / steps) : 0;
        weights += budget_weight;
    }
    if (calls.count > 0) {
        lost += failed_weight * failed / calls.count;
        weights += failed_weight;
    }
    reading_number(ret_reading, 1 - lost / weights);
    reading_explain(ret_reading, context,
                    "%u steps; %u of %u tool calls repeat an earlier one, %u failed", steps,
                    redundant, calls.count, failed);
}
