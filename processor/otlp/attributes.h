/* Lazy iterator over attributes in wire bytes: of a span (field 9), a resource (1), a scope (3), a
 * log record (6) or an event (3). No whole span is ever unpacked. Values borrow from the wire
 * bytes. */
#pragma once
#include "processor/otlp/value.h"

enum attribute_owner {
    OF_SPAN = 9,
    OF_RESOURCE = 1,
    OF_SCOPE = 3,
    OF_LOG_RECORD = 6,
    OF_EVENT = 3,
    OF_KEY_VALUE_LIST = 1
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
