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

#include "processor/otlp/fields.h"
#include "processor/otlp/otlp_json_value.h"
#include "processor/otlp/wire.h"

enum message {
    IGNORED, /* inside an unknown member */
    TRACE_REQUEST,
    RESOURCE_SPANS,
    SCOPE_SPANS,
    LOG_REQUEST,
    RESOURCE_LOGS,
    SCOPE_LOGS,
    RESOURCE,
    ENTITY,
    SCOPE,
    SPAN,
    EVENT,
    LINK,
    STATUS,
    LOG_RECORD,
    KEY_VALUE,
    ANY_VALUE,
    ARRAY_VALUE,
    KEY_VALUE_LIST,
};

struct member {
    enum message of;
    const char *name;
    uint32_t field;
    enum json_encoding encoding;
    enum message child; /* of AS_MESSAGE */
    bool is_list;
};

#define LIST(message) AS_MESSAGE, message, true
#define ONE(message) AS_MESSAGE, message, false
#define SCALAR(encoding) encoding, IGNORED, false
#define TEXTS AS_TEXT, IGNORED, true

/* Members of one message stand together. */
static const struct member members[] = {
    {KEY_VALUE, "key", KEY_VALUE_KEY, SCALAR(AS_TEXT)},
    {KEY_VALUE, "value", KEY_VALUE_VALUE, ONE(ANY_VALUE)},
    {ANY_VALUE, "stringValue", ANY_STRING, SCALAR(AS_TEXT)},
    {ANY_VALUE, "boolValue", ANY_BOOL, SCALAR(AS_BOOL)},
    {ANY_VALUE, "intValue", ANY_INT, SCALAR(AS_INT64)},
    {ANY_VALUE, "doubleValue", ANY_DOUBLE, SCALAR(AS_DOUBLE)},
    {ANY_VALUE, "arrayValue", ANY_ARRAY, ONE(ARRAY_VALUE)},
    {ANY_VALUE, "kvlistValue", ANY_KVLIST, ONE(KEY_VALUE_LIST)},
    {ANY_VALUE, "bytesValue", ANY_BYTES, SCALAR(AS_BASE64)},
    {ARRAY_VALUE, "values", LIST_VALUES, LIST(ANY_VALUE)},
    {KEY_VALUE_LIST, "values", LIST_VALUES, LIST(KEY_VALUE)},

    {SPAN, "traceId", SPAN_TRACE_ID, SCALAR(AS_HEX)},
    {SPAN, "spanId", SPAN_SPAN_ID, SCALAR(AS_HEX)},
    {SPAN, "traceState", SPAN_TRACE_STATE, SCALAR(AS_TEXT)},
    {SPAN, "parentSpanId", SPAN_PARENT_SPAN_ID, SCALAR(AS_HEX)},
    {SPAN, "name", SPAN_NAME, SCALAR(AS_TEXT)},
    {SPAN, "kind", SPAN_KIND, SCALAR(AS_ENUM)},
    {SPAN, "startTimeUnixNano", SPAN_START_TIME, SCALAR(AS_FIXED64)},
    {SPAN, "endTimeUnixNano", SPAN_END_TIME, SCALAR(AS_FIXED64)},
    {SPAN, "attributes", SPAN_ATTRIBUTES, LIST(KEY_VALUE)},
    {SPAN, "droppedAttributesCount", SPAN_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},
    {SPAN, "events", SPAN_EVENTS, LIST(EVENT)},
    {SPAN, "droppedEventsCount", SPAN_DROPPED_EVENTS, SCALAR(AS_UINT32)},
    {SPAN, "links", SPAN_LINKS, LIST(LINK)},
    {SPAN, "droppedLinksCount", SPAN_DROPPED_LINKS, SCALAR(AS_UINT32)},
    {SPAN, "status", SPAN_STATUS, ONE(STATUS)},
    {SPAN, "flags", SPAN_FLAGS, SCALAR(AS_FIXED32)},
    {EVENT, "timeUnixNano", EVENT_TIME, SCALAR(AS_FIXED64)},
    {EVENT, "name", EVENT_NAME, SCALAR(AS_TEXT)},
    {EVENT, "attributes", EVENT_ATTRIBUTES, LIST(KEY_VALUE)},
    {EVENT, "droppedAttributesCount", EVENT_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},
    {LINK, "traceId", LINK_TRACE_ID, SCALAR(AS_HEX)},
    {LINK, "spanId", LINK_SPAN_ID, SCALAR(AS_HEX)},
    {LINK, "traceState", LINK_TRACE_STATE, SCALAR(AS_TEXT)},
    {LINK, "attributes", LINK_ATTRIBUTES, LIST(KEY_VALUE)},
    {LINK, "droppedAttributesCount", LINK_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},
    {LINK, "flags", LINK_FLAGS, SCALAR(AS_FIXED32)},
    {STATUS, "message", STATUS_MESSAGE, SCALAR(AS_TEXT)},
    {STATUS, "code", STATUS_CODE, SCALAR(AS_ENUM)},

    {LOG_RECORD, "timeUnixNano", LOG_TIME, SCALAR(AS_FIXED64)},
    {LOG_RECORD, "observedTimeUnixNano", LOG_OBSERVED_TIME, SCALAR(AS_FIXED64)},
    {LOG_RECORD, "severityNumber", LOG_SEVERITY_NUMBER, SCALAR(AS_ENUM)},
    {LOG_RECORD, "severityText", LOG_SEVERITY_TEXT, SCALAR(AS_TEXT)},
    {LOG_RECORD, "body", LOG_BODY, ONE(ANY_VALUE)},
    {LOG_RECORD, "attributes", LOG_ATTRIBUTES, LIST(KEY_VALUE)},
    {LOG_RECORD, "droppedAttributesCount", LOG_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},
    {LOG_RECORD, "flags", LOG_FLAGS, SCALAR(AS_FIXED32)},
    {LOG_RECORD, "traceId", LOG_TRACE_ID, SCALAR(AS_HEX)},
    {LOG_RECORD, "spanId", LOG_SPAN_ID, SCALAR(AS_HEX)},
    {LOG_RECORD, "eventName", LOG_EVENT_NAME, SCALAR(AS_TEXT)},

    {RESOURCE, "attributes", RESOURCE_ATTRIBUTES, LIST(KEY_VALUE)},
    {RESOURCE, "droppedAttributesCount", RESOURCE_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},
    {RESOURCE, "entityRefs", RESOURCE_ENTITY_REFS, LIST(ENTITY)},
    {ENTITY, "schemaUrl", ENTITY_SCHEMA_URL, SCALAR(AS_TEXT)},
    {ENTITY, "type", ENTITY_TYPE, SCALAR(AS_TEXT)},
    {ENTITY, "idKeys", ENTITY_ID_KEYS, TEXTS},
    {ENTITY, "descriptionKeys", ENTITY_DESCRIPTION_KEYS, TEXTS},
    {SCOPE, "name", SCOPE_NAME, SCALAR(AS_TEXT)},
    {SCOPE, "version", SCOPE_VERSION, SCALAR(AS_TEXT)},
    {SCOPE, "attributes", SCOPE_ATTRIBUTES, LIST(KEY_VALUE)},
    {SCOPE, "droppedAttributesCount", SCOPE_DROPPED_ATTRIBUTES, SCALAR(AS_UINT32)},

    {TRACE_REQUEST, "resourceSpans", REQUEST_GROUPS, LIST(RESOURCE_SPANS)},
    {RESOURCE_SPANS, "resource", GROUP_HEAD, ONE(RESOURCE)},
    {RESOURCE_SPANS, "scopeSpans", GROUP_ITEMS, LIST(SCOPE_SPANS)},
    {RESOURCE_SPANS, "schemaUrl", GROUP_SCHEMA_URL, SCALAR(AS_TEXT)},
    {SCOPE_SPANS, "scope", GROUP_HEAD, ONE(SCOPE)},
    {SCOPE_SPANS, "spans", GROUP_ITEMS, LIST(SPAN)},
    {SCOPE_SPANS, "schemaUrl", GROUP_SCHEMA_URL, SCALAR(AS_TEXT)},
    {LOG_REQUEST, "resourceLogs", REQUEST_GROUPS, LIST(RESOURCE_LOGS)},
    {RESOURCE_LOGS, "resource", GROUP_HEAD, ONE(RESOURCE)},
    {RESOURCE_LOGS, "scopeLogs", GROUP_ITEMS, LIST(SCOPE_LOGS)},
    {RESOURCE_LOGS, "schemaUrl", GROUP_SCHEMA_URL, SCALAR(AS_TEXT)},
    {SCOPE_LOGS, "scope", GROUP_HEAD, ONE(SCOPE)},
    {SCOPE_LOGS, "logRecords", GROUP_ITEMS, LIST(LOG_RECORD)},
    {SCOPE_LOGS, "schemaUrl", GROUP_SCHEMA_URL, SCALAR(AS_TEXT)},
};

