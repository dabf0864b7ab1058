/* Lazy iterator over attributes in wire bytes: of a span (field 9), a resource (1), a scope (3), a
 * log record (6) or an event (3). No whole span is ever unpacked. Values borrow from the wire
 * bytes. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/wire.h"
#include "processor/span.h"

enum attribute_owner {
    OF_SPAN = 9,
    OF_RESOURCE = 1,
    OF_SCOPE = 3,
    OF_LOG_RECORD = 6,
    OF_EVENT = 3,
    OF_KEY_VALUE_LIST = 1
};

enum value_type {
    VALUE_NONE,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_ARRAY,
    VALUE_KVLIST,
    VALUE_BYTES
};

struct value {
    enum value_type type;
    struct bytes bytes; /* STRING and BYTES: the text; ARRAY: an ArrayValue message; KVLIST: a
                           KeyValueList message */
    int64_t integer;    /* INT, BOOL */
    double number;      /* DOUBLE, and INT converted */
};

struct attribute {
    struct bytes key;
    struct value value;
};

struct attributes {
    struct wire wire;
    uint32_t field;
};

static inline struct attributes attributes_of(struct bytes message, enum attribute_owner owner)
{
    return (struct attributes){wire_of(message), (uint32_t)owner};
}

/* False at the end. Repeated keys are delivered as often as they stand (the last one wins where a
 * reader keeps one). */
bool attributes_next(struct attributes *attributes, struct attribute *ret_attribute);
/* The last attribute of that key; type VALUE_NONE when missing. */
struct value attributes_find(struct bytes message, enum attribute_owner owner, struct bytes key);

/* Reads one AnyValue message. */
struct value value_read(struct bytes any_value);

/* Elements of an ArrayValue. */
struct value_elements {
    struct wire wire;
};
struct value_elements value_elements_of(struct value array);
bool value_elements_next(struct value_elements *elements, struct value *ret_value);

/* The value as text a person reads: strings as they are (borrowed), numbers as shortest decimals,
 * booleans true/false, arrays and lists as JSON, in the arena. Absent for NONE, and for BYTES
 * (base64 serves nobody here). */
struct bytes value_text(struct value value, struct arena *arena);
/* Structured values as JSON text (kvlist: object, array: array), so that one reader serves JSON
 * strings and structured AnyValues alike. Depth was bounded by the gate; deeper than 64 is written
 * as null. */
struct bytes value_json(struct value value, struct arena *arena);

/* Fields of Span, Resource, InstrumentationScope, LogRecord and Event that readers ask for. */
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
