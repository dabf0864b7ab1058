/* Lifecycle of the receiver and the loop of its I/O thread, in which libmicrohttpd does all its
 * work: it has no thread and no listening socket of its own here.
 *
 *   port: accepted connections --> |          |
 *   pipeline: stack of answers --> | I/O loop | <-- epoll of libmicrohttpd
 *
 *   stop: listener closed -> requests in flight finish, new ones get 503 -> quiet, or grace over:
 *         waiting calls get 503 -> a little later everything is closed -> thread ends */
#include "processor/receive/http/receiver.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/thread.h"
#include "processor/receive/http/call.h"

enum {
    TICK_MS = 250,            /* the loop looks at deadlines at least that often */
    HELD_TICK_MS = 5,         /* while calls are held for room */
    DRAIN_TICK_MS = 10,       /* while it stops: a stop is late by no more */
    QUIET_MS = 100,           /* without a request, before the connections are closed */
    ABANDON_MS = 200,         /* from the refusal of waiting calls to the end */
    CALLS_PER_CONNECTION = 2, /* one that is served, and one whose client has gone */
    ANSWER_BYTES = 2048,      /* of a connection's memory, for the head of the answer */
    /* What is 0 in the configuration; each has an option. */
    HEADER_BYTES = 32 * 1024,
    RECEIVING_BYTES = 256 * 1024 * 1024,
    HANDSHAKE_MS = 10000,
    IDLE_MS = 60000,
    REQUEST_MS = 30000,
    COMMIT_MS = 30000
};

static struct http_receiver *receiver_of(struct receiver *receiver)
{
    return (struct http_receiver *)receiver;
}

/* --- the I/O thread --- */

/* A request is matched to its path as it was sent: nothing is unescaped. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

static bool start_daemon(struct http_receiver *receiver)
{
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)receiver->config.max_connections, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT,
         (intptr_t)receiver->config.max_header_bytes + ANSWER_BYTES, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)keep_escapes, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_call_begins, receiver},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_call_completed, receiver},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_port_notify, &receiver->port},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    receiver->port.daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_call_serve, receiver,
                                             MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    return receiver->port.daemon != NULL;
}

/* Is there nothing left to wait for? */
static bool is_drained(struct http_receiver *receiver, int64_t *quiet_since_ms)
{
    if (*quiet_since_ms == 0 || receiver->live > 0)
        *quiet_since_ms = receiver->port.now_ms;
    int64_t over_ms = receiver->port.now_ms - atomic_load(&receiver->grace_ends_ms);
    if (over_ms >= 0)
        (void)http_call_abandon(receiver, INT64_MAX, "shutting down; send it again");
    return receiver->port.now_ms - *quiet_since_ms >= QUIET_MS || over_ms >= ABANDON_MS;
}

static void *io_loop(void *context)
{
    struct http_receiver *receiver = context;
    int64_t quiet_since_ms = 0;
    for (;;) {
        bool is_stopping = atomic_load(&receiver->is_stopping);
        http_port_wait(&receiver->port, receiver->held_first ? HELD_TICK_MS
                                        : is_stopping        ? DRAIN_TICK_MS
                                                             : TICK_MS);
        http_port_take(&receiver->port);
        http_call_take_answers(receiver);
        http_call_resume_held(receiver);
        if (http_port_sweep(&receiver->port))
            http_call_expire(receiver);
        bool is_over = is_stopping && is_drained(receiver, &quiet_since_ms);
        (void)MHD_run(receiver->port.daemon);
        if (is_over)
            break;
    }
    /* What began to wait in the last turn: a suspended connection can't be closed. */
    (void)http_call_abandon(receiver, INT64_MAX, "shutting down; send it again");
    MHD_stop_daemon(receiver->port.daemon);
    receiver->port.daemon = NULL;
    return NULL;
}

/* --- life --- */

static enum status fail(struct error *ret_error, const char *what)
{
    error_set(ret_error, EXIT_TEMPORARY, "OTLP over HTTP: %s", what);
    return STATUS_FATAL;
}

