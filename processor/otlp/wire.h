/* Cursor over protobuf wire bytes. Every read is bounded; the first broken byte sets `broken` and
 * ends the walk, so a reader loops on wire_next() and looks at `broken` once. Field number 0,
 * groups (wire types 3 and 4), varints of more than ten bytes and lengths past the end are broken.
 */
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
    return (struct wire){message.data, message.data + message.size, false};
}

/* False at the end, or when broken. */
bool wire_next(struct wire *wire, struct wire_field *ret_field);
/* The last occurrence of a field (protobuf: last one wins), absent when missing or of another type.
 */
struct bytes wire_find_bytes(struct bytes message, uint32_t number);
uint64_t wire_find_number(struct bytes message, uint32_t number, uint64_t otherwise);

/* Writing, for the few messages that we frame ourselves. */
void wire_put_varint(struct buffer *to, uint64_t value);
void wire_put_number(struct buffer *to, uint32_t field, uint64_t value);
void wire_put_fixed64(struct buffer *to, uint32_t field, uint64_t value);
void wire_put_bytes(struct buffer *to, uint32_t field, struct bytes value);
