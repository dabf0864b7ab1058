/* One channel and one pluck queue; a call is one batch of all six operations. Compression is ours
 * (libdeflate), core only sets the flag and the header. What the server says of the time to retry
 * is read from either trailer that servers put it in. */
#include "processor/command/send/otlp_client.h"

#include <assert.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/base/inflate.h"
#include "processor/otlp/messages.h"
#include "processor/otlp/wire.h"

enum {
    DEADLINE_DEFAULT_MS = 10000,
    RETRY_FIRST_MS = 200, /* without a stated time: doubled at each attempt */
    RETRY_MOST_MS = 5000,
    ANSWER_BYTES_MAX = 4 * 1024 * 1024
};

struct otlp_client {
    struct otlp_client_config config;
    char *endpoint;
    grpc_completion_queue *queue;
    grpc_channel *channel;
    struct buffer compressed;
};

static void discard_log(gpr_log_func_args *arguments)
{
    (void)arguments;
}

static grpc_arg number(char *key, int value)
{
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = key, .value.integer = value};
}

static grpc_channel_credentials *create_credentials(const struct otlp_client_config *config)
{
    if (!config->tls.ca)
        return grpc_insecure_credentials_create();
    grpc_ssl_pem_key_cert_pair pair = {.private_key = config->tls.key,
                                       .cert_chain = config->tls.cert};
    return grpc_ssl_credentials_create(config->tls.ca, config->tls.cert ? &pair : NULL, NULL, NULL);
}

