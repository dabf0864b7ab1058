/* Readings by slot, the number that rules_prepare() gave each measure:
 *
 *   0: not remembered | 1 .. measurement_count: the rows | then: the imported scores */
#include "processor/score/memo.h"

#include "processor/normalize/content/content.h"
#include "processor/score/measure/functions.h"
#include "processor/score/measurements.h"

static const struct reading no_memory = {.na_reason = "no_memory"};

/* A text that was left out at the door says nothing, and its absence neither. */
static bool reads_what_was_lost(const struct measurement *row, const struct agent_run *run)
{
    uint32_t reads = row->reads || !row->needs_content ? row->reads : (uint32_t)RUN_TEXTS_ALL;
    return (reads & agent_run_lost(run)) != 0;
}

/* What the readers of the texts did not get to is no answer, whatever they made of the rest. */
static void measure_within_budget(const struct measurement *row, struct score_context *context,
                                  struct reading *reading)
{
    const struct arena *of_texts = context->run->arena;
    struct reading before = *reading;
    bool needs_texts = row->needs_content || context->run->has_unread_facts;
    if (!needs_texts || !of_texts->is_too_costly)
        row->measure(row, context, reading);
    if (needs_texts && of_texts->is_too_costly) {
        *reading = before;
        reading->na_reason = "too_costly";
    }
}

static void compute(const struct measure *measure, struct score_context *context,
                    struct reading *reading)
{
    const struct measurement *row = measure->measurement;
    if (measure->is_attribute)
        measure_attribute(measure->imported, context, reading);
    else if (!row && measure->is_label)
        measure_label(measure->imported, context, reading);
    else if (!row)
        measure_score(measure->imported, context, reading);
    else {
        if (row->needs_content)
            content_read(context->run);
        reading->evaluator_id = bytes_of_text(row->name);
        reading->evaluator_version = BYTES_LITERAL("1");
        reading->evaluator_type = EVALUATOR_CODE;
        if (reads_what_was_lost(row, context->run))
            reading->na_reason = "incomplete";
        else
            measure_within_budget(row, context, reading);
    }
}

static uint32_t slot_count(const struct score_context *context)
{
    uint32_t numbered = context->ruleset ? context->ruleset->slot_count : 0;
    return numbered ? numbered : measurement_count + 1;
}

const struct reading *memo_read(const struct measure *measure, struct score_context *context)
{
    if (!context->memo)
        context->memo = arena_zalloc(context->arena, slot_count(context), sizeof(struct reading *));
    struct reading **memo = context->memo;
    bool is_remembered = memo && measure->slot > 0 && measure->slot < slot_count(context);
    if (is_remembered && memo[measure->slot])
        return memo[measure->slot];
    struct reading *reading = arena_zalloc(context->arena, 1, sizeof *reading);
    if (!reading)
        return &no_memory;
    compute(measure, context, reading);
    if (is_remembered)
        memo[measure->slot] = reading;
    return reading;
}

const struct reading *memo_read_named(const char *name, struct score_context *context)
{
    struct measure measure;
    bool is_known = measurements_resolve(bytes_of_text(name), &measure, NULL);
    return is_known ? memo_read(&measure, context) : &no_memory;
}

const struct reading *memo_remembered(const char *name, const struct score_context *context)
{
    struct reading *const *memo = context->memo;
    for (uint32_t i = 0; memo && i < measurement_count; i++)
        if (strcmp(measurements[i].name, name) == 0)
            return memo[i + 1];
    return NULL;
}
