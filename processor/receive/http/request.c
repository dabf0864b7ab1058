/* Two buffers are enough for every body. What came lies in `received`:
 *
 *   protobuf          received = wire                           gate(received)
 *   protobuf, gzip    received = gzip   -> inflated = wire      gate(inflated)
 *   json              received = json   -> inflated = wire      swap, gate(received)
 *   json, gzip        received = gzip   -> inflated = json -> received = wire    gate(received)
 */
#include "processor/receive/http/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "processor/otlp/otlp_json.h"
#include "processor/receive/admission.h"

static struct bytes trim(struct bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text.data++, text.size--;
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* Letters of ASCII in any case. */
static bool is_named(struct bytes text, const char *name)
{
    return text.size == strlen(name) && strncasecmp((const char *)text.data, name, text.size) == 0;
}

/* The media type without its parameters. */
static bool read_media(struct bytes content_type, enum http_media *ret_media)
{
    if (!content_type.data)
        return false;
    const uint8_t *end = memchr(content_type.data, ';', content_type.size);
    if (end)
        content_type.size = (size_t)(end - content_type.data);
    content_type = trim(content_type);
    if (is_named(content_type, "application/json"))
        *ret_media = HTTP_JSON;
    else if (is_named(content_type, "application/x-protobuf"))
        *ret_media = HTTP_PROTOBUF;
    else
        return false;
    return true;
}

static bool read_encoding(struct bytes content_encoding, bool *ret_is_gzip)
{
    content_encoding = trim(content_encoding);
    *ret_is_gzip = is_named(content_encoding, "gzip") || is_named(content_encoding, "x-gzip");
    return *ret_is_gzip || content_encoding.size == 0 || is_named(content_encoding, "identity");
}

/* A length with so many digits that it can't be one is larger than every limit. */
static bool read_length(struct bytes text, int64_t *ret_length)
{
    int64_t length = 0;
    text = trim(text);
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        length = length > INT64_MAX / 10 - 1 ? INT64_MAX : length * 10 + (text.data[i] - '0');
    }
    *ret_length = length;
    return text.size > 0;
}

static bool read_path(struct bytes path, const struct http_routes *routes,
                      enum wire_gate_signal *ret_signal)
{
    *ret_signal = WIRE_GATE_TRACES;
    for (uint32_t i = 0; i < routes->trace_path_count; i++)
        if (bytes_equal_text(path, routes->trace_paths[i]))
            return true;
    if (routes->trace_path_count == 0 && bytes_equal_text(path, "/v1/traces"))
        return true;
    *ret_signal = WIRE_GATE_LOGS;
    return bytes_equal_text(path, "/v1/logs");
}

static struct http_reply reply_no_path(struct bytes path)
{
    bool is_metrics = bytes_equal_text(path, "/v1/metrics");
    return http_reply_of(404, RPC_UNIMPLEMENTED,
                         is_metrics ? "metrics are not taken here: traces and logs are"
                                    : "no such path; traces and logs are taken here");
}

static const char too_large[] = "the body is larger than the limit";
static const char too_large_inflated[] = "the body is larger than the limit after decompression";

bool http_plan(const struct http_head *head, const struct http_routes *routes,
               size_t max_message_bytes, struct http_plan *ret_plan, struct http_reply *ret_reply)
{
    struct http_plan plan = {.media = HTTP_JSON, .length = HTTP_LENGTH_UNKNOWN};
    bool has_media = read_media(head->content_type, &plan.media);
    bool is_length_good = true;
    if (head->content_length.data && !head->is_chunked)
        is_length_good = read_length(head->content_length, &plan.length);
    else if (!head->is_chunked)
        plan.length = 0;
    struct http_reply reply = {0};
    if (!read_path(head->path, routes, &plan.signal))
        reply = reply_no_path(head->path);
    else if (!bytes_equal_text(head->method, "POST"))
        reply = http_reply_of(405, RPC_UNIMPLEMENTED, "only POST is understood here");
    else if (!has_media)
        reply = http_reply_of(415, RPC_UNIMPLEMENTED,
                              "the Content-Type is not supported; use application/x-protobuf or "
                              "application/json");
    else if (!read_encoding(head->content_encoding, &plan.is_gzip))
        reply =
            (struct http_reply){415, RPC_UNIMPLEMENTED,
                                "the Content-Encoding is not supported; use gzip or none", 0, true};
    else if (!is_length_good)
        reply = http_reply_of(400, RPC_INVALID_ARGUMENT, "the Content-Length is no number");
    else if (plan.length > 0 && (uint64_t)plan.length > max_message_bytes)
        reply = http_reply_too_large(too_large);
    *ret_plan = plan;
    *ret_reply = reply;
    return reply.status == 0;
}