static grpc_channel *create_channel(const struct otlp_client_config *config)
{
    grpc_arg arguments[8];
    size_t count = 0;
    arguments[count++] = number(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments[count++] = number(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments[count++] = number(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments[count++] = number(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
    arguments[count++] = number(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    arguments[count++] = number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, ANSWER_BYTES_MAX);
    arguments[count++] = number(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    if (config->is_gzip)
        arguments[count++] = number(GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM, GRPC_COMPRESS_GZIP);
    grpc_channel_credentials *credentials = create_credentials(config);
    grpc_channel *channel = grpc_channel_create(
        config->endpoint, credentials, &(grpc_channel_args){.num_args = count, .args = arguments});
    grpc_channel_credentials_release(credentials);
    return channel;
}

struct otlp_client *otlp_client_create(const struct otlp_client_config *config)
{
    struct otlp_client *client = calloc(1, sizeof *client);
    if (!client)
        return NULL;
    client->config = *config;
    client->endpoint = strdup(config->endpoint);
    if (!client->endpoint) {
        free(client);
        return NULL;
    }
    client->config.endpoint = client->endpoint;
    if (client->config.deadline_ms <= 0)
        client->config.deadline_ms = DEADLINE_DEFAULT_MS;
    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(discard_log);
    grpc_init();
    client->queue = grpc_completion_queue_create_for_pluck(NULL);
    client->channel = create_channel(&client->config);
    return client;
}

void otlp_client_destroy(struct otlp_client *client)
{
    if (!client)
        return;
    grpc_channel_destroy(client->channel);
    grpc_completion_queue_shutdown(client->queue);
    grpc_completion_queue_destroy(client->queue);
    grpc_shutdown_blocking();
    buffer_finish(&client->compressed);
    free(client->endpoint);
    free(client);
}

static gpr_timespec in_ms(int64_t ms)
{
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(ms, GPR_TIMESPAN));
}

enum status otlp_client_connect(struct otlp_client *client, int64_t patience_ms,
                                struct error *ret_error)
{
    int64_t until_ms = clock_monotonic_ms() + patience_ms;
    for (;;) {
        grpc_connectivity_state state = grpc_channel_check_connectivity_state(client->channel, 1);
        if (state == GRPC_CHANNEL_READY)
            return STATUS_OK;
        int64_t left_ms = until_ms - clock_monotonic_ms();
        if (left_ms <= 0 || state == GRPC_CHANNEL_SHUTDOWN)
            break;
        grpc_channel_watch_connectivity_state(client->channel, state, in_ms(left_ms), client->queue,
                                              client);
        (void)grpc_completion_queue_pluck(client->queue, client,
                                          gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
    }
    error_set(ret_error, EXIT_TEMPORARY,
              "%s: nothing answers there; is `flywheel run` or a collector listening on that "
              "endpoint?",
              client->endpoint);
    return STATUS_FATAL;
}

static void copy_text(char *to, size_t capacity, struct bytes text)
{
    size_t size = text.size < capacity - 1 ? text.size : capacity - 1;
    for (size_t i = 0; i < size; i++) /* it is printed: one line, no control characters */
        to[i] = text.data[i] >= 0x20 && text.data[i] != 0x7f ? (char)text.data[i] : ' ';
    to[size] = 0;
}

static struct bytes slice_bytes(const grpc_slice *slice)
{
    return bytes_of(GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice));
}

/* google.rpc.RetryInfo{retry_delay = 1: Duration{seconds = 1, nanos = 2}} */
static int64_t retry_delay_ms(struct bytes retry_info)
{
    struct bytes duration = wire_find_bytes(retry_info, 1);
    if (!duration.data)
        return 0;
    uint64_t seconds = wire_find_number(duration, 1, 0);
    uint64_t nanoseconds = wire_find_number(duration, 2, 0);
    if (seconds > 3600 || nanoseconds >= 1000000000)
        return 0;
    return (int64_t)(seconds * 1000 + nanoseconds / 1000000);
}

/* google.rpc.Status{details = 3: Any{type_url = 1, value = 2}} */
static int64_t status_retry_ms(struct bytes status)
{
    struct wire wire = wire_of(status);
    struct wire_field field;
    while (wire_next(&wire, &field)) {
        if (field.number != 3 || field.type != WIRE_BYTES)
            continue;
        if (bytes_equal_text(wire_find_bytes(field.bytes, 1),
                             "type.googleapis.com/google.rpc.RetryInfo"))
            return retry_delay_ms(wire_find_bytes(field.bytes, 2));
    }
    return 0;
}

static void read_trailers(const grpc_metadata_array *trailers, struct otlp_answer *answer)
{
    for (size_t i = 0; i < trailers->count; i++) {
        struct bytes key = slice_bytes(&trailers->metadata[i].key);
        struct bytes value = slice_bytes(&trailers->metadata[i].value);
        int64_t stated_ms = 0;
        if (bytes_equal_text(key, "grpc-status-details-bin")) {
            answer->has_status_details = true;
            stated_ms = status_retry_ms(value);
        } else if (bytes_equal_text(key, "google.rpc.retryinfo-bin")) {
            answer->has_retry_info = true;
            stated_ms = retry_delay_ms(value);
        }
        if (stated_ms > answer->retry_ms)
            answer->retry_ms = stated_ms;
    }
}

static void read_message(grpc_byte_buffer *message, struct buffer *to)
{
    grpc_byte_buffer_reader reader;
    if (!message || !grpc_byte_buffer_reader_init(&reader, message))
        return;
    grpc_slice slice;
    while (grpc_byte_buffer_reader_next(&reader, &slice)) {
        buffer_append_bytes(to, slice_bytes(&slice));
        grpc_slice_unref(slice);
    }
    grpc_byte_buffer_reader_destroy(&reader);
}

void otlp_client_call(struct otlp_client *client, const char *method, struct bytes request,
                      bool is_compressed, struct otlp_answer *ret_answer)
{
    grpc_call *call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
                                               client->queue, grpc_slice_from_static_string(method),
                                               NULL, in_ms(client->config.deadline_ms), NULL);
    grpc_slice slice = grpc_slice_from_copied_buffer((const char *)request.data, request.size);
    grpc_byte_buffer *message =
        is_compressed ? grpc_raw_compressed_byte_buffer_create(&slice, 1, GRPC_COMPRESS_GZIP)
                      : grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    grpc_metadata authorization = {.key = grpc_slice_from_static_string("authorization")};
    bool is_authorized = client->config.authorization != NULL;
    if (is_authorized)
        authorization.value = grpc_slice_from_copied_string(client->config.authorization);
    grpc_metadata_array headers, trailers;
    grpc_metadata_array_init(&headers);
    grpc_metadata_array_init(&trailers);
    grpc_byte_buffer *received = NULL;
    grpc_status_code code = GRPC_STATUS_UNKNOWN;
    grpc_slice text = grpc_empty_slice();
    grpc_op operations[6];
    memset(operations, 0, sizeof operations);
    operations[0].op = GRPC_OP_SEND_INITIAL_METADATA;
    operations[0].data.send_initial_metadata.metadata = &authorization;
    operations[0].data.send_initial_metadata.count = is_authorized;
    operations[1].op = GRPC_OP_SEND_MESSAGE;
    operations[1].data.send_message.send_message = message;
    operations[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
    operations[3].op = GRPC_OP_RECV_INITIAL_METADATA;
    operations[3].data.recv_initial_metadata.recv_initial_metadata = &headers;
    operations[4].op = GRPC_OP_RECV_MESSAGE;
    operations[4].data.recv_message.recv_message = &received;
    operations[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
    operations[5].data.recv_status_on_client.trailing_metadata = &trailers;
    operations[5].data.recv_status_on_client.status = &code;
    operations[5].data.recv_status_on_client.status_details = &text;
    grpc_call_error failed = grpc_call_start_batch(call, operations, 6, call, NULL);
    assert(failed == GRPC_CALL_OK);
    (void)grpc_completion_queue_pluck(client->queue, call, gpr_inf_future(GPR_CLOCK_MONOTONIC),
                                      NULL);
    *ret_answer = (struct otlp_answer){.code = (int)code, .attempts = 1};
    copy_text(ret_answer->text, sizeof ret_answer->text, slice_bytes(&text));
    read_trailers(&trailers, ret_answer);
    read_message(received, &ret_answer->response);
    grpc_slice_unref(text);
    if (is_authorized)
        grpc_slice_unref(authorization.value);
    grpc_metadata_array_destroy(&headers);
    grpc_metadata_array_destroy(&trailers);
    grpc_byte_buffer_destroy(message);
    grpc_byte_buffer_destroy(received);
    grpc_call_unref(call);
}

static void read_partial_success(enum wire_gate_signal signal, struct otlp_answer *answer)
{
    struct arena arena;
    arena_init(&arena, ANSWER_BYTES_MAX);
    struct bytes text = {0};
    if (message_read_response(buffer_bytes(&answer->response), signal, &arena, &answer->rejected,
                              &text) == STATUS_OK)
        copy_text(answer->rejection, sizeof answer->rejection, text);
    arena_finish(&arena);
}

static void sleep_ms(int64_t ms)
{
    struct timespec span = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&span, NULL);
}

void otlp_client_export(struct otlp_client *client, enum wire_gate_signal signal,
                        struct bytes request, struct otlp_answer *ret_answer)
{
    const char *method = signal == WIRE_GATE_TRACES
                             ? "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
                             : "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
    bool is_compressed =
        client->config.is_gzip && deflate_gzip(request, &client->compressed) == STATUS_OK;
    struct bytes body = is_compressed ? buffer_bytes(&client->compressed) : request;
    int64_t until_ms = clock_monotonic_ms() + client->config.retry_for_ms;
    int64_t backoff_ms = RETRY_FIRST_MS;
    for (uint32_t attempts = 1;; attempts++) {
        otlp_client_call(client, method, body, is_compressed, ret_answer);
        ret_answer->attempts = attempts;
        int64_t pause_ms = ret_answer->retry_ms ? ret_answer->retry_ms : backoff_ms;
        if (ret_answer->code != GRPC_STATUS_UNAVAILABLE ||
            clock_monotonic_ms() + pause_ms > until_ms)
            break;
        otlp_answer_finish(ret_answer);
        sleep_ms(pause_ms);
        backoff_ms = backoff_ms * 2 < RETRY_MOST_MS ? backoff_ms * 2 : RETRY_MOST_MS;
    }
    if (ret_answer->code == GRPC_STATUS_OK)
        read_partial_success(signal, ret_answer);
}

void otlp_answer_finish(struct otlp_answer *answer)
{
    buffer_finish(&answer->response);
}
