/* The last of a repeated scalar wins, as protobuf has it; lists are walked in their order. */
#include "processor/otlp/span_fields.h"

#include "processor/otlp/fields.h"

struct bytes span_name(const struct span *span)
{
    return wire_find_bytes(span->wire, SPAN_NAME);
}

struct bytes span_trace_state(const struct span *span)
{
    return wire_find_bytes(span->wire, SPAN_TRACE_STATE);
}

struct bytes span_status_message(const struct span *span)
{
    return wire_find_bytes(wire_find_bytes(span->wire, SPAN_STATUS), STATUS_MESSAGE);
}

struct bytes scope_name(struct bytes scope)
{
    return wire_find_bytes(scope, SCOPE_NAME);
}

struct value log_body(const struct log_record *log)
{
    return value_read(wire_find_bytes(log->wire, LOG_BODY));
}

struct span_events span_events_of(const struct span *span)
{
    return (struct span_events){wire_of(span->wire)};
}

bool span_events_next(struct span_events *events, struct span_event *ret_event)
{
    struct bytes event;
    if (!wire_next_bytes(&events->wire, SPAN_EVENTS, &event))
        return false;
    struct bytes name = wire_find_bytes(event, EVENT_NAME);
    *ret_event = (struct span_event){
        .name = name.data ? name : BYTES_LITERAL(""),
        .time_ns = wire_find_number(event, EVENT_TIME, 0),
        .wire = event,
    };
    return true;
}

struct span_links span_links_of(const struct span *span)
{
    return (struct span_links){wire_of(span->wire)};
}

/* A link whose ids have another length leads nowhere and is passed over. */
bool span_links_next(struct span_links *links, struct span_link *ret_link)
{
    struct bytes link;
    while (wire_next_bytes(&links->wire, SPAN_LINKS, &link)) {
        struct bytes trace_id = wire_find_bytes(link, LINK_TRACE_ID);
        struct bytes span_id = wire_find_bytes(link, LINK_SPAN_ID);
        if (trace_id.size != TRACE_ID_SIZE || span_id.size != SPAN_ID_SIZE)
            continue;
        memcpy(ret_link->trace_id, trace_id.data, TRACE_ID_SIZE);
        memcpy(ret_link->span_id, span_id.data, SPAN_ID_SIZE);
        return true;
    }
    return false;
}
