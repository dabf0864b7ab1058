/* Lifecycle of the receiver and the loop of its I/O thread, which does everything but accept
 * connections (the listener) and start the replies of durable calls (the writer).
 *
 *   stop: listener closed -> GOAWAY, new calls refused -> calls in flight finish -> silent peers cut
 *         -> grace over: waiting calls answered UNAVAILABLE -> a little later the rest is cancelled
 *         -> core says the server is down -> queue shut down and drained -> thread ends
 *
 * Core reports the server down only when no call is left, so nothing can start a batch on a queue
 * that is shut down. */
#include "processor/receive/grpc/receiver.h"

#include <assert.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <limits.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/thread.h"
#include "processor/receive/grpc/call.h"
#include "processor/receive/grpc/reception.h"
#include "processor/net/listener.h"

enum {
    TICK_MS = 1000,       /* the loop looks at the clock at least that often */
    CROWDED_TICK_MS = 50, /* when more messages are arriving than may take their time */
    WAITING_TICK_MS = 5,  /* when calls wait for room */
    DRAIN_TICK_MS = 20,   /* while it stops: a stop is late by no more */
    QUIET_MS = 200,       /* without a call, before silent peers are cut */
    ABANDON_MS = 200,     /* from the refusal of waiting calls to the cancellation of all */
    CONNECTION_AGE_GRACE_MS = 30000,    /* for calls of a connection that has reached its age */
    KEEPALIVE_MS = 60000,               /* finds peers that are gone without a word, */
    KEEPALIVE_TIMEOUT_MS = 20000,       /* after this: gRPC's own default */
    LOOKAHEAD_BYTES = 256 * 1024,       /* of a message whose turn to be received has not come */
    METADATA_BYTES_DEFAULT = 16 * 1024, /* twice core's own: tokens are long */
    RECEIVING_BYTES_DEFAULT = 1024 * 1024 * 1024, /* LONGS_MAX messages of 64 MiB */
    LONGS_MAX = 16, /* messages that arrive slowly at once; fewer when they may be large */
    /* Core refuses a header that is too long in words; only what is far beyond is cut before it. */
    HEADER_TIMES_MAX = 4,
    HANDSHAKE_DEFAULT_MS = 10000, /* has an option; a bad line needs a few seconds */
    CALLS_PER_SLOT = 16,          /* live calls, for each slot that waits for work */
    SLOTS_RARE = 4,               /* of health checks and of unknown methods: few come at once */
    SERVER_ARGUMENTS_MAX = 24     /* asserted: more than are set */
};

struct drain {
    int64_t quiet_since_ms; /* 0: not yet begun */
    bool is_cancelled;
};

static struct grpc_receiver *receiver_of(struct receiver *receiver)
{
    return (struct grpc_receiver *)receiver;
}

static size_t receiving_bytes(const struct grpc_receiver_config *config)
{
    return config->max_receiving_bytes ? config->max_receiving_bytes : RECEIVING_BYTES_DEFAULT;
}

static uint32_t header_bytes(const struct grpc_receiver_config *config)
{
    return config->max_header_bytes ? config->max_header_bytes : METADATA_BYTES_DEFAULT;
}

/* Core prints what it likes on stderr; our own log says what matters. With GRPC_VERBOSITY set, who
 * debugs has asked for it. */
static void discard_log(gpr_log_func_args *arguments)
{
    (void)arguments;
}

/* Core looks at the size of a message when it has all of it, so a sender that announces four GiB
 * may make it keep them; only the quota is in the way. Above it core ends the largest streams. */
static grpc_resource_quota *create_quota(const struct grpc_receiver_config *config)
{
    grpc_resource_quota *quota = grpc_resource_quota_create("otlp/grpc");
    grpc_resource_quota_resize(quota, receiving_bytes(config));
    return quota;
}

