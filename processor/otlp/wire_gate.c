/* Three levels are read here: the groups by resource, the groups by scope, and the spans or log
 * records in them. What lies below those is proved by the walk. A skim over the headers of the
 * groups counts the items first, so that each table is allocated once and in its size.
 *
 * Traces and logs have the same groups: head(1: Resource or Scope), items(2), schema_url(3). A head
 * may stand behind its items, and the last one wins; so an item gets the index that its head will
 * have, and a head that breaks a limit takes its items back out of the table. */
#include "processor/otlp/wire_gate.h"

#include <assert.h>
#include <stdio.h>

#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"
#include "processor/otlp/wire.h"
#include "processor/otlp/wire_walk.h"

const struct wire_gate_limits wire_gate_limits_default = {
    .depth_max = 32,
    .spans_max = 100000,
    .attributes_max = 1024,
    .attribute_bytes_max = 1 << 20,
    .span_bytes_max = 4 << 20,
    .submessages_max = 4000000,
};

const struct wire_gate_limits wire_gate_ceilings = {
    .depth_max = WALK_DEPTH_MAX,
    .spans_max = UINT32_MAX,
    .attributes_max = UINT32_MAX,
    .attribute_bytes_max = UINT32_MAX,
    .span_bytes_max = UINT32_MAX,
    .submessages_max = UINT32_MAX,
};

const char *const wire_gate_reject_names[WIRE_GATE_REJECTS] = {
    [WIRE_GATE_BAD_TRACE_ID] = "bad_trace_id",
    [WIRE_GATE_BAD_SPAN_ID] = "bad_span_id",
    [WIRE_GATE_TOO_MANY_ATTRIBUTES] = "too_many_attributes",
    [WIRE_GATE_TOO_DEEP] = "too_deep",
    [WIRE_GATE_TOO_LARGE] = "too_large",
    [WIRE_GATE_BAD_UTF8_NUL] = "nul_in_name",
    [WIRE_GATE_BAD_PARENT_ID] = "bad_parent_id",
    [WIRE_GATE_BAD_VALUE] = "bad_value",
};

/* Both ids with tag and size: a smaller span needs no place in the table. */
enum { SPAN_SIZE_MIN = 28, SPAN_KIND_MAX = 5 };

struct wire_gate_pass {
    struct gated_request out;
    struct wire_walk walk;
    enum wire_gate_signal signal;
    uint32_t items, items_max;
    struct bytes request;
    uint32_t group, scope_group, item; /* where it stands, counted in the bytes */
};

/* ---- Tables ---- */

struct skim {
    uint32_t resources, scopes, items;
};

/* Counts what could get a place. Broken bytes end it early; the pass finds them. */
static struct skim skim_request(struct bytes request, size_t item_size_min)
{
    struct skim skim = {0};
    struct wire groups = wire_of(request);
    struct bytes group, scope_group, item;
    while (wire_next_bytes(&groups, REQUEST_GROUPS, &group)) {
        uint32_t scopes_before = skim.scopes;
        struct wire scope_groups = wire_of(group);
        while (wire_next_bytes(&scope_groups, GROUP_ITEMS, &scope_group)) {
            uint32_t items_before = skim.items;
            struct wire items = wire_of(scope_group);
            while (wire_next_bytes(&items, GROUP_ITEMS, &item))
                skim.items += item.size >= item_size_min;
            skim.scopes += skim.items > items_before;
        }
        skim.resources += skim.scopes > scopes_before;
    }
    return skim;
}

static bool allocate_tables(struct wire_gate_pass *pass, struct skim skim, struct arena *arena)
{
    uint32_t spans_max = pass->walk.limits->spans_max;
    struct gated_request *out = &pass->out;
    pass->items_max = skim.items < spans_max ? skim.items : spans_max;
    if (pass->items_max == 0)
        return true;
    uint32_t scopes = skim.scopes < pass->items_max ? skim.scopes : pass->items_max;
    uint32_t resources = skim.resources < scopes ? skim.resources : scopes;
    out->resources = arena_alloc(arena, resources * sizeof *out->resources);
    out->scopes = arena_alloc(arena, scopes * sizeof *out->scopes);
    if (pass->signal == WIRE_GATE_TRACES)
        out->spans = arena_alloc(arena, pass->items_max * sizeof *out->spans);
    else
        out->logs = arena_alloc(arena, pass->items_max * sizeof *out->logs);
    return out->resources && out->scopes && (out->spans || out->logs);
}

/* ---- Rejecting ---- */

static void count_rejected(struct wire_gate_pass *pass, uint32_t reasons, uint32_t items)
{
    pass->out.rejected[__builtin_ctz(reasons)] += items;
    pass->out.rejected_count += items;
}

