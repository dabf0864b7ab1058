/* One table a message: the key in the JSON, the number of the field, and how the value is stated.
 * Messages nest four deep at most, by the tables and not by the input. */
#include "processor/emit/record/protobuf.h"

#include "processor/base/clock.h"
#include "processor/base/json/json.h"
#include "processor/otlp/wire.h"
#include "processor/verdict.h"

enum { DEPTH_MAX = 5, ID_BYTES_MAX = 64 };

enum form {
    TEXT,        /* string; empty: left out */
    TEXTS,       /* list of strings */
    HEX,         /* hexadecimal, as raw bytes */
    NUMBER,      /* whole number; 0: left out */
    BOOLEAN,     /* false: left out */
    REAL,        /* double; 0: left out */
    SOME_REAL,   /* double with presence */
    SOME_NANO,   /* milliseconds, as nanoseconds, with presence */
    SIGNED_NANO, /* the same, zigzag */
    INSTANT,     /* RFC 3339, as fixed64 nanoseconds since 1970 */
    NAME,        /* string, as a number of an enum: its index in `names` and 1 */
    NAME_FROM_0, /* its index */
    PART,        /* object, as a message */
    PARTS,       /* list of objects */
    INLINE,      /* object whose members are fields here */
    TEXT_MAP,    /* object, as a message { key 1, text 2 } for each member */
    COUNT_MAP,   /* object, as a message { key 1, number 2 } for each member */
};

struct field {
    const char *key;
    uint32_t number;
    enum form form;
    const struct field *part; /* of PART, PARTS and INLINE; ends with a key of NULL */
    const char *const *names; /* of NAME and NAME_FROM_0; ends with NULL */
};

static const char *const statuses[] = {"unset", "ok", "error", NULL};
static const char *const directions[] = {"below", "above", NULL};

#define FIELD(key, number, form)                                                                   \
    {                                                                                              \
        key, number, form, NULL, NULL                                                              \
    }
#define MESSAGE(key, number, form, part)                                                           \
    {                                                                                              \
        key, number, form, part, NULL                                                              \
    }
#define ENUM(key, number, form, names)                                                             \
    {                                                                                              \
        key, number, form, NULL, names                                                             \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, TEXT, NULL, NULL                                                                  \
    }

static const struct field links[] = {FIELD("trace_id", 1, HEX), FIELD("span_id", 2, HEX), END};
static const struct field source[] = {FIELD("trace_id", 1, HEX),
                                      FIELD("root_span_id", 2, HEX),
                                      FIELD("conversation_id", 3, TEXT),
                                      FIELD("service", 4, TEXT),
                                      FIELD("environment", 5, TEXT),
                                      MESSAGE("links", 6, PARTS, links),
                                      FIELD("url", 7, TEXT),
                                      END};
static const struct field completeness[] = {FIELD("trigger", 1, TEXT),
                                            FIELD("root_seen", 2, BOOLEAN),
                                            FIELD("spans", 3, NUMBER),
                                            FIELD("orphans", 4, NUMBER),
                                            FIELD("late_spans", 5, NUMBER),
                                            FIELD("dropped_attributes", 6, NUMBER),
                                            FIELD("refused_spans", 7, NUMBER),
                                            END};
static const struct field time_fields[] = {FIELD("start", 1, INSTANT), FIELD("end", 2, INSTANT),
                                           FIELD("duration_ms", 3, SOME_NANO),
                                           FIELD("ttft_ms", 4, SOME_NANO), END};
static const struct field agent[] = {FIELD("name", 1, TEXT),
                                     FIELD("version", 2, TEXT),
                                     FIELD("models", 3, TEXTS),
                                     FIELD("providers", 4, TEXTS),
                                     FIELD("tools", 5, TEXTS),
                                     FIELD("release", 6, TEXT),
                                     END};
static const struct field contexts[] = {FIELD("id", 1, TEXT), FIELD("score", 2, SOME_REAL),
                                        FIELD("text", 3, TEXT), FIELD("span_id", 4, HEX),
                                        FIELD("source", 5, TEXT), END};
static const struct field history[] = {FIELD("role", 1, TEXT), FIELD("text", 2, TEXT), END};
static const struct field tokens[] = {FIELD("input", 1, NUMBER), FIELD("output", 2, NUMBER), END};
static const struct field steps[] = {FIELD("span_id", 1, HEX),
                                     FIELD("parent_span_id", 2, HEX),
                                     ENUM("kind", 3, NAME, step_kind_names),
                                     FIELD("name", 4, TEXT),
                                     FIELD("start_ms", 5, SIGNED_NANO),
                                     FIELD("duration_ms", 6, SOME_NANO),
                                     ENUM("status", 7, NAME_FROM_0, statuses),
                                     FIELD("input", 8, TEXT),
                                     FIELD("output", 9, TEXT),
                                     FIELD("tool", 10, TEXT),
                                     FIELD("arguments", 11, TEXT),
                                     FIELD("model", 12, TEXT),
                                     MESSAGE("tokens", 13, PART, tokens),
                                     FIELD("error", 14, TEXT),
                                     END};
