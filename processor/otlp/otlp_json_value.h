/* Scalars of the OTLP JSON mapping: one token of JSON text, and one field on the wire. Apart from
 * the pull reader of base/json, which forgives cut texts and looks ahead at every level: requests
 * are whole, and are read once. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/base/json/json.h"

/* What a member of the mapping holds. */
enum json_encoding {
    AS_MESSAGE,
    AS_TEXT,
    AS_HEX,    /* ids; not base64, unlike other bytes */
    AS_BASE64, /* bytesValue; either alphabet, padding may be missing */
    AS_BOOL,
    AS_KIND, /* enums: a number or a name, as protobuf's readers take both */
    AS_STATUS_CODE,
    AS_SEVERITY,
    AS_INT64,
    AS_UINT32,
    AS_FIXED32,
    AS_FIXED64,
    AS_DOUBLE,
};

struct json_token {
    enum json_type type; /* STRING, NUMBER, BOOL or NULL; BROKEN for everything else */
    struct bytes text;   /* STRING: unescaped; NUMBER: its literal */
    bool boolean;
};

const uint8_t *otlp_json_space(const uint8_t *at, const uint8_t *end);
/* Reads the scalar at `*at` and moves behind it. A text with escapes is unescaped into `arena`. */
struct json_token otlp_json_token_read(const uint8_t **at, const uint8_t *end, struct arena *arena);
/* Appends the field. False when the token does not hold what the encoding asks for; then the buffer
 * may end with a part of it. */
bool otlp_json_token_put(struct buffer *to, uint32_t field, enum json_encoding encoding,
                         const struct json_token *token);
