/* Every rule with what it measured, in file order. Evidence is given to us in bytes of the original
 * text; a record states code points of the text as it leaves, so offsets go through the masks
 * first:
 *
 *   bytes of the original --redact_offset--> bytes as they leave --count--> code points
 *
 * A text that is cut later keeps the offsets of its whole redacted form: truncation[] says so, and
 * the quote still tells. */
#include "processor/emit/record/evaluations.h"

#include <inttypes.h>
#include <stdio.h>

#include "processor/base/text/utf8.h"
#include "processor/emit/record/direction.h"
#include "processor/emit/record/steps.h"

enum { QUOTE_MAX = 160 }; /* code points; a longer place is its pointer alone */

static struct bytes original_text(const struct agent_run *run, const struct evidence *evidence)
{
    bool is_context = evidence->field == FIELD_CONTEXT;
    if (evidence->span >= (is_context ? run->document_count : run->step_count))
        return (struct bytes){0};
    if (is_context)
        return run->documents[evidence->span].text;
    const struct step *step = &run->steps[evidence->span];
    switch (evidence->field) {
    case FIELD_OUTPUT:
    case FIELD_STEP_OUTPUT:
        return step->output;
    case FIELD_INPUT:
    case FIELD_STEP_INPUT:
        return step->input;
    case FIELD_ARGUMENTS:
        return step->arguments;
    case FIELD_NAME:
        return step->name;
    case FIELD_CONTEXT:
        break;
    }
    return (struct bytes){0};
}

/* The text that an offset counts in, as it leaves. */
static struct redacted_text evidence_text(struct record_writer *record,
                                          const struct evidence *evidence)
{
    const struct review_input *input = record->input;
    if (evidence->span == NO_SPAN && evidence->field == FIELD_OUTPUT)
        return record->texts[TEXTS_OUTPUT];
    if (evidence->span == NO_SPAN && evidence->field == FIELD_INPUT)
        return record->texts[TEXTS_INPUT];
    struct bytes original = original_text(input->run, evidence);
    if (!original.data || original.data != record->evidence_original.data ||
        original.size != record->evidence_original.size) {
        struct redaction_counts ignored = {0}; /* the text was counted where it is written */
        record->evidence_original = original;
        record->evidence_redacted =
            redact_text(input->redaction, input->scratch, original, input->arena, &ignored);
    }
    return record->evidence_redacted;
}

static const uint8_t *evidence_span_id(const struct agent_run *run, const struct evidence *evidence)
{
    static const uint8_t none[SPAN_ID_SIZE];
    uint32_t span = evidence->span;
    if (evidence->field == FIELD_CONTEXT)
        span = run->documents[evidence->span].span;
    else if (span == NO_SPAN)
        span = evidence->field == FIELD_INPUT ? run->input_span : run->output_span;
    if (span >= run->trajectory->span_count)
        span = run->trajectory->top;
    return span < run->trajectory->span_count ? run->trajectory->spans[span].id : none;
}

/* Where the text stands in this record, as a JSON pointer; nothing when it was left out of it. */
static void write_pointer(struct record_writer *record, const struct evidence *evidence)
{
    static const char *const step_members[] = {
        [FIELD_OUTPUT] = "output",       [FIELD_INPUT] = "input",
        [FIELD_STEP_INPUT] = "input",    [FIELD_STEP_OUTPUT] = "output",
        [FIELD_ARGUMENTS] = "arguments", [FIELD_NAME] = "name",
    };
    char pointer[64];
    uint32_t at = evidence->span;
    if (evidence->field == FIELD_CONTEXT && at < record->plan.contexts_max)
        (void)snprintf(pointer, sizeof pointer, "/contexts/%" PRIu32 "/text", at);
    else if (evidence->field == FIELD_CONTEXT)
        return;
    else if (at == NO_SPAN)
        (void)snprintf(pointer, sizeof pointer, "/%s", evidence_field_names[evidence->field]);
    else if (record_step_place(record, &at))
        (void)snprintf(pointer, sizeof pointer, "/steps/%" PRIu32 "/%s", at,
                       step_members[evidence->field]);
    else
        return;
    json_put_text(&record->json, "pointer", pointer);
}

