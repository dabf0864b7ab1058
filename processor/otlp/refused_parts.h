/* What was wrong with parts of a request that was taken in all the same: how much was left out,
 * why, and where the first of it stands. It goes to the sender and to counters; what the judge has
 * to know of it is noted in the spans themselves (left_out.h). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/otlp/wire_limits.h"

enum { PLACE_SIZE = 192 };

struct refused_parts {
    uint32_t left_out[WIRE_GATE_REJECTS]; /* parts of spans and log records, by reason */
    uint32_t left_out_count;
    uint32_t stubs;        /* spans of which ids, times and status alone were kept */
    uint32_t unrecognized; /* fields above the spans that say nothing to us */
    bool has_place;        /* of the first fault: */
    bool is_converted;     /* the offset counts in the protobuf that was made of JSON */
    uint64_t offset;
    char place[PLACE_SIZE]; /* "resourceSpans[0].scopeSpans[0].spans[3].parentSpanId" */
};

static inline void refused_parts_count(struct refused_parts *parts, enum wire_gate_reject reason)
{
    parts->left_out[reason]++;
    parts->left_out_count++;
}
