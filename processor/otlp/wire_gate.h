/* One pass over the bytes of an export request; everything untrusted passes here first. It proves
 * the bytes well-formed down to the last attribute (bounds, wire types, nesting, counts), reads ids
 * and times, and slices the request into spans or log records that point into it. Nothing is
 * unpacked and nothing is copied.
 *
 *   request = repeated resource_spans(1)
 *   resource_spans = resource(1), repeated scope_spans(2), schema_url(3)      in any order
 *   scope_spans    = scope(1), repeated span(2), schema_url(3)
 *
 * A request that is not protobuf at all is MALFORMED as a whole. A span that is well-formed but
 * unusable (ids of wrong length or all zero, over a limit) is rejected alone and counted by reason;
 * the others are kept. So are log records without ids, marked; those with ids of another length are
 * rejected. A Resource or scope over a limit rejects what stands under it. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/span.h"

struct gate_limits {
    uint32_t depth_max;           /* nested AnyValue levels, 32 */
    uint32_t spans_max;           /* of a request, 100,000 (likewise log records) */
    uint32_t attributes_max;      /* of a span, 1,024 (likewise events + links) */
    uint32_t attribute_bytes_max; /* key and value together, 1 MiB */
    uint32_t span_bytes_max;      /* 4 MiB */
    uint32_t submessages_max;     /* of a request, 4,000,000: bounds the time; MALFORMED above */
};
extern const struct gate_limits gate_limits_default;

enum gate_reject {
    GATE_BAD_TRACE_ID,
    GATE_BAD_SPAN_ID,
    GATE_TOO_MANY_ATTRIBUTES,
    GATE_TOO_DEEP,
    GATE_TOO_LARGE,
    GATE_BAD_UTF8_NUL, /* a NUL inside an attribute key or a span name */
    GATE_REJECTS
};
extern const char *const gate_reject_names[GATE_REJECTS]; /* metric label values */

struct gated_span {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint32_t next; /* chain of the spans of one shard, set by the receiver; UINT32_MAX ends it */
    struct span span;
};

struct gated_log {
    uint8_t trace_id[TRACE_ID_SIZE]; /* zeroes when absent */
    uint32_t next;
    bool has_ids;  /* a valid trace id is there */
    bool is_known; /* its event name is one that matters (see log_event_is_known) */
    struct log_record log;
};

struct gated_request {
    struct gated_span *spans;
    uint32_t span_count;
    struct gated_log *logs;
    uint32_t log_count;
    struct bytes *resources; /* Resource messages, within the request; empty when absent */
    uint32_t resource_count;
    struct bytes *scopes; /* InstrumentationScope messages */
    uint32_t scope_count;
    uint32_t rejected[GATE_REJECTS];
    uint32_t rejected_count;
};

enum gate_signal { GATE_TRACES, GATE_LOGS };

/* Tables are allocated in `arena`; spans point into `request`, which must live as long. MALFORMED:
 * undecodable, and
 * `*ret` is left alone. BUSY: the arena's budget is too small. A request without spans is OK with
 * none. */
MUST_CHECK enum status wire_gate(struct bytes request, enum gate_signal signal,
                                 const struct gate_limits *limits, struct arena *arena,
                                 struct gated_request *ret);

/* Event names of log records that say something about a trajectory: gen_ai.* and other packages',
 * by table. */
bool log_event_is_known(struct bytes event_name);
