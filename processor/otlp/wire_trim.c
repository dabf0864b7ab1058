/* A message is written anew, field by field: scalars first (the last of each wins), then what fits
 * of the lists, then the counts and notes of what did not. Where nothing had to go the bytes are
 * taken as they came. Shapes come from the walk's table; the nesting is that of the shapes:
 * request, group, scope group, item, event. */
#include "processor/otlp/wire_trim.h"

#include <stdio.h>

#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"
#include "processor/otlp/refused_spans.h"
#include "processor/otlp/wire.h"
#include "processor/otlp/wire_walk.h"

enum {
    NOTE_BYTES_MAX = 512,  /* of a note that another flywheel made; a larger one is none */
    STATE_BYTES_MAX = 512, /* of a stub's tracestate: it says what the span stands for */
    ID_BYTES_MAX = 64,     /* an id of another length is refused by the gate, whatever it is */
};

struct trim {
    struct bytes request;
    enum wire_gate_signal signal;
    const struct wire_gate_limits *limits;
    struct wire_walk walk;
    struct buffer *to;
    struct refused_parts *parts;
    uint32_t refused, items; /* items: that keep more than a stub */
    uint32_t group, scope_group, item;
    struct refused_spans refused_spans;
};

/* One message that is written anew. */
struct trimmed {
    enum shape shape;
    struct bytes message;
    struct wire_field scalars[SHAPE_FIELDS];
    bool has_scalar[SHAPE_FIELDS];
    uint32_t attributes, parts; /* kept: attributes; events and links */
    uint32_t events, links;     /* met */
    const struct trimmed *in;   /* the span of an event or link; NULL for others */
    uint32_t dropped, dropped_events, dropped_links;
    struct left_out_notes *notes; /* of the item it stands in */
    size_t start, room;           /* in the output; bytes that it may have */
    bool is_stub;
};

/* ---- What goes ---- */

static void note_place(struct trim *trim, const struct trimmed *of, const uint8_t *at,
                       const char *member)
{
    struct refused_parts *parts = trim->parts;
    const char *signal = trim->signal == WIRE_GATE_TRACES ? "Spans" : "Logs";
    const char *items = trim->signal == WIRE_GATE_TRACES ? "spans" : "logRecords";
    if (parts->has_place)
        return;
    parts->has_place = true;
    parts->offset = (uint64_t)(at - trim->request.data);
    if (of->shape == RESOURCE)
        snprintf(parts->place, sizeof parts->place, "resource%s[%u].resource.%s", signal,
                 trim->group, member);
    else if (of->shape == SCOPE)
        snprintf(parts->place, sizeof parts->place, "resource%s[%u].scope%s[%u].scope.%s", signal,
                 trim->group, signal, trim->scope_group, member);
    else
        snprintf(parts->place, sizeof parts->place, "resource%s[%u].scope%s[%u].%s[%u]%s%s", signal,
                 trim->group, signal, trim->scope_group, items, trim->item, *member ? "." : "",
                 member);
}

static void leave_out(struct trim *trim, struct trimmed *of, enum left_out_part part,
                      enum wire_gate_reject reason, struct bytes name, struct bytes bytes,
                      const char *member)
{
    char place[96];
    bool is_event = of->in && of->shape == EVENT;
    if (of->in)
        snprintf(place, sizeof place, "%s[%u].%s", is_event ? "events" : "links",
                 (is_event ? of->in->events : of->in->links) - 1, member);
    left_out_add(
        of->notes,
        (struct left_out){
            .part = part, .reason = reason, .name = name, .bytes = bytes.size, .count = 1});
    note_place(trim, of, bytes.data, of->in ? place : member);
    refused_parts_count(trim->parts, reason);
}

static enum wire_gate_reject first_reason(uint32_t reasons)
{
    return (enum wire_gate_reject)__builtin_ctz(reasons);
}

static bool has_room(const struct trim *trim, const struct trimmed *of, size_t size)
{
    return trim->to->size - of->start + size <= of->room;
}

/* ---- Scalars ---- */