static void write_place(struct record_writer *record, const struct evidence *evidence)
{
    struct json_writer *json = &record->json;
    struct redacted_text text = evidence_text(record, evidence);
    if (!text.text.data)
        return;
    uint32_t from = redact_offset(&text, evidence->start, false);
    uint32_t to = redact_offset(&text, evidence->end, true);
    if (to <= from || to > text.text.size)
        return;
    size_t start = utf8_length(bytes_of(text.text.data, from));
    struct bytes quote = bytes_of(text.text.data + from, to - from);
    size_t length = utf8_length(quote);
    json_object_begin(json);
    write_pointer(record, evidence);
    json_put_hex(&record->json, "span_id", evidence_span_id(record->input->run, evidence),
                 SPAN_ID_SIZE);
    json_put_text(json, "field", evidence_field_names[evidence->field]);
    json_put_uint(json, "start", start);
    json_put_uint(json, "end", start + length);
    if (length <= QUOTE_MAX && record->plan.has_quotes)
        json_put_bytes(json, "quote", quote);
    json_object_end(json);
}

static void write_evidence(struct record_writer *record, const struct evaluation *evaluation,
                           uint32_t index)
{
    struct json_writer *json = &record->json;
    uint32_t count = record_has_content(record) ? evaluation->evidence_count : 0;
    uint32_t kept = count < record->plan.evidence_max ? count : record->plan.evidence_max;
    uint64_t bytes = 0; /* of the places pointed to */
    json_key(json, "evidence");
    json_array_begin(json);
    for (uint32_t i = 0; i < count; i++) {
        bytes += evaluation->evidence[i].end - evaluation->evidence[i].start;
        if (i < kept)
            write_place(record, &evaluation->evidence[i]);
    }
    json_array_end(json);
    if (kept < count)
        record_truncation(record, (struct text_field){"evaluations", index, "evidence"}, bytes);
}

static void write_evaluator(struct record_writer *record, const struct evaluation *evaluation,
                            uint32_t index)
{
    struct json_writer *json = &record->json;
    json_key(json, "evaluator");
    json_object_begin(json);
    bool has_id = evaluation->evaluator_id.size > 0;
    record_name(record, "id", has_id ? evaluation->evaluator_id : evaluation->measurement,
                (struct text_field){"evaluations", index, "evaluator.id"});
    bool has_version = evaluation->evaluator_version.size > 0;
    record_name(record, "version", has_version ? evaluation->evaluator_version : BYTES_LITERAL(""),
                (struct text_field){"evaluations", index, "evaluator.version"});
    json_put_text(json, "type", evaluator_type_names[evaluation->evaluator_type]);
    json_object_end(json);
}

static void write_evaluation(struct record_writer *record, const struct evaluation *evaluation,
                             uint32_t index)
{
    struct json_writer *json = &record->json;
    struct direction direction = direction_of(evaluation);
    json_object_begin(json);
    json_key(json, "rule");
    record_string(record, TEXT_NAME, evaluation->rule->name,
                  (struct text_field){"evaluations", index, "rule"});
    json_key(json, "measurement");
    record_string(record, TEXT_NAME, evaluation->measurement,
                  (struct text_field){"evaluations", index, "measurement"});
    json_put_text(json, "outcome", outcome_name(evaluation->outcome));
    if (evaluation->has_value)
        json_put_double(json, "value", evaluation->value);
    if (evaluation->na_reason)
        json_put_text(json, "na_reason", evaluation->na_reason);
    if (direction.has_fail)
        json_put_double(json, "fail", direction.fail);
    if (direction.has_borderline)
        json_put_double(json, "borderline", direction.borderline);
    json_put_text(json, "direction", direction.is_above ? "above" : "below");
    if (evaluation->has_value && direction.has_fail)
        json_put_double(json, "margin",
                        direction.is_above ? direction.fail - evaluation->value
                                           : evaluation->value - direction.fail);
    if (evaluation->explanation.size)
        record_content(record, "explanation", TEXT_REASON, evaluation->explanation,
                       (struct text_field){"evaluations", index, "explanation"});
    write_evidence(record, evaluation, index);
    write_evaluator(record, evaluation, index);
    json_object_end(json);
}

void record_evaluations(struct record_writer *record)
{
    json_key(&record->json, "evaluations");
    json_array_begin(&record->json);
    for (uint32_t i = 0; i < record->input->report->evaluation_count; i++)
        write_evaluation(record, &record->input->report->evaluations[i], i);
    json_array_end(&record->json);
}
