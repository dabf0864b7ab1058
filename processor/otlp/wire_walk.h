/* Proves the messages below a span or log record well-formed, over a table of their shapes. One
 * cursor moves forward only; a stack of ends says in which message it stands, so depth costs no
 * stack of the machine.
 *
 *   Event [ ... KeyValue [ key, AnyValue [ ArrayValue [ AnyValue [ ^cursor ] ] ] ] ]
 *         ends, innermost last:                    KeyValue, AnyValue, ArrayValue, AnyValue */
#pragma once
#include "processor/otlp/wire.h"
#include "processor/otlp/wire_limits.h"

enum shape {
    NO_MESSAGE,
    ANY_VALUE,
    ARRAY_VALUE,
    KEY_VALUE_LIST,
    KEY_VALUE,
    RESOURCE,
    ENTITY_REF,
    SCOPE,
    SPAN,
    EVENT,
    LINK,
    STATUS,
    LOG_RECORD,
    SHAPES
};

/* One known field of a message. Another wire type than this makes the request undecodable. */
struct shape_field {
    bool is_known; /* false: a number that is no field of ours, passed over */
    uint8_t type;  /* enum wire_type */
    uint8_t child; /* enum shape of what the bytes hold; NO_MESSAGE for text and ids */
};

enum { SHAPE_FIELDS = 17 };
extern const struct shape_field wire_shapes[SHAPES][SHAPE_FIELDS];

static inline struct shape_field wire_shape_field(enum shape shape, uint32_t number)
{
    return number < SHAPE_FIELDS ? wire_shapes[shape][number] : (struct shape_field){0};
}

/* What a walk adds to, over many walks. */
struct wire_walk {
    const struct wire_gate_limits *limits;
    uint32_t submessages;
    uint32_t
        reasons; /* a bit for each enum wire_gate_reject met; what is over a limit stays unread */
};

/* False: not well-formed. The message itself was counted by the caller. */
bool wire_walk_message(struct wire_walk *walk, struct bytes message, enum shape shape);
/* The same for a KeyValue. */
bool wire_walk_attribute(struct wire_walk *walk, struct bytes key_value);
/* A short way: passes over a run of attributes, fields of this number (< 16), that are written as
 * SDKs write them and hold one scalar each. Stops before whatever is anything else, and returns how
 * many they were. */
uint32_t wire_walk_plain_attributes(struct wire_walk *walk, struct wire *wire, uint32_t number);
/* Marks a NUL in an attribute key or a name. */
void wire_walk_name(struct wire_walk *walk, struct bytes name);

static inline void wire_walk_reject(struct wire_walk *walk, enum wire_gate_reject reason)
{
    walk->reasons |= 1u << reason;
}
