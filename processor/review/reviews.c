/* Elements are read one at a time; what is kept of them is copied, so that an export of any size costs no
 * more than its reviews. */
#include "processor/review/reviews_state.h"

#include <stdio.h>
#include <stdlib.h>

enum { ELEMENT_BYTES_MAX = 32 << 20, DEPTH_OF_LISTS_MAX = 3 };

static const struct reviews_tool tools[] = {
    {"label-studio", {"tasks", NULL}, reviews_label_studio},
    {"langfuse", {"data", "scores", NULL}, reviews_langfuse},
    {"langsmith", {"feedback", "feedbacks", NULL}, reviews_langsmith},
    {"futureagi", {"result", "results", "items", NULL}, reviews_futureagi},
};
enum { TOOLS = sizeof tools / sizeof tools[0] };

const struct reviews_tool *reviews_tool_find(struct bytes name)
{
    for (int i = 0; i < TOOLS; i++)
        if (bytes_equal_text(name, tools[i].name))
            return &tools[i];
    return NULL;
}

void reviews_tool_names(struct buffer *to)
{
    for (int i = 0; i < TOOLS; i++)
        buffer_printf(to, "%s%s", i == 0 ? "" : ", ", tools[i].name);
}

struct reviews *reviews_create(const struct reviews_tool *tool, const struct label_set *labels,
                               reviews_told_fn *told, void *context)
{
    struct reviews *reviews = calloc(1, sizeof *reviews);
    if (!reviews)
        return NULL;
    reviews->tool = tool;
    reviews->labels = labels;
    reviews->told = told;
    reviews->context = context;
    arena_init(&reviews->arena, REVIEWS_BYTES_MAX);
    arena_init(&reviews->element, ELEMENT_BYTES_MAX);
    return reviews;
}

void reviews_destroy(struct reviews *reviews)
{
    if (!reviews)
        return;
    arena_finish(&reviews->arena);
    arena_finish(&reviews->element);
    free(reviews->slots);
    free(reviews->all);
    free(reviews);
}

/* --- files --- */

uint64_t reviews_line(struct reviews *reviews, const uint8_t *place)
{
    if (place < reviews->counted) { /* an element may be looked at again */
        reviews->counted = reviews->text.data;
        reviews->line = 1;
    }
    for (; reviews->counted < place; reviews->counted++)
        reviews->line += *reviews->counted == '\n';
    return reviews->line;
}

void reviews_tell(struct reviews *reviews, uint64_t line, const char *reason)
{
    reviews->told(reviews->context, reviews->file, line, reason);
}

static bool read_list(struct reviews *reviews, const struct json_reader *reader,
                      const struct json_value *list, int depth);

/* The list that an object stands around, once or twice: {"result": {"items": [...]}}. */
static bool find_list(const struct reviews *reviews, const struct json_reader *reader,
                      const struct json_value *object, int depth, struct json_value *ret_list)
{
    struct json_value member;
    for (const char *const *name = reviews->tool->lists; *name; name++) {
        if (!json_member(reader, object, *name, &member))
            continue;
        *ret_list = member;
        if (member.type == JSON_ARRAY || (member.type == JSON_OBJECT && depth == 0 &&
                                          find_list(reviews, reader, &member, 1, ret_list)))
            return true;
    }
    return false;
}

/* A list, what stands around one, or an element. False: neither. */
static bool read_value(struct reviews *reviews, const struct json_reader *reader,
                       const struct json_value *value, int depth)
{
    struct json_value list;
    if (value->type == JSON_ARRAY && depth < DEPTH_OF_LISTS_MAX)
        return read_list(reviews, reader, value, depth);
    if (value->type != JSON_OBJECT)
        return false;
    if (find_list(reviews, reader, value, 0, &list))
        return read_list(reviews, reader, &list, depth);
    reviews->tool->read(reviews, reader, value);
    if (reviews->element.failed) {
        reviews->counts.refused++;
        reviews_tell(reviews, reviews_line(reviews, value->raw.data), "larger than 32 MiB");
    }
    arena_reset(&reviews->element);
    return true;
}

static bool read_list(struct reviews *reviews, const struct json_reader *reader,
                      const struct json_value *list, int depth)
{
    struct json_reader items;
    struct json_value item;
    bool is_read = true;
    json_children(reader, list, &items);
    while (is_read && json_next(&items, &item) > JSON_END && !reviews->arena.failed) {
        is_read = item.type != JSON_BROKEN && read_value(reviews, reader, &item, depth + 1);
        if (!is_read)
            reviews_tell(reviews, reviews_line(reviews, item.raw.data ? item.raw.data : items.at),
                         "what is exported there are objects");
    }
    return is_read;
}

enum status reviews_read(struct reviews *reviews, const char *file, struct bytes text)
{
    struct json_reader reader;
    struct json_value value;
    bool is_read = true, is_empty = true;
    if (bytes_starts_with(text, BYTES_LITERAL("\xef\xbb\xbf"))) /* as some tools begin a file */
        text = bytes_of(text.data + 3, text.size - 3);
    reviews->file = file;
    reviews->text = text;
    reviews->counted = text.data;
    reviews->line = 1;
    json_reader_init(&reader, text, &reviews->element);
    while (is_read && json_next(&reader, &value) != JSON_END && !reviews->arena.failed) {
        const uint8_t *place = reader.at < reader.end ? reader.at : reader.end;
        is_read = value.type == JSON_OBJECT || value.type == JSON_ARRAY;
        if (!is_read)
            reviews_tell(reviews, reviews_line(reviews, value.raw.data ? value.raw.data : place),
                         "neither a list of what is exported there nor lines of it");
        else
            is_read = read_value(reviews, &reader, &value, 0);
        is_empty = false;
    }
    if (is_read && !is_empty && reader.truncated) {
        reviews_tell(reviews, reviews_line(reviews, reader.end), "the file is cut off");
        is_read = false;
    }
    if (reviews->arena.failed)
        return STATUS_BUSY;
    return is_read ? STATUS_OK : STATUS_MALFORMED;
}

const struct reviews_counts *reviews_counts(const struct reviews *reviews)
{
    return &reviews->counts;
}

void reviews_of_machine(struct reviews *reviews)
{
    reviews->counts.of_machines++;
}

void reviews_of_other(struct reviews *reviews)
{
    reviews->counts.of_others++;
}

void reviews_passed_over(const struct reviews *reviews, struct buffer *to)
{
    for (uint32_t i = 0; i < reviews->passed_count; i++) {
        buffer_append_text(to, i == 0 ? "" : ", ");
        buffer_append_bytes(to, reviews->passed[i].name);
        buffer_printf(to, " (%llu)", (unsigned long long)reviews->passed[i].count);
    }
}
