/* The health service answers for the receiver and for each service that it carries, all alike. Its
 * two messages have one field each, so they are read and written as wire bytes:
 *
 *   HealthCheckRequest{service = 1}    HealthCheckResponse{status = 1}: 1 SERVING, 2 NOT_SERVING
 *
 * A service that is not here is NOT_FOUND, as that protocol asks. */
#include "processor/receive/grpc/health.h"

#include <grpc/byte_buffer.h>

#include "processor/otlp/wire.h"
#include "processor/receive/grpc/payload.h"

enum { CHECK_BYTES_MAX = 1024 };

static bool is_known(struct bytes service)
{
    static const char *const services[] = {"",
                                           "opentelemetry.proto.collector.trace.v1.TraceService",
                                           "opentelemetry.proto.collector.logs.v1.LogsService"};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++)
        if (bytes_equal_text(service, services[i]))
            return true;
    return false;
}

struct grpc_reply health_answer(grpc_byte_buffer *payload, bool is_serving, struct buffer *response)
{
    struct buffer message = {.limit = CHECK_BYTES_MAX};
    if (payload)
        (void)payload_copy(payload, grpc_byte_buffer_length(payload), &message);
    bool is_found = is_known(wire_find_bytes(buffer_bytes(&message), 1)) && !message.failed;
    buffer_finish(&message);
    if (!is_found)
        return grpc_reply_of(GRPC_STATUS_NOT_FOUND, "no such service");
    wire_put_number(response, 1, is_serving ? 1 : 2);
    return grpc_reply_of(GRPC_STATUS_OK, NULL);
}
