/* Reads what the gate has proved well-formed, so nothing here can fail: broken bytes all the same
 * (a reader was given bytes past the gate) are seen as an early end. JSON is written with a stack
 * of open containers, so depth costs no stack of the machine. */
#include "processor/otlp/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/json/writer.h"
#include "processor/otlp/fields.h"

struct value value_read(struct bytes any_value)
{
    static const enum value_type types[] = {
        VALUE_NONE,   VALUE_STRING, VALUE_BOOL,   VALUE_INT,
        VALUE_DOUBLE, VALUE_ARRAY,  VALUE_KVLIST, VALUE_BYTES,
    };
    struct wire wire = wire_of(any_value);
    struct wire_field field;
    struct value value = {0};
    while (wire_next(&wire, &field)) {
        if (field.number >= sizeof types / sizeof *types)
            continue;
        value = (struct value){.type = types[field.number], .bytes = field.bytes};
        if (value.type == VALUE_BOOL) {
            value.integer = field.value != 0;
        } else if (value.type == VALUE_INT) {
            value.integer = (int64_t)field.value;
            value.number = (double)value.integer;
        } else if (value.type == VALUE_DOUBLE) {
            memcpy(&value.number, &field.value, sizeof value.number);
        }
    }
    return value;
}

struct bytes value_read_member(struct bytes key_value, struct bytes *ret_value)
{
    struct wire wire = wire_of(key_value);
    struct wire_field field;
    struct bytes key = BYTES_LITERAL("");
    *ret_value = (struct bytes){0};
    while (wire_next(&wire, &field)) {
        if (field.type != WIRE_BYTES)
            continue;
        if (field.number == KEY_VALUE_KEY)
            key = field.bytes;
        else if (field.number == KEY_VALUE_VALUE)
            *ret_value = field.bytes;
    }
    return key;
}

struct value_elements value_elements_of(struct value array)
{
    return (struct value_elements){
        wire_of(array.type == VALUE_ARRAY ? array.bytes : (struct bytes){0}),
    };
}

bool value_elements_next(struct value_elements *elements, struct value *ret_value)
{
    struct bytes element;
    if (!wire_next_bytes(&elements->wire, LIST_VALUES, &element))
        return false;
    *ret_value = value_read(element);
    return true;
}

static struct bytes number_text(double number, struct arena *arena)
{
    if (isnan(number))
        return BYTES_LITERAL("NaN");
    if (isinf(number))
        return number > 0 ? BYTES_LITERAL("Infinity") : BYTES_LITERAL("-Infinity");
    char text[NUMBER_TEXT_SIZE];
    number_format(text, number);
    return arena_copy(arena, bytes_of_text(text));
}

static struct bytes integer_text(int64_t integer, struct arena *arena)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, integer);
    return arena_copy(arena, bytes_of_text(text));
}

struct bytes value_text(struct value value, struct arena *arena)
{
    switch (value.type) {
    case VALUE_STRING:
        return value.bytes;
    case VALUE_BOOL:
        return value.integer ? BYTES_LITERAL("true") : BYTES_LITERAL("false");
    case VALUE_INT:
        return integer_text(value.integer, arena);
    case VALUE_DOUBLE:
        return number_text(value.number, arena);
    case VALUE_ARRAY:
    case VALUE_KVLIST:
        return value_json(value, arena);
    case VALUE_NONE:
    case VALUE_BYTES:
        break;
    }
    return (struct bytes){0};
}

enum { OPEN_MAX = JSON_DEPTH_MAX - 1 }; /* as many as the writer takes */

/* The containers that are open while JSON is written, outermost first. */
struct open_values {
    struct {
        struct wire wire;
        bool is_object;
    } items[OPEN_MAX];
    int depth;
};

static void open_container(struct json_writer *writer, struct open_values *open, struct value value)
{
    if (open->depth == OPEN_MAX) {
        json_null(writer);
        return;
    }
    bool is_object = value.type == VALUE_KVLIST;
    open->items[open->depth].wire = wire_of(value.bytes);
    open->items[open->depth].is_object = is_object;
    open->depth++;
    if (is_object)
        json_object_begin(writer);
    else
        json_array_begin(writer);
}

static void write_value(struct json_writer *writer, struct open_values *open, struct value value)
{
    switch (value.type) {
    case VALUE_STRING:
        json_string(writer, value.bytes);
        break;
    case VALUE_BOOL:
        json_bool(writer, value.integer != 0);
        break;
    case VALUE_INT:
        json_int(writer, value.integer);
        break;
    case VALUE_DOUBLE:
        json_double(writer, value.number);
        break;
    case VALUE_ARRAY:
    case VALUE_KVLIST:
        open_container(writer, open, value);
        break;
    case VALUE_NONE:
    case VALUE_BYTES:
        json_null(writer);
        break;
    }
}

/* Writes the next member or element of the innermost container, or closes it. */
static void write_step(struct json_writer *writer, struct open_values *open)
{
    int top = open->depth - 1;
    bool is_object = open->items[top].is_object;
    struct bytes message;
    if (wire_next_bytes(&open->items[top].wire, LIST_VALUES, &message)) {
        if (is_object) {
            struct bytes any_value;
            json_key_bytes(writer, value_read_member(message, &any_value));
            message = any_value;
        }
        write_value(writer, open, value_read(message));
        return;
    }
    open->depth = top;
    if (is_object)
        json_object_end(writer);
    else
        json_array_end(writer);
}

struct bytes value_json(struct value value, struct arena *arena)
{
    struct buffer buffer = {.limit = arena->limit};
    struct json_writer writer;
    struct open_values open;
    open.depth = 0;
    if (!arena_look(arena, value.bytes.size))
        return (struct bytes){0};
    json_writer_init(&writer, &buffer);
    write_value(&writer, &open, value);
    while (open.depth > 0)
        write_step(&writer, &open);
    struct bytes json = {0};
    if (buffer.failed)
        arena->failed = true;
    else
        json = arena_copy(arena, buffer_bytes(&buffer));
    buffer_finish(&buffer);
    return json;
}
