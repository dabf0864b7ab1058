/* The members of the OTLP JSON mapping, and what each becomes on the wire. */
#pragma once
#include "processor/otlp/otlp_json_value.h"

enum json_message {
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

struct json_member {
    enum json_message of;
    const char *name;
    uint32_t field;
    enum json_encoding encoding;
    enum json_message child; /* of AS_MESSAGE */
    bool is_list;
};

/* The member of that name in a message: as the mapping writes it ("traceId") or as the .proto does
 * ("trace_id"), which protobuf's readers take both. NULL: unknown. */
const struct json_member *otlp_json_member(enum json_message of, struct bytes name);
