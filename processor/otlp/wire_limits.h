/* What the gate lets through of an export request, and why it refuses an item alone or a part
 * of it is left out. The gate, the walk below the items and the trim ask the same limits and
 * give the same reasons. */
#pragma once
#include <stdint.h>

enum { WALK_DEPTH_MAX = 64 }; /* the largest depth_max that the walk has room for */

/* The largest request that any receiver takes, after decompression; the top of their options. */
#define WIRE_REQUEST_BYTES_MAX ((size_t)1 << 30)

struct wire_gate_limits {
    uint32_t depth_max;           /* nested AnyValue levels, 32 */
    uint32_t spans_max;           /* of a request, 100,000 (likewise log records) */
    uint32_t attributes_max;      /* of a span, 1,024 (likewise events + links) */
    uint32_t attribute_bytes_max; /* key and value together, 1 MiB */
    uint32_t span_bytes_max;      /* 4 MiB */
    uint32_t submessages_max;     /* of a request, 4,000,000: bounds the time; MALFORMED above */
};

enum wire_gate_reject {
    WIRE_GATE_BAD_TRACE_ID,
    WIRE_GATE_BAD_SPAN_ID,
    WIRE_GATE_TOO_MANY_ATTRIBUTES,
    WIRE_GATE_TOO_DEEP,
    WIRE_GATE_TOO_LARGE,
    WIRE_GATE_BAD_UTF8_NUL, /* a NUL inside an attribute key or a span name */
    WIRE_GATE_BAD_PARENT_ID,
    WIRE_GATE_BAD_VALUE, /* JSON: no value of the member's type */
    WIRE_GATE_REJECTS
};
