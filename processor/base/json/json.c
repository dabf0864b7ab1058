/* The pull reader. Text is looked at in two ways:
 *
 *   a root value       scanned strictly once (scan_container), so that everything below it is known
 *                      to be JSON
 *   values inside it   passed over by brackets and quotes alone (pass_container), at the speed of
 *                      memchr
 *
 * Neither recurses: the strict scan keeps one bit a level (object or array) in a word, which is why
 * the depth limit is 64.
 *
 * Cursor rule: `at` stands behind the last value delivered and never passes `end`. */
#include "processor/base/json/json.h"

#include <assert.h>

#include "processor/base/json/number.h"
#include "processor/base/json/string.h"

_Static_assert(JSON_DEPTH_MAX <= 64, "one bit a level");

/* How far a look at the text got. */
enum scan {
    SCAN_COMPLETE,
    SCAN_CUT, /* it is JSON as far as the text goes */
    SCAN_BROKEN,
};

static const uint8_t *skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

static const uint8_t *skip_digits(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?, moving *at behind it. */
static enum scan scan_number(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *p = *at + (**at == '-'), *digits = p;
    p = skip_digits(p, end);
    if (p == digits)
        return p == end ? SCAN_CUT : SCAN_BROKEN;
    if (*digits == '0' && p - digits > 1)
        return SCAN_BROKEN;
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits)
            return p == end ? SCAN_CUT : SCAN_BROKEN;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits)
            return p == end ? SCAN_CUT : SCAN_BROKEN;
    }
    *at = p;
    return SCAN_COMPLETE;
}

/* A number, or one of the literals, moving *at behind it. */
static enum scan scan_scalar(const uint8_t **at, const uint8_t *end, enum json_type *ret_type)
{
    static const struct {
        const char *text;
        enum json_type type;
    } literals[] = {
        {"true", JSON_BOOL}, {"false", JSON_BOOL},    {"null", JSON_NULL},
        {"NaN", JSON_NULL},  {"Infinity", JSON_NULL}, {"-Infinity", JSON_NULL},
    };
    size_t left = (size_t)(end - *at);
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        size_t size = strlen(literals[i].text);
        if (**at != (uint8_t)literals[i].text[0] || (**at == '-' && left > 1 && (*at)[1] != 'I'))
            continue;
        if (memcmp(*at, literals[i].text, left < size ? left : size) != 0)
            return SCAN_BROKEN;
        if (left < size)
            return SCAN_CUT;
        *at += size;
        *ret_type = literals[i].type;
        return SCAN_COMPLETE;
    }
    *ret_type = JSON_NUMBER;
    return scan_number(at, end);
}

/* What the strict scan of a container expects next. */
enum expected {
    EXPECT_VALUE,
    EXPECT_FIRST, /* a first value or key, or the end of an empty container */
    EXPECT_KEY,
    EXPECT_AFTER, /* a comma or the end of the container */
};

struct strict_scan {
    const uint8_t *at, *end;
    uint64_t is_object; /* bit per level */
    int depth, depth_max;
    enum expected expected;
};

static bool in_object(const struct strict_scan *scan)
{
    return scan->is_object >> (scan->depth - 1) & 1;
}

static enum scan scan_string(struct strict_scan *scan)
{
    const uint8_t *quote = json_find_quote(scan->at + 1, scan->end);
    if (quote == scan->end)
        return SCAN_CUT;
    scan->at = quote + 1;
    return SCAN_COMPLETE;
}

static enum scan scan_value(struct strict_scan *scan)
{
    uint8_t c = *scan->at;
    if (c == '{' || c == '[') {
        if (scan->depth == scan->depth_max)
            return SCAN_BROKEN;
        uint64_t bit = (uint64_t)1 << scan->depth++;
        scan->is_object = c == '{' ? scan->is_object | bit : scan->is_object & ~bit;
        scan->at++;
        scan->expected = EXPECT_FIRST;
        return SCAN_COMPLETE;
    }
    scan->expected = EXPECT_AFTER;
    if (c == '"')
        return scan_string(scan);
    enum json_type type;
    enum scan result = scan_scalar(&scan->at, scan->end, &type);
    /* 12 at the very end may have been 1200: no value is better than a wrong one. */
    if (result == SCAN_COMPLETE && type == JSON_NUMBER && scan->at == scan->end)
        result = SCAN_CUT;
    return result;
}

static enum scan scan_key(struct strict_scan *scan)
{
    if (*scan->at != '"')
        return SCAN_BROKEN;
    enum scan result = scan_string(scan);
    if (result != SCAN_COMPLETE)
        return result;
    scan->at = skip_space(scan->at, scan->end);
    if (scan->at == scan->end)
        return SCAN_CUT;
    if (*scan->at++ != ':')
        return SCAN_BROKEN;
    scan->expected = EXPECT_VALUE;
    return SCAN_COMPLETE;
}

