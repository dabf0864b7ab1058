/* One pass over the text with a stack of what is open; the table says what each member becomes. A
 * message is written with one byte left free for its size; when it closes and is longer than
 * that, the rest moves up.
 *
 *   {"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"chat",...
 *    request           ResourceSpans   ScopeSpans  Span            <- the stack
 *
 * A repeated member is two fields on the wire: the last one wins where only one may be, lists add
 * up. */
#include "processor/otlp/otlp_json.h"

#include <stdio.h>

#include "processor/base/text/utf8.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"
#include "processor/otlp/otlp_json_members.h"
#include "processor/otlp/wire.h"

enum { OPEN_MAX = 192 }; /* objects and arrays; more than the gate's nested values need */

struct open_item {
    enum json_message message;
    bool is_array;
    bool has_item;
    bool is_left_out;                 /* its output goes when it closes */
    const struct json_member *member; /* of an array: what its elements are; NULL when ignored */
    struct bytes name;                /* of the member that it is; absent: an element */
    uint32_t index;                   /* of an array: the element under way */
    const uint8_t *text;              /* where it begins */
    size_t before, start; /* in the output: before its tag, and its first byte (0: the request) */
    uint32_t dropped_attributes, dropped_events, dropped_links;
};

struct conversion {
    struct bytes json;
    const uint8_t *at, *end;
    struct arena *arena;
    struct buffer *to;
    struct refused_parts *parts;
    struct left_out_notes notes; /* of the span, log record, resource or scope under way */
    bool has_items;
    struct open_item open[OPEN_MAX];
    int depth;
};

/* ---- What is left out ---- */

static void note_place(struct conversion *conversion, struct bytes name, const uint8_t *at)
{
    struct refused_parts *parts = conversion->parts;
    size_t size = 0;
    if (parts->has_place)
        return;
    parts->has_place = true;
    parts->offset = (uint64_t)(at - conversion->json.data);
    for (int i = 0; i <= conversion->depth && size < sizeof parts->place; i++) {
        const struct open_item *item = i < conversion->depth ? &conversion->open[i] : NULL;
        struct bytes member = item ? item->name : name;
        if (member.size > 0 && size > 0 && size + 1 < sizeof parts->place)
            parts->place[size++] = '.';
        for (size_t c = 0; c < member.size && c < 40 && size + 1 < sizeof parts->place; c++)
            parts->place[size++] = member.data[c] > ' ' && member.data[c] < 0x7f
                                       ? (char)member.data[c]
                                       : '?'; /* an unknown member has any name */
        parts->place[size] = 0;
        if (item && item->is_array && size < sizeof parts->place)
            size += (size_t)snprintf(parts->place + size, sizeof parts->place - size, "[%u]",
                                     item->index);
    }
}

static struct open_item *owner_below(struct conversion *conversion, int depth)
{
    while (depth > 0 && conversion->open[--depth].is_array)
        ;
    return &conversion->open[depth];
}

static void leave_out(struct conversion *conversion, enum left_out_part part,
                      enum wire_gate_reject reason, struct bytes name, size_t bytes)
{
    left_out_add(&conversion->notes,
                 (struct left_out){
                     .part = part, .reason = reason, .name = name, .bytes = bytes, .count = 1});
    refused_parts_count(conversion->parts, reason);
}

static bool is_message(enum json_message message, enum json_message a, enum json_message b)
{
    return message == a || message == b;
}

/* A value of which the whole element of a list goes. */
static void drop_element(struct conversion *conversion, enum json_message element, int depth,
                         struct bytes name, size_t bytes)
{
    struct open_item *owner = owner_below(conversion, depth);
    bool is_inner = element == KEY_VALUE && is_message(owner->message, EVENT, LINK);
    owner->dropped_attributes += element == KEY_VALUE;
    owner->dropped_events += element == EVENT;
    owner->dropped_links += element == LINK;
    leave_out(conversion,
              is_inner               ? LEFT_OUT_INNER
              : element == KEY_VALUE ? LEFT_OUT_ATTRIBUTE
              : element == EVENT     ? LEFT_OUT_EVENT
              : element == LINK      ? LEFT_OUT_LINK
                                     : LEFT_OUT_FIELD,
              WIRE_GATE_BAD_VALUE, name, bytes);
}

