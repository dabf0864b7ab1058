/* The steps of a record, in the order of the trajectory. When even their skeletons are too many,
 * the first and the last are kept: a run shows what it was asked at its start and how it went
 * wrong at its end. */
#include "processor/emit/record/steps.h"

static const char *const status_names[] = {"unset", "ok", "error"};

static void write_tokens(struct json_writer *json, const struct step *step)
{
    if (step->tokens_input < 0 && step->tokens_output < 0)
        return;
    json_key(json, "tokens");
    json_object_begin(json);
    json_put_int(json, "input", step->tokens_input < 0 ? 0 : step->tokens_input);
    json_put_int(json, "output", step->tokens_output < 0 ? 0 : step->tokens_output);
    json_object_end(json);
}

/* Nanoseconds from `from` to `to`, also backwards; no more than a signed number holds. */
static int64_t difference(uint64_t from, uint64_t to)
{
    uint64_t distance = to > from ? to - from : from - to;
    int64_t bounded = distance > INT64_MAX ? INT64_MAX : (int64_t)distance;
    return to >= from ? bounded : -bounded;
}

/* What nobody knows is left out. */
static void write_times(struct record_writer *record, const struct span *span)
{
    uint64_t duration;
    if (span->start_ns != 0 && record->start_ns != 0)
        record_ms(record, "start_ms", difference(record->start_ns, span->start_ns));
    if (span_duration_ns(span, &duration))
        record_ms(record, "duration_ms", difference(0, duration));
}

/* How it ended, which is not always what its status says. */
static enum span_status outcome_of(const struct step *step)
{
    if (step_has_failed(step))
        return SPAN_STATUS_ERROR;
    return step->span->status == SPAN_STATUS_OK && !step->is_control_flow ? SPAN_STATUS_OK
                                                                          : SPAN_STATUS_UNSET;
}

/* What a reviewer reads of a step: not what an evaluator says, which comes late and changes nothing
 * of the run. */
static void digest_step(struct record_writer *record, const struct step *step, const char *name,
                        struct bytes text)
{
    if (step->is_own && step->kind != STEP_EVALUATOR)
        record_digest(record, name, text);
}

static void write_step(struct record_writer *record, uint32_t index)
{
    const struct span *span = &record->input->run->trajectory->spans[index];
    const struct step *step = &record->input->run->steps[index];
    const struct {
        const char *key, *name; /* "step.input:" */
        struct bytes text;
        enum text_class class;
    } texts[] = {{"input", "step.input:", step->input, TEXT_STEP},
                 {"output", "step.output:", step->output, TEXT_STEP},
                 {"tool", "step.tool:", step->tool, TEXT_NAME},
                 {"arguments", "step.arguments:", step->arguments, TEXT_STEP}};
    struct json_writer *json = &record->json;
    json_object_begin(json);
    json_put_hex(&record->json, "span_id", span->id, SPAN_ID_SIZE);
    if (span_knows_parent(span))
        json_put_hex(&record->json, "parent_span_id", span->parent_id, SPAN_ID_SIZE);
    json_put_text(json, "kind", step_kind_names[step->kind]);
    json_key(json, "name");
    struct bytes name = record_redact_name(record, step->name);
    record_string(record, TEXT_NAME, name, (struct text_field){"steps", index, "name"});
    digest_step(record, step, "step.name:", name);
    write_times(record, span);
    json_put_text(json, "status", status_names[outcome_of(step)]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct text_field field = {"steps", index, texts[i].key};
        struct bytes text =
            texts[i].class == TEXT_NAME
                ? record_name(record, texts[i].key, texts[i].text, field)
                : record_content(record, texts[i].key, texts[i].class, texts[i].text, field);
        digest_step(record, step, texts[i].name, text);
    }
    record_name(record, "model", step->model, (struct text_field){"steps", index, "model"});
    write_tokens(json, step);
    if (step_has_failed(step))
        digest_step(record, step, "step.error:",
                    record_content(record, "error", TEXT_REASON, step->error,
                                   (struct text_field){"steps", index, "error"}));
    json_object_end(json);
}

bool record_step_place(const struct record_writer *record, uint32_t *index)
{
    uint32_t count = record->input->run->step_count;
    uint32_t kept = count < record->plan.steps_max ? count : record->plan.steps_max;
    uint32_t left_out = count - kept, front = kept - kept / 2;
    if (*index >= front && *index < front + left_out)
        return false;
    *index -= *index < front ? 0 : left_out;
    return true;
}

void record_steps(struct record_writer *record)
{
    uint32_t count = record->input->run->step_count;
    uint32_t kept = count < record->plan.steps_max ? count : record->plan.steps_max;
    uint32_t front = kept - kept / 2;
    size_t before = record->json.to->size + record->unwritten;
    json_key(&record->json, "steps");
    json_array_begin(&record->json);
    for (uint32_t i = 0; i < kept; i++)
        write_step(record, i < front ? i : count - kept + i);
    json_array_end(&record->json);
    record->measured.step_count = count;
    record->measured.steps_bytes = record->json.to->size + record->unwritten - before;
    if (kept < count)
        record_truncation(record, (struct text_field){"steps", NO_INDEX, NULL},
                          record->plan.steps_whole);
}