static void note_place(struct wire_gate_pass *pass, const uint8_t *at)
{
    struct refused_parts *parts = &pass->out.parts;
    bool is_traces = pass->signal == WIRE_GATE_TRACES;
    if (parts->has_place)
        return;
    parts->has_place = true;
    parts->offset = (uint64_t)(at - pass->request.data);
    snprintf(parts->place, sizeof parts->place, "resource%s[%u].scope%s[%u].%s[%u]",
             is_traces ? "Spans" : "Logs", pass->group, is_traces ? "Spans" : "Logs",
             pass->scope_group, is_traces ? "spans" : "logRecords", pass->item);
}

/* Whether the item just read has a place; else it is counted. */
static bool is_accepted(struct wire_gate_pass *pass, struct bytes message)
{
    if (pass->walk.reasons == 0 && pass->items == pass->items_max)
        wire_walk_reject(&pass->walk, WIRE_GATE_TOO_LARGE); /* more than spans_max */
    if (pass->walk.reasons == 0)
        return true;
    note_place(pass, message.data);
    count_rejected(pass, pass->walk.reasons, 1);
    return false;
}

/* ---- Spans and log records ---- */

static bool is_zero(const uint8_t *id, size_t size)
{
    static const uint8_t zeroes[TRACE_ID_SIZE];
    return memcmp(id, zeroes, size) == 0;
}

/* An id that must be there. */
static void read_id(struct wire_gate_pass *pass, uint8_t *to, struct bytes id, size_t size,
                    enum wire_gate_reject reason)
{
    if (id.size == size && !is_zero(id.data, size))
        memcpy(to, id.data, size);
    else
        wire_walk_reject(&pass->walk, reason);
}

/* An id that may be absent (empty or all zero). True when it is there; of another length it
 * rejects. */
static bool read_optional_id(struct wire_gate_pass *pass, uint8_t *to, struct bytes id, size_t size,
                             enum wire_gate_reject reason)
{
    if (id.size == 0)
        return false;
    if (id.size != size) {
        wire_walk_reject(&pass->walk, reason);
        return false;
    }
    memcpy(to, id.data, size);
    return !is_zero(id.data, size);
}

/* A span of which something was left out says so. */
static void read_left_out(struct span *span, struct bytes note)
{
    enum left_out_part part = left_out_read(note).part;
    span->has_left_out = true;
    span->is_stub |= part == LEFT_OUT_REST;
    span->has_parent |= part == LEFT_OUT_PARENT; /* with an id that no span has */
}

/* The next field of a span or log record, everything below it proved. False at the end, and when
 * broken. */
static bool next_field(struct wire_gate_pass *pass, struct wire *wire, enum shape shape,
                       struct wire_field *ret_field)
{
    if (!wire_next(wire, ret_field))
        return false;
    struct shape_field expected = wire_shape_field(shape, ret_field->number);
    if (!expected.is_known)
        return true;
    if (ret_field->type != (enum wire_type)expected.type) {
        wire->broken = true;
        return false;
    }
    if (expected.child == NO_MESSAGE)
        return true;
    if (expected.child == KEY_VALUE) {
        wire->broken = !wire_walk_attribute(&pass->walk, ret_field->bytes);
    } else {
        pass->walk.submessages++;
        wire->broken =
            !wire_walk_message(&pass->walk, ret_field->bytes, (enum shape)expected.child);
    }
    return !wire->broken;
}

static uint8_t status_code(struct bytes status)
{
    uint32_t code = (uint32_t)wire_find_number(status, STATUS_CODE, 0);
    return code <= SPAN_STATUS_ERROR ? (uint8_t)code : SPAN_STATUS_UNSET;
}

static bool over_count(const struct wire_gate_pass *pass, uint32_t count)
{
    return count > pass->walk.limits->attributes_max;
}

