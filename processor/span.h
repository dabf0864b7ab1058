/* One span as it is kept: what assembly and ordering need, read once by the wire gate, beside its
 * raw wire bytes. Attributes, events and names stay inside `wire` and are read by otlp/attributes
 * when something asks. The trace id is the trajectory's, not the span's. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum { TRACE_ID_SIZE = 16, SPAN_ID_SIZE = 8 };

enum span_status { SPAN_STATUS_UNSET, SPAN_STATUS_OK, SPAN_STATUS_ERROR };

/* Bits 8 and 9 of Span.flags (opentelemetry/proto/trace/v1): is the parent in another process, and
 * is that known. */
#define SPAN_FLAG_PARENT_REMOTE_KNOWN 0x100u
#define SPAN_FLAG_PARENT_REMOTE 0x200u

struct span {
    uint8_t id[SPAN_ID_SIZE];
    uint8_t parent_id[SPAN_ID_SIZE]; /* zeroes when there is none, or it is not known */
    uint64_t start_ns, end_ns;       /* since 1970, as sent; 0: absent */
    uint32_t flags;
    uint32_t dropped_attributes;
    uint32_t resource, scope; /* indexes into the owner's tables: a gated request, a trajectory */
    uint8_t kind;             /* OTLP SpanKind, 0-5 */
    uint8_t status;           /* enum span_status */
    bool has_parent;   /* also when its id was left out: then an id that no span has, zeroes */
    bool has_left_out; /* otlp/left_out.h says what */
    bool is_stub;      /* nothing but ids, times and status is here */
    struct bytes wire; /* the Span message; lives as long as the owner says */
};

/* Is its parent's id known? One that was left out at the door is not. */
static inline bool span_knows_parent(const struct span *span)
{
    static const uint8_t unknown[SPAN_ID_SIZE];
    return span->has_parent && memcmp(span->parent_id, unknown, SPAN_ID_SIZE) != 0;
}

/* Does it end its trajectory? A root: no parent id and an end time. */
static inline bool span_is_root(const struct span *span)
{
    return !span->has_parent && span->end_ns != 0;
}

/* A local root, while the parent is not here. */
static inline bool span_has_remote_parent(const struct span *span)
{
    return span->has_parent && (span->flags & SPAN_FLAG_PARENT_REMOTE_KNOWN) &&
           (span->flags & SPAN_FLAG_PARENT_REMOTE);
}

/* Of two different spans with one id, which counts: the later end, then the larger encoding, then
 * the larger bytes. */
static inline bool span_supersedes(const struct span *candidate, const struct span *kept)
{
    if (candidate->end_ns != kept->end_ns)
        return candidate->end_ns > kept->end_ns;
    if (candidate->wire.size != kept->wire.size)
        return candidate->wire.size > kept->wire.size;
    return bytes_compare(candidate->wire, kept->wire) > 0;
}

/* As its status says. step_has_failed() hears the vendor's own words too. */
static inline bool span_has_failed(const struct span *span)
{
    return span->status == SPAN_STATUS_ERROR;
}

/* False when a time is absent, or the end lies before the start. */
static inline bool span_duration_ns(const struct span *span, uint64_t *ret_ns)
{
    if (span->start_ns == 0 || span->end_ns < span->start_ns)
        return false;
    *ret_ns = span->end_ns - span->start_ns;
    return true;
}

/* Did it begin when the other had ended? Not when nobody knows. */
static inline bool span_follows(const struct span *span, const struct span *earlier)
{
    return earlier->end_ns != 0 && span->start_ns >= earlier->end_ns;
}

/* A log record that may say something about a trajectory: message content, or an evaluation result.
 */
struct log_record {
    uint8_t span_id[SPAN_ID_SIZE]; /* zeroes: about the trajectory as a whole */
    uint64_t time_ns;              /* time, else observed time */
    uint32_t resource, scope;
    struct bytes event_name; /* within wire */
    struct bytes wire;       /* the LogRecord message */
};
