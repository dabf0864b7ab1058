/* Objects are collected in the arena and sorted; depth is that of the reader. */
#include "processor/base/json/canonical.h"

#include <stdlib.h>

#include "processor/base/json/writer.h"

static int by_name(const void *a, const void *b)
{
    const struct json_value *left = a, *right = b;
    return bytes_compare(left->key, right->key);
}

static bool write_value(const struct json_reader *reader, const struct json_value *value,
                        struct json_writer *writer);

/* Members that are not null, in the arena. */
static struct json_value *collect(const struct json_reader *reader, const struct json_value *object,
                                  size_t *ret_count)
{
    struct json_reader members;
    struct json_value value;
    size_t count = 0;
    json_children(reader, object, &members);
    while (json_next(&members, &value) != JSON_END && !members.broken)
        count++;
    struct json_value *items = arena_zalloc(reader->arena, count + 1, sizeof(*items));
    if (!items || members.broken || members.truncated)
        return NULL;
    size_t kept = 0;
    json_children(reader, object, &members);
    while (kept < count && json_next(&members, &value) != JSON_END)
        items[kept++] = value;
    *ret_count = kept;
    return items;
}

static bool write_object(const struct json_reader *reader, const struct json_value *object,
                         struct json_writer *writer)
{
    size_t count = 0;
    struct json_value *items = collect(reader, object, &count);
    if (!items || writer->depth >= JSON_DEPTH_MAX - 1)
        return false;
    qsort(items, count, sizeof(*items), by_name);
    json_object_begin(writer);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && bytes_equal(items[i - 1].key, items[i].key))
            return false;
        if (items[i].type == JSON_NULL)
            continue;
        json_key_bytes(writer, items[i].key);
        if (!write_value(reader, &items[i], writer))
            return false;
    }
    json_object_end(writer);
    return true;
}

static bool write_array(const struct json_reader *reader, const struct json_value *array,
                        struct json_writer *writer)
{
    struct json_reader elements;
    struct json_value element;
    if (writer->depth >= JSON_DEPTH_MAX - 1)
        return false;
    json_children(reader, array, &elements);
    json_array_begin(writer);
    while (json_next(&elements, &element) != JSON_END)
        if (elements.broken || !write_value(reader, &element, writer))
            return false;
    json_array_end(writer);
    return !elements.truncated;
}

static bool write_value(const struct json_reader *reader, const struct json_value *value,
                        struct json_writer *writer)
{
    switch (value->type) {
    case JSON_OBJECT:
        return write_object(reader, value, writer);
    case JSON_ARRAY:
        return write_array(reader, value, writer);
    case JSON_STRING:
        json_string(writer, value->text);
        return true;
    case JSON_NUMBER:
        json_double(writer, value->number);
        return true;
    case JSON_BOOL:
        json_bool(writer, value->boolean);
        return true;
    case JSON_NULL:
        json_null(writer);
        return true;
    case JSON_END:
    case JSON_BROKEN:
        return false;
    }
    return false;
}

bool json_canonical(struct bytes text, struct arena *arena, struct buffer *to)
{
    struct json_reader reader;
    struct json_value root;
    struct json_writer writer;
    if (!json_parse(text, arena, &reader, &root) || reader.truncated)
        return false;
    json_writer_init(&writer, to);
    return write_value(&reader, &root, &writer) && !arena->failed && !to->failed;
}