/* False: not well-formed. */
static bool read_span(struct wire_gate_pass *pass, struct bytes message)
{
    struct gated_span gated = {.next = UINT32_MAX};
    struct span *span = &gated.span;
    struct bytes trace_id = {0}, id = {0}, parent_id = {0};
    struct wire wire = wire_of(message);
    struct wire_field field;
    uint32_t attributes = 0, events_and_links = 0;
    while (next_field(pass, &wire, SPAN, &field)) {
        switch (field.number) {
        case SPAN_TRACE_ID:
            trace_id = field.bytes;
            break;
        case SPAN_SPAN_ID:
            id = field.bytes;
            break;
        case SPAN_PARENT_SPAN_ID:
            parent_id = field.bytes;
            break;
        case SPAN_NAME:
            wire_walk_name(&pass->walk, field.bytes);
            break;
        case SPAN_KIND:
            span->kind = (uint32_t)field.value <= SPAN_KIND_MAX ? (uint8_t)field.value : 0;
            break;
        case SPAN_START_TIME:
            span->start_ns = field.value;
            break;
        case SPAN_END_TIME:
            span->end_ns = field.value;
            break;
        case SPAN_ATTRIBUTES:
            attributes += 1 + wire_walk_plain_attributes(&pass->walk, &wire, SPAN_ATTRIBUTES);
            break;
        case SPAN_DROPPED_ATTRIBUTES:
            span->dropped_attributes = (uint32_t)field.value;
            break;
        case SPAN_EVENTS:
        case SPAN_LINKS:
            events_and_links++;
            break;
        case SPAN_STATUS:
            span->status = status_code(field.bytes);
            break;
        case SPAN_FLAGS:
            span->flags = (uint32_t)field.value;
            break;
        case FIELD_LEFT_OUT:
            if (field.type == WIRE_BYTES)
                read_left_out(span, field.bytes);
            break;
        }
    }
    if (wire.broken)
        return false;
    read_id(pass, gated.trace_id, trace_id, TRACE_ID_SIZE, WIRE_GATE_BAD_TRACE_ID);
    read_id(pass, span->id, id, SPAN_ID_SIZE, WIRE_GATE_BAD_SPAN_ID);
    span->has_parent |=
        read_optional_id(pass, span->parent_id, parent_id, SPAN_ID_SIZE, WIRE_GATE_BAD_PARENT_ID);
    if (over_count(pass, attributes) || over_count(pass, events_and_links))
        wire_walk_reject(&pass->walk, WIRE_GATE_TOO_MANY_ATTRIBUTES);
    if (!is_accepted(pass, message))
        return true;
    span->resource = pass->out.resource_count;
    span->scope = pass->out.scope_count;
    span->wire = message;
    pass->out.spans[pass->items++] = gated;
    return true;
}

static struct bytes event_name_of(struct bytes message, struct bytes event_name)
{
    if (event_name.size > 0)
        return event_name;
    struct value value = attributes_find(message, OF_LOG_RECORD, BYTES_LITERAL("event.name"));
    return value.type == VALUE_STRING ? value.bytes : (struct bytes){0};
}

static bool read_log(struct wire_gate_pass *pass, struct bytes message)
{
    struct gated_log gated = {.next = UINT32_MAX};
    struct bytes trace_id = {0}, span_id = {0}, event_name = {0};
    struct wire wire = wire_of(message);
    struct wire_field field;
    uint32_t attributes = 0;
    uint64_t observed_ns = 0;
    while (next_field(pass, &wire, LOG_RECORD, &field)) {
        switch (field.number) {
        case LOG_TIME:
            gated.log.time_ns = field.value;
            break;
        case LOG_ATTRIBUTES:
            attributes++;
            break;
        case LOG_TRACE_ID:
            trace_id = field.bytes;
            break;
        case LOG_SPAN_ID:
            span_id = field.bytes;
            break;
        case LOG_OBSERVED_TIME:
            observed_ns = field.value;
            break;
        case LOG_EVENT_NAME:
            event_name = field.bytes;
            break;
        }
    }
    if (wire.broken)
        return false;
    gated.has_ids =
        read_optional_id(pass, gated.trace_id, trace_id, TRACE_ID_SIZE, WIRE_GATE_BAD_TRACE_ID);
    (void)read_optional_id(pass, gated.log.span_id, span_id, SPAN_ID_SIZE, WIRE_GATE_BAD_SPAN_ID);
    if (over_count(pass, attributes))
        wire_walk_reject(&pass->walk, WIRE_GATE_TOO_MANY_ATTRIBUTES);
    if (!is_accepted(pass, message))
        return true;
    if (gated.log.time_ns == 0)
        gated.log.time_ns = observed_ns;
    gated.log.resource = pass->out.resource_count;
    gated.log.scope = pass->out.scope_count;
    gated.log.event_name = event_name_of(message, event_name);
    gated.log.wire = message;
    gated.is_known = wire_gate_knows_event(gated.log.event_name);
    pass->out.logs[pass->items++] = gated;
    return true;
}

static bool read_item(struct wire_gate_pass *pass, struct bytes message)
{
    pass->walk.submessages++;
    pass->walk.reasons = 0;
    if (message.size > pass->walk.limits->span_bytes_max) {
        note_place(pass, message.data);
        count_rejected(pass, 1u << WIRE_GATE_TOO_LARGE, 1);
        return true;
    }
    return pass->signal == WIRE_GATE_TRACES ? read_span(pass, message) : read_log(pass, message);
}

/* ---- Groups ---- */

/* A Resource or Scope: proved, its reasons for rejecting what stands under it added up. */
static bool read_head(struct wire_gate_pass *pass, struct bytes head, enum shape shape,
                      uint32_t *reasons)
{
    pass->walk.submessages++;
    pass->walk.reasons = 0;
    if (!wire_walk_message(&pass->walk, head, shape))
        return false;
    *reasons |= pass->walk.reasons;
    return true;
}