/* The part that a value below it costs: an attribute, from the outermost of nested ones, the body
 * of a log record, a link. NULL: the member alone. */
static struct open_item *costly_item(struct conversion *conversion,
                                     const struct json_member *member)
{
    for (int i = 0; i < conversion->depth; i++) {
        struct open_item *item = &conversion->open[i];
        if (item->is_array)
            continue;
        if (item->message == KEY_VALUE || item->message == ANY_VALUE)
            return item;
        if (item->message == LINK && member->encoding == AS_HEX)
            return item;
    }
    return NULL;
}

/* A value that is none of its member's. It costs the part that it is in; ids that must be there
 * cost the span, which the gate refuses. */
static void refuse_value(struct conversion *conversion, const struct json_member *member,
                         bool is_element, const uint8_t *text)
{
    struct bytes name = bytes_of_text(member->name);
    struct open_item *costly = costly_item(conversion, member);
    enum json_message of = member->of, child = member->child;
    size_t bytes = (size_t)(conversion->at - text);
    note_place(conversion, is_element ? (struct bytes){0} : name, text);
    if (costly) {
        costly->is_left_out = true;
    } else if (is_message(of, SPAN, LOG_RECORD) && member->encoding == AS_HEX) {
        if (of == SPAN && member->field == SPAN_PARENT_SPAN_ID)
            leave_out(conversion, LEFT_OUT_PARENT, WIRE_GATE_BAD_PARENT_ID, (struct bytes){0},
                      bytes);
        else
            wire_put_bytes(conversion->to, member->field, BYTES_LITERAL("\0"));
    } else if (is_message(of, SCOPE_SPANS, SCOPE_LOGS) && member->field == GROUP_ITEMS) {
        wire_put_bytes(conversion->to, GROUP_ITEMS, BYTES_LITERAL("")); /* refused, and counted */
    } else if (member->is_list && (child == KEY_VALUE || child == EVENT || child == LINK)) {
        drop_element(conversion, child, conversion->depth, (struct bytes){0}, bytes);
    } else if (otlp_json_member(TRACE_REQUEST, name) || otlp_json_member(LOG_REQUEST, name) ||
               is_message(of, RESOURCE_SPANS, RESOURCE_LOGS) ||
               is_message(of, SCOPE_SPANS, SCOPE_LOGS)) {
        refused_parts_count(conversion->parts, WIRE_GATE_BAD_VALUE); /* above what takes notes */
    } else {
        leave_out(conversion, LEFT_OUT_FIELD, WIRE_GATE_BAD_VALUE, name, bytes);
    }
}

static void note_unknown(struct conversion *conversion, enum json_message message,
                         struct bytes name)
{
    bool is_above_items = is_message(message, TRACE_REQUEST, LOG_REQUEST) ||
                          is_message(message, RESOURCE_SPANS, RESOURCE_LOGS) ||
                          is_message(message, SCOPE_SPANS, SCOPE_LOGS);
    if (!is_above_items)
        return;
    if (conversion->parts->unrecognized++ == 0 && !conversion->has_items)
        note_place(conversion, name, conversion->at);
}

/* ---- Objects and arrays ---- */

/* The end of an object or array that is nested too deep to be read: brackets are counted. */
static bool pass_nested(struct conversion *conversion)
{
    size_t depth = 0;
    do {
        conversion->at = otlp_json_space(conversion->at, conversion->end);
        if (conversion->at == conversion->end)
            return false;
        uint8_t c = *conversion->at;
        if (c == '{' || c == '[')
            depth++, conversion->at++;
        else if (c == '}' || c == ']')
            depth--, conversion->at++;
        else if (c == ',' || c == ':')
            conversion->at++;
        else if (otlp_json_token_read(&conversion->at, conversion->end, conversion->arena).type ==
                 JSON_BROKEN)
            return false;
    } while (depth > 0);
    return true;
}

static void open_item(struct conversion *conversion, struct open_item item)
{
    item.text = conversion->at++;
    conversion->open[conversion->depth++] = item;
}

