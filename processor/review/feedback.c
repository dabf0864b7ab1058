/* Names compare without regard to the case of ASCII letters, as people spell them in files. */
#include "processor/review/feedback.h"

#include <math.h>
#include <stdio.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/json/json.h"

enum { AHEAD_MS_MAX = 5 * 60000, TRACE_TEXT = 32 };

const char *const feedback_kind_names[FEEDBACK_KINDS_ALL] = {
    [FEEDBACK_THUMBS_DOWN] = "thumbs_down",
    [FEEDBACK_ESCALATION] = "escalation",
    [FEEDBACK_REOPENED] = "reopened_ticket",
    [FEEDBACK_OTHER] = "other",
};

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_same(struct bytes a, struct bytes b)
{
    if (a.size != b.size || a.size == 0)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static bool is_named(const struct feedback_settings *settings, int kind, struct bytes name)
{
    if (is_same(name, bytes_of_text(feedback_kind_names[kind])))
        return true;
    for (uint32_t i = 0; i < settings->kinds[kind].count; i++)
        if (is_same(name, settings->kinds[kind].names[i]))
            return true;
    return false;
}

uint8_t feedback_kind_of(const struct feedback_settings *settings, struct bytes name,
                         struct bytes label, bool is_negative)
{
    for (int kind = 0; kind < FEEDBACK_KINDS; kind++)
        if (is_named(settings, kind, name) || is_named(settings, kind, label))
            return (uint8_t)kind;
    return is_negative ? FEEDBACK_THUMBS_DOWN : FEEDBACK_OTHER;
}

static uint64_t id_of(struct bytes what, struct bytes id)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256_two(digest, what, id);
    return get_be64(digest);
}

uint64_t feedback_id_of_trace(const uint8_t trace_id[16])
{
    return id_of(BYTES_LITERAL("trace"), bytes_of(trace_id, 16));
}

uint64_t feedback_id_of_conversation(struct bytes conversation)
{
    return id_of(BYTES_LITERAL("conversation"), conversation);
}

/* --- a note --- */

struct fault {
    const char **field, **reason;
};

static bool fail(const struct fault *fault, const char *field, const char *reason)
{
    *fault->field = field;
    *fault->reason = reason;
    return false;
}

static bool read_id(const struct json_reader *reader, const struct json_value *body,
                    const struct fault *fault, uint64_t *ret_id)
{
    struct json_value trace, conversation;
    uint8_t raw[16];
    bool has_trace = json_member(reader, body, "trace_id", &trace);
    bool has_conversation = json_member(reader, body, "conversation_id", &conversation);
    if (has_trace == has_conversation)
        return fail(fault, "trace_id", "one of trace_id and conversation_id");
    if (has_trace && (trace.type != JSON_STRING || trace.text.size != TRACE_TEXT ||
                      !hex_decode(raw, (const char *)trace.text.data, sizeof raw)))
        return fail(fault, "trace_id", "32 hexadecimal digits");
    if (has_conversation && (conversation.type != JSON_STRING || conversation.text.size == 0 ||
                             conversation.text.size > FEEDBACK_TEXT_MAX))
        return fail(fault, "conversation_id", "a text of 1 to 256 bytes");
    *ret_id =
        has_trace ? feedback_id_of_trace(raw) : feedback_id_of_conversation(conversation.text);
    return true;
}

/* A number below zero, false, and words that clients use; of the rest nothing is known. */
static bool is_negative(const struct json_value *value)
{
    return (value->type == JSON_NUMBER && value->number < 0) ||
           (value->type == JSON_BOOL && !value->boolean) ||
           (value->type == JSON_STRING && (is_same(value->text, BYTES_LITERAL("down")) ||
                                           is_same(value->text, BYTES_LITERAL("negative")) ||
                                           is_same(value->text, BYTES_LITERAL("bad"))));
}

bool feedback_read(const struct feedback_settings *settings, struct bytes json, struct arena *arena,
                   int64_t wall_ms, struct feedback_note *ret_note, const char **ret_field,
                   const char **ret_reason)
{
    const struct fault fault = {ret_field, ret_reason};
    struct json_reader reader;
    struct json_value body, kind, value = {.type = JSON_NULL}, time;
    struct feedback_note note = {.id = 0};
    uint8_t digest[SHA256_SIZE];
    char numbers[64];
    struct buffer whole = {0};
    if (!json_parse(json, arena, &reader, &body) || body.type != JSON_OBJECT || reader.truncated ||
        reader.broken)
        return fail(&fault, NULL, "the body is one object");
    if (!read_id(&reader, &body, &fault, &note.id))
        return false;
    if (!json_member(&reader, &body, "kind", &kind) || kind.type != JSON_STRING ||
        kind.text.size == 0 || kind.text.size > FEEDBACK_TEXT_MAX)
        return fail(&fault, "kind", "a text of 1 to 256 bytes");
    if (json_member(&reader, &body, "value", &value) &&
        (value.type == JSON_OBJECT || value.type == JSON_ARRAY ||
         value.raw.size > FEEDBACK_TEXT_MAX))
        return fail(&fault, "value", "a number, true, false or a short text");
    if (!json_member(&reader, &body, "time", &time) || time.type != JSON_STRING ||
        clock_parse_rfc3339(time.text, &note.time_ms) != STATUS_OK)
        return fail(&fault, "time", "a time of RFC 3339");
    if (note.time_ms > wall_ms + AHEAD_MS_MAX)
        return fail(&fault, "time", "lies in the future");
    note.kind = feedback_kind_of(settings, kind.text,
                                 value.type == JSON_STRING ? value.text : (struct bytes){NULL, 0},
                                 is_negative(&value));
    (void)snprintf(numbers, sizeof numbers, "%016llx %lld %d ", (unsigned long long)note.id,
                   (long long)note.time_ms, (int)value.type);
    buffer_append_text(&whole, numbers);
    buffer_append_bytes(&whole, kind.text);
    buffer_append_byte(&whole, 0);
    buffer_append_bytes(&whole, value.type == JSON_STRING ? value.text : value.raw);
    digest_sha256_two(digest, BYTES_LITERAL("said"), buffer_bytes(&whole));
    bool is_whole = !whole.failed;
    buffer_finish(&whole);
    if (!is_whole)
        return fail(&fault, NULL, "no memory for the request now");
    memcpy(note.identity, digest, sizeof note.identity);
    *ret_note = note;
    return true;
}
