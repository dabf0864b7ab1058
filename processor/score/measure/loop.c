/* Does the agent go round in circles? What repeats to the letter gives three signs, each from 1
 * (none) to 0, weighted over those that could be looked at:
 *
 *   0.40 calls      the same tool with the same arguments: 3 times 0.5, 6 times 0; or the run ends
 *                   in a period of 2 to 4 calls, over and over: 3 times 0.5, 6 times 0
 *   0.35 nesting    0 when a step lies within another of the same kind, name and input; a span that
 *                   is directly in its like is a wrapper, not a loop
 *   0.25 outputs    consecutive model outputs whose words agree to 0.85 (Jaccard) / pairs, from 1
 *
 * and what nearly repeats (near_repeats.c) a value of its own; the worse of both counts:
 *
 *   1 - outputs / 6      3 more of nearly the same are a half, 6 are 0
 *   1 - errors / 6
 *   1 - calls / 20       0.5 at worst: pages of one search are like this too
 *
 * Tools that are polled are exempt by configuration. */
#include <math.h>

#include "processor/base/digest.h"
#include "processor/base/text/utf8.h"
#include "processor/score/language/word_set.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/near_repeats.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

/* Weights, repetitions and the likeness of outputs are those of AgentLoopDetection (DeepEval), so
 * that a score means the same in both; two outputs at 0.85 say the same with a word exchanged. The
 * periods are ours: three rounds of two to four calls are no coincidence. */
static const double calls_weight = 0.40, nesting_weight = 0.35, outputs_weight = 0.25;
static const double similar_from = 0.85;
enum { HALF_AT = 3, ZERO_AT = 6, PERIOD_MAX = 4, NEAR_CALLS_ZERO_AT = 20 };
static const double near_calls_worst = 0.5;

/* Bounds on the work of one run. Outputs below five words ("OK.", "Done.") are alike by nature. */
enum { ANCESTORS_MAX = 64, OUTPUT_WORDS_MAX = 4096, OUTPUT_BYTES_MAX = 32 * 1024 };
enum { OUTPUT_WORDS_MIN = 5 };

/* What was found; a part that could not be looked at stays unknown. */
struct loop_signs {
    uint32_t repeats; /* of one call, or of the period at the end */
    uint32_t period;  /* calls in it; 1: one call */
    struct bytes tool;
    uint32_t model_pairs, similar_pairs;
    bool knows_calls, knows_nesting, is_nested;
    struct near_repeats near;
};

static bool is_exempt(const struct score_context *context, struct bytes tool)
{
    const struct bytes_list *exempt = &context->ruleset->measurements.loop_exempt;
    for (uint32_t i = 0; i < exempt->count; i++)
        if (bytes_equal(exempt->items[i], tool))
            return true;
    return false;
}

static void look_at_repeats(const struct tool_calls *calls, struct loop_signs *signs,
                            struct score_context *context, struct reading *reading)
{
    uint64_t worst = 0;
    for (uint32_t i = 0; i < calls->count; i++) {
        const struct tool_call *call = &calls->items[i];
        if (!call->has_arguments || call->earlier < signs->repeats)
            continue;
        worst = call->identity;
        signs->repeats = call->earlier + 1;
        signs->period = 1;
        signs->tool = call->name;
    }
    for (uint32_t i = 0; i < calls->count && signs->repeats >= HALF_AT; i++) {
        const struct tool_call *call = &calls->items[i];
        if (call->has_arguments && call->identity == worst)
            reading_point(reading, context, call->span, call->field, 0, call->arguments.size);
    }
}

/* How often the last `period` calls stand one after another at the end. A period of equal calls is
 * none of its own. */
static uint32_t tail_repeats(const struct tool_calls *calls, uint32_t period)
{
    uint32_t equal = 0;
    bool is_uniform = true;
    const struct tool_call *items = calls->items;
    for (uint32_t i = calls->count; i-- > period; equal++)
        if (items[i].identity != items[i - period].identity)
            break;
    for (uint32_t i = 1; i < period && i < calls->count; i++)
        is_uniform &= items[calls->count - i].identity == items[calls->count - i - 1].identity;
    return is_uniform ? 0 : equal / period + 1;
}

static void look_at_calls(struct loop_signs *signs, struct score_context *context,
                          struct reading *reading)
{
    struct tool_calls calls = tool_calls_read(context);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < calls.count; i++)
        if (!is_exempt(context, calls.items[i].name))
            calls.items[kept++] = calls.items[i];
    signs->knows_calls = calls.count > 0;
    calls.count = kept;
    signs->near = near_repeats_find(context, &calls, reading);
    look_at_repeats(&calls, signs, context, reading);
    for (uint32_t period = 2; period <= PERIOD_MAX && period < calls.count; period++) {
        uint32_t repeats = tail_repeats(&calls, period);
        if (repeats < HALF_AT || repeats <= signs->repeats)
            continue;
        signs->repeats = repeats;
        signs->period = period;
        for (uint32_t i = calls.count - period; i < calls.count; i++)
            reading_point(reading, context, calls.items[i].span, FIELD_NAME, 0,
                          context->run->steps[calls.items[i].span].name.size);
    }
}