static enum scan scan_after(struct strict_scan *scan)
{
    uint8_t c = *scan->at++;
    if (c == ',') {
        scan->expected = in_object(scan) ? EXPECT_KEY : EXPECT_VALUE;
        return SCAN_COMPLETE;
    }
    if (c != (in_object(scan) ? '}' : ']'))
        return SCAN_BROKEN;
    scan->depth--;
    scan->expected = EXPECT_AFTER;
    return SCAN_COMPLETE;
}

static bool is_closing(uint8_t c)
{
    return c == ']' || c == '}';
}

/* From the opening bracket at *at to behind the closing one, or to the end of the text. */
static enum scan scan_container(const uint8_t **at, const uint8_t *end, int depth_max)
{
    struct strict_scan scan = {.at = *at, .end = end, .depth_max = depth_max};
    enum scan result = scan_value(&scan);
    while (result == SCAN_COMPLETE && scan.depth > 0) {
        scan.at = skip_space(scan.at, end);
        if (scan.at == end) {
            result = SCAN_CUT;
            break;
        }
        enum expected expected = scan.expected;
        if (expected == EXPECT_FIRST)
            expected = is_closing(*scan.at) ? EXPECT_AFTER
                       : in_object(&scan)   ? EXPECT_KEY
                                            : EXPECT_VALUE;
        if (expected == EXPECT_AFTER)
            result = scan_after(&scan);
        else
            result = expected == EXPECT_KEY ? scan_key(&scan) : scan_value(&scan);
    }
    *at = result == SCAN_CUT ? end : scan.at;
    return result;
}

/* The same for text that scan_container() has been over. */
static enum scan pass_container(const uint8_t **at, const uint8_t *end)
{
    int depth = 0;
    for (const uint8_t *p = *at; p < end; p++) {
        switch (*p) {
        case '"':
            p = json_find_quote(p + 1, end);
            if (p == end)
                goto cut;
            break;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0) {
                *at = p + 1;
                return SCAN_COMPLETE;
            }
            break;
        default:
            break;
        }
    }
cut:
    *at = end;
    return SCAN_CUT;
}

void json_reader_init(struct json_reader *reader, struct bytes text, struct arena *arena)
{
    static const uint8_t nothing[1];
    if (!text.data)
        text = bytes_of(nothing, 0);
    *reader = (struct json_reader){.at = text.data, .end = text.data + text.size, .arena = arena};
}

/* Moves to the next value or key. False at the end (JSON_END) or where it is no JSON (`broken`). */
static bool move_to_next(struct json_reader *reader)
{
    reader->at = skip_space(reader->at, reader->end);
    if (!reader->container)
        return reader->at < reader->end;
    if (reader->at < reader->end && is_closing(*reader->at))
        return false;
    if (reader->after_first && reader->at < reader->end) {
        if (*reader->at != ',') {
            reader->broken = true;
            return false;
        }
        reader->at = skip_space(reader->at + 1, reader->end);
    }
    if (reader->at == reader->end) {
        reader->truncated = true;
        return false;
    }
    reader->after_first = true;
    return true;
}

/* Moves over `"key" :`. False when the text ends before the value. */
static bool read_key(struct json_reader *reader, struct bytes *ret_body)
{
    const uint8_t *end = reader->end, *quote = end;
    if (*reader->at == '"')
        quote = json_find_quote(reader->at + 1, end);
    if (quote < end)
        *ret_body = bytes_of(reader->at + 1, (size_t)(quote - reader->at - 1));
    const uint8_t *colon = quote < end ? skip_space(quote + 1, end) : end;
    reader->at = colon < end ? skip_space(colon + 1, end) : end;
    if (reader->at < end)
        return true;
    reader->truncated = true;
    return false;
}

static enum json_type end_cut(struct json_reader *reader, struct json_value *value)
{
    reader->at = reader->end;
    reader->truncated = true;
    /* The start of a literal alone ("n", "-") is a word, not JSON. */
    reader->broken = reader->container == 0;
    return value->type = reader->broken ? JSON_BROKEN : JSON_END;
}

static enum json_type end_broken(struct json_reader *reader, struct json_value *value)
{
    reader->broken = true;
    return value->type = JSON_BROKEN;
}

static enum json_type read_string(struct json_reader *reader, struct json_value *value)
{
    const uint8_t *start = reader->at, *quote = json_find_quote(start + 1, reader->end);
    bool is_cut = quote == reader->end;
    reader->at = quote + !is_cut;
    reader->truncated |= is_cut;
    value->raw = bytes_of(start, (size_t)(reader->at - start));
    value->text =
        json_unescape(bytes_of(start + 1, (size_t)(quote - start - 1)), is_cut, reader->arena);
    reader->broken |= !value->text.data;
    return value->type = JSON_STRING;
}

