/* Did the agent call the tools of a reference, as Vertex AI's trajectory metrics ask? Compared are
 * the executed calls in order, p, with those of the reference, r: their names, and the arguments of
 * those that the reference states arguments of (expected_calls.h).
 *
 *   exact      p is r
 *   in_order   r is a subsequence of p: calls in between do no harm
 *   any_order  r is in p as a multiset
 *   precision  |p and r| / |p|      common calls counted as multisets: a call that the reference
 *   recall     |p and r| / |r|      has once is found once
 *
 * With nothing expected everything is 1 where nothing was called; the calls of an empty reference
 * are all in excess: exact and precision 0. Nothing called where something is expected: all 0. */
#include "processor/normalize/content/content.h"
#include "processor/score/measure/expected_calls.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measure/reading.h"
#include "processor/score/measure/tool_calls.h"

/* What was called and what was to be called. */
struct comparison {
    struct expected_calls reference;
    const struct agent_run *run;
    struct arena *arena; /* for reading arguments */
    struct tool_names called;
    uint32_t common;                          /* as multisets */
    uint32_t missing_count, excess_count;     /* of the reference; of the calls */
    struct bytes first_missing, first_excess; /* absent: none */
    uint32_t first_difference;                /* where the two lists part */
    bool is_exact, is_in_order;
};

static bool agrees(const struct comparison *comparison, uint32_t called, uint32_t expected)
{
    const struct step *step = &comparison->run->steps[comparison->called.spans[called]];
    struct bytes arguments = step->arguments.data ? step->arguments : step->input;
    return expected_call_is(&comparison->reference.items[expected],
                            comparison->called.names[called], arguments, comparison->arena);
}

static void compare_in_order(struct comparison *comparison)
{
    const struct tool_names *called = &comparison->called;
    const struct expected_calls *reference = &comparison->reference;
    uint32_t found = 0, same = 0;
    for (uint32_t i = 0; i < called->count && found < reference->count; i++)
        found += agrees(comparison, i, found);
    while (same < called->count && same < reference->count && agrees(comparison, same, same))
        same++;
    comparison->is_in_order = found == reference->count;
    comparison->is_exact = same == called->count && same == reference->count;
    comparison->first_difference = same;
}

/* Each call takes the first free entry of its name. False when the arena is full. */
static bool compare_as_multisets(struct comparison *comparison, struct score_context *context,
                                 struct reading *reading, bool points_at_excess)
{
    const struct tool_names *called = &comparison->called;
    const struct expected_calls *reference = &comparison->reference;
    bool *is_taken = arena_zalloc(context->arena, reference->count + 1, sizeof *is_taken);
    if (!is_taken)
        return false;
    for (uint32_t i = 0; i < called->count; i++) {
        uint32_t at = 0;
        while (at < reference->count && (is_taken[at] || !agrees(comparison, i, at)))
            at++;
        if (at < reference->count) {
            is_taken[at] = true;
            comparison->common++;
            continue;
        }
        if (comparison->excess_count++ == 0)
            comparison->first_excess = called->names[i];
        if (points_at_excess)
            reading_point(reading, context, called->spans[i], FIELD_NAME, 0,
                          context->run->steps[called->spans[i]].name.size);
    }
    for (uint32_t i = 0; i < reference->count; i++)
        if (!is_taken[i] && comparison->missing_count++ == 0)
            comparison->first_missing = reference->items[i].tool;
    return true;
}

static double value_of(const struct comparison *comparison, int what)
{
    uint32_t expected = comparison->reference.count, called = comparison->called.count;
    switch (what) {
    case TRAJECTORY_EXACT:
        return comparison->is_exact;
    case TRAJECTORY_IN_ORDER:
        return comparison->is_in_order;
    case TRAJECTORY_ANY_ORDER:
        return comparison->common == expected;
    case TRAJECTORY_PRECISION:
        return called ? (double)comparison->common / called : expected == 0;
    default:
        return expected ? (double)comparison->common / expected : 1;
    }
}

static void explain(const struct comparison *comparison, struct score_context *context,
                    struct reading *reading)
{
    uint32_t expected = comparison->reference.count, called = comparison->called.count;
    if (comparison->is_exact)
        reading_explain(reading, context, "The %u tool calls are those expected, in order", called);
    else if (comparison->missing_count > 0 && comparison->excess_count > 0)
        reading_explain(reading, context,
                        "%u of %u expected tool calls did not happen, such as %.*s; %u of %u calls "
                        "were not expected, such as %.*s",
                        comparison->missing_count, expected, SHOWN(comparison->first_missing),
                        comparison->excess_count, called, SHOWN(comparison->first_excess));
    else if (comparison->missing_count > 0)
        reading_explain(reading, context,
                        "%u of %u expected tool calls did not happen, such as %.*s",
                        comparison->missing_count, expected, SHOWN(comparison->first_missing));
    else if (comparison->excess_count > 0)
        reading_explain(reading, context,
                        "The expected tool calls happened%s; %u of %u calls were not expected, "
                        "such as %.*s",
                        comparison->is_in_order ? " in order" : ", in another order",
                        comparison->excess_count, called, SHOWN(comparison->first_excess));
    else
        reading_explain(reading, context,
                        "The expected tool calls happened in another order: %.*s stands in place "
                        "%u",
                        SHOWN(comparison->called.names[comparison->first_difference]),
                        comparison->first_difference + 1);
}

static void compare(const struct measurement *self, struct comparison *comparison,
                    struct score_context *context, struct reading *reading)
{
    bool points_at_excess =
        self->parameter == TRAJECTORY_EXACT || self->parameter == TRAJECTORY_PRECISION;
    compare_in_order(comparison);
    if (!compare_as_multisets(comparison, context, reading, points_at_excess)) {
        reading_na(reading, "no_memory");
        return;
    }
    reading_number(reading, value_of(comparison, self->parameter));
    explain(comparison, context, reading);
}

void measure_trajectory(const struct measurement *self, struct score_context *context,
                        struct reading *ret_reading)
{
    struct agent_run *run = context->run;
    const struct measurement_config *config = &context->ruleset->measurements;
    const struct bytes_list *reference =
        tool_calls_expected(config->reference, config->reference_count, context);
    if (!reference)
        reference = tool_calls_expected(config->required, config->required_count, context);
    if (!agent_run_is_whole(run)) {
        reading_na(ret_reading, "incomplete");
        return;
    }
    if (!reference) {
        reading_na(ret_reading, "not_configured");
        return;
    }
    struct arena scratch;
    arena_init_part(&scratch, SCRATCH_BYTES_MAX, run->arena);
    struct comparison comparison = {
        .reference = expected_calls_read(reference, context), .run = run, .arena = &scratch};
    if (comparison.reference.have_arguments)
        content_read(run);
    comparison.called = tool_call_names_read(context);
    if (comparison.reference.items)
        compare(self, &comparison, context, ret_reading);
    else
        reading_na(ret_reading, "no_memory");
    arena_finish(&scratch);
}