static bool is_like(const struct step *a, const struct step *b, struct arena *arena)
{
    return a->kind == b->kind && bytes_equal(a->name, b->name) && a->input.size == b->input.size &&
           arena_look(arena, a->input.size) && bytes_equal(a->input, b->input);
}

static void look_at_nesting(struct loop_signs *signs, struct score_context *context,
                            struct reading *reading)
{
    const struct agent_run *run = context->run;
    const uint32_t *parents = run->trajectory->parents;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->input.size == 0 || !step_counts(step))
            continue;
        signs->knows_nesting = true;
        bool is_wrapped = true; /* everything between was its like */
        uint32_t at = parents[i];
        for (int up = 0; at != NO_SPAN && up < ANCESTORS_MAX; up++, at = parents[at]) {
            bool is_alike = is_like(step, &run->steps[at], run->arena);
            if (is_alike && !is_wrapped && run->steps[at].is_counted) {
                signs->is_nested = true;
                reading_point(reading, context, i, FIELD_STEP_INPUT, 0, step->input.size);
                break;
            }
            is_wrapped = is_wrapped && is_alike;
        }
    }
}

static void look_at_outputs(struct loop_signs *signs, struct score_context *context,
                            struct reading *reading)
{
    const struct agent_run *run = context->run;
    struct arena arenas[2];
    struct word_set sets[2] = {{0}};
    uint32_t turn = 0;
    arena_init_part(&arenas[0], SCRATCH_BYTES_MAX, run->arena);
    arena_init_part(&arenas[1], SCRATCH_BYTES_MAX, run->arena);
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        if (step->kind != STEP_LLM || !step_counts(step) || step->output.size == 0)
            continue;
        struct word_set *now = &sets[turn], *before = &sets[1 - turn];
        arena_reset(&arenas[turn]);
        *now =
            word_set_all(utf8_cut(step->output, OUTPUT_BYTES_MAX), OUTPUT_WORDS_MAX, &arenas[turn]);
        turn = 1 - turn;
        if (now->count < OUTPUT_WORDS_MIN || before->count < OUTPUT_WORDS_MIN)
            continue;
        uint32_t common = word_set_common(now, before);
        signs->model_pairs++;
        if ((double)common / (now->count + before->count - common) < similar_from)
            continue;
        signs->similar_pairs++;
        reading_point(reading, context, i, FIELD_STEP_OUTPUT, 0, step->output.size);
    }
    arena_finish(&arenas[0]);
    arena_finish(&arenas[1]);
}

static void explain(const struct loop_signs *signs, struct score_context *context,
                    struct reading *reading)
{
    if (signs->repeats >= HALF_AT && signs->period == 1)
        reading_explain(reading, context, "%.*s was called %u times with the same arguments",
                        SHOWN(signs->tool), signs->repeats);
    else if (signs->repeats >= HALF_AT)
        reading_explain(reading, context, "The run ends in %u rounds of the same %u tool calls",
                        signs->repeats, signs->period);
    else if (signs->is_nested)
        reading_explain(reading, context, "A step runs within itself with the same input");
    else if (signs->near.outputs > 0)
        reading_explain(reading, context, "%u model output%s an earlier one", signs->near.outputs,
                        signs->near.outputs == 1 ? " nearly repeats" : "s nearly repeat");
    else if (signs->near.errors > 0)
        reading_explain(reading, context, "%u tool error%s met before", signs->near.errors,
                        signs->near.errors == 1 ? " was" : "s were");
    else if (signs->near.calls > 0)
        reading_explain(reading, context, "%u tool call%s an earlier one", signs->near.calls,
                        signs->near.calls == 1 ? " nearly repeats" : "s nearly repeat");
    else if (signs->similar_pairs > 0)
        reading_explain(reading, context, "%u of %u model outputs nearly repeat the one before",
                        signs->similar_pairs, signs->model_pairs);
    else
        reading_explain(reading, context, "Nothing repeats");
}

static double near_loss(const struct near_repeats *near)
{
    double outputs = (double)near->outputs / ZERO_AT, errors = (double)near->errors / ZERO_AT;
    double calls = fmin((double)near->calls / NEAR_CALLS_ZERO_AT, near_calls_worst);
    return fmin(fmax(calls, fmax(outputs, errors)), 1);
}

void measure_loop(const struct measurement *self, struct score_context *context,
                  struct reading *ret_reading)
{
    (void)self;
    struct loop_signs signs = {0};
    look_at_calls(&signs, context, ret_reading);
    look_at_nesting(&signs, context, ret_reading);
    look_at_outputs(&signs, context, ret_reading);
    double lost = 0, weights = 0;
    if (signs.knows_calls) {
        lost += calls_weight * (signs.repeats >= ZERO_AT ? 1 : signs.repeats >= HALF_AT ? 0.5 : 0);
        weights += calls_weight;
    }
    if (signs.knows_nesting) {
        lost += nesting_weight * signs.is_nested;
        weights += nesting_weight;
    }
    if (signs.model_pairs > 0) {
        lost += outputs_weight * signs.similar_pairs / signs.model_pairs;
        weights += outputs_weight;
    }
    if (weights <= 0) {
        reading_na(ret_reading, "no_calls");
        return;
    }
    reading_number(ret_reading, 1 - fmax(lost / weights, near_loss(&signs.near)));
    explain(&signs, context, ret_reading);
}
