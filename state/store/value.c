/* Reading stops at the first bad field: `at` moves to `end`, so that nothing after it is
 * believed. */
#include "state/store/value.h"

#include <math.h>

void value_reader_init(struct value_reader *reader, struct bytes value)
{
    *reader = (struct value_reader){.at = value.data, .end = value.data + value.size};
}

static bool value_take(struct value_reader *reader, size_t size)
{
    if (reader->failed || (size_t)(reader->end - reader->at) < size) {
        reader->failed = true;
        reader->at = reader->end;
        return false;
    }
    return true;
}

uint8_t value_get_u8(struct value_reader *reader)
{
    return value_take(reader, 1) ? *reader->at++ : 0;
}

uint16_t value_get_be16(struct value_reader *reader)
{
    if (!value_take(reader, 2))
        return 0;
    reader->at += 2;
    return get_be16(reader->at - 2);
}

uint32_t value_get_be32(struct value_reader *reader)
{
    if (!value_take(reader, 4))
        return 0;
    reader->at += 4;
    return get_be32(reader->at - 4);
}

uint64_t value_get_be64(struct value_reader *reader)
{
    if (!value_take(reader, 8))
        return 0;
    reader->at += 8;
    return get_be64(reader->at - 8);
}

uint64_t value_get_varint(struct value_reader *reader)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = value_get_u8(reader);
        if (reader->failed)
            return 0;
        if (shift == 63 && byte > 1)
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return v;
    }
    reader->failed = true;
    reader->at = reader->end;
    return 0;
}

int64_t value_get_signed(struct value_reader *reader)
{
    uint64_t v = value_get_varint(reader);
    uint64_t magnitude = v >> 1;
    return v & 1 ? -(int64_t)magnitude - 1 : (int64_t)magnitude;
}

double value_get_double(struct value_reader *reader)
{
    uint64_t bits = value_get_be64(reader);
    double v;
    memcpy(&v, &bits, sizeof v);
    if (isfinite(v))
        return v;
    reader->failed = true;
    reader->at = reader->end;
    return 0;
}

struct bytes value_get_raw(struct value_reader *reader, size_t size)
{
    if (!value_take(reader, size))
        return bytes_of("", 0);
    reader->at += size;
    return bytes_of(reader->at - size, size);
}

void value_get_copy(struct value_reader *reader, void *to, size_t size)
{
    struct bytes raw = value_get_raw(reader, size);
    if (raw.size > 0)
        memcpy(to, raw.data, raw.size);
}

struct bytes value_get_bytes(struct value_reader *reader)
{
    uint64_t size = value_get_varint(reader);
    if (size > (uint64_t)(reader->end - reader->at)) {
        reader->failed = true;
        reader->at = reader->end;
        return bytes_of("", 0);
    }
    return value_get_raw(reader, (size_t)size);
}

uint64_t value_get_count(struct value_reader *reader, uint64_t limit)
{
    uint64_t count = value_get_varint(reader);
    if (count <= limit)
        return count;
    reader->failed = true;
    reader->at = reader->end;
    return 0;
}

enum status value_reader_finish(const struct value_reader *reader)
{
    return !reader->failed && reader->at == reader->end ? STATUS_OK : STATUS_MALFORMED;
}

void value_put_be16(struct buffer *to, uint16_t v)
{
    uint8_t bytes[2];
    put_be16(bytes, v);
    buffer_append(to, bytes, sizeof bytes);
}

void value_put_be32(struct buffer *to, uint32_t v)
{
    uint8_t bytes[4];
    put_be32(bytes, v);
    buffer_append(to, bytes, sizeof bytes);
}

void value_put_be64(struct buffer *to, uint64_t v)
{
    uint8_t bytes[8];
    put_be64(bytes, v);
    buffer_append(to, bytes, sizeof bytes);
}

void value_put_varint(struct buffer *to, uint64_t v)
{
    uint8_t bytes[10];
    size_t size = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[size++] = (uint8_t)(v | 0x80);
    bytes[size++] = (uint8_t)v;
    buffer_append(to, bytes, size);
}

void value_put_signed(struct buffer *to, int64_t v)
{
    value_put_varint(to, v < 0 ? (uint64_t)~v << 1 | 1 : (uint64_t)v << 1);
}

void value_put_double(struct buffer *to, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    value_put_be64(to, bits);
}

void value_put_bytes(struct buffer *to, struct bytes bytes)
{
    value_put_varint(to, bytes.size);
    buffer_append_bytes(to, bytes);
}