static const struct field evidence[] = {FIELD("pointer", 5, TEXT), FIELD("span_id", 1, HEX),
                                        FIELD("field", 2, TEXT),   FIELD("start", 3, NUMBER),
                                        FIELD("end", 4, NUMBER),   FIELD("quote", 6, TEXT), END};
static const struct field evaluator[] = {FIELD("id", 1, TEXT), FIELD("version", 2, TEXT),
                                         ENUM("type", 3, NAME, evaluator_type_names), END};
static const struct field evaluations[] = {FIELD("rule", 1, TEXT),
                                           FIELD("measurement", 2, TEXT),
                                           ENUM("outcome", 3, NAME, outcome_names),
                                           FIELD("value", 4, SOME_REAL),
                                           FIELD("na_reason", 5, TEXT),
                                           FIELD("fail", 6, SOME_REAL),
                                           FIELD("borderline", 7, SOME_REAL),
                                           ENUM("direction", 8, NAME, directions),
                                           FIELD("margin", 9, SOME_REAL),
                                           FIELD("explanation", 10, TEXT),
                                           MESSAGE("evidence", 11, PARTS, evidence),
                                           MESSAGE("evaluator", 12, PART, evaluator),
                                           END};
static const struct field regressions[] = {FIELD("row_id", 1, TEXT),
                                           FIELD("row_revision", 2, NUMBER),
                                           FIELD("match", 3, TEXT),
                                           FIELD("check", 4, TEXT),
                                           FIELD("value", 5, TEXT),
                                           FIELD("severity", 6, TEXT),
                                           END};
static const struct field selection[] = {FIELD("reason", 1, TEXT), FIELD("stratum", 2, TEXT),
                                         FIELD("inclusion_probability", 3, REAL),
                                         FIELD("signature", 4, TEXT), END};
static const struct field ruleset[] = {FIELD("sha256", 23, HEX), END};
static const struct field usage[] = {FIELD("input_tokens", 1, NUMBER),
                                     FIELD("output_tokens", 2, NUMBER),
                                     FIELD("cost_usd", 3, SOME_REAL),
                                     FIELD("llm_calls", 4, NUMBER),
                                     FIELD("tool_calls", 5, NUMBER),
                                     FIELD("steps", 6, NUMBER),
                                     END};
static const struct field feedback[] = {FIELD("name", 1, TEXT), FIELD("value", 2, SOME_REAL),
                                        FIELD("text", 3, TEXT), FIELD("negative", 4, BOOLEAN), END};
static const struct field signals[] = {
    FIELD("errors", 1, TEXTS),         FIELD("fallback", 2, BOOLEAN),
    FIELD("cache_hit", 3, BOOLEAN),    FIELD("refusal", 4, BOOLEAN),
    FIELD("finish_reasons", 5, TEXTS), MESSAGE("feedback", 6, PARTS, feedback),
    FIELD("routing_policy", 7, TEXT),  END};
static const struct field redaction[] = {FIELD("policy", 1, TEXT), FIELD("counts", 2, COUNT_MAP),
                                         END};
static const struct field truncation[] = {FIELD("field", 1, TEXT),
                                          FIELD("original_bytes", 2, NUMBER), END};
static const struct field record[] = {FIELD("schema", 1, TEXT),
                                      FIELD("record_id", 2, TEXT),
                                      FIELD("revision", 3, NUMBER),
                                      FIELD("supersedes", 4, TEXT),
                                      FIELD("queue", 5, TEXT),
                                      FIELD("priority", 6, NUMBER),
                                      FIELD("summary", 28, TEXT),
                                      FIELD("content_digest", 29, HEX),
                                      MESSAGE("source", 7, PART, source),
                                      FIELD("trajectory_id", 8, HEX),
                                      FIELD("scope", 9, TEXT),
                                      MESSAGE("completeness", 10, PART, completeness),
                                      MESSAGE("time", 11, PART, time_fields),
                                      MESSAGE("agent", 12, PART, agent),
                                      FIELD("cohort", 13, TEXT_MAP),
                                      FIELD("input", 14, TEXT),
                                      MESSAGE("history", 30, PARTS, history),
                                      FIELD("output", 15, TEXT),
                                      FIELD("expected", 16, TEXT),
                                      MESSAGE("contexts", 17, PARTS, contexts),
                                      MESSAGE("steps", 18, PARTS, steps),
                                      ENUM("verdict", 19, NAME, verdict_names),
                                      FIELD("labels", 20, TEXTS),
                                      MESSAGE("evaluations", 21, PARTS, evaluations),
                                      MESSAGE("regressions", 31, PARTS, regressions),
                                      MESSAGE("selection", 22, PART, selection),
                                      MESSAGE("ruleset", 0, INLINE, ruleset),
                                      MESSAGE("usage", 24, PART, usage),
                                      MESSAGE("signals", 25, PART, signals),
                                      MESSAGE("redaction", 26, PART, redaction),
                                      MESSAGE("truncation", 27, PARTS, truncation),
                                      END};