static void open_message(struct conversion *conversion, const struct json_member *member,
                         struct bytes name)
{
    size_t before = conversion->to->size;
    wire_put_tag(conversion->to, member->field, WIRE_BYTES);
    buffer_append_byte(conversion->to, 0);
    conversion->has_items |= is_message(member->child, SPAN, LOG_RECORD);
    open_item(conversion, (struct open_item){.message = member->child,
                                             .name = name,
                                             .before = before,
                                             .start = conversion->to->size});
}

/* Adds to what the sender has dropped itself. */
static void put_dropped(struct conversion *conversion, const struct open_item *item, uint32_t field,
                        uint32_t more)
{
    struct buffer *to = conversion->to;
    if (more == 0 || to->failed)
        return;
    struct bytes so_far = bytes_of(to->data + item->start, to->size - item->start);
    wire_put_number(to, field, (uint32_t)wire_find_number(so_far, field, 0) + (uint64_t)more);
}

static void put_losses(struct conversion *conversion, const struct open_item *item)
{
    static const uint32_t attributes_fields[] = {
        [SPAN] = SPAN_DROPPED_ATTRIBUTES,
        [EVENT] = EVENT_DROPPED_ATTRIBUTES,
        [LINK] = LINK_DROPPED_ATTRIBUTES,
        [LOG_RECORD] = LOG_DROPPED_ATTRIBUTES,
        [RESOURCE] = RESOURCE_DROPPED_ATTRIBUTES,
        [SCOPE] = SCOPE_DROPPED_ATTRIBUTES,
        [KEY_VALUE_LIST] = 0,
    };
    put_dropped(conversion, item, attributes_fields[item->message], item->dropped_attributes);
    put_dropped(conversion, item, SPAN_DROPPED_EVENTS, item->dropped_events);
    put_dropped(conversion, item, SPAN_DROPPED_LINKS, item->dropped_links);
    if (is_message(item->message, SPAN, LOG_RECORD) || is_message(item->message, RESOURCE, SCOPE)) {
        left_out_put(conversion->to, &conversion->notes);
        conversion->notes = (struct left_out_notes){0};
    }
}

static void drop_item(struct conversion *conversion, const struct open_item *item)
{
    struct buffer *to = conversion->to;
    if (to->failed)
        return;
    struct bytes written = bytes_of(to->data + item->start, to->size - item->start);
    struct bytes key = {0};
    if (item->message == KEY_VALUE)
        key = utf8_cut(wire_find_bytes(written, KEY_VALUE_KEY), LEFT_OUT_NAME_MAX);
    key = key.size > 0 ? arena_copy(conversion->arena, key) : BYTES_LITERAL("body");
    drop_element(conversion, item->message, conversion->depth, key,
                 (size_t)(conversion->at - item->text));
    to->size = item->before;
}

static void close_item(struct conversion *conversion)
{
    struct open_item item = conversion->open[--conversion->depth];
    conversion->at++;
    if (item.is_array || item.start == 0)
        return;
    if (item.is_left_out) {
        drop_item(conversion, &item);
        return;
    }
    put_losses(conversion, &item);
    wire_close_message(conversion->to, item.start);
}

/* ---- Values ---- */

/* False: no JSON. */
static bool convert_nested(struct conversion *conversion, const struct json_member *member,
                           struct bytes name, bool is_element)
{
    const uint8_t *text = conversion->at;
    bool is_object = *text == '{';
    bool is_list = member && member->is_list && !is_element;
    bool is_fit = member && (is_object ? !is_list && member->encoding == AS_MESSAGE : is_list);
    bool is_too_deep = conversion->depth == OPEN_MAX;
    if (member && (!is_fit || is_too_deep)) {
        (void)pass_nested(conversion); /* to its size */
        refuse_value(conversion, member, is_element, text);
        conversion->at = text;
    }
    if (is_too_deep)
        return pass_nested(conversion);
    if (is_fit && is_object)
        open_message(conversion, member, name);
    else
        open_item(conversion, (struct open_item){.message = IGNORED,
                                                 .is_array = !is_object,
                                                 .name = name,
                                                 .member = is_fit ? member : NULL});
    return true;
}

