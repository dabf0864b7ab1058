/* Evidence points into the record's own fields, in code points of the text as it left: so what is
 * quoted is what a reviewer sees, redacted, and where a text was cut the evidence's own quote
 * tells. */
#include "processor/command/explain/explain_evidence.h"

#include <stdlib.h>

#include "processor/base/text/utf8.h"

enum { STEPS_MAX = 10000 };

static bool member_text(const struct json_reader *reader, const struct json_value *object,
                        const char *name, struct bytes *ret_text)
{
    struct json_value value;
    if (!json_member(reader, object, name, &value) || value.type != JSON_STRING)
        return false;
    *ret_text = value.text;
    return true;
}

/* Code points [start, end) of a text; absent when it ends before `end`. */
static struct bytes code_points(struct bytes text, double start, double end)
{
    size_t at = 0, from = 0;
    double count = 0;
    while (at < text.size && count < end) {
        if (count <= start)
            from = at;
        utf8_decode(text, at, &at);
        count++;
    }
    bool is_there = count >= end && end > start;
    return is_there ? bytes_of(text.data + from, at - from) : (struct bytes){0};
}

/* Of the members of a list with this span id the first whose field is long enough. */
static struct bytes quote_in_list(const struct json_reader *reader, const struct json_value *root,
                                  const char *list_name, struct bytes span_id,
                                  const char *field_name, double start, double end)
{
    struct json_value list, item;
    struct json_reader items;
    struct bytes id, text, quote = {0};
    if (!json_member(reader, root, list_name, &list) || list.type != JSON_ARRAY)
        return quote;
    json_children(reader, &list, &items);
    for (int i = 0; i < STEPS_MAX && !quote.data && json_next(&items, &item) == JSON_OBJECT; i++)
        if (member_text(reader, &item, "span_id", &id) && bytes_equal(id, span_id) &&
            member_text(reader, &item, field_name, &text))
            quote = code_points(text, start, end);
    return quote;
}

/* The text at a JSON pointer of names that need no escapes. */
static bool text_at(const struct json_reader *reader, const struct json_value *root,
                    struct bytes pointer, struct bytes *ret_text)
{
    struct json_value value = *root;
    size_t at = 0;
    while (at < pointer.size && pointer.data[at] == '/') {
        char name[32] = "";
        size_t size = 0;
        for (at++; at < pointer.size && pointer.data[at] != '/' && size < sizeof name - 1; at++)
            name[size++] = (char)pointer.data[at];
        struct json_value child = {.type = JSON_END};
        struct json_reader items;
        long left = strtol(name, NULL, 10);
        if (value.type == JSON_ARRAY) {
            json_children(reader, &value, &items);
            while (json_next(&items, &child) != JSON_END && child.type != JSON_BROKEN && left > 0)
                left--;
        } else if (!json_member(reader, &value, name, &child))
            return false;
        value = child;
    }
    *ret_text = value.text;
    return at == pointer.size && value.type == JSON_STRING;
}

/* Of a record that has no pointers, from before there were any: by span and field. */
static struct bytes quote_by_field(const struct json_reader *reader, const struct json_value *root,
                                   const struct json_value *evidence, double start, double end)
{
    static const struct {
        const char *field, *list, *member; /* list NULL: of the record itself */
    } places[] = {
        {"output", NULL, "output"},       {"input", NULL, "input"},
        {"context", "contexts", "text"},  {"output", "steps", "output"},
        {"input", "steps", "input"},      {"step_output", "steps", "output"},
        {"step_input", "steps", "input"}, {"arguments", "steps", "arguments"},
        {"name", "steps", "name"},
    };
    struct bytes field, span_id = {0}, text, quote = {0};
    if (!member_text(reader, evidence, "field", &field))
        return quote;
    (void)member_text(reader, evidence, "span_id", &span_id);
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !quote.data; i++) {
        if (!bytes_equal_text(field, places[i].field))
            continue;
        if (places[i].list)
            quote = quote_in_list(reader, root, places[i].list, span_id, places[i].member, start,
                                  end);
        else if (member_text(reader, root, places[i].member, &text))
            quote = code_points(text, start, end);
    }
    return quote;
}

struct bytes explain_quote(const struct json_reader *reader, const struct json_value *root,
                           const struct json_value *evidence)
{
    struct json_value start, end;
    struct bytes pointer, text, quote = {0};
    if (!json_member(reader, evidence, "start", &start) || start.type != JSON_NUMBER ||
        !json_member(reader, evidence, "end", &end) || end.type != JSON_NUMBER)
        return quote;
    bool has_pointer = member_text(reader, evidence, "pointer", &pointer);
    if (has_pointer && text_at(reader, root, pointer, &text))
        quote = code_points(text, start.number, end.number);
    if (!quote.data)
        (void)member_text(reader, evidence, "quote", &quote);
    if (!quote.data && !has_pointer)
        quote = quote_by_field(reader, root, evidence, start.number, end.number);
    return quote;
}
