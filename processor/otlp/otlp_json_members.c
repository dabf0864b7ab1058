/* The table of the mapping. Members of one message stand together. */
#include "processor/otlp/otlp_json_members.h"

#include "processor/otlp/fields.h"

#define LIST(message) AS_MESSAGE, message, true
#define ONE(message) AS_MESSAGE, message, false
#define SCALAR(encoding) encoding, IGNORED, false
#define TEXTS AS_TEXT, IGNORED, true

static const struct json_member members[] = {
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
    {SPAN, "kind", SPAN_KIND, SCALAR(AS_KIND)},
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
    {STATUS, "code", STATUS_CODE, SCALAR(AS_STATUS_CODE)},

    {LOG_RECORD, "timeUnixNano", LOG_TIME, SCALAR(AS_FIXED64)},
    {LOG_RECORD, "observedTimeUnixNano", LOG_OBSERVED_TIME, SCALAR(AS_FIXED64)},
    {LOG_RECORD, "severityNumber", LOG_SEVERITY_NUMBER, SCALAR(AS_SEVERITY)},
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

static bool is_name(struct bytes name, const char *camel)
{
    size_t i = 0;
    for (; i < name.size && *camel; i++, camel++) {
        if (*camel >= 'A' && *camel <= 'Z' && name.data[i] == '_') {
            if (++i == name.size || name.data[i] != (uint8_t)(*camel + 32))
                return false;
        } else if (name.data[i] != (uint8_t)*camel) {
            return false;
        }
    }
    return i == name.size && !*camel;
}

const struct json_member *otlp_json_member(enum json_message of, struct bytes name)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].of == of && is_name(name, members[i].name))
            return &members[i];
    return NULL;
}
