/* One record as the outbox keeps it: what every exporter needs of it, in one frame. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/status.h"

enum { OUTGOING_HEADERS_MAX = 8 };

struct outgoing_header {
    const char *name; /* constant */
    struct bytes value;
};

/* Bytes are borrowed, from the frame once it is decoded. */
struct outgoing {
    struct bytes key;     /* trajectory id, hex */
    struct bytes payload; /* JSON; empty: a topic gets a null value under the key */
    struct bytes otlp;    /* the run's spans as OTLP, for exporters that send those; absent: none */
    struct outgoing_header headers[OUTGOING_HEADERS_MAX];
    uint32_t header_count;
};

void outgoing_encode(const struct outgoing *record, struct buffer *to);
/* MALFORMED when the frame is not one of ours. Header names are interned constants: schema
 * content-type verdict queue revision record_id traceparent. */
MUST_CHECK enum status outgoing_decode(struct bytes frame, struct outgoing *ret_record);
