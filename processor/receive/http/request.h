/* What a request asks for, and its body turned into gated protobuf: pure functions of bytes, apart
 * from sockets and threads, so that they can be fuzzed.
 *
 *   head -> plan: signal, media, compression, length          or a refusal
 *   body -> [gunzip] -> [JSON to protobuf] -> gate            or a refusal
 */
#pragma once
#include "processor/base/inflate.h"
#include "processor/receive/http/reply.h"
#include "processor/receive/request.h"

/* Header values as they came; absent bytes: no such header. */
struct http_head {
    struct bytes method, path;
    struct bytes content_type, content_encoding, content_length;
    bool is_chunked;
};

struct http_routes {
    const char *const *trace_paths; /* none: /v1/traces */
    uint32_t trace_path_count;
};

enum { HTTP_LENGTH_UNKNOWN = -1 };

struct http_plan {
    enum wire_gate_signal signal;
    enum http_media media; /* of the answer too, so it is set for refusals as well */
    bool is_gzip;
    int64_t length; /* of the body as announced, or HTTP_LENGTH_UNKNOWN */
};

/* False: `ret_reply` is the refusal. */
bool http_plan(const struct http_head *head, const struct http_routes *routes,
               size_t max_message_bytes, struct http_plan *ret_plan, struct http_reply *ret_reply);

/* What reading a body needs room for besides the body: the size that the end of a gzip member
 * claims, within the limit. A hint only: inflating stays bounded whatever it says. */
size_t http_body_claim(const struct http_plan *plan, struct bytes body, size_t max_message_bytes);

enum { HTTP_TEXT_SIZE = 320 };

/* What came of a body. Borrowed from the request. */
struct http_body_result {
    struct http_reply reply;   /* of a refusal */
    char text[HTTP_TEXT_SIZE]; /* of that reply, where it names a place */
    struct bytes letter;       /* the body for a dead letter; absent: none */
    bool is_letter_gzip;
    bool has_many_items; /* 413 because of what the gate counts, not of bytes */
};

/* Reads `request->received`, the body as it came, to a gated request of wire bytes: JSON has
 * become protobuf in `received`, gzipped protobuf stays as it came. False: refused. */
bool http_body_read(const struct http_plan *plan, struct inflater *inflater,
                    size_t max_message_bytes, const struct wire_gate_limits *gate,
                    struct request *request, struct http_body_result *ret_result);
