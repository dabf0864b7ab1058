/* The shapes are data: a row for each message, a column for each field number. */
#include "processor/otlp/wire_walk.h"

#include <assert.h>

#include "processor/otlp/fields.h"

/* clang-format off */
#define NUMBER {true, WIRE_VARINT, NO_MESSAGE}
#define FIXED32 {true, WIRE_FIXED32, NO_MESSAGE}
#define FIXED64 {true, WIRE_FIXED64, NO_MESSAGE}
#define TEXT {true, WIRE_BYTES, NO_MESSAGE}
#define MESSAGE(shape) {true, WIRE_BYTES, shape}

const struct shape_field wire_shapes[SHAPES][SHAPE_FIELDS] = {
    [ANY_VALUE] = {
        [ANY_STRING] = TEXT, [ANY_BOOL] = NUMBER, [ANY_INT] = NUMBER, [ANY_DOUBLE] = FIXED64,
        [ANY_ARRAY] = MESSAGE(ARRAY_VALUE), [ANY_KVLIST] = MESSAGE(KEY_VALUE_LIST),
        [ANY_BYTES] = TEXT, [ANY_STRING_INDEX] = NUMBER,
    },
    [ARRAY_VALUE] = {
        [LIST_VALUES] = MESSAGE(ANY_VALUE),
    },
    [KEY_VALUE_LIST] = {
        [LIST_VALUES] = MESSAGE(KEY_VALUE),
    },
    [KEY_VALUE] = {
        [KEY_VALUE_KEY] = TEXT, [KEY_VALUE_VALUE] = MESSAGE(ANY_VALUE),
        [KEY_VALUE_KEY_INDEX] = NUMBER,
    },
    [RESOURCE] = {
        [RESOURCE_ATTRIBUTES] = MESSAGE(KEY_VALUE), [RESOURCE_DROPPED_ATTRIBUTES] = NUMBER,
        [RESOURCE_ENTITY_REFS] = MESSAGE(ENTITY_REF),
    },
    [ENTITY_REF] = {
        [ENTITY_SCHEMA_URL] = TEXT, [ENTITY_TYPE] = TEXT, [ENTITY_ID_KEYS] = TEXT,
        [ENTITY_DESCRIPTION_KEYS] = TEXT,
    },
    [SCOPE] = {
        [SCOPE_NAME] = TEXT, [SCOPE_VERSION] = TEXT, [SCOPE_ATTRIBUTES] = MESSAGE(KEY_VALUE),
        [SCOPE_DROPPED_ATTRIBUTES] = NUMBER,
    },
    [SPAN] = {
        [SPAN_TRACE_ID] = TEXT, [SPAN_SPAN_ID] = TEXT, [SPAN_TRACE_STATE] = TEXT,
        [SPAN_PARENT_SPAN_ID] = TEXT, [SPAN_NAME] = TEXT, [SPAN_KIND] = NUMBER,
        [SPAN_START_TIME] = FIXED64, [SPAN_END_TIME] = FIXED64,
        [SPAN_ATTRIBUTES] = MESSAGE(KEY_VALUE), [SPAN_DROPPED_ATTRIBUTES] = NUMBER,
        [SPAN_EVENTS] = MESSAGE(EVENT), [SPAN_DROPPED_EVENTS] = NUMBER,
        [SPAN_LINKS] = MESSAGE(LINK), [SPAN_DROPPED_LINKS] = NUMBER,
        [SPAN_STATUS] = MESSAGE(STATUS), [SPAN_FLAGS] = FIXED32,
    },
    [EVENT] = {
        [EVENT_TIME] = FIXED64, [EVENT_NAME] = TEXT, [EVENT_ATTRIBUTES] = MESSAGE(KEY_VALUE),
        [EVENT_DROPPED_ATTRIBUTES] = NUMBER,
    },
    [LINK] = {
        [LINK_TRACE_ID] = TEXT, [LINK_SPAN_ID] = TEXT, [LINK_TRACE_STATE] = TEXT,
        [LINK_ATTRIBUTES] = MESSAGE(KEY_VALUE), [LINK_DROPPED_ATTRIBUTES] = NUMBER,
        [LINK_FLAGS] = FIXED32,
    },
    [STATUS] = {
        [STATUS_MESSAGE] = TEXT, [STATUS_CODE] = NUMBER,
    },
    [LOG_RECORD] = {
        [LOG_TIME] = FIXED64, [LOG_SEVERITY_NUMBER] = NUMBER, [LOG_SEVERITY_TEXT] = TEXT,
        [LOG_BODY] = MESSAGE(ANY_VALUE), [LOG_ATTRIBUTES] = MESSAGE(KEY_VALUE),
        [LOG_DROPPED_ATTRIBUTES] = NUMBER, [LOG_FLAGS] = FIXED32, [LOG_TRACE_ID] = TEXT,
        [LOG_SPAN_ID] = TEXT, [LOG_OBSERVED_TIME] = FIXED64, [LOG_EVENT_NAME] = TEXT,
    },
};
/* clang-format on */

