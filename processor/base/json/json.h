/* JSON without a tree: a pull reader over bytes and a writer into a buffer.
 * The reader is for other people's text: depth is limited to 64, a text cut off in the middle ends
 * the open values and sets `truncated` instead of failing (attribute limits cut JSON mid-string), a
 * lone surrogate becomes U+FFFD, an escaped or raw NUL becomes U+FFFD. Python's NaN, Infinity and
 * -Infinity are read as null. It allocates only for strings that hold escapes, in the arena passed
 * in. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/arena.h"
#include "processor/base/bytes.h"

enum { JSON_DEPTH_MAX = 64 };

enum json_type {
    JSON_END, /* of the text, or of the enclosing object or array for json_next() */
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_BROKEN, /* not JSON from here on */
};

struct json_reader {
    const uint8_t *at, *end;
    struct arena *arena;
    int depth;         /* containers around the current place */
    uint8_t container; /* the bracket that opened the innermost one, 0 for a root reader */
    bool after_first;  /* a comma has to come before the next value */
    bool truncated, broken;
};

/* One value as met. Containers are not entered: `raw` is the text from the bracket on, and is only
 * complete after json_skip(). Walking: json_enter() the container, then json_next() until JSON_END.
 */
struct json_value {
    enum json_type type;
    bool boolean;
    double number;     /* JSON_NUMBER */
    struct bytes text; /* JSON_STRING: unescaped UTF-8; JSON_NUMBER: its literal */
    struct bytes key;  /* member of an object: its name, unescaped */
    struct bytes
        raw; /* the value's own text; for containers complete (the reader has looked ahead) */
};

void json_reader_init(struct json_reader *reader, struct bytes text, struct arena *arena);
/* The next value at the current place: a root value, an element, or a member. Containers are passed
 * over as a whole
 * (`raw` covers them), so a caller enters one with json_children(). JSON_END when the container or
 * text has ended. */
enum json_type json_next(struct json_reader *reader, struct json_value *ret_value);
/* A reader over the members or elements of a container value. */
void json_children(const struct json_reader *reader, const struct json_value *container,
                   struct json_reader *ret_children);
/* Finds a member by name in an object value; false when it is not there (or `object` is no object).
 */
bool json_member(const struct json_reader *reader, const struct json_value *object,
                 const char *name, struct json_value *ret_value);
/* Parses the whole text as one value; false when it is not JSON at all (a plain sentence is not).
 */
bool json_parse(struct bytes text, struct arena *arena, struct json_reader *ret_reader,
                struct json_value *ret_value);

/* The writer puts commas itself. Strings are checked: invalid UTF-8 becomes U+FFFD, control
 * characters are escaped. Numbers: shortest decimal that reads back the same; a non-finite one is
 * written as null. */
struct json_writer {
    struct buffer *to;
    uint64_t has_member; /* bit per depth */
    int depth;
    bool after_key;
};

void json_writer_init(struct json_writer *writer, struct buffer *to);
void json_object_begin(struct json_writer *writer);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer);
void json_array_end(struct json_writer *writer);
void json_key(struct json_writer *writer, const char *key);
void json_key_bytes(struct json_writer *writer, struct bytes key);
void json_string(struct json_writer *writer, struct bytes text);
void json_text(struct json_writer *writer, const char *text);
void json_uint(struct json_writer *writer, uint64_t value);
void json_int(struct json_writer *writer, int64_t value);
void json_double(struct json_writer *writer, double value);
void json_bool(struct json_writer *writer, bool value);
void json_null(struct json_writer *writer);
void json_raw(struct json_writer *writer, struct bytes json); /* one value, already JSON */

/* Shortest decimal of a double that reads back the same ("0.1", "3", "1e+30"), NUL-terminated; a
 * whole number below 1e15 has neither point nor exponent. "NaN", "+Inf", "-Inf" as Prometheus
 * writes them. */
enum { DOUBLE_TEXT_SIZE = 32 };
void double_format(char to[DOUBLE_TEXT_SIZE], double value);
/* Strict decimal parse of all bytes; false for anything else, for hex, inf and nan,
 * and for what is too large for a double. */
MUST_CHECK bool double_parse(struct bytes text, double *ret_value);
