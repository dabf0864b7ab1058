/* Cursor over protobuf wire bytes. Every read is bounded; the first broken byte sets `broken` and
 * ends the walk, so a reader loops on wire_next() and looks at `broken` once. Field number 0,
 * groups (wire types 3 and 4), varints of more than ten bytes, tags and lengths of more than five
 * and lengths past the end are broken. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire {
    const uint8_t *at, *end;
    bool broken;
};

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;     /* varint and fixed types */
    struct bytes bytes; /* WIRE_BYTES: borrowed from the message */
};

static inline struct wire wire_of(struct bytes message)
{
    return (struct wire){message.data, message.size ? message.data + message.size : message.data,
                         false};
}

/* False at the end, or when broken. */
bool wire_next(struct wire *wire, struct wire_field *ret_field);
/* The next length-delimited field of that number; other fields are passed over. */
bool wire_next_bytes(struct wire *wire, uint32_t number, struct bytes *ret_bytes);
/* The last occurrence of a field (protobuf: last one wins); absent: missing, or of another type. */
struct bytes wire_find_bytes(struct bytes message, uint32_t number);
uint64_t wire_find_number(struct bytes message, uint32_t number, uint64_t otherwise);

/* A varint and the byte behind it. Returned by value, so that a cursor stays in registers where it
 * is inlined. */
struct wire_varint {
    const uint8_t *at; /* NULL: broken */
    uint64_t value;
};
struct wire_varint wire_varint_long(const uint8_t *at, const uint8_t *end);

/* Tags and most lengths have one byte, lengths of texts two. Needs at < end. */
static inline struct wire_varint wire_varint_read(const uint8_t *at, const uint8_t *end)
{
    if (at[0] < 0x80)
        return (struct wire_varint){at + 1, at[0]};
    if (end - at >= 2 && at[1] < 0x80)
        return (struct wire_varint){at + 2, (uint64_t)(at[0] & 0x7f) | (uint64_t)at[1] << 7};
    return wire_varint_long(at, end);
}

/* Writing, for the few messages that we frame ourselves. */
void wire_put_varint(struct buffer *to, uint64_t value);
void wire_put_tag(struct buffer *to, uint32_t field, enum wire_type type);
void wire_put_number(struct buffer *to, uint32_t field, uint64_t value);
void wire_put_fixed64(struct buffer *to, uint32_t field, uint64_t value);
void wire_put_fixed32(struct buffer *to, uint32_t field, uint32_t value);
void wire_put_bytes(struct buffer *to, uint32_t field, struct bytes value);
/* Fills in the size of a message that ends here. It was begun with its tag and one byte left free
 * for the size; `start` is behind that byte. A longer size moves the message up. */
void wire_close_message(struct buffer *to, size_t start);
