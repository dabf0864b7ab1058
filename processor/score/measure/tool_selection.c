/* Did the agent call the tools it had to, and only tools that it has?
 *
 *   coverage   required tools that were called / required tools
 *   validity   calls of a tool that was offered to the model or is allowed / calls
 *   success    calls without error / calls
 *   accuracy = (0.4 coverage + 0.3 validity + 0.3 success) / sum of the weights that are known
 *
 * Nothing called where something is required is 0, not "nothing went wrong". */
#include "processor/score/measure/functions.h"

#include <stdio.h>

#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

/* Of ToolSelectionAccuracy (ai-evaluation): a tool that was due weighs more than how it went. */
static const double coverage_weight = 0.4, validity_weight = 0.3, success_weight = 0.3;

static bool holds(const struct bytes_list *list, struct bytes name)
{
    for (uint32_t i = 0; list && i < list->count; i++)
        if (step_tool_is(name, list->items[i]))
            return true;
    return false;
}

struct selection_facts {
    const struct bytes_list *required, *allowed, *offered;
    uint32_t calls, failed, invalid, missing;
    struct bytes first_missing, first_invalid;
};

static bool is_valid(const struct selection_facts *facts, struct bytes name)
{
    return holds(facts->offered, name) || holds(facts->allowed, name) ||
           holds(facts->required, name);
}

static void count_calls(struct selection_facts *facts, struct score_context *context,
                        struct reading *reading)
{
    const struct agent_run *run = context->run;
    bool knows_valid = facts->offered->count > 0 || facts->allowed;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_TOOL || !step_counts(step))
            continue;
        bool is_invalid = knows_valid && !is_valid(facts, tool_call_name(step));
        facts->calls++;
        facts->failed += step_has_failed(step);
        if (is_invalid && facts->invalid++ == 0)
            facts->first_invalid = tool_call_name(step);
        if (is_invalid || step_has_failed(step))
            reading_point(reading, context, i, FIELD_NAME, 0, step->name.size);
    }
}

static bool was_called(const struct agent_run *run, struct bytes tool)
{
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].kind == STEP_TOOL && step_counts(&run->steps[i]) &&
            step_tool_is(tool_call_name(&run->steps[i]), tool))
            return true;
    return false;
}

static void count_missing(struct selection_facts *facts, const struct agent_run *run)
{
    for (uint32_t i = 0; facts->required && i < facts->required->count; i++) {
        if (was_called(run, facts->required->items[i]))
            continue;
        if (facts->missing++ == 0)
            facts->first_missing = facts->required->items[i];
    }
}

static void explain(const struct selection_facts *facts, struct score_context *context,
                    struct reading *reading)
{
    char failed[64] = "";
    if (facts->failed > 0)
        (void)snprintf(failed, sizeof failed, "; %u of %u calls failed", facts->failed,
                       facts->calls);
    if (facts->missing == 1)
        reading_explain(reading, context, "%.*s was not called%s", SHOWN(facts->first_missing),
                        failed);
    else if (facts->missing > 1)
        reading_explain(reading, context, "%.*s and %u more required tools were not called%s",
                        SHOWN(facts->first_missing), facts->missing - 1, failed);
    else if (facts->invalid > 0)
        reading_explain(reading, context,
                        "%u of %u calls %s of a tool that is neither offered nor allowed, such as "
                        "%.*s%s",
                        facts->invalid, facts->calls, facts->invalid == 1 ? "is" : "are",
                        SHOWN(facts->first_invalid), failed);
    else
        reading_explain(reading, context, "%s",
                        facts->failed > 0 ? failed + strlen("; ") : "The tools fit");
}

void measure_tool_selection(const struct measurement *self, struct score_context *context,
                            struct reading *ret_reading)
{
    (void)self;
    const struct agent_run *run = context->run;
    const struct measurement_config *config = &context->ruleset->measurements;
    struct selection_facts facts = {
        .required = tool_calls_expected(config->required, config->required_count, context),
        .allowed = tool_calls_expected(config->allowed, config->allowed_count, context),
        .offered = &run->tools_offered};
    bool has_required = facts.required && facts.required->count > 0;
    if (!agent_run_is_whole(run)) {
        reading_na(ret_reading, "incomplete");
        return;
    }
    if (!has_required && !facts.allowed && facts.offered->count == 0) {
        reading_na(ret_reading, "not_configured");
        return;
    }
    count_calls(&facts, context, ret_reading);
    count_missing(&facts, run);
    if (facts.calls == 0 && !has_required) {
        reading_na(ret_reading, "no_calls");
        return;
    }
    double sum = 0, weights = 0;
    if (has_required) {
        sum += coverage_weight * (facts.required->count - facts.missing) / facts.required->count;
        weights += coverage_weight;
    }
    if (facts.calls > 0 && (facts.offered->count > 0 || facts.allowed)) {
        sum += validity_weight * (facts.calls - facts.invalid) / facts.calls;
        weights += validity_weight;
    }
    if (facts.calls > 0) {
        sum += success_weight * (facts.calls - facts.failed) / facts.calls;
        weights += success_weight;
    }
    /* All parts whole is 1, not what rounding makes of it. */
    ret_reading->proves_nothing = !has_required;
    bool is_whole = facts.missing + facts.invalid + facts.failed == 0;
    reading_number(ret_reading, is_whole ? 1 : sum / weights);
    explain(&facts, context, ret_reading);
}