static void put_field(struct buffer *to, const struct wire_field *field)
{
    switch (field->type) {
    case WIRE_VARINT:
        wire_put_number(to, field->number, field->value);
        break;
    case WIRE_FIXED64:
        wire_put_fixed64(to, field->number, field->value);
        break;
    case WIRE_FIXED32:
        wire_put_fixed32(to, field->number, (uint32_t)field->value);
        break;
    case WIRE_BYTES:
        wire_put_bytes(to, field->number, field->bytes);
        break;
    }
}

static bool is_list(struct shape_field expected)
{
    return expected.child == KEY_VALUE || expected.child == EVENT || expected.child == LINK ||
           expected.child == ENTITY_REF;
}

/* False: a field of another type than its own. */
static bool collect_scalars(struct trimmed *of)
{
    struct wire wire = wire_of(of->message);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        struct shape_field expected = wire_shape_field(of->shape, field.number);
        if (!expected.is_known)
            continue;
        if (field.type != (enum wire_type)expected.type)
            return false;
        if (is_list(expected))
            continue;
        of->scalars[field.number] = field;
        of->has_scalar[field.number] = true;
    }
    return !wire.broken;
}

static bool is_stub_field(const struct wire_field *field)
{
    return field->number == SPAN_TRACE_STATE
               ? field->bytes.size <= STATE_BYTES_MAX
               : field->type != WIRE_BYTES || field->bytes.size <= ID_BYTES_MAX;
}

static bool is_id(enum shape shape, uint32_t number)
{
    return (shape == SPAN &&
            (number == SPAN_TRACE_ID || number == SPAN_SPAN_ID || number == SPAN_PARENT_SPAN_ID)) ||
           (shape == LOG_RECORD && (number == LOG_TRACE_ID || number == LOG_SPAN_ID));
}

/* A Status without its text. */
static void put_status_code(struct trim *trim, struct bytes status)
{
    size_t start;
    wire_put_tag(trim->to, SPAN_STATUS, WIRE_BYTES);
    buffer_append_byte(trim->to, 0);
    start = trim->to->size;
    wire_put_number(trim->to, STATUS_CODE, wire_find_number(status, STATUS_CODE, 0));
    wire_close_message(trim->to, start);
}

/* A text, id or message that may stand once. */
static void put_bytes(struct trim *trim, struct trimmed *of, const struct wire_field *field)
{
    bool is_span = of->shape == SPAN;
    if (is_id(of->shape, field->number)) {
        bool is_parent = is_span && field->number == SPAN_PARENT_SPAN_ID;
        if (is_parent && field->bytes.size != 0 && field->bytes.size != SPAN_ID_SIZE)
            leave_out(trim, of, LEFT_OUT_PARENT, WIRE_GATE_BAD_PARENT_ID, (struct bytes){0},
                      field->bytes, "parentSpanId");
        else
            wire_put_bytes(trim->to, field->number,
                           bytes_of(field->bytes.data, field->bytes.size <= ID_BYTES_MAX
                                                           ? field->bytes.size
                                                           : ID_BYTES_MAX));
        return;
    }
    trim->walk.reasons = 0;
    if (is_span && field->number == SPAN_NAME)
        wire_walk_name(&trim->walk, field->bytes);
    if (of->shape == LOG_RECORD && field->number == LOG_BODY &&
        !wire_walk_message(&trim->walk, field->bytes, ANY_VALUE))
        trim->walk.reasons = 1u << WIRE_GATE_BAD_VALUE;
    if (field->bytes.size > trim->limits->span_bytes_max || !has_room(trim, of, field->bytes.size))
        wire_walk_reject(&trim->walk, WIRE_GATE_TOO_LARGE);
    if (trim->walk.reasons == 0 && !(of->is_stub && is_span && field->number == SPAN_STATUS)) {
        put_field(trim->to, field);
        return;
    }
    if (is_span && field->number == SPAN_STATUS)
        put_status_code(trim, field->bytes);
    if (of->is_stub)
        return;
    const char *name = is_span && field->number == SPAN_NAME                  ? "name"
                       : is_span && field->number == SPAN_STATUS              ? "status.message"
                       : is_span && field->number == SPAN_TRACE_STATE         ? "traceState"
                       : of->shape == LOG_RECORD && field->number == LOG_BODY ? "body"
                                                                              : "";
    leave_out(trim, of, LEFT_OUT_FIELD, first_reason(trim->walk.reasons), bytes_of_text(name),
              field->bytes, name);
}

