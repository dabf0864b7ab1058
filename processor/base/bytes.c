/* Growth of the buffer and the two hexadecimal directions.
 * Invariant of a buffer: size <= capacity, and size <= limit when there is one; once `failed`,
 * nothing is added. */
#include "processor/base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common ? memcmp(a.data, b.data, common) : 0;
    if (order)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

void buffer_finish(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_cool(struct buffer *buffer, size_t most)
{
    if (buffer->capacity > most)
        buffer_finish(buffer);
    else
        buffer_clear(buffer);
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = buffer->no_memory = false;
}

bool buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    size_t limit = buffer->limit ? buffer->limit : SIZE_MAX / 2;
    if (buffer->size > limit || more > limit - buffer->size) {
        buffer->failed = true;
        return false;
    }
    size_t needed = buffer->size + more;
    if (needed <= buffer->capacity)
        return true;
    /* Doubling keeps appends linear in all; the limit caps the last step, so that a limit is also a
     * memory bound. */
    size_t capacity = buffer->capacity ? buffer->capacity * 2 : 256;
    if (capacity < needed)
        capacity = needed;
    if (capacity > limit)
        capacity = limit;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = buffer->no_memory = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    if (size == 0 || !buffer_reserve(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_append(buffer, bytes.data, bytes.size);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    if (buffer->size < buffer->capacity && !buffer->failed)
        buffer->data[buffer->size++] = byte;
    else
        buffer_append(buffer, &byte, 1);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    assert(length >= 0);
    size_t size = (size_t)length;
    if (size < sizeof small) {
        buffer_append(buffer, small, size);
        return;
    }
    char *large = malloc(size + 1);
    if (!large) {
        buffer->failed = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(large, size + 1, format, arguments);
    va_end(arguments);
    buffer_append(buffer, large, size);
    free(large);
}

void hex_encode(char *to, const uint8_t *from, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digits[from[i] >> 4];
        to[2 * i + 1] = digits[from[i] & 15];
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(uint8_t *to, const char *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = hex_digit(from[2 * i]), low = hex_digit(from[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
