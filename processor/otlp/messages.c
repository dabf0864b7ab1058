/* Each function packs or unpacks one small message. Unpacking allocates in the caller's arena, so
 * nothing is freed field by field and a hostile message can't cost more than the budget. */
#include "processor/otlp/messages.h"

#include <assert.h>

#include "google/rpc/retry_info.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "opentelemetry/proto/collector/logs/v1/logs_service.pb-c.h"
#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "processor/base/text/utf8.h"

/* The generated names spell out their packages. */
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest TraceRequest;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceResponse TraceResponse;
typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTracePartialSuccess TracePartial;
typedef Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceRequest LogsRequest;
typedef Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceResponse LogsResponse;
typedef Opentelemetry__Proto__Collector__Logs__V1__ExportLogsPartialSuccess LogsPartial;

#define TRACE(name) opentelemetry__proto__collector__trace__v1__export_trace_##name
#define LOGS(name) opentelemetry__proto__collector__logs__v1__export_logs_##name

/* Of an error message: a client reads 4 KiB at most before it may give up. */
enum { TEXT_SIZE_MAX = 3072 };

/* Text as protobuf-c wants it: ended by NUL, so cut at the first one inside. */
struct message_text {
    char characters[TEXT_SIZE_MAX + 1];
};

static char *text_set(struct message_text *text, struct bytes from)
{
    from = utf8_cut(from, TEXT_SIZE_MAX);
    if (from.size > 0)
        memcpy(text->characters, from.data, from.size);
    text->characters[from.size] = '\0';
    return text->characters;
}

static void append_message(struct buffer *to, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > 0 && buffer_reserve(to, size))
        to->size += protobuf_c_message_pack(message, to->data + to->size);
}

static void *allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void forget(void *arena, void *pointer)
{
    (void)arena, (void)pointer; /* lives as long as the arena */
}

static ProtobufCMessage *unpack(const ProtobufCMessageDescriptor *type, struct bytes bytes,
                                struct arena *arena)
{
    ProtobufCAllocator allocator = {.alloc = allocate, .free = forget, .allocator_data = arena};
    return protobuf_c_message_unpack(type, &allocator, bytes.size, bytes.data);
}

void message_export_response(struct buffer *to, enum wire_gate_signal signal, uint32_t rejected,
                             struct bytes error_message)
{
    struct message_text text;
    bool is_partial = rejected > 0 || error_message.size > 0;
    if (signal == WIRE_GATE_TRACES) {
        TracePartial partial;
        TraceResponse response;
        TRACE(partial_success__init)(&partial);
        TRACE(service_response__init)(&response);
        partial.rejected_spans = rejected;
        partial.error_message = text_set(&text, error_message);
        response.partial_success = is_partial ? &partial : NULL;
        append_message(to, &response.base);
    } else {
        LogsPartial partial;
        LogsResponse response;
        LOGS(partial_success__init)(&partial);
        LOGS(service_response__init)(&response);
        partial.rejected_log_records = rejected;
        partial.error_message = text_set(&text, error_message);
        response.partial_success = is_partial ? &partial : NULL;
        append_message(to, &response.base);
    }
}

enum status message_read_response(struct bytes response, enum wire_gate_signal signal,
                                  struct arena *arena, int64_t *ret_rejected,
                                  struct bytes *ret_error_message)
{
    int64_t rejected = 0;
    const char *text = "";
    if (signal == WIRE_GATE_TRACES) {
        const TraceResponse *message =
            (const TraceResponse *)unpack(&TRACE(service_response__descriptor), response, arena);
        if (!message)
            return STATUS_MALFORMED;
        if (message->partial_success) {
            rejected = message->partial_success->rejected_spans;
            text = message->partial_success->error_message;
        }
    } else {
        const LogsResponse *message =
            (const LogsResponse *)unpack(&LOGS(service_response__descriptor), response, arena);
        if (!message)
            return STATUS_MALFORMED;
        if (message->partial_success) {
            rejected = message->partial_success->rejected_log_records;
            text = message->partial_success->error_message;
        }
    }
    *ret_rejected = rejected;
    *ret_error_message = bytes_of_text(text);
    return STATUS_OK;
}

void message_retry_info(struct buffer *to, int64_t retry_delay_ms)
{
    assert(retry_delay_ms >= 0);
    Google__Protobuf__Duration delay = GOOGLE__PROTOBUF__DURATION__INIT;
    Google__Rpc__RetryInfo retry_info = GOOGLE__RPC__RETRY_INFO__INIT;
    delay.seconds = retry_delay_ms / 1000;
    delay.nanos = (int32_t)(retry_delay_ms % 1000) * 1000000;
    retry_info.retry_delay = &delay;
    append_message(to, &retry_info.base);
}

void message_status(struct buffer *to, int code, struct bytes text, int64_t retry_delay_ms)
{
    struct message_text message;
    struct buffer retry_info = {0};
    Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
    Google__Protobuf__Any detail = GOOGLE__PROTOBUF__ANY__INIT;
    Google__Protobuf__Any *details[] = {&detail};
    char type_url[] = "type.googleapis.com/google.rpc.RetryInfo";
    status.code = code;
    status.message = text_set(&message, text);
    if (retry_delay_ms > 0) {
        message_retry_info(&retry_info, retry_delay_ms);
        detail.type_url = type_url;
        detail.value = (ProtobufCBinaryData){.len = retry_info.size, .data = retry_info.data};
        status.details = details;
        status.n_details = 1;
    }
    append_message(to, &status.base);
    to->failed |= retry_info.failed;
    buffer_finish(&retry_info);
}

static uint32_t count_spans(const TraceRequest *request)
{
    size_t count = 0;
    for (size_t i = 0; i < request->n_resource_spans; i++)
        for (size_t j = 0; j < request->resource_spans[i]->n_scope_spans; j++)
            count += request->resource_spans[i]->scope_spans[j]->n_spans;
    return (uint32_t)count;
}

static uint32_t count_logs(const LogsRequest *request)
{
    size_t count = 0;
    for (size_t i = 0; i < request->n_resource_logs; i++)
        for (size_t j = 0; j < request->resource_logs[i]->n_scope_logs; j++)
            count += request->resource_logs[i]->scope_logs[j]->n_log_records;
    return (uint32_t)count;
}

bool message_unpack_request(struct bytes request, enum wire_gate_signal signal, size_t budget,
                            uint32_t *ret_count)
{
    struct arena arena;
    arena_init(&arena, budget);
    const ProtobufCMessage *message =
        unpack(signal == WIRE_GATE_TRACES ? &TRACE(service_request__descriptor)
                                          : &LOGS(service_request__descriptor),
               request, &arena);
    if (message)
        *ret_count = signal == WIRE_GATE_TRACES ? count_spans((const TraceRequest *)message)
                                                : count_logs((const LogsRequest *)message);
    arena_finish(&arena);
    return message != NULL;
}