struct writer {
    struct buffer parts[DEPTH_MAX]; /* the message under way on each level */
    bool is_malformed;
};

static void expect(struct writer *writer, bool is_met)
{
    writer->is_malformed = writer->is_malformed || !is_met;
}

static void put_real(struct buffer *to, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    wire_put_fixed64(to, number, bits);
}

static void put_hex(struct writer *writer, struct buffer *to, uint32_t number, struct bytes text)
{
    uint8_t id[ID_BYTES_MAX];
    bool is_hex = text.size % 2 == 0 && text.size / 2 <= sizeof id &&
                  hex_decode(id, (const char *)text.data, text.size / 2);
    expect(writer, is_hex);
    if (is_hex && text.size > 0)
        wire_put_bytes(to, number, bytes_of(id, text.size / 2));
}

/* "-12.000345" milliseconds: all of its nanoseconds, no rounding. */
static int64_t nanoseconds(struct writer *writer, struct bytes text)
{
    bool is_negative = text.size > 0 && text.data[0] == '-';
    uint64_t value = 0;
    int decimals = -1;
    for (size_t i = is_negative; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        expect(writer, c >= '0' && c <= '9' && decimals < 6 && value <= INT64_MAX / 10);
        if (writer->is_malformed)
            return 0;
        value = value * 10 + (c - '0');
        decimals += decimals >= 0;
    }
    for (int i = decimals < 0 ? 0 : decimals; i < 6; i++) {
        expect(writer, value <= INT64_MAX / 10);
        value = writer->is_malformed ? 0 : value * 10;
    }
    return is_negative ? -(int64_t)value : (int64_t)value;
}

