/* link: receive otlp base */
/* Five lines of a head (method, path, Content-Type, Content-Encoding, Content-Length; "-" stands
 * for a header that is not there), then the body. Whatever is accepted is gated and lies in one of
 * the two buffers; whatever is refused says why, in a reply that fits its status; nothing is
 * larger than the limit. */
#include <assert.h>

#include "processor/receive/http/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 256 * 1024 };

static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = text->size ? memchr(text->data, '\n', text->size) : NULL;
    struct bytes line = {text->data, end ? (size_t)(end - text->data) : text->size};
    size_t used = line.size + (end != NULL);
    *text = bytes_of(text->data + used, text->size - used);
    return bytes_equal_text(line, "-") ? (struct bytes){0} : line;
}

static void check_refusal(const struct http_reply *reply, enum http_media media)
{
    assert(reply->status >= 400 && reply->status < 600);
    assert(reply->code != RPC_OK && reply->text);
    assert((reply->status == 503) == (reply->retry_ms > 0));
    struct buffer body = {0};
    http_status_body(&body, media, reply);
    assert(body.size > 0 || body.failed);
    buffer_finish(&body);
}

static void check_accepted(const struct http_plan *plan, const struct request *request)
{
    struct bytes body = request_body(request);
    assert(body.size <= LIMIT && request->signal == plan->signal);
    assert(request->encoding == REQUEST_IDENTITY || plan->media == HTTP_PROTOBUF);
    for (uint32_t i = 0; i < request->gated.span_count; i++) {
        struct bytes span = request->gated.spans[i].span.wire;
        assert(span.size == 0 ||
               (span.data >= body.data && span.data + span.size <= body.data + body.size));
    }
    struct buffer response = {0};
    http_export_body(&response, plan->media, plan->signal, &request->gated);
    assert(!response.failed && (plan->media == HTTP_PROTOBUF || response.size >= 2));
    buffer_finish(&response);
}

static void read_body(const struct http_plan *plan, struct bytes body)
{
    struct request_pool *pool = request_pool_create(0);
    struct inflater *inflater = inflater_create();
    struct request *request = request_take(pool);
    struct http_body_result result;
    buffer_append_bytes(&request->received, body);
    (void)http_body_claim(plan, buffer_bytes(&request->received), LIMIT);
    if (http_body_read(plan, inflater, LIMIT, &wire_gate_limits_default, request, &result))
        check_accepted(plan, request);
    else
        check_refusal(&result.reply, plan->media);
    request_release(request);
    inflater_destroy(inflater);
    request_pool_destroy(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {"/v1/traces", "/api/public/otel/v1/traces"};
    struct http_routes routes = {paths, 2};
    struct bytes rest = bytes_of(data, size);
    struct http_head head = {.method = take_line(&rest), .path = take_line(&rest)};
    head.content_type = take_line(&rest);
    head.content_encoding = take_line(&rest);
    head.content_length = take_line(&rest);
    head.is_chunked = head.content_length.data == NULL;
    struct http_plan plan;
    struct http_reply reply;
    if (!http_plan(&head, &routes, LIMIT, &plan, &reply))
        check_refusal(&reply, plan.media);
    else if (rest.size <= LIMIT)
        read_body(&plan, rest);
    return 0;
}