/* Tests eight bytes at a time: a memchr() for each key would cost more than the rest of the
 * attribute. */
static inline bool has_nul(const uint8_t *text, size_t size)
{
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t found = 0, eight;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        memcpy(&eight, text + i, 8);
        found |= (eight - ones) & ~eight & highs;
    }
    if (size >= 8) { /* the rest, overlapping what was tested */
        memcpy(&eight, text + size - 8, 8);
        return (found | ((eight - ones) & ~eight & highs)) != 0;
    }
    for (; i < size; i++)
        found |= text[i] == 0;
    return found != 0;
}

void wire_walk_name(struct wire_walk *walk, struct bytes name)
{
    if (has_nul(name.data, name.size))
        wire_walk_reject(walk, WIRE_GATE_BAD_UTF8_NUL);
}

/* The messages that the cursor stands in. A level of AnyValue adds at most three: kvlist, KeyValue,
 * AnyValue. */
struct open_messages {
    struct {
        const uint8_t *end;
        enum shape shape;
    } items[3 * WALK_DEPTH_MAX + 4];
    int count;
    uint32_t values;     /* how many of them are AnyValues */
    uint32_t attributes; /* met so far, those inside values left out */
};

static void open_message(struct open_messages *open, const uint8_t *end, enum shape shape)
{
    assert(open->count < (int)(sizeof open->items / sizeof *open->items));
    open->items[open->count].end = end;
    open->items[open->count].shape = shape;
    open->count++;
    open->values += shape == ANY_VALUE;
}

/* False when the message is over a limit: it rejects the item and stays unread. */
static bool is_within_limits(struct wire_walk *walk, struct open_messages *open, enum shape parent,
                             enum shape child, size_t size)
{
    walk->submessages++;
    if (child == ANY_VALUE && open->values >= walk->limits->depth_max) {
        wire_walk_reject(walk, WIRE_GATE_TOO_DEEP);
        return false;
    }
    if (child != KEY_VALUE)
        return true;
    if (parent != KEY_VALUE_LIST && ++open->attributes > walk->limits->attributes_max) {
        wire_walk_reject(walk, WIRE_GATE_TOO_MANY_ATTRIBUTES);
        return false;
    }
    if (size > walk->limits->attribute_bytes_max) {
        wire_walk_reject(walk, WIRE_GATE_TOO_LARGE);
        return false;
    }
    return true;
}

