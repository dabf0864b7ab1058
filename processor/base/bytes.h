/* Borrowed bytes, and a growing buffer with a sticky failure.
 * `struct bytes` owns nothing: whoever hands one out says how long it lives. Text is bytes too:
 * never NUL-terminated, and UTF-8 only where a function says so. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "processor/base/status.h"

struct bytes {
    const uint8_t *data; /* NULL stands for absent; present but empty has a non-NULL pointer */
    size_t size;
};

#define BYTES_LITERAL(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

static inline struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of_text(text));
}

/* memcmp order, a shorter prefix first. */
int bytes_compare(struct bytes a, struct bytes b);

static inline bool bytes_starts_with(struct bytes a, struct bytes prefix)
{
    return a.size >= prefix.size &&
           (prefix.size == 0 || memcmp(a.data, prefix.data, prefix.size) == 0);
}

/* Bytes that grow. The first failed growth (no memory, or over `limit`) sets `failed`; later
 * appends do nothing, so an encoder writes on and its caller checks once. A zeroed struct is an
 * empty buffer without a limit. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit; /* bytes; 0: none */
    bool failed;
    bool no_memory; /* it failed for that, not for its limit */
};

void buffer_finish(struct buffer *buffer);
void buffer_clear(struct buffer *buffer);                /* keeps the memory, resets failures */
void buffer_cool(struct buffer *buffer, size_t most);    /* the same, and keeps no more than that */
bool buffer_reserve(struct buffer *buffer, size_t more); /* room for `more` bytes behind size */
void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_printf(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data ? buffer->data : (const uint8_t *)"", buffer->size};
}

/* Explicit encodings of numbers; every byte order in the program is written with these. */
static inline void put_be16(uint8_t *to, uint16_t v)
{
    to[0] = (uint8_t)(v >> 8), to[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *to, uint32_t v)
{
    put_be16(to, (uint16_t)(v >> 16)), put_be16(to + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t *to, uint64_t v)
{
    put_be32(to, (uint32_t)(v >> 32)), put_be32(to + 4, (uint32_t)v);
}

static inline uint16_t get_be16(const uint8_t *from)
{
    return (uint16_t)((uint16_t)from[0] << 8 | from[1]);
}

static inline uint32_t get_be32(const uint8_t *from)
{
    return (uint32_t)get_be16(from) << 16 | get_be16(from + 2);
}

static inline uint64_t get_be64(const uint8_t *from)
{
    return (uint64_t)get_be32(from) << 32 | get_be32(from + 4);
}

/* Lower-case hexadecimal of `size` bytes into 2*size chars, no NUL. */
void hex_encode(char *to, const uint8_t *from, size_t size);
/* Reads 2*size digits of either case. False when one is no digit. */
MUST_CHECK bool hex_decode(uint8_t *to, const char *from, size_t size);
