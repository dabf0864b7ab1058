/* Spans are given in order, so the indexes handed out stay valid when they are ordered. */
#include "tests/support/hand_run.h"

#include <assert.h>

void hand_run_init(struct hand_run *builder)
{
    memset(builder, 0, sizeof *builder);
    arena_init(&builder->arena, 16 << 20);
    builder->trajectory.spans = builder->spans;
    builder->trajectory.trigger = CLOSE_ROOT;
    builder->trajectory.id[0] = 1;
    builder->run = (struct agent_run){
        .trajectory = &builder->trajectory,
        .arena = &builder->arena,
        .steps = builder->steps,
        .models = {builder->models, 0},
        .tools_offered = {builder->offered, 0},
        .errors = {builder->errors, 0},
        .tokens_input = -1,
        .tokens_output = -1,
        .cost_usd = -1,
        .ttft_ns = -1,
        .weight = 1,
        .scores = builder->scores,
        .feedback = builder->feedback,
        .has_content = true,
        .input_span = NO_SPAN,
        .output_span = NO_SPAN,
        .documents = builder->documents,
    };
}

void hand_run_finish(struct hand_run *builder)
{
    arena_finish(&builder->arena);
}

uint32_t hand_run_step(struct hand_run *builder, uint32_t parent, enum step_kind kind,
                       const char *name)
{
    uint32_t index = builder->trajectory.span_count++;
    assert(index < HAND_SPANS_MAX && (parent == NO_SPAN || parent < index));
    struct span *span = &builder->spans[index];
    put_be64(span->id, index + 1);
    span->has_parent = parent != NO_SPAN;
    if (span->has_parent)
        put_be64(span->parent_id, parent + 1);
    span->start_ns = 1000000000000000000u + index * (uint64_t)1000000;
    span->end_ns = span->start_ns + 1000000000;
    builder->steps[index] = (struct step){
        .span = span,
        .kind = kind,
        .is_counted = true,
        .is_own = true,
        .name = bytes_of_text(name),
        .tokens_input = -1,
        .tokens_output = -1,
        .cost_usd = -1,
        .ttft_ns = -1,
    };
    builder->run.step_count = builder->trajectory.span_count;
    return index;
}

struct step *hand_run_tool(struct hand_run *builder, const char *name, const char *arguments)
{
    struct step *step = &builder->steps[hand_run_step(builder, 0, STEP_TOOL, name)];
    step->tool = bytes_of_text(name);
    step->arguments = bytes_of_text(arguments);
    return step;
}

struct step *hand_run_llm(struct hand_run *builder, const char *model, const char *output)
{
    struct step *step = &builder->steps[hand_run_step(builder, 0, STEP_LLM, "chat")];
    step->model = bytes_of_text(model);
    step->output = bytes_of_text(output);
    return step;
}

void hand_run_document(struct hand_run *builder, const char *text)
{
    assert(builder->run.document_count < HAND_ITEMS_MAX);
    builder->documents[builder->run.document_count++] =
        (struct document){.text = bytes_of_text(text), .span = 0};
}

struct score *hand_run_score(struct hand_run *builder, const char *name, double value)
{
    assert(builder->run.score_count < HAND_ITEMS_MAX);
    struct score *score = &builder->scores[builder->run.score_count++];
    *score = (struct score){
        .name = bytes_of_text(name), .has_value = true, .value = value, .span = NO_SPAN};
    return score;
}

void hand_run_error(struct hand_run *builder, const char *text)
{
    assert(builder->run.errors.count < HAND_ITEMS_MAX);
    builder->errors[builder->run.errors.count++] = bytes_of_text(text);
    builder->run.error_count++;
}

void hand_run_offer(struct hand_run *builder, const char *tool)
{
    assert(builder->run.tools_offered.count < HAND_ITEMS_MAX);
    builder->offered[builder->run.tools_offered.count++] = bytes_of_text(tool);
}

struct agent_run *hand_run_ordered(struct hand_run *builder)
{
    bool is_ordered = trajectory_order(&builder->trajectory, &builder->arena);
    assert(is_ordered);
    for (uint32_t i = 0; i < builder->trajectory.span_count; i++)
        builder->steps[i].span = &builder->trajectory.spans[i];
    return &builder->run;
}
