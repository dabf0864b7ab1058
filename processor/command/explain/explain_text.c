/* Reads the record back from its JSON: so it shows what a reviewer would get, redaction
 * included. */
#include "processor/command/explain/explain_text.h"

#include <stdio.h>

#include "processor/base/json/number.h"
#include "processor/base/text/terminal.h"
#include "processor/base/text/utf8.h"
#include "processor/command/explain/explain_evidence.h"

enum {
    TEXT_MAX = 400,
    NAME_BYTES_MAX = 120,
    EVIDENCE_MAX = 5,
    MEMBERS_MAX = 2000,
    ARENA_MAX = 16 << 20
};

struct record {
    struct json_reader reader;
    struct json_value root;
};

static struct json_value get(const struct record *record, const struct json_value *object,
                             const char *name)
{
    struct json_value value = {.type = JSON_END};
    if (!json_member(&record->reader, object, name, &value))
        value = (struct json_value){.type = JSON_END};
    return value;
}

static struct bytes text_of(const struct record *record, const struct json_value *object,
                            const char *name)
{
    return get(record, object, name).text;
}

/* One line: white space collapsed, cut. */
static void append_line(struct buffer *to, struct bytes text, size_t limit)
{
    struct bytes cut = utf8_cut(text, limit);
    bool is_space = false;
    for (size_t at = 0, end; at < cut.size; at = end) {
        for (end = at; end < cut.size && (cut.data[end] <= ' ') == (cut.data[at] <= ' '); end++)
            ;
        if (cut.data[at] <= ' ') {
            is_space = true;
            continue;
        }
        if (is_space && to->size > 0)
            buffer_append_byte(to, ' ');
        is_space = false;
        terminal_append(to, bytes_of(cut.data + at, end - at));
    }
    if (cut.size < text.size)
        buffer_append_text(to, " ...");
}

static void append_field(const struct record *record, const struct json_value *object,
                         const char *name, struct buffer *to)
{
    struct bytes text = text_of(record, object, name);
    if (!text.data)
        return;
    buffer_printf(to, "  %-9s ", name);
    append_line(to, text, TEXT_MAX);
    buffer_append_byte(to, '\n');
}

static void append_evidence(const struct record *record, const struct json_value *evaluation,
                            struct buffer *to)
{
    struct json_value list = get(record, evaluation, "evidence"), item;
    struct json_reader items;
    int count = 0;
    if (list.type != JSON_ARRAY)
        return;
    json_children(&record->reader, &list, &items);
    for (; count < MEMBERS_MAX && json_next(&items, &item) == JSON_OBJECT; count++) {
        if (count >= EVIDENCE_MAX)
            continue;
        struct bytes field = text_of(record, &item, "field");
        struct bytes pointer = text_of(record, &item, "pointer");
        double start = get(record, &item, "start").number, end = get(record, &item, "end").number;
        buffer_printf(to, "      %.*s[%.15g:%.15g]", (int)field.size, (const char *)field.data,
                      start, end);
        struct bytes quote = explain_quote(&record->reader, &record->root, &item);
        if (quote.data) {
            buffer_append_text(to, "  \"");
            append_line(to, quote, 160);
            buffer_append_byte(to, '"');
        }
        if (bytes_starts_with(pointer, BYTES_LITERAL("/steps")) ||
            bytes_starts_with(pointer, BYTES_LITERAL("/contexts")))
            buffer_printf(to, "  at %.*s", (int)pointer.size, (const char *)pointer.data);
        buffer_append_byte(to, '\n');
    }
    if (count > EVIDENCE_MAX)
        buffer_printf(to, "      ... and %d more\n", count - EVIDENCE_MAX);
}

static void append_number(struct buffer *to, const struct json_value *value, int width)
{
    char text[NUMBER_TEXT_SIZE] = "-";
    if (value->type == JSON_NUMBER)
        snprintf(text, sizeof(text), "%.6g", value->number);
    buffer_printf(to, " %*s", width, text);
}

static void append_evaluation(const struct record *record, const struct json_value *evaluation,
                              struct buffer *to)
{
    struct bytes rule = text_of(record, evaluation, "rule"),
                 measurement = text_of(record, evaluation, "measurement");
    struct bytes outcome = text_of(record, evaluation, "outcome"),
                 direction = text_of(record, evaluation, "direction");
    struct bytes reason = text_of(record, evaluation, "na_reason"),
                 why = text_of(record, evaluation, "explanation");
    struct json_value value = get(record, evaluation, "value"),
                      fail = get(record, evaluation, "fail");
    struct json_value borderline = get(record, evaluation, "borderline"),
                      margin = get(record, evaluation, "margin");
    buffer_printf(to, "  %-10.*s %-22.*s %-26.*s", (int)outcome.size, (const char *)outcome.data,
                  (int)rule.size, (const char *)rule.data, (int)measurement.size,
                  (const char *)measurement.data);
    append_number(to, &value, 9);
    buffer_printf(to, " %6.*s", (int)direction.size, (const char *)direction.data);
    append_number(to, &borderline, 9);
    append_number(to, &fail, 9);
    append_number(to, &margin, 9);
    if (reason.data)
        buffer_printf(to, "  (%.*s)", (int)reason.size, (const char *)reason.data);
    buffer_append_byte(to, '\n');
    if (why.data) {
        buffer_append_text(to, "      ");
        append_line(to, why, TEXT_MAX);
        buffer_append_byte(to, '\n');
    }
    append_evidence(record, evaluation, to);
}