/* The counts of what was dropped come at the end. */
static bool is_dropped_count(const struct trimmed *of, uint32_t number)
{
    static const uint8_t dropped_attributes[SHAPES] = {
        [SPAN] = SPAN_DROPPED_ATTRIBUTES,         [EVENT] = EVENT_DROPPED_ATTRIBUTES,
        [LINK] = LINK_DROPPED_ATTRIBUTES,         [LOG_RECORD] = LOG_DROPPED_ATTRIBUTES,
        [RESOURCE] = RESOURCE_DROPPED_ATTRIBUTES, [SCOPE] = SCOPE_DROPPED_ATTRIBUTES,
    };
    return number == dropped_attributes[of->shape] ||
           (of->shape == SPAN && (number == SPAN_DROPPED_EVENTS || number == SPAN_DROPPED_LINKS));
}

static void put_scalars(struct trim *trim, struct trimmed *of)
{
    for (uint32_t number = 1; number < SHAPE_FIELDS; number++) {
        const struct wire_field *field = &of->scalars[number];
        if (!of->has_scalar[number] || is_dropped_count(of, number))
            continue;
        bool is_status = of->shape == SPAN && number == SPAN_STATUS;
        if (of->is_stub && !is_status && !is_stub_field(field))
            continue;
        if (of->is_stub && number == SPAN_NAME)
            continue;
        if (field->type == WIRE_BYTES)
            put_bytes(trim, of, field);
        else
            put_field(trim->to, field);
    }
}

static void put_count(struct trim *trim, const struct trimmed *of, uint32_t number, uint32_t more)
{
    uint64_t count = more;
    if (of->has_scalar[number])
        count += (uint32_t)of->scalars[number].value;
    if (count > 0)
        wire_put_number(trim->to, number, count < UINT32_MAX ? count : UINT32_MAX);
}

static void put_counts(struct trim *trim, const struct trimmed *of)
{
    for (uint32_t number = 1; number < SHAPE_FIELDS; number++) {
        if (!is_dropped_count(of, number))
            continue;
        bool is_events = of->shape == SPAN && number == SPAN_DROPPED_EVENTS;
        bool is_links = of->shape == SPAN && number == SPAN_DROPPED_LINKS;
        put_count(trim, of, number,
                  is_events  ? of->dropped_events
                  : is_links ? of->dropped_links
                             : of->dropped);
    }
}

/* ---- Lists ---- */

static bool put_attribute(struct trim *trim, struct trimmed *of, const struct wire_field *field)
{
    struct bytes key = wire_find_bytes(field->bytes, KEY_VALUE_KEY);
    trim->walk.reasons = 0;
    if (!wire_walk_attribute(&trim->walk, field->bytes))
        return false;
    if (of->attributes == trim->limits->attributes_max)
        wire_walk_reject(&trim->walk, WIRE_GATE_TOO_MANY_ATTRIBUTES);
    else if (!has_room(trim, of, field->bytes.size))
        wire_walk_reject(&trim->walk, WIRE_GATE_TOO_LARGE);
    if (trim->walk.reasons == 0) {
        of->attributes++;
        put_field(trim->to, field);
        return true;
    }
    char member[32];
    snprintf(member, sizeof member, "attributes[%u]", of->attributes + of->dropped++);
    leave_out(trim, of, of->in ? LEFT_OUT_INNER : LEFT_OUT_ATTRIBUTE,
              first_reason(trim->walk.reasons), key, field->bytes, member);
    return true;
}

/* An event or link with the attributes that fit; the whole of it goes when there are too many, or
 * there is no room. */