static enum status open_port(struct http_receiver *receiver, struct error *ret_error)
{
    struct http_receiver_counters *limits = receiver->limits;
    const struct http_port_config config = {
        .name = "otlp/http",
        .endpoint = receiver->endpoint,
        .tls = receiver->config.tls,
        .max_connections = receiver->config.max_connections,
        .handshake_ms = receiver->config.handshake_ms,
        .idle_ms = receiver->config.idle_ms,
        .request_ms = receiver->config.request_ms,
        .full = &limits->limits[HTTP_LIMIT_CONNECTIONS],
        .exhausted = &limits->limits[HTTP_LIMIT_DESCRIPTORS],
        .unserved = &limits->limits[HTTP_LIMIT_REQUESTS],
        .idle = &limits->limits[HTTP_LIMIT_IDLE],
        .slow = &limits->limits[HTTP_LIMIT_REQUEST],
        .connections = &limits->connections,
        .handshakes = &limits->tls,
    };
    return http_port_open(&receiver->port, &config, ret_error);
}

static enum status start(struct receiver *base, struct error *ret_error)
{
    struct http_receiver *receiver = receiver_of(base);
    assert(!receiver->port.daemon);
    if (open_port(receiver, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    if (!start_daemon(receiver))
        return fail(ret_error, "the server cannot be started");
    if (pthread_create(&receiver->thread, NULL, io_loop, receiver) != 0)
        return fail(ret_error, "the I/O thread cannot be started");
    thread_name(receiver->thread, "http");
    receiver->is_running = true;
    return http_port_start(&receiver->port, ret_error);
}

static void stop(struct receiver *base, int64_t grace_ms)
{
    struct http_receiver *receiver = receiver_of(base);
    if (!receiver->is_running)
        return;
    http_port_shut(&receiver->port);
    atomic_store(&receiver->grace_ends_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&receiver->is_stopping, true);
    http_port_wake(&receiver->port);
    pthread_join(receiver->thread, NULL);
    receiver->is_running = false;
}

static void destroy(struct receiver *base)
{
    if (!base)
        return;
    struct http_receiver *receiver = receiver_of(base);
    stop(base, 0);
    if (receiver->port.daemon)
        MHD_stop_daemon(receiver->port.daemon);
    http_port_finish(&receiver->port);
    http_call_free_all(receiver);
    inflater_destroy(receiver->inflater);
    free(receiver->endpoint);
    free(receiver);
}

static bool allocate(struct http_receiver *receiver)
{
    const struct http_receiver_config *config = &receiver->config;
    receiver->endpoint = strdup(config->endpoint);
    receiver->inflater = inflater_create();
    receiver->calls_max = config->max_connections * CALLS_PER_CONNECTION;
    receiver->calls = calloc(receiver->calls_max, sizeof(struct http_call *));
    return receiver->endpoint && receiver->inflater && receiver->calls;
}

/* What is 0 in the configuration. */
static void set_defaults(struct http_receiver_config *config)
{
    config->max_header_bytes = config->max_header_bytes ? config->max_header_bytes : HEADER_BYTES;
    if (config->max_receiving_bytes == 0)
        config->max_receiving_bytes = RECEIVING_BYTES;
    config->handshake_ms = config->handshake_ms > 0 ? config->handshake_ms : HANDSHAKE_MS;
    config->idle_ms = config->idle_ms > 0 ? config->idle_ms : IDLE_MS;
    config->request_ms = config->request_ms > 0 ? config->request_ms : REQUEST_MS;
    config->commit_ms = config->commit_ms > 0 ? config->commit_ms : COMMIT_MS;
}

struct receiver *http_receiver_create(const struct http_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters)
{
    static const struct receiver_operations operations = {
        .name = "otlp/http", .start = start, .stop = stop, .destroy = destroy};
    struct http_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver)
        return NULL;
    receiver->base.operations = &operations;
    receiver->config = *config;
    set_defaults(&receiver->config);
    receiver->intake = intake;
    receiver->counters = counters;
    receiver->limits = config->limits ? config->limits : &receiver->own_limits;
    if (allocate(receiver))
        return &receiver->base;
    destroy(&receiver->base);
    return NULL;
}

int http_receiver_port(const struct receiver *receiver)
{
    return ((const struct http_receiver *)receiver)->port.number;
}
