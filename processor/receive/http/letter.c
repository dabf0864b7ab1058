/* A letter holds the bytes that were refused, in the encoding in which they are at that
 * time: a body that cannot be decoded as it came, anything later as the protobuf that
 * would have been submitted. */
#include "processor/receive/http/letter.h"

#include "processor/receive/accept.h"

static void send_letter(struct dead_letter *to, const struct http_plan *plan,
                        struct dead_letter_reason reason, struct bytes letter)
{
    reason.receiver = "otlp/http";
    reason.signal = plan->signal == WIRE_GATE_TRACES ? "traces" : "logs";
    (void)dead_letter_submit(to, &reason, letter);
}

void http_letter_undecodable(struct dead_letter *to, const struct http_plan *plan,
                             const struct http_body_result *result)
{
    struct dead_letter_reason reason = {
        .reason = "malformed",
        .detail = result->reply.text,
        .encoding = plan->media == HTTP_JSON ? "otlp_json" : "otlp_proto",
        .compression = result->is_letter_gzip ? "gzip" : NULL,
    };
    if (result->letter.data)
        send_letter(to, plan, reason, result->letter);
}

void http_letter_partly_refused(struct dead_letter *to, const struct http_plan *plan,
                                const struct request *request)
{
    struct dead_letter_reason reason = {
        .reason = accept_letter_reason(&request->gated),
        .detail = "some of its items were refused, or nothing in it was recognized",
        .encoding = "otlp_proto",
        .compression = request->encoding == REQUEST_GZIP ? "gzip" : NULL,
    };
    if (reason.reason)
        send_letter(to, plan, reason, buffer_bytes(&request->received));
}
