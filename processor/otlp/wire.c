/* The protobuf encoding: a message is a row of fields, each a tag (number << 3 | type) and a value.
 *   varint   7 bits a byte, low bits first      fixed64, fixed32   little-endian
 *   bytes    a varint length, then the bytes (text, and messages within messages) */
#include "processor/otlp/wire.h"

#include <endian.h>

/* Of a 32-bit tag or length; protobuf-c and upb refuse longer ones too. */
enum { SHORT_VARINT_SIZE = 5 };

static uint64_t read_fixed64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof value);
    return le64toh(value);
}

static uint32_t read_fixed32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return le32toh(value);
}

struct wire_varint wire_varint_long(const uint8_t *at, const uint8_t *end)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
        uint8_t byte = *at++;
        if (shift == 63 && byte > 1)
            break; /* The tenth byte holds one bit. */
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return (struct wire_varint){at, value};
    }
    return (struct wire_varint){NULL, 0};
}

static bool broken(struct wire *wire)
{
    wire->broken = true;
    wire->at = wire->end;
    return false;
}

/* Reads the value behind a tag; NULL when it is broken, else the byte behind the value. */
static const uint8_t *read_value(const uint8_t *at, const uint8_t *end, struct wire_field *field)
{
    size_t left = (size_t)(end - at);
    switch (field->type) {
    case WIRE_VARINT: {
        struct wire_varint number = left ? wire_varint_read(at, end) : (struct wire_varint){0};
        field->value = number.value;
        return number.at;
    }
    case WIRE_FIXED64:
        if (left < 8)
            return NULL;
        field->value = read_fixed64(at);
        return at + 8;
    case WIRE_FIXED32:
        if (left < 4)
            return NULL;
        field->value = read_fixed32(at);
        return at + 4;
    case WIRE_BYTES: {
        struct wire_varint size = left ? wire_varint_read(at, end) : (struct wire_varint){0};
        if (!size.at || size.at - at > SHORT_VARINT_SIZE || size.value > (size_t)(end - size.at))
            return NULL;
        field->bytes = bytes_of(size.at, size.value);
        return size.at + size.value;
    }
    }
    return NULL; /* groups, and the two types that do not exist */
}

bool wire_next(struct wire *wire, struct wire_field *ret_field)
{
    if (wire->at == wire->end)
        return false;
    struct wire_varint tag = wire_varint_read(wire->at, wire->end);
    if (!tag.at || tag.at - wire->at > SHORT_VARINT_SIZE || tag.value > UINT32_MAX || tag.value < 8)
        return broken(wire);
    struct wire_field field = {
        .number = (uint32_t)(tag.value >> 3),
        .type = (enum wire_type)(tag.value & 7),
    };
    const uint8_t *next = read_value(tag.at, wire->end, &field);
    if (!next)
        return broken(wire);
    wire->at = next;
    *ret_field = field;
    return true;
}

bool wire_next_bytes(struct wire *wire, uint32_t number, struct bytes *ret_bytes)
{
    struct wire_field field;
    while (wire_next(wire, &field)) {
        if (field.number == number && field.type == WIRE_BYTES) {
            *ret_bytes = field.bytes;
            return true;
        }
    }
    return false;
}

struct bytes wire_find_bytes(struct bytes message, uint32_t number)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    struct bytes found = {0};
    while (wire_next(&wire, &field))
        if (field.number == number && field.type == WIRE_BYTES)
            found = field.bytes;
    return found;
}

uint64_t wire_find_number(struct bytes message, uint32_t number, uint64_t otherwise)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (field.number == number && field.type != WIRE_BYTES)
            otherwise = field.value;
    return otherwise;
}

void wire_put_varint(struct buffer *to, uint64_t value)
{
    uint8_t encoded[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        encoded[size++] = (uint8_t)(value | 0x80);
    encoded[size++] = (uint8_t)value;
    buffer_append(to, encoded, size);
}

void wire_put_tag(struct buffer *to, uint32_t field, enum wire_type type)
{
    wire_put_varint(to, (uint64_t)field << 3 | (unsigned)type);
}

static void put_le(struct buffer *to, uint64_t value, size_t size)
{
    uint8_t encoded[8];
    for (size_t i = 0; i < size; i++)
        encoded[i] = (uint8_t)(value >> 8 * i);
    buffer_append(to, encoded, size);
}

void wire_put_number(struct buffer *to, uint32_t field, uint64_t value)
{
    wire_put_tag(to, field, WIRE_VARINT);
    wire_put_varint(to, value);
}

void wire_put_fixed64(struct buffer *to, uint32_t field, uint64_t value)
{
    wire_put_tag(to, field, WIRE_FIXED64);
    put_le(to, value, 8);
}

void wire_put_fixed32(struct buffer *to, uint32_t field, uint32_t value)
{
    wire_put_tag(to, field, WIRE_FIXED32);
    put_le(to, value, 4);
}

void wire_put_bytes(struct buffer *to, uint32_t field, struct bytes value)
{
    wire_put_tag(to, field, WIRE_BYTES);
    wire_put_varint(to, value.size);
    buffer_append_bytes(to, value);
}

void wire_close_message(struct buffer *to, size_t start)
{
    uint8_t encoded[10];
    size_t size = to->size - start, count = 0;
    if (to->failed)
        return;
    for (uint64_t rest = size; rest > 0 || count == 0; rest >>= 7)
        encoded[count++] = (uint8_t)((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    if (!buffer_reserve(to, count - 1))
        return;
    memmove(to->data + start + count - 1, to->data + start, size);
    memcpy(to->data + start - 1, encoded, count);
    to->size += count - 1;
}
