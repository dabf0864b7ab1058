/* JSON without a tree: a pull reader over bytes, for other people's text. Depth is limited to 64, a
 * text cut off in the middle ends the open values and sets `truncated` instead of failing
 * (attribute limits cut JSON mid-string), a lone surrogate becomes U+FFFD, an escaped or raw NUL
 * becomes U+FFFD. Python's NaN, Infinity and -Infinity are read as null. It allocates only for
 * strings that hold escapes, in the arena passed in. */
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

/* One value as met. Containers are not entered: walk one with json_children(), then json_next()
 * until JSON_END. */
struct json_value {
    enum json_type type;
    bool boolean;
    double number;     /* JSON_NUMBER */
    struct bytes text; /* JSON_STRING: unescaped UTF-8; JSON_NUMBER: its literal */
    struct bytes key;  /* member of an object: its name, unescaped */
    struct bytes raw;  /* its own text; of containers complete (the reader has looked ahead) */
};

void json_reader_init(struct json_reader *reader, struct bytes text, struct arena *arena);
/* The next value at the current place: a root value, an element, or a member. Containers are passed
 * over as a whole (`raw` covers them). JSON_END when the container or text has ended. */
enum json_type json_next(struct json_reader *reader, struct json_value *ret_value);
/* A reader over the members or elements of a container value. */
void json_children(const struct json_reader *reader, const struct json_value *container,
                   struct json_reader *ret_children);
/* Finds a member by name in an object value; false when it is not there (or `object` is no
 * object). */
bool json_member(const struct json_reader *reader, const struct json_value *object,
                 const char *name, struct json_value *ret_value);
/* Parses the whole text as one value; false when it is not JSON at all (a plain sentence
 * is not). */
bool json_parse(struct bytes text, struct arena *arena, struct json_reader *ret_reader,
                struct json_value *ret_value);
