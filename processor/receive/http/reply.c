/* Bodies follow the JSON mapping of protobuf: 64-bit numbers are strings, a Duration is "1.5s", an
 * Any carries "@type", and fields without a value are left out. */
#include "processor/receive/http/reply.h"

#include <stdio.h>

#include "processor/base/json/number.h"
#include "processor/base/json/writer.h"
#include "processor/otlp/messages.h"

const char *http_media_type(enum http_media media)
{
    return media == HTTP_JSON ? "application/json" : "application/x-protobuf";
}

int64_t http_retry_seconds(int64_t retry_ms)
{
    int64_t seconds = retry_ms / 1000 + (retry_ms % 1000 != 0);
    return seconds > 0 ? seconds : 1;
}

static void status_json(struct buffer *to, const struct http_reply *reply)
{
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    json_put_int(&json, "code", (int64_t)reply->code);
    json_put_text(&json, "message", reply->text ? reply->text : "");
    if (reply->retry_ms > 0) {
        char delay[NUMBER_TEXT_SIZE + 1];
        number_format(delay, (double)reply->retry_ms / 1000);
        strcat(delay, "s");
        json_key(&json, "details");
        json_array_begin(&json);
        json_object_begin(&json);
        json_put_text(&json, "@type", "type.googleapis.com/google.rpc.RetryInfo");
        json_put_text(&json, "retryDelay", delay);
        json_object_end(&json);
        json_array_end(&json);
    }
    json_object_end(&json);
}

void http_status_body(struct buffer *to, enum http_media media, const struct http_reply *reply)
{
    if (media == HTTP_JSON)
        status_json(to, reply);
    else
        message_status(to, (int)reply->code, bytes_of_text(reply->text), reply->retry_ms);
}

static void export_json(struct buffer *to, enum wire_gate_signal signal, uint32_t rejected,
                        struct bytes text)
{
    struct json_writer json;
    json_writer_init(&json, to);
    json_object_begin(&json);
    if (rejected > 0 || text.size > 0) {
        char count[16];
        snprintf(count, sizeof count, "%u", rejected);
        json_key(&json, "partialSuccess");
        json_object_begin(&json);
        json_put_text(&json, signal == WIRE_GATE_TRACES ? "rejectedSpans" : "rejectedLogRecords",
                      count);
        json_put_bytes(&json, "errorMessage", text);
        json_object_end(&json);
    }
    json_object_end(&json);
}

void http_export_body(struct buffer *to, enum http_media media, enum wire_gate_signal signal,
                      const struct gated_request *gated)
{
    struct buffer text = {0};
    accept_reject_text(&text, gated);
    if (media == HTTP_JSON)
        export_json(to, signal, gated->rejected_count, buffer_bytes(&text));
    else
        message_export_response(to, signal, gated->rejected_count, buffer_bytes(&text));
    buffer_finish(&text);
}
