/* The frame of a record in the outbox, so that the store keeps one value and no emitter rebuilds
 * headers:
 *
 *   byte version | be16 size, key | byte count | count x (byte name, be16 size, value)
 *                | be32 size, payload | version 2: be32 size, otlp
 *
 * A header name is its index in the table below, which only grows. */
#include "processor/emit/outgoing.h"

#include <assert.h>

enum { FRAME_VERSION = 1, FRAME_VERSION_OTLP = 2 };

static const char *const header_names[] = {
    "schema", "content-type", "verdict", "queue", "revision", "record_id", "traceparent",
};
enum { HEADER_NAMES = sizeof header_names / sizeof *header_names };

static uint8_t header_index(const char *name)
{
    uint8_t i = 0;
    while (i < HEADER_NAMES && strcmp(header_names[i], name) != 0)
        i++;
    assert(i < HEADER_NAMES); /* the caller names only headers of the table */
    return i;
}

static void append_short(struct buffer *to, struct bytes value)
{
    assert(value.size <= UINT16_MAX);
    uint8_t size[2];
    put_be16(size, (uint16_t)value.size);
    buffer_append(to, size, sizeof size);
    buffer_append_bytes(to, value);
}

static void append_long(struct buffer *to, struct bytes value)
{
    assert(value.size <= UINT32_MAX);
    uint8_t size[4];
    put_be32(size, (uint32_t)value.size);
    buffer_append(to, size, sizeof size);
    buffer_append_bytes(to, value);
}

void outgoing_encode(const struct outgoing *record, struct buffer *to)
{
    assert(record->header_count <= OUTGOING_HEADERS_MAX);
    buffer_append_byte(to, record->otlp.data ? FRAME_VERSION_OTLP : FRAME_VERSION);
    append_short(to, record->key);
    buffer_append_byte(to, (uint8_t)record->header_count);
    for (uint32_t i = 0; i < record->header_count; i++) {
        buffer_append_byte(to, header_index(record->headers[i].name));
        append_short(to, record->headers[i].value);
    }
    append_long(to, record->payload);
    if (record->otlp.data)
        append_long(to, record->otlp);
}

/* What is left of a frame; the first read past its end sets `broken`. */
struct frame {
    const uint8_t *at, *end;
    bool broken;
};

static struct bytes take(struct frame *frame, size_t size)
{
    if (frame->broken || (size_t)(frame->end - frame->at) < size) {
        frame->broken = true;
        return (struct bytes){0};
    }
    struct bytes taken = {frame->at, size};
    frame->at += size;
    return taken;
}

static uint8_t take_byte(struct frame *frame)
{
    struct bytes taken = take(frame, 1);
    return taken.data ? taken.data[0] : 0;
}

static struct bytes take_long(struct frame *frame)
{
    struct bytes size = take(frame, 4);
    return size.data ? take(frame, get_be32(size.data)) : size;
}

static struct bytes take_short(struct frame *frame)
{
    struct bytes size = take(frame, 2);
    return size.data ? take(frame, get_be16(size.data)) : size;
}

enum status outgoing_decode(struct bytes bytes, struct outgoing *ret_record)
{
    struct frame frame = {bytes.data, bytes.size ? bytes.data + bytes.size : bytes.data, false};
    struct outgoing record = {0};
    uint8_t version = take_byte(&frame);
    if (version != FRAME_VERSION && version != FRAME_VERSION_OTLP)
        return STATUS_MALFORMED;
    record.key = take_short(&frame);
    record.header_count = take_byte(&frame);
    if (record.header_count > OUTGOING_HEADERS_MAX)
        return STATUS_MALFORMED;
    for (uint32_t i = 0; i < record.header_count; i++) {
        uint8_t name = take_byte(&frame);
        if (name >= HEADER_NAMES)
            return STATUS_MALFORMED;
        record.headers[i].name = header_names[name];
        record.headers[i].value = take_short(&frame);
    }
    record.payload = take_long(&frame);
    if (version == FRAME_VERSION_OTLP)
        record.otlp = take_long(&frame);
    if (frame.broken || frame.at != frame.end)
        return STATUS_MALFORMED;
    *ret_record = record;
    return STATUS_OK;
}
