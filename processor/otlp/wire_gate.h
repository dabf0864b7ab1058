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
 * rejected. A Resource or scope over a limit rejects what stands under it. What was rejected for a
 * limit passes after wire_trim() has left out what is over it; only bad ids are final. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/refused_parts.h"
#include "processor/otlp/wire_limits.h"
#include "processor/span.h"

extern const struct wire_gate_limits wire_gate_limits_default;
/* The format's own: what is let in again that was let in once, whatever the limits were. */
extern const struct wire_gate_limits wire_gate_ceilings;
extern const char *const wire_gate_reject_names[WIRE_GATE_REJECTS]; /* metric label values */

struct gated_span {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint32_t next; /* chain of the spans of one shard, set by the receiver; UINT32_MAX ends it */
    struct span span;
};

struct gated_log {
    uint8_t trace_id[TRACE_ID_SIZE]; /* zeroes when absent */
    uint32_t next;
    bool has_ids;  /* a valid trace id is there */
    bool is_known; /* its event name is one that matters (see wire_gate_knows_event) */
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
    uint32_t rejected[WIRE_GATE_REJECTS];
    uint32_t rejected_count;
    struct refused_parts parts; /* the gate fills in the first fault's place and `unrecognized` */
};

enum wire_gate_signal { WIRE_GATE_TRACES, WIRE_GATE_LOGS };

/* Tables are allocated in `arena`; spans point into `request`, which must live as long. MALFORMED:
 * undecodable, and `*ret` is left alone. BUSY: the arena's budget is too small. A request without
 * spans is OK with none. */
MUST_CHECK enum status wire_gate(struct bytes request, enum wire_gate_signal signal,
                                 const struct wire_gate_limits *limits, struct arena *arena,
                                 struct gated_request *ret);

/* Did it hold something, and nothing that could be taken for a span or log record? */
static inline bool wire_gate_is_unrecognized(const struct gated_request *gated)
{
    return gated->parts.unrecognized > 0 &&
           gated->span_count + gated->log_count + gated->rejected_count == 0;
}

/* Event names of log records that say something about a trajectory: gen_ai.* and other packages',
 * by table. */
bool wire_gate_knows_event(struct bytes event_name);
