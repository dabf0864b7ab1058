/* An AnyValue as it stands on the wire, and what a reader makes of it. It borrows from the wire
 * bytes.
 *
 *   AnyValue     = one of string(1) bool(2) int(3) double(4) array(5) kvlist(6) bytes(7)
 *   ArrayValue   = repeated AnyValue(1)
 *   KeyValueList = repeated KeyValue(1)
 *   KeyValue     = key(1), value(2: AnyValue) */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/wire.h"

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

/* Reads one AnyValue message. */
struct value value_read(struct bytes any_value);

/* Key and value of a KeyValue message; the value is absent where it is not set. */
struct bytes value_read_member(struct bytes key_value, struct bytes *ret_value);

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