static enum json_type read_container(struct json_reader *reader, struct json_value *value)
{
    const uint8_t *start = reader->at;
    enum scan result = reader->container ? pass_container(&reader->at, reader->end)
                                         : scan_container(&reader->at, reader->end, JSON_DEPTH_MAX);
    if (result == SCAN_BROKEN)
        return end_broken(reader, value);
    reader->truncated |= result == SCAN_CUT;
    value->raw = bytes_of(start, (size_t)(reader->at - start));
    return value->type = *start == '{' ? JSON_OBJECT : JSON_ARRAY;
}

/* The value at `at`, which is not the end. */
static enum json_type read_value(struct json_reader *reader, struct json_value *value)
{
    const uint8_t *start = reader->at;
    if (*start == '"')
        return read_string(reader, value);
    if (*start == '{' || *start == '[')
        return read_container(reader, value);
    enum json_type type;
    enum scan result = scan_scalar(&reader->at, reader->end, &type);
    if (result == SCAN_BROKEN)
        return end_broken(reader, value);
    if (result == SCAN_CUT ||
        (type == JSON_NUMBER && reader->container && reader->at == reader->end))
        return end_cut(reader, value);
    value->type = type;
    value->raw = bytes_of(start, (size_t)(reader->at - start));
    value->boolean = type == JSON_BOOL && *start == 't';
    if (type == JSON_NUMBER) {
        value->text = value->raw;
        if (!number_parse(value->raw, &value->number))
            value->type = JSON_NULL; /* beyond a double, which is as good as Infinity */
    }
    return value->type;
}

/* Counts what lies between `start` and the cursor. A text that costs too much is no JSON from here
 * on, for every reader of the job. */
static bool look(struct json_reader *reader, const uint8_t *start)
{
    if (!reader->arena || arena_look(reader->arena, (size_t)(reader->at - start)))
        return true;
    reader->broken = true;
    return false;
}

enum json_type json_next(struct json_reader *reader, struct json_value *ret_value)
{
    *ret_value = (struct json_value){.type = JSON_END};
    const uint8_t *start = reader->at;
    if (!reader->broken && move_to_next(reader)) {
        struct bytes key = {0};
        if (reader->container == '{') {
            if (!read_key(reader, &key))
                return JSON_END;
            ret_value->key = json_unescape(key, false, reader->arena);
            reader->broken |= !ret_value->key.data;
        }
        enum json_type type = read_value(reader, ret_value);
        return look(reader, start) ? type : end_broken(reader, ret_value);
    }
    return ret_value->type = reader->broken ? JSON_BROKEN : JSON_END;
}

void json_children(const struct json_reader *reader, const struct json_value *container,
                   struct json_reader *ret_children)
{
    if (container->type != JSON_OBJECT && container->type != JSON_ARRAY) {
        json_reader_init(ret_children, (struct bytes){0}, reader->arena);
        return;
    }
    *ret_children = (struct json_reader){
        .at = container->raw.data + 1,
        .end = container->raw.data + container->raw.size,
        .arena = reader->arena,
        .depth = reader->depth + 1,
        .container = container->raw.data[0],
    };
}

/* Moves over the value at `at` without making anything of it. */
static void pass_value(struct json_reader *reader)
{
    if (*reader->at == '{' || *reader->at == '[') {
        (void)pass_container(&reader->at, reader->end);
    } else if (*reader->at == '"') {
        const uint8_t *quote = json_find_quote(reader->at + 1, reader->end);
        reader->at = quote + (quote < reader->end);
    } else {
        enum json_type type;
        if (scan_scalar(&reader->at, reader->end, &type) != SCAN_COMPLETE)
            reader->at = reader->end;
    }
}

bool json_member(const struct json_reader *reader, const struct json_value *object,
                 const char *name, struct json_value *ret_value)
{
    if (object->type != JSON_OBJECT)
        return false;
    struct bytes wanted = bytes_of_text(name), key;
    struct json_reader members;
    json_children(reader, object, &members);
    const uint8_t *start = members.at;
    while (move_to_next(&members) && read_key(&members, &key)) {
        if (!json_string_equal(key, wanted)) {
            pass_value(&members);
            if (!look(&members, start))
                return false;
            start = members.at;
            continue;
        }
        struct json_value value = {.key = wanted};
        enum json_type type = read_value(&members, &value);
        if (!look(&members, start) || type == JSON_END || type == JSON_BROKEN)
            return false;
        *ret_value = value;
        return true;
    }
    return false;
}

bool json_parse(struct bytes text, struct arena *arena, struct json_reader *ret_reader,
                struct json_value *ret_value)
{
    json_reader_init(ret_reader, text, arena);
    enum json_type type = json_next(ret_reader, ret_value);
    if (type == JSON_END || type == JSON_BROKEN)
        return false;
    return skip_space(ret_reader->at, ret_reader->end) == ret_reader->end;
}