enum { OPEN_MAX = 192 }; /* objects and arrays; more than the gate's nested values need */

struct open_item {
    enum message message;
    bool is_array;
    bool has_item;
    const struct member *member; /* of an array: what its elements are; NULL when ignored */
    size_t start;                /* in the output, of the message's first byte; 0: the request */
};

struct conversion {
    const uint8_t *at, *end;
    struct arena *arena;
    struct buffer *to;
    struct open_item open[OPEN_MAX];
    int depth;
};

static const struct member *find_member(enum message of, struct bytes name)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].of == of && bytes_equal_text(name, members[i].name))
            return &members[i];
    return NULL;
}

static bool open_item(struct conversion *conversion, struct open_item item)
{
    if (conversion->depth == OPEN_MAX)
        return false;
    conversion->open[conversion->depth++] = item;
    conversion->at++;
    return true;
}

static bool open_message(struct conversion *conversion, const struct member *member)
{
    wire_put_tag(conversion->to, member->field, WIRE_BYTES);
    buffer_append_byte(conversion->to, 0);
    return open_item(conversion,
                     (struct open_item){.message = member->child, .start = conversion->to->size});
}

/* Fills in the size of a message that ends here. */
static void close_message(struct buffer *to, size_t start)
{
    uint8_t encoded[10];
    size_t size = to->size - start, count = 0;
    if (to->failed)
        return;
    for (uint64_t rest = size; rest > 0 || count == 0; rest >>= 7)
        encoded[count++] = (uint8_t)((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    if (!buffer_reserve(to, count - 1))
        return;
    memmove(to->data + start + count - 1, to->data + start, size);
    memcpy(to->data + start - 1, encoded, count);
    to->size += count - 1;
}

static void close_item(struct conversion *conversion)
{
    struct open_item item = conversion->open[--conversion->depth];
    conversion->at++;
    if (!item.is_array && item.start > 0)
        close_message(conversion->to, item.start);
}

/* Reads the value at the cursor; `member` is NULL inside what is ignored. False when it is not
 * what the member holds. */
static bool convert_value(struct conversion *conversion, const struct member *member,
                          bool is_element)
{
    if (conversion->at == conversion->end)
        return false;
    bool is_list = member && member->is_list && !is_element;
    switch (*conversion->at) {
    case '{':
        if (!member)
            return open_item(conversion, (struct open_item){.message = IGNORED});
        return !is_list && member->encoding == AS_MESSAGE && open_message(conversion, member);
    case '[':
        if (member && !is_list)
            return false;
        return open_item(conversion, (struct open_item){.is_array = true, .member = member});
    default:
        break;
    }
    struct json_token token =
        otlp_json_token_read(&conversion->at, conversion->end, conversion->arena);
    if (token.type == JSON_BROKEN)
        return false;
    if (!member || (token.type == JSON_NULL && !is_element))
        return true;
    return !is_list && otlp_json_token_put(conversion->to, member->field, member->encoding, &token);
}

static bool convert_member(struct conversion *conversion, enum message message)
{
    if (conversion->at == conversion->end || *conversion->at != '"')
        return false;
    struct json_token name =
        otlp_json_token_read(&conversion->at, conversion->end, conversion->arena);
    conversion->at = otlp_json_space(conversion->at, conversion->end);
    if (name.type != JSON_STRING || conversion->at == conversion->end || *conversion->at != ':')
        return false;
    conversion->at = otlp_json_space(conversion->at + 1, conversion->end);
    return convert_value(conversion, find_member(message, name.text), false);
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
    }
    top->has_item = true;
    return top->is_array ? convert_value(conversion, top->member, true)
                         : convert_member(conversion, top->message);
}

enum status otlp_json_to_wire(struct bytes json, enum wire_gate_signal signal, struct arena *arena,
                              struct buffer *to)
{
    struct conversion conversion;
    conversion.end = json.size ? json.data + json.size : json.data;
    conversion.at = otlp_json_space(json.data, conversion.end);
    conversion.arena = arena;
    conversion.to = to;
    conversion.depth = 0;
    bool is_mapping =
        conversion.at < conversion.end && *conversion.at == '{' &&
        open_item(&conversion,
                  (struct open_item){.message =
                                         signal == WIRE_GATE_TRACES ? TRACE_REQUEST : LOG_REQUEST});
    while (is_mapping && conversion.depth > 0) {
        is_mapping = convert_step(&conversion);
        if (to->failed || arena->failed)
            return STATUS_BUSY;
    }
    if (is_mapping)
        conversion.at = otlp_json_space(conversion.at, conversion.end);
    return is_mapping && conversion.at == conversion.end ? STATUS_OK : STATUS_MALFORMED;
}
