/* JSON out, into a buffer. The writer puts commas itself. Strings are checked: invalid UTF-8
 * becomes U+FFFD, control characters are escaped. Numbers: shortest decimal that reads back the
 * same; a non-finite one is written as null. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

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
/* A member of an object: its key and value. */
void json_put_uint(struct json_writer *writer, const char *key, uint64_t value);
void json_put_int(struct json_writer *writer, const char *key, int64_t value);
void json_put_double(struct json_writer *writer, const char *key, double value);
void json_put_text(struct json_writer *writer, const char *key, const char *value);
void json_put_bytes(struct json_writer *writer, const char *key, struct bytes value);
void json_put_texts(struct json_writer *writer, const char *key, const struct bytes *items,
                    uint32_t count); /* an array */
/* Lower-case hexadecimal of at most 64 bytes, as ids and digests have. */
void json_put_hex(struct json_writer *writer, const char *key, const void *data, size_t size);
void json_put_bool(struct json_writer *writer, const char *key, bool value);
void json_raw(struct json_writer *writer, struct bytes json); /* one value, already JSON */