size_t http_body_claim(const struct http_plan *plan, struct bytes body, size_t max_message_bytes)
{
    if (!plan->is_gzip)
        return plan->media == HTTP_JSON ? body.size : 0;
    if (body.size < 4)
        return 0;
    const uint8_t *end = body.data + body.size;
    size_t claimed = (size_t)end[-1] << 24 | (size_t)end[-2] << 16 | (size_t)end[-3] << 8 | end[-4];
    if (claimed > max_message_bytes)
        claimed = max_message_bytes;
    return plan->media == HTTP_JSON ? 2 * claimed : claimed;
}

static bool refuse(struct http_body_result *result, struct http_reply reply)
{
    result->reply = reply;
    return false;
}

/* Too much for the limits, unless it is memory that is short: then it may come again. */
static bool refuse_too_large(struct http_body_result *result, const struct request *request,
                             const char *text)
{
    return refuse(result, request_lacks_memory(request)
                              ? http_reply_retry("no memory for the request now", 0)
                              : http_reply_too_large(text));
}

static bool refuse_malformed(struct http_body_result *result, const char *text, struct bytes letter,
                             bool is_gzip)
{
    result->letter = letter;
    result->is_letter_gzip = is_gzip;
    return refuse(result, http_reply_of(400, RPC_INVALID_ARGUMENT, text));
}

static bool inflate(struct inflater *inflater, size_t limit, struct request *request,
                    struct http_body_result *result)
{
    enum status status =
        inflate_gzip(inflater, buffer_bytes(&request->received), limit, &request->inflated);
    if (status == STATUS_OK)
        return true;
    if (status == STATUS_BUSY)
        return refuse_too_large(result, request, too_large_inflated);
    return refuse_malformed(result, "the body is not well-formed gzip",
                            buffer_bytes(&request->received), true);
}

/* Leaves wire bytes in `received`, and `inflated` empty. */
static bool convert(const struct http_plan *plan, size_t limit, struct request *request,
                    struct http_body_result *result)
{
    struct buffer *json = plan->is_gzip ? &request->inflated : &request->received;
    struct buffer *wire = plan->is_gzip ? &request->received : &request->inflated;
    buffer_clear(wire);
    wire->limit = limit;
    enum status status =
        otlp_json_to_wire(buffer_bytes(json), plan->signal, &request->arena, wire, &request->parts);
    wire->limit = 0;
    if (status == STATUS_BUSY || (status == STATUS_OK && wire->failed))
        return refuse_too_large(result, request, "the body takes more memory than a request may");
    if (status != STATUS_OK) {
        snprintf(result->text, sizeof result->text,
                 "the body is not the JSON of an export request: it ends or breaks at byte %" PRIu64
                 "%s%s",
                 request->parts.offset, *request->parts.place ? ", in " : "", request->parts.place);
        return refuse_malformed(result, result->text, buffer_bytes(json), false);
    }
    struct buffer kept = *wire;
    if (!plan->is_gzip)
        request->inflated = request->received;
    request->received = kept;
    buffer_clear(&request->inflated);
    arena_reset(&request->arena);
    return true;
}

bool http_body_read(const struct http_plan *plan, struct inflater *inflater,
                    size_t max_message_bytes, const struct wire_gate_limits *gate,
                    struct request *request, struct http_body_result *ret_result)
{
    *ret_result = (struct http_body_result){0};
    request->signal = plan->signal;
    bool is_empty = request->received.size == 0 && plan->media == HTTP_PROTOBUF;
    bool is_gzip = plan->is_gzip && !is_empty;
    if (is_gzip && !inflate(inflater, max_message_bytes, request, ret_result))
        return false;
    if (plan->media == HTTP_JSON && !convert(plan, max_message_bytes, request, ret_result))
        return false;
    request->encoding = is_gzip && plan->media == HTTP_PROTOBUF ? REQUEST_GZIP : REQUEST_IDENTITY;
    enum status status = admission_gate(request, gate);
    if (status == STATUS_OK)
        return true;
    ret_result->has_many_items = status == STATUS_BUSY && !request_lacks_memory(request);
    if (status == STATUS_BUSY)
        return refuse_too_large(ret_result, request,
                                "the body holds more items than a request may");
    struct bytes body = request_body(request);
    bool is_hidden_gzip = !is_gzip && bytes_starts_with(body, BYTES_LITERAL("\x1f\x8b\x08"));
    return refuse_malformed(ret_result,
                            is_hidden_gzip
                                ? "the body is compressed, but no Content-Encoding says so"
                                : "the body is not a well-formed export request",
                            buffer_bytes(&request->received), is_gzip);
}
