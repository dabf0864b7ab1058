/* link: base */
/* Any bytes as JSON: the reader must stay within them, end, and deliver valid strings; what it
 * calls complete JSON must come out of the writer as JSON again. */
#include <assert.h>

#include "processor/base/json/json.h"
#include "processor/base/json/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEVELS = JSON_DEPTH_MAX + 1 };

static void copy_scalar(struct json_writer *writer, const struct json_value *value)
{
    if (value->type == JSON_STRING)
        json_string(writer, value->text);
    else if (value->type == JSON_NUMBER)
        json_double(writer, value->number);
    else if (value->type == JSON_BOOL)
        json_bool(writer, value->boolean);
    else
        json_null(writer);
}

/* Reads everything below `root` with a stack of readers, writing it as one flat array. */
static void copy_values(struct json_reader *reader, const struct json_value *root,
                        struct buffer *to)
{
    static struct json_reader levels[LEVELS];
    struct json_writer writer;
    json_writer_init(&writer, to);
    json_array_begin(&writer);
    int depth = 0;
    json_children(reader, root, &levels[0]);
    while (depth >= 0) {
        struct json_value value, member;
        enum json_type type = json_next(&levels[depth], &value);
        if (type == JSON_END || type == JSON_BROKEN) {
            depth--;
            continue;
        }
        copy_scalar(&writer, &value);
        (void)json_member(&levels[depth], &value, "a", &member);
        if (type == JSON_OBJECT || type == JSON_ARRAY) {
            assert(depth + 1 < LEVELS);
            json_children(&levels[depth], &value, &levels[depth + 1]);
            depth++;
        }
    }
    json_array_end(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 1 << 16);
    struct json_reader reader;
    struct json_value root;
    if (json_parse(bytes_of(data, size), &arena, &reader, &root)) {
        struct buffer copy = {.limit = 1 << 22};
        copy_values(&reader, &root, &copy);
        if (!copy.failed) {
            struct json_reader again;
            assert(json_parse(buffer_bytes(&copy), &arena, &again, &root) && !again.truncated);
        }
        buffer_finish(&copy);
    }
    arena_finish(&arena);
    return 0;
}