/* Takes the items from `first` on out of the table again. */
static void reject_items(struct wire_gate_pass *pass, struct bytes group, uint32_t first,
                         uint32_t reasons)
{
    note_place(pass, group.data);
    count_rejected(pass, reasons, pass->items - first);
    pass->items = first;
}

static bool is_group_field(const struct wire_field *field)
{
    return field->number > GROUP_SCHEMA_URL || field->type == WIRE_BYTES;
}

static bool read_scope_group(struct wire_gate_pass *pass, struct bytes group)
{
    uint32_t first = pass->items, reasons = 0;
    pass->item = 0;
    struct bytes scope = BYTES_LITERAL("");
    struct wire wire = wire_of(group);
    struct wire_field field;
    pass->walk.submessages++;
    while (wire_next(&wire, &field)) {
        if (!is_group_field(&field))
            return false;
        if (field.number == GROUP_HEAD) {
            scope = field.bytes;
            if (!read_head(pass, scope, SCOPE, &reasons))
                return false;
        } else if (field.number == GROUP_ITEMS) {
            if (!read_item(pass, field.bytes))
                return false;
            pass->item++;
        }
        pass->out.parts.unrecognized += field.number > GROUP_SCHEMA_URL;
        if (pass->walk.submessages > pass->walk.limits->submessages_max)
            return false;
    }
    if (reasons != 0)
        reject_items(pass, group, first, reasons);
    if (pass->items > first)
        pass->out.scopes[pass->out.scope_count++] = scope;
    return !wire.broken;
}

static bool read_resource_group(struct wire_gate_pass *pass, struct bytes group)
{
    uint32_t first = pass->items, first_scope = pass->out.scope_count, reasons = 0;
    pass->scope_group = 0;
    struct bytes resource = BYTES_LITERAL("");
    struct wire wire = wire_of(group);
    struct wire_field field;
    pass->walk.submessages++;
    while (wire_next(&wire, &field)) {
        if (!is_group_field(&field))
            return false;
        if (field.number == GROUP_HEAD) {
            resource = field.bytes;
            if (!read_head(pass, resource, RESOURCE, &reasons))
                return false;
        } else if (field.number == GROUP_ITEMS) {
            if (!read_scope_group(pass, field.bytes))
                return false;
            pass->scope_group++;
        }
        pass->out.parts.unrecognized += field.number > GROUP_SCHEMA_URL;
        if (pass->walk.submessages > pass->walk.limits->submessages_max)
            return false;
    }
    if (reasons != 0) {
        reject_items(pass, group, first, reasons);
        pass->out.scope_count = first_scope;
    }
    if (pass->items > first)
        pass->out.resources[pass->out.resource_count++] = resource;
    return !wire.broken;
}

static bool read_request(struct wire_gate_pass *pass, struct bytes request)
{
    struct wire wire = wire_of(request);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number != REQUEST_GROUPS) {
            pass->out.parts.unrecognized++;
            continue;
        }
        if (field.type != WIRE_BYTES || !read_resource_group(pass, field.bytes))
            return false;
        pass->group++;
        if (pass->walk.submessages > pass->walk.limits->submessages_max)
            return false;
    }
    return !wire.broken;
}

enum status wire_gate(struct bytes request, enum wire_gate_signal signal,
                      const struct wire_gate_limits *limits, struct arena *arena,
                      struct gated_request *ret)
{
    assert(limits->depth_max <= WALK_DEPTH_MAX);
    struct wire_gate_pass pass = {.signal = signal, .walk.limits = limits, .request = request};
    struct skim skim = skim_request(request, signal == WIRE_GATE_TRACES ? SPAN_SIZE_MIN : 0);
    if (!allocate_tables(&pass, skim, arena))
        return STATUS_BUSY;
    if (!read_request(&pass, request))
        return STATUS_MALFORMED;
    uint32_t *count = signal == WIRE_GATE_TRACES ? &pass.out.span_count : &pass.out.log_count;
    *count = pass.items;
    *ret = pass.out;
    return STATUS_OK;
}

/* Vocabularies that the normalizer reads; their event names begin with one of these. */
bool wire_gate_knows_event(struct bytes event_name)
{
    static const char *const prefixes[] = {
        "gen_ai.",        /* OpenTelemetry semantic conventions: messages, evaluation results */
        "openinference.", /* Arize packages */
        "traceloop.",     /* OpenLLMetry */
        "fi.",            /* traceAI */
        "pydantic_ai.",
        "logfire.",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (bytes_starts_with(event_name, bytes_of_text(prefixes[i])))
            return true;
    return false;
}
