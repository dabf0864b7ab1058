/* Fields of Span, InstrumentationScope and LogRecord that readers ask for now and then, found in
 * the wire bytes when they are asked for. */
#pragma once
#include "processor/otlp/value.h"
#include "processor/span.h"

struct bytes span_name(const struct span *span);
struct bytes span_trace_state(const struct span *span);
struct bytes span_status_message(const struct span *span);
struct bytes scope_name(struct bytes scope);
struct value log_body(const struct log_record *log);

struct span_event {
    struct bytes name;
    uint64_t time_ns;
    struct bytes wire; /* Event message; attributes with OF_EVENT */
};
struct span_events {
    struct wire wire;
};
struct span_events span_events_of(const struct span *span);
bool span_events_next(struct span_events *events, struct span_event *ret_event);

struct span_link {
    uint8_t trace_id[TRACE_ID_SIZE];
    uint8_t span_id[SPAN_ID_SIZE];
};
struct span_links {
    struct wire wire;
};
struct span_links span_links_of(const struct span *span);
bool span_links_next(struct span_links *links, struct span_link *ret_link);
