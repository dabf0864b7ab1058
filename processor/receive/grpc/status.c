/* Two trailers carry the time to retry, because senders differ: the Collector and the Go SDK read
 * google.rpc.Status in grpc-status-details-bin, the Python SDK reads RetryInfo alone. Values of
 * keys that end in -bin are raw bytes here; core encodes them. */
#include "processor/receive/grpc/status.h"

#include "processor/otlp/messages.h"

static grpc_metadata trailer(const char *key, const struct buffer *value)
{
    return (grpc_metadata){.key = grpc_slice_from_static_string(key),
                           .value = grpc_slice_from_copied_buffer(
                               (const char *)buffer_bytes(value).data, value->size)};
}

size_t grpc_trailers_init(grpc_metadata trailers[STATUS_TRAILERS_MAX],
                          const struct grpc_reply *reply)
{
    size_t count = 0;
    if (reply->names_encodings)
        trailers[count++] =
            (grpc_metadata){.key = grpc_slice_from_static_string("grpc-accept-encoding"),
                            .value = grpc_slice_from_static_string("identity,gzip")};
    if (reply->retry_ms <= 0)
        return count;
    struct buffer value = {0};
    message_status(&value, (int)reply->code, bytes_of_text(reply->text), reply->retry_ms);
    if (!value.failed)
        trailers[count++] = trailer("grpc-status-details-bin", &value);
    buffer_clear(&value);
    message_retry_info(&value, reply->retry_ms);
    if (!value.failed)
        trailers[count++] = trailer("google.rpc.retryinfo-bin", &value);
    buffer_finish(&value);
    return count;
}

void grpc_trailers_finish(grpc_metadata *trailers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        grpc_slice_unref(trailers[i].value);
}

struct grpc_reply grpc_reply_undecodable(struct bytes body)
{
    static const struct {
        const char *magic;
        size_t size;
        grpc_status_code code;
        const char *text;
    } encodings[] = {
        {"\x28\xb5\x2f\xfd", 4, GRPC_STATUS_UNIMPLEMENTED,
         "compression zstd is not supported; use gzip or none"},
        {"\xff\x06\x00\x00sNaPpY", 10, GRPC_STATUS_UNIMPLEMENTED,
         "compression snappy is not supported; use gzip or none"},
        {"\x04\x22\x4d\x18", 4, GRPC_STATUS_UNIMPLEMENTED,
         "compression lz4 is not supported; use gzip or none"},
        {"\x1f\x8b\x08", 3, GRPC_STATUS_INTERNAL,
         "the message is compressed, but no grpc-encoding says so"},
    };
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        if (bytes_starts_with(body, bytes_of(encodings[i].magic, encodings[i].size)))
            return (struct grpc_reply){.code = encodings[i].code,
                                       .text = encodings[i].text,
                                       .names_encodings =
                                           encodings[i].code == GRPC_STATUS_UNIMPLEMENTED};
    return grpc_reply_of(GRPC_STATUS_INVALID_ARGUMENT,
                         "the message is not a well-formed export request");
}
