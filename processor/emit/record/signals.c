/* What a run cost, what it showed of trouble, and what redaction did to the record. */
#include "processor/emit/record/signals.h"

static uint32_t count_steps(const struct agent_run *run, enum step_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run->step_count; i++) {
        const struct step *step = &run->steps[i];
        bool is_counted = step->is_counted && (step->is_own || step->kind == STEP_EVALUATOR);
        count += is_counted && (kind == STEP_KINDS || step->kind == kind);
    }
    return count;
}

/* The same counts as the measurements of these names; nothing recorded is 0. */
void record_usage(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    struct json_writer *json = &record->json;
    json_key(json, "usage");
    json_object_begin(json);
    json_put_int(json, "input_tokens", run->tokens_input < 0 ? 0 : run->tokens_input);
    json_put_int(json, "output_tokens", run->tokens_output < 0 ? 0 : run->tokens_output);
    if (run->cost_usd >= 0)
        json_put_double(json, "cost_usd", run->cost_usd);
    json_put_uint(json, "llm_calls", count_steps(run, STEP_LLM));
    json_put_uint(json, "tool_calls", count_steps(run, STEP_TOOL));
    json_put_uint(json, "steps", count_steps(run, STEP_KINDS));
    json_object_end(json);
}

static void write_errors(struct record_writer *record, const struct bytes_list *errors)
{
    uint64_t bytes = 0;
    json_key(&record->json, "errors");
    json_array_begin(&record->json);
    for (uint32_t i = 0; i < errors->count; i++) {
        bytes += errors->items[i].size;
        if (i >= record->plan.list_max)
            continue;
        struct text_field field = {"signals.errors", i, NULL};
        struct redacted_text text = record_redact(record, errors->items[i], field);
        if (text.text.data)
            record_string(record, TEXT_REASON, text.text, field);
    }
    json_array_end(&record->json);
    if (errors->count > record->plan.list_max)
        record_truncation(record, (struct text_field){"signals.errors", NO_INDEX, NULL}, bytes);
}

static void write_feedback(struct record_writer *record, const struct agent_run *run)
{
    struct json_writer *json = &record->json;
    uint64_t bytes = 0;
    json_key(json, "feedback");
    json_array_begin(json);
    for (uint32_t i = 0; i < run->feedback_count; i++) {
        const struct feedback *feedback = &run->feedback[i];
        bytes += feedback->name.size + feedback->text.size;
        if (i >= record->plan.list_max)
            continue;
        json_object_begin(json);
        json_key(json, "name");
        record_string(record, TEXT_NAME, record_redact_name(record, feedback->name),
                      (struct text_field){"signals.feedback", i, "name"});
        if (feedback->has_value)
            json_put_double(json, "value", feedback->value);
        record_content(record, "text", TEXT_REASON, feedback->text,
                       (struct text_field){"signals.feedback", i, "text"});
        json_put_bool(json, "negative", feedback->is_negative);
        json_object_end(json);
    }
    json_array_end(json);
    if (run->feedback_count > record->plan.list_max)
        record_truncation(record, (struct text_field){"signals.feedback", NO_INDEX, NULL}, bytes);
}

void record_signals(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    struct json_writer *json = &record->json;
    json_key(json, "signals");
    json_object_begin(json);
    write_errors(record, &run->errors);
    json_put_bool(json, "fallback", run->fallback);
    json_put_bool(json, "cache_hit", run->cache_hit);
    record_name(record, "routing_policy", run->routing_policy,
                (struct text_field){"signals", NO_INDEX, "routing_policy"});
    json_put_bool(json, "refusal", record->input->report->refusal);
    record_names(record, "finish_reasons", &run->finish_reasons,
                 (struct text_field){"signals.finish_reasons", NO_INDEX, NULL});
    write_feedback(record, run);
    json_object_end(json);
}

void record_redaction(struct record_writer *record)
{
    struct json_writer *json = &record->json;
    json_key(json, "redaction");
    json_object_begin(json);
    json_put_text(json, "policy", redaction_content_names[record->input->redaction->content]);
    json_key(json, "counts");
    json_object_begin(json);
    for (int kind = 0; kind < MASK_KINDS; kind++)
        if (record->counts.masked[kind])
            json_put_uint(json, mask_kind_names[kind], record->counts.masked[kind]);
    if (record->counts.dropped_fields)
        json_put_uint(json, "dropped_fields", record->counts.dropped_fields);
    if (record->counts.given_up)
        json_put_uint(json, "mask_limit", record->counts.given_up);
    if (record->counts.hashed_fields)
        json_put_uint(json, "hashed_fields", record->counts.hashed_fields);
    json_object_end(json);
    json_object_end(json);
}