static void append_list(const struct record *record, const struct json_value *object,
                        const char *name, struct buffer *to)
{
    struct json_value list = get(record, object, name), item;
    struct json_reader items;
    if (list.type != JSON_ARRAY)
        return;
    json_children(&record->reader, &list, &items);
    for (int i = 0; i < MEMBERS_MAX && json_next(&items, &item) == JSON_STRING; i++) {
        buffer_append_text(to, i == 0 ? "" : ", ");
        append_line(to, item.text, 120);
    }
}

static void append_head(const struct record *record, struct buffer *to)
{
    const struct json_value *root = &record->root;
    struct json_value completeness = get(record, root, "completeness"),
                      time = get(record, root, "time");
    struct json_value agent = get(record, root, "agent"), cohort = get(record, root, "cohort"),
                      member;
    struct bytes id = text_of(record, root, "trajectory_id"),
                 verdict = text_of(record, root, "verdict");
    struct bytes trigger = text_of(record, &completeness, "trigger"),
                 name = text_of(record, &agent, "name");
    buffer_printf(to, "%.*s  %.*s", (int)id.size, (const char *)id.data, (int)verdict.size,
                  (const char *)verdict.data);
    struct json_value labels = get(record, root, "labels");
    if (labels.type == JSON_ARRAY && labels.raw.size > 2) {
        buffer_append_text(to, "  (");
        append_list(record, root, "labels", to);
        buffer_append_byte(to, ')');
    }
    struct json_value duration = get(record, &time, "duration_ms");
    buffer_append_byte(to, '\n');
    append_field(record, root, "summary", to);
    buffer_printf(to, "  %-9s ", "run");
    append_line(to, name.data ? name : BYTES_LITERAL("unnamed"), NAME_BYTES_MAX);
    buffer_printf(to, ", closed by %.*s, %g spans", (int)trigger.size, (const char *)trigger.data,
                  get(record, &completeness, "spans").number);
    if (duration.type == JSON_NUMBER)
        buffer_printf(to, ", %.4g ms", duration.number);
    buffer_append_byte(to, '\n');
    struct json_reader members;
    buffer_printf(to, "  %-9s", "cohort");
    if (cohort.type == JSON_OBJECT)
        json_children(&record->reader, &cohort, &members);
    while (cohort.type == JSON_OBJECT && json_next(&members, &member) == JSON_STRING) {
        if (bytes_equal_text(member.text, "unknown"))
            continue;
        buffer_append_byte(to, ' ');
        buffer_append_bytes(to, member.key);
        buffer_append_byte(to, '=');
        append_line(to, member.text, NAME_BYTES_MAX);
    }
    buffer_append_byte(to, '\n');
    append_field(record, root, "input", to);
    append_field(record, root, "output", to);
}

static void append_errors(const struct record *record, struct buffer *to)
{
    struct json_value signals = get(record, &record->root, "signals"),
                      errors = get(record, &signals, "errors");
    if (errors.type != JSON_ARRAY || errors.raw.size <= 2)
        return;
    buffer_printf(to, "  %-9s ", "errors");
    append_list(record, &signals, "errors", to);
    buffer_append_byte(to, '\n');
}

/* Where it goes, why, and with what probability. */
static void append_selection(const struct record *record, const char *left_out, struct buffer *to)
{
    struct json_value selection = get(record, &record->root, "selection");
    struct bytes reason = text_of(record, &selection, "reason");
    struct bytes stratum = text_of(record, &selection, "stratum");
    struct bytes queue = text_of(record, &record->root, "queue");
    buffer_printf(to, "  %-9s ", "review");
    if (left_out) {
        buffer_printf(to, "left out (%s), inclusion probability %.6g\n", left_out,
                      get(record, &selection, "inclusion_probability").number);
        return;
    }
    buffer_printf(to, "queue %.*s, priority %.15g, by %.*s, stratum %.*s, probability %.6g\n",
                  (int)queue.size, (const char *)queue.data,
                  get(record, &record->root, "priority").number, (int)reason.size,
                  (const char *)reason.data, (int)stratum.size, (const char *)stratum.data,
                  get(record, &selection, "inclusion_probability").number);
}

enum status explain_record(struct bytes json, const char *left_out, struct buffer *to)
{
    struct arena arena;
    struct record record;
    arena_init(&arena, ARENA_MAX);
    bool is_record =
        json_parse(json, &arena, &record.reader, &record.root) && record.root.type == JSON_OBJECT;
    if (is_record) {
        append_head(&record, to);
        append_errors(&record, to);
        append_selection(&record, left_out, to);
        buffer_printf(to, "\n  %-10s %-22s %-26s %9s %6s %9s %9s %9s\n", "outcome", "rule",
                      "measurement", "value", "side", "borderline", "fail", "margin");
        struct json_value list = get(&record, &record.root, "evaluations"), item;
        struct json_reader items;
        if (list.type == JSON_ARRAY)
            json_children(&record.reader, &list, &items);
        while (list.type == JSON_ARRAY && json_next(&items, &item) == JSON_OBJECT)
            append_evaluation(&record, &item, to);
        buffer_append_byte(to, '\n');
    }
    arena_finish(&arena);
    return is_record ? STATUS_OK : STATUS_MALFORMED;
}
