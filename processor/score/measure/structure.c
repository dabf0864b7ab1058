/* How much a run did: counts, times and tokens. None of it judges. */
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

static uint32_t count_kind(const struct agent_run *run, enum step_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count; i++)
        count += run->steps[i].kind == kind && step_counts(&run->steps[i]);
    return count;
}

void measure_spans(const struct measurement *self, struct score_context *context,
                   struct reading *ret_reading)
{
    (void)self;
    reading_number(ret_reading, context->run->trajectory->span_count);
}

void measure_steps(const struct measurement *self, struct score_context *context,
                   struct reading *ret_reading)
{
    (void)self;
    uint32_t count = 0;
    for (uint32_t i = 0; i < context->run->step_count; i++)
        count += step_counts(&context->run->steps[i]);
    reading_number(ret_reading, count);
}

void measure_steps_of_kind(const struct measurement *self, struct score_context *context,
                           struct reading *ret_reading)
{
    reading_number(ret_reading, count_kind(context->run, (enum step_kind)self->parameter));
}

void measure_calls(const struct measurement *self, struct score_context *context,
                   struct reading *ret_reading)
{
    measure_steps_of_kind(self, context, ret_reading);
}

void measure_duration(const struct measurement *self, struct score_context *context,
                      struct reading *ret_reading)
{
    (void)self;
    struct trajectory_times times = trajectory_times(context->run->trajectory);
    if (times.has_duration)
        reading_number(ret_reading, (double)times.duration_ns / 1e6);
    else
        reading_na(ret_reading, "no_times");
}

void measure_ttft(const struct measurement *self, struct score_context *context,
                  struct reading *ret_reading)
{
    (void)self;
    if (context->run->ttft_ns < 0)
        reading_na(ret_reading, "not_recorded");
    else
        reading_number(ret_reading, (double)context->run->ttft_ns / 1e6);
}

void measure_tokens(const struct measurement *self, struct score_context *context,
                    struct reading *ret_reading)
{
    const struct agent_run *run = context->run;
    bool wants_input = self->parameter != TOKENS_OUTPUT;
    bool wants_output = self->parameter != TOKENS_INPUT;
    double sum = 0;
    bool is_known = false;
    if (wants_input && run->tokens_input >= 0) {
        sum += (double)run->tokens_input;
        is_known = true;
    }
    if (wants_output && run->tokens_output >= 0) {
        sum += (double)run->tokens_output;
        is_known = true;
    }
    if (is_known)
        reading_number(ret_reading, sum);
    else
        reading_na(ret_reading, "no_usage");
}

void measure_tool_errors(const struct measurement *self, struct score_context *context,
                         struct reading *ret_reading)
{
    (void)self;
    uint32_t count = 0;
    for (uint32_t i = 0; i < context->run->step_count; i++) {
        const struct step *step = &context->run->steps[i];
        if (step->kind != STEP_TOOL || !step_counts(step) || !step_has_failed(step))
            continue;
        count++;
        reading_point(ret_reading, context, i, FIELD_NAME, 0, step->name.size);
    }
    reading_number(ret_reading, count);
    if (count > 0)
        reading_explain(ret_reading, context, "%u of %u tool calls ended in an error", count,
                        count_kind(context->run, STEP_TOOL));
}

void measure_tool_repeats(const struct measurement *self, struct score_context *context,
                          struct reading *ret_reading)
{
    (void)self;
    struct tool_calls calls = tool_calls_read(context);
    uint32_t repeats = 0, known = 0;
    for (uint32_t i = 0; i < calls.count; i++) {
        const struct tool_call *call = &calls.items[i];
        known += call->has_arguments;
        if (!call->has_arguments || call->earlier == 0)
            continue;
        repeats++;
        reading_point(ret_reading, context, call->span, call->field, 0, call->arguments.size);
    }
    if (calls.count > 0 && known == 0) {
        reading_na(ret_reading, "no_content");
        return;
    }
    reading_number(ret_reading, repeats);
    if (repeats > 0)
        reading_explain(ret_reading, context,
                        "%u of %u tool calls have the name and arguments of an earlier one",
                        repeats, calls.count);
}

void measure_documents(const struct measurement *self, struct score_context *context,
                       struct reading *ret_reading)
{
    (void)self;
    uint32_t count = 0;
    for (uint32_t i = 0; i < context->run->document_count; i++)
        count += !context->run->documents[i].is_tool_result;
    reading_number(ret_reading, count);
}

void measure_errors(const struct measurement *self, struct score_context *context,
                    struct reading *ret_reading)
{
    const struct agent_run *run = context->run;
    reading_number(ret_reading,
                   self->parameter == ERRORS_ALL ? run->error_count : run->errors_recovered);
    if (run->error_count == 0)
        return;
    reading_explain(ret_reading, context, "%u step%s ended in an error%s", run->error_count,
                    run->error_count == 1 ? "" : "s",
                    run->errors_recovered == 0                  ? ""
                    : run->errors_recovered == run->error_count ? ", and the run got over it"
                                                                : ", and the run got over some");
    for (uint32_t i = 0; i < run->step_count; i++)
        if (run->steps[i].is_own && step_has_failed(&run->steps[i]))
            reading_point(ret_reading, context, i, FIELD_NAME, 0, run->steps[i].name.size);
}

void measure_agents(const struct measurement *self, struct score_context *context,
                    struct reading *ret_reading)
{
    enum { NAMES_MAX = 256 };
    (void)self;
    const struct agent_run *run = context->run;
    uint32_t first_steps[NAMES_MAX]; /* of each name */
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_AGENT || !step_counts(step))
            continue;
        uint32_t at = 0;
        while (at < count && !bytes_equal(run->steps[first_steps[at]].agent, step->agent))
            at++;
        if (at == count && count < NAMES_MAX)
            first_steps[count++] = i;
    }
    reading_number(ret_reading, count);
}

void measure_depth(const struct measurement *self, struct score_context *context,
                   struct reading *ret_reading)
{
    (void)self;
    const struct trajectory *trajectory = context->run->trajectory;
    uint32_t depth = 0;
    for (uint32_t i = 0; i < trajectory->span_count; i++)
        if (trajectory->depths[i] > depth)
            depth = trajectory->depths[i];
    reading_number(ret_reading, depth);
}
