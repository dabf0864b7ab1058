/* Lifecycle of the receiver and the loop of its I/O thread, in which libmicrohttpd does all its
 * work: it has no thread and no listening socket of its own here.
 *
 *   listener, or TLS front --pipe of descriptors--> |          |
 *   pipeline --stack of answers, eventfd----------> | I/O loop | <-- epoll of libmicrohttpd
 *
 *   stop: listener closed -> requests in flight finish, new ones get 503 -> quiet, or grace over:
 *         waiting calls get 503 -> a little later everything is closed -> thread ends */
#include "processor/receive/http/receiver.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/base/thread.h"
#include "processor/net/listener.h"
#include "processor/receive/http/call.h"
#include "processor/receive/http/connection.h"

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
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)http_connection_requests, receiver},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)http_call_completed, receiver},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)http_connection_notify, receiver},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    receiver->daemon = MHD_start_daemon(flags, 0, NULL, NULL, http_call_serve, receiver,
                                        MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    return receiver->daemon != NULL;
}

/* Is there nothing left to wait for? */
static bool is_drained(struct http_receiver *receiver, int64_t *quiet_since_ms)
{
    if (*quiet_since_ms == 0 || receiver->live > 0)
        *quiet_since_ms = receiver->now_ms;
    int64_t over_ms = receiver->now_ms - atomic_load(&receiver->grace_ends_ms);
    if (over_ms >= 0)
        (void)http_call_abandon(receiver, INT64_MAX, "shutting down; send it again");
    return receiver->now_ms - *quiet_since_ms >= QUIET_MS || over_ms >= ABANDON_MS;
}

