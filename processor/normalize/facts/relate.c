/* A call may be written as several spans: nested by one library, nested or side by side by two.
 * What is counted is
 *   model calls  the innermost of nested ones; of those side by side the first that is declared
 *   retrievals   the outermost
 *   tools        the outermost: it has the agent's name for the tool */
#include "processor/normalize/facts/relate.h"

#include "processor/normalize/semconv/semconv_table.h"
#include "processor/otlp/span_fields.h"

/* Two libraries write one call within few spans of each other. */
enum { TOOL_NESTING_MAX = 16, NEIGHBORS_MAX = 64 };

/* Everything at and below an evaluator is not the agent's own work. */
static void disown(struct agent_run *run, uint32_t top)
{
    const struct trajectory *trajectory = run->trajectory;
    uint32_t at = top;
    run->steps[at].is_own = false;
    for (;;) {
        uint32_t child = trajectory->first_children[at];
        if (child != NO_SPAN) {
            at = child;
        } else {
            while (at != top && trajectory->next_siblings[at] == NO_SPAN)
                at = trajectory->parents[at];
            if (at == top)
                return;
            at = trajectory->next_siblings[at];
        }
        run->steps[at].is_own = false;
    }
}

/* A tool span right below another of the same tool is the same call seen by a second library. */
static uint32_t outer_same_tool(const struct agent_run *run, uint32_t index)
{
    uint32_t at = run->trajectory->parents[index];
    for (int i = 0; i < TOOL_NESTING_MAX && at != NO_SPAN; i++) {
        const struct step *outer = &run->steps[at];
        if (outer->kind == STEP_TOOL)
            return step_tool_is(outer->tool, run->steps[index].tool) ? at : NO_SPAN;
        if (outer->kind == STEP_AGENT || outer->kind == STEP_WORKFLOW || outer->kind == STEP_LLM)
            return NO_SPAN;
        at = run->trajectory->parents[at];
    }
    return NO_SPAN;
}

static bool is_below_kind(const struct agent_run *run, uint32_t index, enum step_kind kind)
{
    uint32_t at = run->trajectory->parents[index];
    for (int i = 0; i < TOOL_NESTING_MAX && at != NO_SPAN; i++) {
        if (run->steps[at].kind == kind)
            return true;
        at = run->trajectory->parents[at];
    }
    return false;
}

/* LlamaIndex marks the preparation of a call as a call of its own. */
static bool is_preparation(const struct step *step)
{
    static const char name[] = "_prepare_chat_with_tools";
    return memmem(step->name.data, step->name.size, name, sizeof name - 1) != NULL;
}

/* Marks the ancestors of `index`, up to one that is marked already. */
static void mark_above(const struct trajectory *trajectory, uint32_t index, uint8_t *marks,
                       uint8_t mark)
{
    for (uint32_t at = trajectory->parents[index]; at != NO_SPAN && !(marks[at] & mark);
         at = trajectory->parents[at])
        marks[at] |= mark;
}

static bool contains(const struct span *outer, const struct span *inner)
{
    return outer->start_ns <= inner->start_ns && inner->end_ns <= outer->end_ns;
}

static void fill(struct bytes *field, struct bytes text)
{
    if (field->size == 0)
        *field = text;
}

/* `index` is another span of the call that `stays` stands for: what it alone knows is handed over,
 * content later (content.c). */
static void make_repeat(struct agent_run *run, uint32_t index, uint32_t stays)
{
    struct step *repeat = &run->steps[index], *step = &run->steps[stays];
    fill(&step->error, repeat->error);
    fill(&step->error_type, repeat->error_type);
    fill(&step->model, repeat->model);
    fill(&step->model_asked, repeat->model_asked);
    fill(&step->provider, repeat->provider);
    fill(&step->finish_reason, repeat->finish_reason);
    fill(&step->call_id, repeat->call_id);
    /* The inner one is nearer to the wire: where both count, its numbers are the provider's. */
    bool is_unmetered = step->tokens_input < 0 && step->tokens_output < 0;
    bool is_nearer = contains(step->span, repeat->span) && repeat->tokens_input >= 0 &&
                     repeat->tokens_output >= 0;
    if (is_unmetered || is_nearer) {
        step->tokens_input = repeat->tokens_input;
        step->tokens_output = repeat->tokens_output;
    }
    if (step->cost_usd < 0)
        step->cost_usd = repeat->cost_usd;
    if (step->ttft_ns < 0)
        step->ttft_ns = repeat->ttft_ns;
    step->cache_hit |= repeat->cache_hit;
    step->is_fallback |= repeat->is_fallback;
    if (repeat->kind == STEP_TOOL) {
        repeat->kind = STEP_OTHER;
        repeat->tool = (struct bytes){0};
    }
    repeat->is_counted = false;
    repeat->is_repeat = true;
    repeat->repeated = stays;
}