/* An id of a span or log record has its size, or is empty where it may be absent. */
static bool has_id_size(const struct json_member *member, struct bytes digits)
{
    if (!is_message(member->of, SPAN, LOG_RECORD) || digits.size == 0)
        return true;
    bool is_trace_id =
        member->field == (member->of == SPAN ? (uint32_t)SPAN_TRACE_ID : (uint32_t)LOG_TRACE_ID);
    return digits.size == 2 * (size_t)(is_trace_id ? TRACE_ID_SIZE : SPAN_ID_SIZE);
}

/* Reads the value at the cursor; `member` is NULL inside what is ignored. False: no JSON. */
static bool convert_value(struct conversion *conversion, const struct json_member *member,
                          struct bytes name, bool is_element)
{
    const uint8_t *text = conversion->at;
    if (text == conversion->end)
        return false;
    if (*text == '{' || *text == '[')
        return convert_nested(conversion, member, name, is_element);
    struct json_token token =
        otlp_json_token_read(&conversion->at, conversion->end, conversion->arena);
    if (token.type == JSON_BROKEN)
        return false;
    if (!member || (token.type == JSON_NULL && !is_element))
        return true;
    struct buffer *to = conversion->to;
    size_t before = to->size;
    bool is_list = member->is_list && !is_element;
    if (!is_list && (member->encoding != AS_HEX || has_id_size(member, token.text)) &&
        otlp_json_token_put(to, member->field, member->encoding, &token))
        return true;
    if (!to->failed)
        to->size = before;
    refuse_value(conversion, member, is_element, text);
    return true;
}

static bool convert_member(struct conversion *conversion, enum json_message message)
{
    if (conversion->at == conversion->end || *conversion->at != '"')
        return false;
    struct json_token name =
        otlp_json_token_read(&conversion->at, conversion->end, conversion->arena);
    conversion->at = otlp_json_space(conversion->at, conversion->end);
    if (name.type != JSON_STRING || conversion->at == conversion->end || *conversion->at != ':')
        return false;
    conversion->at = otlp_json_space(conversion->at + 1, conversion->end);
    const struct json_member *member = otlp_json_member(message, name.text);
    if (!member && conversion->at < conversion->end && *conversion->at != 'n')
        note_unknown(conversion, message, name.text);
    return convert_value(conversion, member, name.text, false);
}

/* One member, one element, or the end of what is open. */
static bool convert_step(struct conversion *conversion)
{
    struct open_item *top = &conversion->open[conversion->depth - 1];
    conversion->at = otlp_json_space(conversion->at, conversion->end);
    if (conversion->at == conversion->end)
        return false;
    if (*conversion->at == (top->is_array ? ']' : '}')) {
        close_item(conversion);
        return true;
    }
    if (top->has_item) {
        if (*conversion->at != ',')
            return false;
        conversion->at = otlp_json_space(conversion->at + 1, conversion->end);
        top->index++;
    }
    top->has_item = true;
    return top->is_array ? convert_value(conversion, top->member, (struct bytes){0}, true)
                         : convert_member(conversion, top->message);
}

enum status otlp_json_to_wire(struct bytes json, enum wire_gate_signal signal, struct arena *arena,
                              struct buffer *to, struct refused_parts *parts)
{
    struct conversion conversion;
    enum json_message request = signal == WIRE_GATE_TRACES ? TRACE_REQUEST : LOG_REQUEST;
    conversion.json = json;
    conversion.end = json.size ? json.data + json.size : json.data;
    conversion.at = otlp_json_space(json.data, conversion.end);
    conversion.arena = arena;
    conversion.to = to;
    conversion.parts = parts;
    conversion.notes = (struct left_out_notes){0};
    conversion.has_items = false;
    conversion.depth = 0;
    bool is_json = conversion.at < conversion.end && *conversion.at == '{';
    if (is_json)
        open_item(&conversion, (struct open_item){.message = request});
    while (is_json && conversion.depth > 0) {
        is_json = convert_step(&conversion);
        if (to->failed || arena->failed)
            return STATUS_BUSY;
    }
    if (is_json)
        conversion.at = otlp_json_space(conversion.at, conversion.end);
    parts->is_converted = !parts->has_place;
    if (is_json && conversion.at == conversion.end)
        return STATUS_OK;
    parts->has_place = false; /* where it stops being JSON says more */
    note_place(&conversion, (struct bytes){0}, conversion.at);
    return STATUS_MALFORMED;
}
