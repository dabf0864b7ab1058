/* JSON out. Bit `depth` of has_member says whether the container open at that depth has a member
 * already, and so whether the next one needs a comma before it. Misuse (a value without a key,
 * unbalanced ends) is a bug. */
#include "processor/base/json/writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

#include "processor/base/json/json.h"
#include "processor/base/json/number.h"
#include "processor/base/text/utf8.h"

void json_writer_init(struct json_writer *writer, struct buffer *to)
{
    *writer = (struct json_writer){.to = to};
}

static void begin_value(struct json_writer *writer)
{
    uint64_t bit = (uint64_t)1 << writer->depth;
    if (writer->after_key)
        writer->after_key = false;
    else if (writer->depth > 0 && writer->has_member & bit)
        buffer_append_byte(writer->to, ',');
    writer->has_member |= bit;
}

static void open_container(struct json_writer *writer, uint8_t bracket)
{
    begin_value(writer);
    buffer_append_byte(writer->to, bracket);
    assert(writer->depth < JSON_DEPTH_MAX - 1);
    writer->depth++;
    writer->has_member &= ~((uint64_t)1 << writer->depth);
}

static void close_container(struct json_writer *writer, uint8_t bracket)
{
    assert(writer->depth > 0 && !writer->after_key);
    buffer_append_byte(writer->to, bracket);
    writer->depth--;
}

void json_object_begin(struct json_writer *writer)
{
    open_container(writer, '{');
}

void json_object_end(struct json_writer *writer)
{
    close_container(writer, '}');
}

void json_array_begin(struct json_writer *writer)
{
    open_container(writer, '[');
}

void json_array_end(struct json_writer *writer)
{
    close_container(writer, ']');
}

static void append_escaped(struct buffer *to, uint8_t c)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t text[6] = {'\\', c};
    size_t size = 2;
    switch (c) {
    case '"':
    case '\\':
        break;
    case '\n':
        text[1] = 'n';
        break;
    case '\r':
        text[1] = 'r';
        break;
    case '\t':
        text[1] = 't';
        break;
    default:
        memcpy(text + 1, "u00", 3);
        text[4] = (uint8_t)digits[c >> 4];
        text[5] = (uint8_t)digits[c & 15];
        size = 6;
    }
    buffer_append(to, text, size);
}

/* Eight bytes at once: is each printable ASCII and neither a quote nor a backslash? (The tests
 * for "a byte below n" and "a zero byte" of Bit Twiddling Hacks; what they take for special
 * without need is looked at byte by byte.) */
static bool is_plain_word(const uint8_t *at)
{
    const uint64_t ones = UINT64_MAX / 255, tops = ones * 0x80;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t quotes = word ^ ones * '"', backslashes = word ^ ones * '\\';
    uint64_t special = (word - ones * 0x20) | word;
    special |= (quotes - ones) & ~quotes;
    special |= (backslashes - ones) & ~backslashes;
    return (special & tops) == 0;
}

/* Runs that need no change are appended as a whole; most texts are one run. */
static void append_string(struct buffer *to, struct bytes text)
{
    buffer_append_byte(to, '"');
    size_t run = 0, at = 0;
    while (at < text.size) {
        if (text.size - at >= sizeof(uint64_t) && is_plain_word(text.data + at)) {
            at += sizeof(uint64_t);
            continue;
        }
        uint8_t c = text.data[at];
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            at++;
            continue;
        }
        size_t next = at + 1;
        bool is_invalid = c >= 0x80 && utf8_decode(text, at, &next) == 0xfffd && next == at + 1;
        if (c >= 0x80 && !is_invalid) {
            at = next;
            continue;
        }
        buffer_append(to, text.data + run, at - run);
        if (is_invalid)
            buffer_append_text(to, "\xef\xbf\xbd");
        else
            append_escaped(to, c);
        run = at = next;
    }
    if (at > run)
        buffer_append(to, text.data + run, at - run);
    buffer_append_byte(to, '"');
}

void json_key_bytes(struct json_writer *writer, struct bytes key)
{
    assert(writer->depth > 0 && !writer->after_key);
    begin_value(writer);
    append_string(writer->to, key);
    buffer_append_byte(writer->to, ':');
    writer->after_key = true;
}

void json_key(struct json_writer *writer, const char *key)
{
    json_key_bytes(writer, bytes_of_text(key));
}

void json_string(struct json_writer *writer, struct bytes text)
{
    begin_value(writer);
    append_string(writer->to, text);
}

void json_text(struct json_writer *writer, const char *text)
{
    json_string(writer, bytes_of_text(text));
}

void json_uint(struct json_writer *writer, uint64_t value)
{
    begin_value(writer);
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buffer_append(writer->to, digits + at, sizeof digits - at);
}

void json_int(struct json_writer *writer, int64_t value)
{
    if (value >= 0) {
        json_uint(writer, (uint64_t)value);
        return;
    }
    begin_value(writer);
    buffer_printf(writer->to, "%" PRId64, value);
}

void json_double(struct json_writer *writer, double value)
{
    if (!isfinite(value)) {
        json_null(writer);
        return;
    }
    char text[NUMBER_TEXT_SIZE];
    number_format(text, value);
    begin_value(writer);
    buffer_append_text(writer->to, text);
}

void json_bool(struct json_writer *writer, bool value)
{
    begin_value(writer);
    buffer_append_text(writer->to, value ? "true" : "false");
}

void json_null(struct json_writer *writer)
{
    begin_value(writer);
    buffer_append_text(writer->to, "null");
}

void json_raw(struct json_writer *writer, struct bytes json)
{
    assert(json.size > 0);
    begin_value(writer);
    buffer_append_bytes(writer->to, json);
}

void json_put_uint(struct json_writer *writer, const char *key, uint64_t value)
{
    json_key(writer, key);
    json_uint(writer, value);
}

void json_put_int(struct json_writer *writer, const char *key, int64_t value)
{
    json_key(writer, key);
    json_int(writer, value);
}

void json_put_double(struct json_writer *writer, const char *key, double value)
{
    json_key(writer, key);
    json_double(writer, value);
}

void json_put_text(struct json_writer *writer, const char *key, const char *value)
{
    json_key(writer, key);
    json_text(writer, value);
}

void json_put_bytes(struct json_writer *writer, const char *key, struct bytes value)
{
    json_key(writer, key);
    json_string(writer, value);
}

void json_put_bool(struct json_writer *writer, const char *key, bool value)
{
    json_key(writer, key);
    json_bool(writer, value);
}

void json_put_texts(struct json_writer *writer, const char *key, const struct bytes *items,
                    uint32_t count)
{
    json_key(writer, key);
    json_array_begin(writer);
    for (uint32_t i = 0; i < count; i++)
        json_string(writer, items[i]);
    json_array_end(writer);
}

void json_put_hex(struct json_writer *writer, const char *key, const void *data, size_t size)
{
    char text[128];
    assert(2 * size <= sizeof text);
    hex_encode(text, data, size);
    json_put_bytes(writer, key, bytes_of(text, 2 * size));
}