static uint64_t whole_number(struct writer *writer, struct bytes text)
{
    uint64_t value = 0;
    expect(writer, text.size > 0 && text.size < 20);
    for (size_t i = 0; i < text.size && !writer->is_malformed; i++) {
        expect(writer, text.data[i] >= '0' && text.data[i] <= '9');
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    return writer->is_malformed ? 0 : value;
}

/* "2026-11-23T08:56:00.123456789Z", as clock_format_rfc3339 writes it. */
static uint64_t instant(struct writer *writer, struct bytes text)
{
    enum { SECONDS = 19, DIGITS = 9 };
    char seconds[SECONDS + 2];
    int64_t ms = 0;
    expect(writer, text.size == CLOCK_RFC3339_SIZE - 1);
    if (writer->is_malformed)
        return 0;
    memcpy(seconds, text.data, SECONDS);
    memcpy(seconds + SECONDS, "Z", 2);
    expect(writer, clock_parse_rfc3339(bytes_of(seconds, SECONDS + 1), &ms) == STATUS_OK);
    return (uint64_t)ms * 1000000 + whole_number(writer, bytes_of(text.data + SECONDS + 1, DIGITS));
}

static void put_enum(struct writer *writer, struct buffer *to, const struct field *field,
                     struct bytes name)
{
    uint64_t at = 0;
    while (field->names[at] && !bytes_equal_text(name, field->names[at]))
        at++;
    expect(writer, field->names[at] != NULL);
    at += field->form == NAME;
    if (at > 0)
        wire_put_number(to, field->number, at);
}

static void put_scalar(struct writer *writer, struct buffer *to, const struct field *field,
                       const struct json_value *value)
{
    bool is_text = value->type == JSON_STRING, is_number = value->type == JSON_NUMBER;
    uint64_t number = 0;
    int64_t nano = 0;
    switch (field->form) {
    case TEXT:
        expect(writer, is_text);
        if (value->text.size > 0)
            wire_put_bytes(to, field->number, value->text);
        break;
    case HEX:
        expect(writer, is_text);
        put_hex(writer, to, field->number, value->text);
        break;
    case NUMBER:
        expect(writer, is_number);
        if ((number = whole_number(writer, value->text)) > 0)
            wire_put_number(to, field->number, number);
        break;
    case BOOLEAN:
        expect(writer, value->type == JSON_BOOL);
        if (value->boolean)
            wire_put_number(to, field->number, 1);
        break;
    case REAL:
    case SOME_REAL:
        expect(writer, is_number);
        if (field->form == SOME_REAL || value->number != 0)
            put_real(to, field->number, value->number);
        break;
    case SOME_NANO:
    case SIGNED_NANO:
        expect(writer, is_number);
        nano = nanoseconds(writer, value->text);
        number = field->form == SIGNED_NANO ? (uint64_t)nano << 1 ^ (uint64_t)(nano >> 63)
                                            : (uint64_t)nano;
        wire_put_number(to, field->number, number);
        break;
    case INSTANT:
        expect(writer, is_text);
        number = instant(writer, value->text);
        if (number > 0)
            wire_put_fixed64(to, field->number, number);
        break;
    case NAME:
    case NAME_FROM_0:
        expect(writer, is_text);
        put_enum(writer, to, field, value->text);
        break;
    case TEXTS:
    case PART:
    case PARTS:
    case INLINE:
    case TEXT_MAP:
    case COUNT_MAP:
        break; /* put_value */
    }
}

static void put_object(struct writer *writer, int depth, const struct field *fields,
                       const struct json_reader *reader, const struct json_value *object);

static void put_part(struct writer *writer, int depth, const struct field *field,
                     const struct json_reader *reader, const struct json_value *object)
{
    buffer_clear(&writer->parts[depth + 1]);
    put_object(writer, depth + 1, field->part, reader, object);
    wire_put_bytes(&writer->parts[depth], field->number, buffer_bytes(&writer->parts[depth + 1]));
}

/* Lists of objects or strings, and maps. */
static void put_members(struct writer *writer, int depth, const struct field *field,
                        const struct json_reader *reader, const struct json_value *list)
{
    static const struct field of_text = FIELD(NULL, 2, TEXT), of_count = FIELD(NULL, 2, NUMBER);
    struct buffer *to = &writer->parts[depth], *part = &writer->parts[depth + 1];
    bool is_map = field->form == TEXT_MAP || field->form == COUNT_MAP;
    struct json_reader members;
    struct json_value member;
    expect(writer, list->type == (is_map ? JSON_OBJECT : JSON_ARRAY));
    json_children(reader, list, &members);
    while (!writer->is_malformed && json_next(&members, &member) != JSON_END) {
        expect(writer, member.type != JSON_BROKEN);
        if (field->form == PARTS) {
            put_part(writer, depth, field, &members, &member);
        } else if (field->form == TEXTS) {
            expect(writer, member.type == JSON_STRING);
            wire_put_bytes(to, field->number, member.text);
        } else {
            buffer_clear(part);
            wire_put_bytes(part, 1, member.key);
            put_scalar(writer, part, field->form == TEXT_MAP ? &of_text : &of_count, &member);
            wire_put_bytes(to, field->number, buffer_bytes(part));
        }
    }
}

static void put_object(struct writer *writer, int depth, const struct field *fields,
                       const struct json_reader *reader, const struct json_value *object)
{
    struct json_reader members;
    struct json_value member;
    expect(writer, object->type == JSON_OBJECT && depth + 1 < DEPTH_MAX);
    if (writer->is_malformed)
        return;
    json_children(reader, object, &members);
    while (!writer->is_malformed && json_next(&members, &member) != JSON_END) {
        const struct field *field = fields;
        while (field->key && !bytes_equal_text(member.key, field->key))
            field++;
        expect(writer, field->key && member.type != JSON_BROKEN);
        if (writer->is_malformed || member.type == JSON_NULL)
            continue; /* a number that was none */
        if (field->form == PART)
            put_part(writer, depth, field, &members, &member);
        else if (field->form == INLINE)
            put_object(writer, depth, field->part, &members, &member);
        else if (field->form >= PARTS || field->form == TEXTS)
            put_members(writer, depth, field, &members, &member);
        else
            put_scalar(writer, &writer->parts[depth], field, &member);
    }
    expect(writer, !members.broken && !members.truncated);
}

enum status review_protobuf_write(struct bytes json, struct arena *arena, struct buffer *to)
{
    struct writer writer = {.parts[0] = *to};
    struct json_reader reader;
    struct json_value object;
    expect(&writer, json_parse(json, arena, &reader, &object));
    if (!writer.is_malformed)
        put_object(&writer, 0, record, &reader, &object);
    *to = writer.parts[0];
    for (int depth = 1; depth < DEPTH_MAX; depth++) {
        to->failed = to->failed || writer.parts[depth].failed;
        buffer_finish(&writer.parts[depth]);
    }
    return writer.is_malformed || to->failed || arena->failed ? STATUS_MALFORMED : STATUS_OK;
}
