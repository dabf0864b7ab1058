/* Members are copied by tables of names: as they are, under the same name or another. */
#include "pipelines/review/reading.h"

#include "processor/base/json/json.h"
#include "processor/base/text/sentences.h"
#include "processor/base/text/utf8.h"

struct renamed {
    const char *from, *to;
};

/* Copies those members of `object` that the table names; others stay out. */
static void copy(const struct json_reader *reader, const struct json_value *object,
                 const struct renamed *names, size_t count, struct json_writer *to)
{
    struct json_reader members;
    struct json_value member;
    json_children(reader, object, &members);
    while (json_next(&members, &member) != JSON_END && member.type != JSON_BROKEN) {
        for (size_t i = 0; i < count; i++) {
            if (!bytes_equal_text(member.key, names[i].from))
                continue;
            json_key(to, names[i].to);
            json_raw(to, member.raw);
        }
    }
}

#define COPY(reader, object, names, to)                                                            \
    copy(reader, object, names, sizeof(names) / sizeof((names)[0]), to)

/* --- the reading --- */

static bool is_verdict(const struct json_reader *reader, const struct json_value *step)
{
    struct json_value kind;
    return json_member(reader, step, "kind", &kind) && kind.type == JSON_STRING &&
           (bytes_equal_text(kind.text, "evaluator") || bytes_equal_text(kind.text, "guardrail"));
}

static void write_list(const struct json_reader *reader, const struct json_value *list,
                       const char *name, const struct renamed *names, size_t count,
                       struct json_writer *to)
{
    struct json_reader elements;
    struct json_value element;
    json_key(to, name);
    json_array_begin(to);
    if (list->type == JSON_ARRAY) {
        json_children(reader, list, &elements);
        while (json_next(&elements, &element) != JSON_END && element.type != JSON_BROKEN) {
            if (element.type != JSON_OBJECT || is_verdict(&elements, &element))
                continue;
            json_object_begin(to);
            copy(&elements, &element, names, count, to);
            json_object_end(to);
        }
    }
    json_array_end(to);
}

/* Byte ranges become ranges of code points, in one walk. */
static void write_sentences(struct bytes text, struct arena *arena, struct json_writer *to)
{
    struct sentence *sentences = arena_alloc(arena, READING_SENTENCES_MAX * sizeof *sentences);
    size_t count = sentences ? text_sentences(text, sentences, READING_SENTENCES_MAX) : 0;
    size_t at = 0, points = 0;
    json_key(to, "sentences");
    json_array_begin(to);
    for (size_t i = 0; i < count; i++) {
        uint32_t ends[] = {sentences[i].start, sentences[i].end};
        static const char *const names[] = {"start", "end"};
        json_object_begin(to);
        for (int e = 0; e < 2; e++) {
            for (; at < ends[e] && at < text.size; at++)
                points += (text.data[at] & 0xc0) != 0x80;
            json_put_uint(to, names[e], points);
        }
        json_object_end(to);
    }
    json_array_end(to);
}

static void write_texts(const struct json_reader *reader, const struct json_value *record,
                        struct arena *arena, struct json_writer *to)
{
    static const struct renamed own[] = {{"input", "input"}, {"output", "output"}};
    static const struct renamed turn[] = {{"role", "role"}, {"text", "content"}};
    static const struct renamed context[] = {{"id", "id"}, {"text", "text"}};
    static const struct renamed step[] = {{"kind", "kind"},
                                          {"name", "name"},
                                          {"tool", "tool"},
                                          {"arguments", "arguments"},
                                          {"output", "output"},
                                          {"error", "error"},
                                          {"duration_ms", "duration_ms"}};
    struct json_value output, list = {0};
    COPY(reader, record, own, to);
    if (json_member(reader, record, "output", &output) && output.type == JSON_STRING)
        write_sentences(output.text, arena, to);
    (void)json_member(reader, record, "history", &list);
    write_list(reader, &list, "history", turn, 2, to);
    list = (struct json_value){0};
    (void)json_member(reader, record, "contexts", &list);
    write_list(reader, &list, "contexts", context, 2, to);
    list = (struct json_value){0};
    (void)json_member(reader, record, "steps", &list);
    write_list(reader, &list, "steps", step, sizeof step / sizeof step[0], to);
}

static bool open_record(struct bytes record, struct arena *arena, struct json_reader *reader,
                        struct json_value *value)
{
    return json_parse(record, arena, reader, value) && value->type == JSON_OBJECT &&
           !reader->broken && !reader->truncated;
}

bool reading_write(struct bytes record, struct arena *arena, struct json_writer *to)
{
    static const struct renamed source_names[] = {{"service", "service"}};
    static const struct renamed time_names[] = {{"start", "started_at"},
                                                {"duration_ms", "duration_ms"}};
    struct json_reader reader;
    struct json_value value, part, policy;
    if (!open_record(record, arena, &reader, &value))
        return false;
    write_texts(&reader, &value, arena, to);
    if (json_member(&reader, &value, "source", &part) && part.type == JSON_OBJECT)
        COPY(&reader, &part, source_names, to);
    if (json_member(&reader, &value, "time", &part) && part.type == JSON_OBJECT)
        COPY(&reader, &part, time_names, to);
    if (json_member(&reader, &value, "redaction", &part) &&
        json_member(&reader, &part, "policy", &policy) && policy.type == JSON_STRING &&
        bytes_equal_text(policy.text, "none"))
        json_put_bool(to, "content_off", true);
    return true;
}

struct bytes reading_question(struct bytes record, struct arena *arena, size_t most)
{
    struct json_reader reader;
    struct json_value value, input;
    if (!open_record(record, arena, &reader, &value) ||
        !json_member(&reader, &value, "input", &input) || input.type != JSON_STRING)
        return (struct bytes){0};
    size_t size = 0;
    for (size_t points = 0; size < input.text.size; size++)
        if ((input.text.data[size] & 0xc0) != 0x80 && ++points > most)
            break;
    return bytes_of(input.text.data, size);
}

/* --- the machine --- */

bool reading_write_machine(struct bytes record, struct arena *arena, struct json_writer *to)
{
    static const struct renamed own[] = {
        {"verdict", "verdict"}, {"summary", "summary"}, {"labels", "labels"}};
    static const struct renamed rule[] = {
        {"rule", "rule"},           {"measurement", "measurement"},
        {"outcome", "outcome"},     {"value", "value"},
        {"fail", "threshold"},      {"borderline", "borderline"},
        {"direction", "direction"}, {"margin", "margin"},
        {"na_reason", "na_reason"}, {"explanation", "explanation"},
        {"evidence", "evidence"}};
    struct json_reader reader;
    struct json_value value, list = {0};
    if (!open_record(record, arena, &reader, &value))
        return false;
    json_object_begin(to);
    COPY(&reader, &value, own, to);
    (void)json_member(&reader, &value, "evaluations", &list);
    write_list(&reader, &list, "evaluations", rule, sizeof rule / sizeof rule[0], to);
    json_object_end(to);
    return true;
}

void reading_write_links(struct bytes record, struct arena *arena, struct json_writer *to)
{
    struct json_reader reader;
    struct json_value value, source, url;
    json_array_begin(to);
    if (open_record(record, arena, &reader, &value) &&
        json_member(&reader, &value, "source", &source) &&
        json_member(&reader, &source, "url", &url) && url.type == JSON_STRING)
        json_raw(to, url.raw);
    json_array_end(to);
}