static bool has_same_scope(const struct trajectory *trajectory, const struct span *a,
                           const struct span *b)
{
    if (a->scope == b->scope)
        return true;
    return a->scope < trajectory->scope_count && b->scope < trajectory->scope_count &&
           bytes_equal(scope_name(trajectory->scopes[a->scope]),
                       scope_name(trajectory->scopes[b->scope]));
}

/* gpt-4o and gpt-4o-2024-08-06 are one; so is one that is not said. */
static bool is_same_model(struct bytes a, struct bytes b)
{
    struct bytes shorter = a.size < b.size ? a : b, longer = a.size < b.size ? b : a;
    return shorter.size == 0 || bytes_starts_with(longer, shorter);
}

static bool is_same_model_call(const struct agent_run *run, uint32_t i, uint32_t j)
{
    const struct trajectory *trajectory = run->trajectory;
    const struct step *a = &run->steps[i], *b = &run->steps[j];
    bool is_inside = contains(a->span, b->span) || contains(b->span, a->span);
    bool is_other_scope = !has_same_scope(trajectory, a->span, b->span);
    if (a->response_id.size > 0 && b->response_id.size > 0)
        return bytes_equal(a->response_id, b->response_id) && (is_inside || is_other_scope);
    if (trajectory->parents[i] != trajectory->parents[j] || !is_inside ||
        !is_same_model(a->model, b->model))
        return false;
    if ((a->family == FAMILY_NONE) != (b->family == FAMILY_NONE))
        return true;
    return is_other_scope && a->tokens_input >= 0 && a->tokens_input == b->tokens_input &&
           a->tokens_output == b->tokens_output;
}

static bool is_same_tool_call(const struct agent_run *run, uint32_t i, uint32_t j)
{
    const struct trajectory *trajectory = run->trajectory;
    const struct step *a = &run->steps[i], *b = &run->steps[j];
    if (!step_tool_is(a->tool, b->tool) || trajectory->parents[i] != trajectory->parents[j] ||
        has_same_scope(trajectory, a->span, b->span))
        return false;
    if (a->call_id.size > 0 && b->call_id.size > 0)
        return bytes_equal(a->call_id, b->call_id);
    return contains(a->span, b->span) || contains(b->span, a->span);
}

/* Of spans side by side the first stays, unless it is a model call by evidence alone. */
static void mark_repeats(struct agent_run *run)
{
    for (uint32_t i = 0; i < run->step_count; i++)
        for (uint32_t j = i + 1; j < run->step_count && j - i <= NEIGHBORS_MAX; j++) {
            const struct step *a = &run->steps[i], *b = &run->steps[j];
            if (!a->is_own || !a->is_counted)
                break;
            if (a->kind != b->kind || !b->is_own || !b->is_counted)
                continue;
            bool is_same = a->kind == STEP_LLM
                               ? is_same_model_call(run, i, j)
                               : a->kind == STEP_TOOL && is_same_tool_call(run, i, j);
            if (!is_same)
                continue;
            bool is_second_better = a->family == FAMILY_NONE && b->family != FAMILY_NONE;
            make_repeat(run, is_second_better ? i : j, is_second_better ? j : i);
        }
}

void relate_steps(struct agent_run *run)
{
    uint8_t *marks = arena_zalloc(run->arena, run->step_count + 1, 1);
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        if (step->kind == STEP_EVALUATOR && step->is_own)
            disown(run, i);
        if (step->kind == STEP_LLM && is_preparation(step))
            step->is_counted = false;
        else if (step->kind == STEP_LLM && marks)
            mark_above(run->trajectory, i, marks, 1);
        else if (step->kind == STEP_RETRIEVER || step->kind == STEP_EMBEDDING)
            step->is_counted = !is_below_kind(run, i, step->kind);
    }
    for (uint32_t i = 0; i < run->step_count; i++) {
        struct step *step = &run->steps[i];
        if (step->kind == STEP_LLM && marks && marks[i])
            step->is_counted = false;
    }
    mark_repeats(run);
    /* Backwards, so that an outer span is still a tool when the one inside it looks up. */
    for (uint32_t i = run->step_count; i-- > 0;) {
        uint32_t outer = run->steps[i].kind == STEP_TOOL ? outer_same_tool(run, i) : NO_SPAN;
        if (outer != NO_SPAN)
            make_repeat(run, i, outer);
    }
}