static grpc_server *create_server(const struct grpc_receiver_config *config)
{
    grpc_arg arguments[SERVER_ARGUMENTS_MAX];
    size_t count = 0;
#define ARGUMENT(name, number)                                                                     \
    arguments[count++] =                                                                           \
        (grpc_arg){.type = GRPC_ARG_INTEGER, .key = name, .value.integer = (int)(number)}
    size_t largest = config->max_message_bytes < INT_MAX ? config->max_message_bytes : INT_MAX;
    ARGUMENT(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, largest);
    ARGUMENT(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
    ARGUMENT(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET,
             1 << GRPC_COMPRESS_NONE | 1 << GRPC_COMPRESS_GZIP);
    ARGUMENT(GRPC_ARG_MAX_CONCURRENT_STREAMS, config->max_concurrent_streams);
    ARGUMENT(GRPC_ARG_MAX_METADATA_SIZE,
             header_bytes(config));
    ARGUMENT(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    ARGUMENT(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, LOOKAHEAD_BYTES);
    ARGUMENT(GRPC_ARG_KEEPALIVE_TIME_MS, KEEPALIVE_MS);
    ARGUMENT(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, KEEPALIVE_TIMEOUT_MS);
    ARGUMENT(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    ARGUMENT(GRPC_ARG_ENABLE_CHANNELZ, 0);
    if (config->max_connection_idle_ms > 0) {
        int64_t idle_ms = config->max_connection_idle_ms;
        ARGUMENT(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_ms < INT_MAX ? idle_ms : INT_MAX);
    }
    if (config->max_connection_age_ms > 0) {
        int64_t age_ms = config->max_connection_age_ms;
        ARGUMENT(GRPC_ARG_MAX_CONNECTION_AGE_MS, age_ms < INT_MAX ? age_ms : INT_MAX);
        ARGUMENT(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, CONNECTION_AGE_GRACE_MS);
    }
#undef ARGUMENT
    grpc_resource_quota *quota = create_quota(config);
    arguments[count++] =
        (grpc_arg){.type = GRPC_ARG_POINTER,
                   .key = GRPC_ARG_RESOURCE_QUOTA,
                   .value.pointer = {.p = quota, .vtable = grpc_resource_quota_arg_vtable()}};
    assert(count <= SERVER_ARGUMENTS_MAX);
    grpc_server *server =
        grpc_server_create(&(grpc_channel_args){.num_args = count, .args = arguments}, NULL);
    grpc_resource_quota_unref(quota); /* the server has its own reference */
    return server;
}

static void *register_method(struct grpc_receiver *receiver, const char *method,
                             grpc_server_register_method_payload_handling payload)
{
    void *registered = grpc_server_register_method(receiver->server, method, NULL, payload, 0);
    assert(registered);
    return registered;
}

/* The listener's thread. */
static void connection_accepted(void *context, int connection)
{
    struct grpc_receiver *receiver = context;
    tls_front_add(receiver->front, connection);
}

/* The front's thread. What comes out of it is as plain as loopback. */
static void connection_secured(void *context, int connection)
{
    struct grpc_receiver *receiver = context;
    grpc_server_add_channel_from_fd(receiver->server, connection, receiver->credentials);
}

/* What is due while the server shuts down. Peers that have nothing to send answer the GOAWAY by
 * closing; one that stays silent is cut as soon as no call is left. */
static void advance_drain(struct grpc_receiver *receiver, struct drain *drain)
{
    int64_t now_ms = clock_monotonic_ms();
    if (drain->quiet_since_ms == 0 || receiver->live > 0)
        drain->quiet_since_ms = now_ms;
    call_refuse_queued(receiver);
    int64_t over_ms = now_ms - atomic_load(&receiver->grace_ends_ms);
    if (over_ms >= 0)
        call_abandon_waiting(receiver);
    bool is_quiet = now_ms - drain->quiet_since_ms >= QUIET_MS;
    if (!drain->is_cancelled && (over_ms >= ABANDON_MS || is_quiet)) {
        drain->is_cancelled = true;
        grpc_server_cancel_all_calls(receiver->server);
    }
}

static void *io_loop(void *context)
{
    struct grpc_receiver *receiver = context;
    struct drain drain = {0};
    int64_t expire_at_ms = 0, resume_at_ms = 0;
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        bool is_crowded = receiver->receiving > receiver->longs_max;
        if (is_crowded && now_ms >= expire_at_ms) {
            expire_at_ms = now_ms + CROWDED_TICK_MS;
            reception_expire(receiver, now_ms);
        }
        bool is_stopping = atomic_load(&receiver->is_stopping);
        bool is_waiting = receiver->held_first || receiver->queued_first;
        if (is_waiting && now_ms >= resume_at_ms) {
            resume_at_ms = now_ms + WAITING_TICK_MS;
            call_resume_waiting(receiver, now_ms);
        }
        if (is_stopping)
            advance_drain(receiver, &drain);
        int64_t wait_ms = is_waiting    ? WAITING_TICK_MS
                          : is_stopping ? DRAIN_TICK_MS
                          : is_crowded  ? CROWDED_TICK_MS
                                        : TICK_MS;
        gpr_timespec until =
            gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(wait_ms, GPR_TIMESPAN));
        grpc_event event = grpc_completion_queue_next(receiver->queue, until, NULL);
        if (event.type == GRPC_QUEUE_SHUTDOWN)
            return NULL;
        if (event.type != GRPC_OP_COMPLETE)
            continue;
        if (event.tag == receiver) /* the server is down, and with it every call */
            grpc_completion_queue_shutdown(receiver->queue);
        else
            call_event(event.tag, event.success != 0);
    }
}

static void create_server_of(struct grpc_receiver *receiver)
{
    if (!getenv("GRPC_VERBOSITY"))
        gpr_set_log_function(discard_log);
    grpc_init();
    receiver->is_initialized = true;
    receiver->queue = grpc_completion_queue_create_for_next(NULL);
    receiver->credentials = grpc_insecure_server_credentials_create();
    receiver->server = create_server(&receiver->config);
    grpc_server_register_completion_queue(receiver->server, receiver->queue, NULL);
    receiver->methods[CALL_TRACES] =
        register_method(receiver, "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                        GRPC_SRM_PAYLOAD_NONE);
    receiver->methods[CALL_LOGS] =
        register_method(receiver, "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
                        GRPC_SRM_PAYLOAD_NONE);
    receiver->methods[CALL_HEALTH] = register_method(receiver, "/grpc.health.v1.Health/Check",
                                                     GRPC_SRM_PAYLOAD_READ_INITIAL_BYTE_BUFFER);
    grpc_server_start(receiver->server);
}

static enum status open_listener(struct grpc_receiver *receiver, struct error *ret_error)
{
    struct listener_config config = {
        .receiver = "otlp/grpc",
        .endpoint = receiver->endpoint,
        .max_connections = receiver->config.max_connections,
        .descriptors = TLS_DESCRIPTORS,
        .full = &receiver->limits->limits[GRPC_LIMIT_CONNECTIONS],
        .exhausted = &receiver->limits->limits[GRPC_LIMIT_DESCRIPTORS],
        .connections = &receiver->limits->connections,
    };
    enum status status = listener_open(&config, &receiver->listener, ret_error);
    if (status == STATUS_OK)
        receiver->port = listener_port(receiver->listener);
    return status;
}

static enum status open_front(struct grpc_receiver *receiver, struct error *ret_error)
{
    int64_t handshake_ms = receiver->config.handshake_ms;
    struct tls_front_config config = {.receiver = "otlp/grpc",
                                      .protocol = "h2",
                                      .handshake_ms =
                                          handshake_ms > 0 ? handshake_ms : HANDSHAKE_DEFAULT_MS,
                                      .header_block_max =
                                          HEADER_TIMES_MAX * header_bytes(&receiver->config)};
    receiver->front = tls_front_create(&config, receiver->config.tls, &receiver->limits->tls,
                                       connection_secured, receiver, ret_error);
    return receiver->front ? STATUS_OK : STATUS_FATAL;
}

static enum status start(struct receiver *base, struct error *ret_error)
{
    struct grpc_receiver *receiver = receiver_of(base);
    assert(!receiver->is_initialized);
    if (open_listener(receiver, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    create_server_of(receiver);
    if (open_front(receiver, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    for (uint32_t i = 0; i < receiver->config.calls; i++)
        call_post(receiver, CALL_TRACES);
    for (uint32_t i = 0; i < receiver->config.calls / 4 + 1; i++)
        call_post(receiver, CALL_LOGS);
    for (uint32_t i = 0; i < SLOTS_RARE; i++) {
        call_post(receiver, CALL_HEALTH);
        call_post(receiver, CALL_UNKNOWN);
    }
    if (pthread_create(&receiver->thread, NULL, io_loop, receiver) != 0) {
        error_set(ret_error, EXIT_TEMPORARY, "cannot start the gRPC thread");
        return STATUS_FATAL;
    }
    thread_name(receiver->thread, "grpc");
    receiver->is_running = true;
    return listener_start(receiver->listener, connection_accepted, receiver, ret_error);
}

static void stop(struct receiver *base, int64_t grace_ms)
{
    struct grpc_receiver *receiver = receiver_of(base);
    if (!receiver->is_running)
        return;
    listener_close(receiver->listener);
    receiver->listener = NULL;
    atomic_store(&receiver->grace_ends_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&receiver->is_stopping, true);
    grpc_server_shutdown_and_notify(receiver->server, receiver->queue, receiver);
    pthread_join(receiver->thread, NULL);
    receiver->is_running = false;
}

/* A server that was started but never had its thread: shut down from here. */
static void drain_unstarted(struct grpc_receiver *receiver)
{
    atomic_store(&receiver->is_stopping, true);
    grpc_server_shutdown_and_notify(receiver->server, receiver->queue, receiver);
    (void)io_loop(receiver);
}

static void destroy(struct receiver *base)
{
    if (!base)
        return;
    struct grpc_receiver *receiver = receiver_of(base);
    bool was_running = receiver->is_running;
    stop(base, 0);
    listener_close(receiver->listener);
    /* Core is down by now, or has no connection yet: nothing comes out of the front any more. */
    tls_front_destroy(receiver->front);
    receiver->front = NULL;
    if (receiver->is_initialized) {
        if (!was_running && !atomic_load(&receiver->is_stopping))
            drain_unstarted(receiver);
        grpc_server_destroy(receiver->server);
        grpc_completion_queue_destroy(receiver->queue);
        grpc_server_credentials_release(receiver->credentials);
        call_free_all(receiver);
        grpc_shutdown_blocking();
    } else {
        call_free_all(receiver);
    }
    inflater_destroy(receiver->inflater);
    free(receiver->endpoint);
    free(receiver);
}

static uint32_t longs_max(const struct grpc_receiver_config *config)
{
    size_t largest = config->max_message_bytes ? config->max_message_bytes : 1;
    size_t fits = receiving_bytes(config) / largest;
    return fits < 1 ? 1 : fits < LONGS_MAX ? (uint32_t)fits : LONGS_MAX;
}

struct receiver *grpc_receiver_create(const struct grpc_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters)
{
    static const struct receiver_operations operations = {
        .name = "otlp/grpc", .start = start, .stop = stop, .destroy = destroy};
    struct grpc_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver)
        return NULL;
    receiver->base.operations = &operations;
    receiver->config = *config;
    receiver->intake = intake;
    receiver->counters = counters;
    receiver->limits = config->limits ? config->limits : &receiver->unread_limits;
    receiver->longs_max = longs_max(config);
    receiver->endpoint = strdup(config->endpoint);
    receiver->config.endpoint = receiver->endpoint;
    receiver->inflater = inflater_create();
    receiver->calls_max = config->calls * CALLS_PER_SLOT + 2 * SLOTS_RARE;
    receiver->calls = calloc(receiver->calls_max, sizeof(struct call *));
    if (receiver->endpoint && receiver->inflater && receiver->calls)
        return &receiver->base;
    destroy(&receiver->base);
    return NULL;
}

int grpc_receiver_port(const struct receiver *receiver)
{
    return ((const struct grpc_receiver *)receiver)->port;
}

void grpc_receiver_set_serving(struct receiver *receiver, bool is_serving)
{
    atomic_store(&receiver_of(receiver)->is_serving, is_serving);
}