static bool put_part(struct trim *trim, struct trimmed *of, const struct wire_field *field,
                     enum shape shape)
{
    struct trimmed part = {.shape = shape, .message = field->bytes, .notes = of->notes, .in = of};
    bool is_event = shape == EVENT;
    char member[32];
    uint32_t index = is_event ? of->events++ : of->links++;
    snprintf(member, sizeof member, "%s[%u]", is_event ? "events" : "links", index);
    size_t start = trim->to->size;
    struct wire wire = wire_of(field->bytes);
    struct wire_field inner;
    enum wire_gate_reject reason = WIRE_GATE_TOO_MANY_ATTRIBUTES;
    if (of->parts < trim->limits->attributes_max) {
        reason = WIRE_GATE_TOO_LARGE;
        wire_put_tag(trim->to, field->number, WIRE_BYTES);
        buffer_append_byte(trim->to, 0);
        part.start = trim->to->size;
        size_t taken = part.start - of->start;
        part.room = taken < of->room ? of->room - taken : 0;
        if (!collect_scalars(&part))
            return false;
        put_scalars(trim, &part);
        while (wire_next(&wire, &inner))
            if (inner.number == (is_event ? EVENT_ATTRIBUTES : LINK_ATTRIBUTES) &&
                !put_attribute(trim, &part, &inner))
                return false;
        if (wire.broken)
            return false;
        put_counts(trim, &part);
        wire_close_message(trim->to, part.start);
        if (has_room(trim, of, 0)) {
            of->parts++;
            return true;
        }
    }
    if (!trim->to->failed)
        trim->to->size = start;
    of->dropped_events += is_event;
    of->dropped_links += !is_event;
    leave_out(trim, of, is_event ? LEFT_OUT_EVENT : LEFT_OUT_LINK, reason,
              is_event ? wire_find_bytes(field->bytes, EVENT_NAME) : (struct bytes){0},
              field->bytes, member);
    return true;
}

static bool put_lists(struct trim *trim, struct trimmed *of)
{
    struct wire wire = wire_of(of->message);
    struct wire_field field;
    uint32_t notes = 0;
    while (wire_next(&wire, &field)) {
        struct shape_field expected = wire_shape_field(of->shape, field.number);
        bool is_note = field.number == FIELD_LEFT_OUT && field.type == WIRE_BYTES;
        if (is_note && field.bytes.size <= NOTE_BYTES_MAX && notes++ < 2 * LEFT_OUT_NOTES_MAX)
            put_field(trim->to, &field);
        if (!is_list(expected))
            continue;
        if (expected.child == KEY_VALUE && !put_attribute(trim, of, &field))
            return false;
        if ((expected.child == EVENT || expected.child == LINK) &&
            !put_part(trim, of, &field, (enum shape)expected.child))
            return false;
        if (expected.child == ENTITY_REF && has_room(trim, of, field.bytes.size))
            put_field(trim->to, &field);
    }
    return !wire.broken;
}

/* ---- Items and heads ---- */

/* A Span, LogRecord, Resource or InstrumentationScope as field `number` of what is open. */
static bool put_message(struct trim *trim, uint32_t number, struct bytes message, enum shape shape,
                        bool is_stub)
{
    struct left_out_notes notes = {0};
    struct trimmed of = {.shape = shape, .message = message, .notes = &notes, .is_stub = is_stub};
    struct buffer *to = trim->to;
    size_t start = to->size;
    of.room = trim->limits->span_bytes_max;
    wire_put_tag(to, number, WIRE_BYTES);
    buffer_append_byte(to, 0);
    of.start = to->size;
    if (!collect_scalars(&of))
        return false;
    put_scalars(trim, &of);
    uint32_t lost = shape == SPAN
                        ? refused_spans_take(&trim->refused_spans, of.scalars[SPAN_TRACE_ID].bytes)
                        : 0;
    if (lost > 0)
        left_out_add(&notes, (struct left_out){.part = LEFT_OUT_SPAN,
                                               .reason = WIRE_GATE_BAD_SPAN_ID,
                                               .count = lost});
    if (is_stub) {
        left_out_add(&notes, (struct left_out){.part = LEFT_OUT_REST,
                                               .reason = WIRE_GATE_TOO_LARGE,
                                               .bytes = message.size,
                                               .count = 1});
        note_place(trim, &of, message.data, "");
        trim->parts->stubs++;
    } else if (!put_lists(trim, &of)) {
        return false;
    }
    if (to->failed)
        return true;
    if (notes.count == 0 && message.size <= trim->limits->span_bytes_max) { /* nothing had to go */
        to->size = start;
        wire_put_bytes(to, number, message);
        return true;
    }
    put_counts(trim, &of);
    left_out_put(to, &notes);
    wire_close_message(to, of.start);
    return true;
}

