/* What was said and what was read: each text masked, digested whole, and cut only then. */
#include "processor/emit/record/messages.h"

#include <math.h>

#include "processor/base/text/utf8.h"

enum { HISTORY_BYTES_MAX = 16 * 1024 };

/* The newest turns that fit; the oldest of them may be shown in part. */
static void write_history(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    struct redacted_text texts[HISTORY_MAX];
    uint32_t first = run->history_count;
    size_t left = HISTORY_BYTES_MAX;
    uint64_t bytes = 0;
    while (first > 0 && left > 0) {
        struct redacted_text *text = &texts[--first];
        *text = record_redact(record, run->history[first].text,
                              (struct text_field){"history", first, "text"});
        if (!text->text.data)
            return; /* texts don't leave */
        text->text = utf8_cut(text->text, left);
        left -= text->text.size;
        bytes += text->text.size;
    }
    uint64_t whole = 0;
    for (uint32_t i = 0; i < run->history_count; i++)
        whole += run->history[i].text.size;
    if (first == run->history_count)
        return;
    json_key(&record->json, "history");
    json_array_begin(&record->json);
    for (uint32_t i = first; i < run->history_count; i++) {
        bool is_user = run->history[i].is_user;
        json_object_begin(&record->json);
        json_put_text(&record->json, "role", is_user ? "user" : "assistant");
        json_key(&record->json, "text");
        record_string(record, TEXT_MESSAGE, texts[i].text,
                      (struct text_field){"history", i - first, "text"});
        record_digest(record, is_user ? "history.user:" : "history.assistant:", texts[i].text);
        json_object_end(&record->json);
    }
    json_array_end(&record->json);
    if (left == 0 && whole > bytes)
        record_truncation(record, (struct text_field){"history", NO_INDEX, NULL}, whole);
}

void record_messages(struct record_writer *record)
{
    static const char *const keys[] = {"input", "output", "expected"};
    static const char *const digested[] = {"input:", "output:", NULL};
    const struct review_input *input = record->input;
    const struct bytes texts[] = {input->run->input, input->run->output, input->run->expected};
    for (int i = 0; i < 3; i++) {
        struct text_field field = {keys[i], NO_INDEX, NULL};
        record->texts[i] = record_redact(record, texts[i], field);
        if (!record->texts[i].text.data)
            continue;
        json_key(&record->json, keys[i]);
        record_string(record, TEXT_MESSAGE, record->texts[i].text, field);
        if (digested[i])
            record_digest(record, digested[i], record->texts[i].text);
        if (i == TEXTS_INPUT)
            write_history(record);
    }
}

void record_contexts(struct record_writer *record)
{
    const struct agent_run *run = record->input->run;
    struct json_writer *json = &record->json;
    uint64_t bytes = 0;
    json_key(json, "contexts");
    json_array_begin(json);
    for (uint32_t i = 0; i < run->document_count; i++) {
        const struct document *document = &run->documents[i];
        bytes += document->text.size;
        if (i >= record->plan.contexts_max) {
            struct redaction_counts ignored = {0};
            const struct review_input *input = record->input;
            if (record->digests)
                record_digest(record, "context:",
                              redact_text(input->redaction, input->scratch, document->text,
                                          input->arena, &ignored)
                                  .text);
            continue;
        }
        json_object_begin(json);
        record_name(record, "id", document->id, (struct text_field){"contexts", i, "id"});
        if (document->has_score && isfinite(document->score))
            json_put_double(json, "score", document->score);
        record_digest(record, "context:",
                      record_content(record, "text", TEXT_CONTEXT, document->text,
                                     (struct text_field){"contexts", i, "text"}));
        uint32_t span = document->span;
        if (span >= run->trajectory->span_count)
            span = run->trajectory->top;
        json_put_hex(&record->json, "span_id", run->trajectory->spans[span].id, SPAN_ID_SIZE);
        json_put_text(json, "source", document->is_tool_result ? "tool" : "retriever");
        json_object_end(json);
    }
    json_array_end(json);
    if (run->document_count > record->plan.contexts_max)
        record_truncation(record, (struct text_field){"contexts", NO_INDEX, NULL}, bytes);
}
