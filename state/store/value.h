/* Fields of a stored value, one after the other. The writer appends to a buffer (whose failure is
 * sticky); the reader never leaves its bytes: the first field that isn't there, or isn't well
 * formed, sets `failed`, and from then on every field reads as zero. Unsigned varints are LEB128,
 * signed ones zigzag. */
#pragma once
#include "processor/base/bytes.h"

struct value_reader {
    const uint8_t *at, *end;
    bool failed;
};

void value_reader_init(struct value_reader *reader, struct bytes value);
uint8_t value_get_u8(struct value_reader *reader);
uint16_t value_get_be16(struct value_reader *reader);
uint32_t value_get_be32(struct value_reader *reader);
uint64_t value_get_be64(struct value_reader *reader);
uint64_t value_get_varint(struct value_reader *reader);
int64_t value_get_signed(struct value_reader *reader);
double value_get_double(struct value_reader *reader);                 /* finite, or it failed */
struct bytes value_get_raw(struct value_reader *reader, size_t size); /* borrowed */
/* The same, copied; `to` stays as it was when it failed. */
void value_get_copy(struct value_reader *reader, void *to, size_t size);
struct bytes value_get_bytes(struct value_reader *reader);             /* varint length, bytes */
uint64_t value_get_count(struct value_reader *reader, uint64_t limit); /* above it: failed */
/* OK when every byte was read and nothing failed, else MALFORMED. */
MUST_CHECK enum status value_reader_finish(const struct value_reader *reader);

/* Sums that wrap around instead of being undefined: what is taken back later comes out exact. */
static inline int64_t value_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void value_put_be16(struct buffer *to, uint16_t v);
void value_put_be32(struct buffer *to, uint32_t v);
void value_put_be64(struct buffer *to, uint64_t v);
void value_put_varint(struct buffer *to, uint64_t v);
void value_put_signed(struct buffer *to, int64_t v);
void value_put_double(struct buffer *to, double v);
void value_put_bytes(struct buffer *to, struct bytes bytes);