bool wire_walk_message(struct wire_walk *walk, struct bytes message, enum shape shape)
{
    struct open_messages open;
    struct wire wire = wire_of(message);
    struct wire_field field;
    open.count = 0, open.values = 0, open.attributes = 0;
    open_message(&open, wire.end, shape);
    while (open.count > 0) {
        enum shape parent = open.items[open.count - 1].shape;
        wire.end = open.items[open.count - 1].end;
        if (!wire_next(&wire, &field)) {
            if (wire.broken)
                return false;
            open.count--;
            open.values -= parent == ANY_VALUE;
            continue;
        }
        struct shape_field expected = wire_shape_field(parent, field.number);
        if (!expected.is_known)
            continue;
        if (field.type != (enum wire_type)expected.type)
            return false;
        if (parent == KEY_VALUE && field.number == KEY_VALUE_KEY)
            wire_walk_name(walk, field.bytes);
        enum shape child = (enum shape)expected.child;
        if (child == NO_MESSAGE || !is_within_limits(walk, &open, parent, child, field.bytes.size))
            continue;
        open_message(&open, wire.at, child);
        wire.at = field.bytes.data; /* back to the first byte of what was just passed over */
    }
    return true;
}

bool wire_walk_attribute(struct wire_walk *walk, struct bytes key_value)
{
    walk->submessages++;
    if (key_value.size > walk->limits->attribute_bytes_max) {
        wire_walk_reject(walk, WIRE_GATE_TOO_LARGE);
        return true;
    }
    return wire_walk_message(walk, key_value, KEY_VALUE);
}

/* One byte of tag, a size, and exactly as many bytes up to `end`. */
static inline const uint8_t *bytes_up_to(const uint8_t *at, const uint8_t *end)
{
    struct wire_varint size = wire_varint_read(at + 1, end);
    bool is_plain = size.at && size.at - at <= 4 && size.value == (size_t)(end - size.at);
    return is_plain ? size.at : NULL;
}

/* 0A size key 12 size AnyValue, where the AnyValue is one scalar that fills it. */
static inline bool is_plain_attribute(const uint8_t *at, const uint8_t *end, bool *ret_has_nul)
{
    enum { KEY_TAG = 0x0a, VALUE_TAG = 0x12 };
    enum { STRING_TAG = 0x0a, BOOL_TAG = 0x10, INT_TAG = 0x18, DOUBLE_TAG = 0x21 };
    if (end - at < 6 || at[0] != KEY_TAG || at[1] >= 0x80 || end - at < at[1] + 6)
        return false;
    const uint8_t *key = at + 2, *key_end = key + at[1];
    *ret_has_nul = has_nul(key, (size_t)(key_end - key));
    if (key_end[0] != VALUE_TAG)
        return false;
    const uint8_t *value = bytes_up_to(key_end, end);
    if (!value || end - value < 2)
        return false;
    switch (value[0]) {
    case STRING_TAG:
        return bytes_up_to(value, end) != NULL;
    case BOOL_TAG:
    case INT_TAG:
        return wire_varint_read(value + 1, end).at == end;
    case DOUBLE_TAG:
        return end - value == 9;
    default:
        return false;
    }
}

uint32_t wire_walk_plain_attributes(struct wire_walk *walk, struct wire *wire, uint32_t number)
{
    const uint8_t *at = wire->at, *end = wire->end;
    const uint8_t tag = (uint8_t)(number << 3 | WIRE_BYTES);
    uint32_t count = 0;
    bool any_has_nul = false, key_has_nul = false;
    while (end - at >= 2 && at[0] == tag) {
        struct wire_varint size = wire_varint_read(at + 1, end);
        if (!size.at || size.at - at > 4 || size.value > (size_t)(end - size.at) ||
            size.value > walk->limits->attribute_bytes_max)
            break;
        at = size.at + size.value;
        if (!is_plain_attribute(size.at, at, &key_has_nul))
            break;
        any_has_nul |= key_has_nul;
        wire->at = at;
        count++;
    }
    walk->submessages += 2 * count; /* each with its AnyValue */
    if (any_has_nul)
        wire_walk_reject(walk, WIRE_GATE_BAD_UTF8_NUL);
    return count;
}