static void wait_for_work(struct http_receiver *receiver, int64_t tick_ms)
{
    MHD_UNSIGNED_LONG_LONG due_ms;
    if (MHD_get_timeout(receiver->daemon, &due_ms) == MHD_YES && due_ms < (uint64_t)tick_ms)
        tick_ms = (int64_t)due_ms;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(receiver->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd polled[] = {{.fd = info->epoll_fd, .events = POLLIN},
                              {.fd = receiver->wake, .events = POLLIN},
                              {.fd = receiver->accepted[0], .events = POLLIN}};
    (void)poll(polled, sizeof polled / sizeof polled[0], (int)tick_ms);
    uint64_t count;
    ssize_t size = read(receiver->wake, &count, sizeof count);
    (void)size; /* none: something else has come */
}

static void *io_loop(void *context)
{
    struct http_receiver *receiver = context;
    int64_t quiet_since_ms = 0;
    for (;;) {
        bool is_stopping = atomic_load(&receiver->is_stopping);
        wait_for_work(receiver, receiver->held_first ? HELD_TICK_MS
                                : is_stopping      ? DRAIN_TICK_MS
                                                   : TICK_MS);
        receiver->now_ms = clock_monotonic_ms();
        http_connection_take(receiver);
        http_call_take_answers(receiver);
        http_call_resume_held(receiver);
        if (http_connection_sweep(receiver))
            http_call_expire(receiver);
        bool is_over = is_stopping && is_drained(receiver, &quiet_since_ms);
        (void)MHD_run(receiver->daemon);
        if (is_over)
            break;
    }
    /* What began to wait in the last turn: a suspended connection can't be closed. */
    (void)http_call_abandon(receiver, INT64_MAX, "shutting down; send it again");
    MHD_stop_daemon(receiver->daemon);
    receiver->daemon = NULL;
    return NULL;
}

/* The front's thread, or the listener's. */
static void connection_secured(void *context, int connection)
{
    struct http_receiver *receiver = context;
    if (write(receiver->accepted[1], &connection, sizeof connection) != sizeof connection)
        close(connection); /* thousands are waiting already */
}

/* The listener's thread. */
static void connection_accepted(void *context, int connection)
{
    struct http_receiver *receiver = context;
    if (receiver->front)
        tls_front_add(receiver->front, connection);
    else
        connection_secured(receiver, connection);
}

/* --- life --- */

static enum status fail(struct error *ret_error, const char *what)
{
    error_set(ret_error, EXIT_TEMPORARY, "OTLP over HTTP: %s", what);
    return STATUS_FATAL;
}

static enum status open_listener(struct http_receiver *receiver, struct error *ret_error)
{
    struct listener_config config = {
        .receiver = "otlp/http",
        .endpoint = receiver->endpoint,
        .max_connections = receiver->config.max_connections,
        .descriptors = receiver->config.tls ? TLS_DESCRIPTORS : 1,
        .full = &receiver->limits->limits[HTTP_LIMIT_CONNECTIONS],
        .exhausted = &receiver->limits->limits[HTTP_LIMIT_DESCRIPTORS],
        .connections = &receiver->limits->connections,
    };
    enum status status = listener_open(&config, &receiver->listener, ret_error);
    if (status == STATUS_OK)
        receiver->port = listener_port(receiver->listener);
    return status;
}

static enum status open_front(struct http_receiver *receiver, struct error *ret_error)
{
    if (!receiver->config.tls)
        return STATUS_OK;
    struct tls_front_config config = {.receiver = "otlp/http",
                                      .protocol = "http/1.1",
                                      .handshake_ms = receiver->config.handshake_ms};
    receiver->front = tls_front_create(&config, receiver->config.tls, &receiver->limits->tls,
                                       connection_secured, receiver, ret_error);
    return receiver->front ? STATUS_OK : STATUS_FATAL;
}

static enum status start(struct receiver *base, struct error *ret_error)
{
    struct http_receiver *receiver = receiver_of(base);
    assert(!receiver->listener && !receiver->daemon);
    if (open_listener(receiver, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    receiver->now_ms = clock_monotonic_ms();
    if (pipe2(receiver->accepted, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(ret_error, "no file descriptor is left");
    if (!start_daemon(receiver))
        return fail(ret_error, "the server cannot be started");
    if (open_front(receiver, ret_error) != STATUS_OK)
        return STATUS_FATAL;
    if (pthread_create(&receiver->thread, NULL, io_loop, receiver) != 0)
        return fail(ret_error, "the I/O thread cannot be started");
    thread_name(receiver->thread, "http");
    receiver->is_running = true;
    return listener_start(receiver->listener, connection_accepted, receiver, ret_error);
}

static void stop(struct receiver *base, int64_t grace_ms)
{
    struct http_receiver *receiver = receiver_of(base);
    if (!receiver->is_running)
        return;
    listener_close(receiver->listener);
    receiver->listener = NULL;
    atomic_store(&receiver->grace_ends_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&receiver->is_stopping, true);
    uint64_t one = 1;
    ssize_t written = write(receiver->wake, &one, sizeof one);
    (void)written;
    pthread_join(receiver->thread, NULL);
    receiver->is_running = false;
}

static void close_accepted(struct http_receiver *receiver)
{
    int connection;
    if (receiver->accepted[0] < 0)
        return;
    while (read(receiver->accepted[0], &connection, sizeof connection) == sizeof connection)
        close(connection);
    close(receiver->accepted[0]);
    close(receiver->accepted[1]);
}

static void destroy(struct receiver *base)
{
    if (!base)
        return;
    struct http_receiver *receiver = receiver_of(base);
    stop(base, 0);
    listener_close(receiver->listener);
    tls_front_destroy(receiver->front);
    if (receiver->daemon)
        MHD_stop_daemon(receiver->daemon);
    close_accepted(receiver);
    if (receiver->wake >= 0)
        close(receiver->wake);
    http_call_free_all(receiver);
    inflater_destroy(receiver->inflater);
    free(receiver->connections);
    free(receiver->endpoint);
    free(receiver);
}

static bool allocate(struct http_receiver *receiver)
{
    const struct http_receiver_config *config = &receiver->config;
    receiver->endpoint = strdup(config->endpoint);
    receiver->inflater = inflater_create();
    receiver->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    receiver->calls_max = config->max_connections * CALLS_PER_CONNECTION;
    receiver->calls = calloc(receiver->calls_max, sizeof(struct http_call *));
    receiver->connections = calloc(config->max_connections, sizeof(struct http_connection));
    if (!receiver->endpoint || !receiver->inflater || receiver->wake < 0 || !receiver->calls ||
        !receiver->connections)
        return false;
    for (uint32_t i = 0; i < config->max_connections; i++)
        receiver->connections[i].fd = -1;
    return true;
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
    receiver->accepted[0] = receiver->accepted[1] = -1;
    if (allocate(receiver))
        return &receiver->base;
    destroy(&receiver->base);
    return NULL;
}

int http_receiver_port(const struct receiver *receiver)
{
    return ((const struct http_receiver *)receiver)->port;
}