static bool put_item(struct trim *trim, struct bytes message)
{
    bool is_full = trim->items >= trim->limits->spans_max;
    bool is_traces = trim->signal == WIRE_GATE_TRACES;
    if (is_full && !is_traces) {
        trim->refused++;
        return true;
    }
    if (is_traces && (wire_find_bytes(message, SPAN_TRACE_ID).size != TRACE_ID_SIZE ||
                      wire_find_bytes(message, SPAN_SPAN_ID).size != SPAN_ID_SIZE)) {
        wire_put_bytes(trim->to, GROUP_ITEMS, message); /* the gate says why it is refused */
        return true;
    }
    trim->items += !is_full;
    return put_message(trim, GROUP_ITEMS, message, is_traces ? SPAN : LOG_RECORD, is_full);
}

/* ---- Groups ---- */

static bool put_group(struct trim *trim, struct bytes group, enum shape head);

/* A group by scope within one by resource, or an item within a group by scope. */
static bool put_member(struct trim *trim, struct bytes member, enum shape head)
{
    if (head == SCOPE) {
        bool is_well_formed = put_item(trim, member);
        trim->item++;
        return is_well_formed;
    }
    wire_put_tag(trim->to, GROUP_ITEMS, WIRE_BYTES);
    buffer_append_byte(trim->to, 0);
    size_t start = trim->to->size;
    trim->item = 0;
    if (!put_group(trim, member, SCOPE))
        return false;
    wire_close_message(trim->to, start);
    trim->scope_group++;
    return true;
}

static bool put_group(struct trim *trim, struct bytes group, enum shape head)
{
    struct wire wire = wire_of(group);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number > GROUP_SCHEMA_URL)
            continue;
        if (field.type != WIRE_BYTES)
            return false;
        if (field.number == GROUP_SCHEMA_URL)
            put_field(trim->to, &field);
        else if (field.number == GROUP_ITEMS
                     ? !put_member(trim, field.bytes, head)
                     : !put_message(trim, GROUP_HEAD, field.bytes, head, false))
            return false;
    }
    return !wire.broken;
}

enum status wire_trim(struct bytes request, enum wire_gate_signal signal,
                      const struct wire_gate_limits *limits, struct buffer *to,
                      struct refused_parts *parts, uint32_t *ret_refused)
{
    struct trim trim = {.request = request,
                        .signal = signal,
                        .limits = limits,
                        .walk.limits = limits,
                        .to = to,
                        .parts = parts};
    struct wire wire = wire_of(request);
    struct wire_field field;
    if (signal == WIRE_GATE_TRACES)
        refused_spans_collect(request, &trim.refused_spans);
    while (wire_next(&wire, &field)) {
        if (field.number != REQUEST_GROUPS)
            continue;
        if (field.type != WIRE_BYTES)
            return STATUS_MALFORMED;
        wire_put_tag(to, REQUEST_GROUPS, WIRE_BYTES);
        buffer_append_byte(to, 0);
        size_t start = to->size;
        trim.scope_group = 0;
        if (!put_group(&trim, field.bytes, RESOURCE))
            return STATUS_MALFORMED;
        wire_close_message(to, start);
        trim.group++;
    }
    *ret_refused = trim.refused;
    return wire.broken ? STATUS_MALFORMED : STATUS_OK;
}
