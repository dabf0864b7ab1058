/* A connection that is overdue has its socket shut down; libmicrohttpd then finds it ended and
 * closes it, with all that hangs on it.
 *
 *   IDLE -----> REQUEST -----------> WAITING -------> REPLY -----> IDLE ...
 *   idle_ms     request_ms           (the server's)   request_ms
 */
#include "processor/net/http_port.h"

#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "processor/base/clock.h"
#include "processor/net/listener.h"

enum {
    SWEEP_MS = 20,
    LOOK_MS = 200, /* whether a client is still there is a system call each */
    TAKEN_MAX = 64 /* connections of one turn */
};

/* --- connections come --- */

/* The front's thread, or the listener's. */
static void connection_secured(void *context, int connection)
{
    struct http_port *port = context;
    if (write(port->accepted[1], &connection, sizeof connection) != sizeof connection)
        close(connection); /* thousands are waiting already */
}

/* The listener's thread. */
static void connection_accepted(void *context, int connection)
{
    struct http_port *port = context;
    if (port->front)
        tls_front_add(port->front, connection);
    else
        connection_secured(port, connection);
}

static enum status fail(const struct http_port *port, struct error *ret_error)
{
    error_set(ret_error, EXIT_TEMPORARY, "%s: no memory or no file descriptor is left",
              port->config.name);
    return STATUS_FATAL;
}

enum status http_port_open(struct http_port *port, const struct http_port_config *config,
                           struct error *ret_error)
{
    *port =
        (struct http_port){.config = *config, .accepted = {-1, -1}, .now_ms = clock_monotonic_ms()};
    port->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    port->places = calloc(config->max_connections, sizeof *port->places);
    if (port->wake < 0 || !port->places || pipe2(port->accepted, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(port, ret_error);
    for (uint32_t i = 0; i < config->max_connections; i++)
        port->places[i].fd = -1;
    const struct listener_config listener = {.receiver = config->name,
                                             .endpoint = config->endpoint,
                                             .max_connections = config->max_connections,
                                             .descriptors = config->tls ? TLS_DESCRIPTORS : 1,
                                             .full = config->full,
                                             .exhausted = config->exhausted,
                                             .connections = config->connections};
    enum status status = listener_open(&listener, &port->listener, ret_error);
    if (status == STATUS_OK)
        port->number = listener_port(port->listener);
    return status;
}

enum status http_port_start(struct http_port *port, struct error *ret_error)
{
    const struct tls_front_config front = {.receiver = port->config.name,
                                           .protocol = "http/1.1",
                                           .handshake_ms = port->config.handshake_ms};
    if (port->config.tls &&
        !(port->front = tls_front_create(&front, port->config.tls, port->config.handshakes,
                                         connection_secured, port, ret_error)))
        return STATUS_FATAL;
    return listener_start(port->listener, connection_accepted, port, ret_error);
}

void http_port_shut(struct http_port *port)
{
    listener_close(port->listener);
    port->listener = NULL;
}

void http_port_finish(struct http_port *port)
{
    int connection;
    if (!port->config.name)
        return; /* was never opened */
    http_port_shut(port);
    tls_front_destroy(port->front);
    if (port->accepted[0] >= 0) {
        while (read(port->accepted[0], &connection, sizeof connection) == sizeof connection)
            close(connection);
        close(port->accepted[0]);
        close(port->accepted[1]);
    }
    if (port->wake >= 0)
        close(port->wake);
    free(port->places);
    *port = (struct http_port){0};
}

/* --- the turn --- */

void http_port_wait(struct http_port *port, int64_t tick_ms)
{
    MHD_UNSIGNED_LONG_LONG due_ms;
    if (MHD_get_timeout(port->daemon, &due_ms) == MHD_YES && due_ms < (uint64_t)tick_ms)
        tick_ms = (int64_t)due_ms;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd polled[] = {{.fd = info->epoll_fd, .events = POLLIN},
                              {.fd = port->wake, .events = POLLIN},
                              {.fd = port->accepted[0], .events = POLLIN}};
    (void)poll(polled, sizeof polled / sizeof polled[0], (int)tick_ms);
    uint64_t count;
    ssize_t size = read(port->wake, &count, sizeof count);
    (void)size; /* none: something else has come */
    port->now_ms = clock_monotonic_ms();
}

void http_port_wake(struct http_port *port)
{
    uint64_t one = 1;
    ssize_t written = write(port->wake, &one, sizeof one);
    (void)written; /* full: it is awake */
}

void http_port_take(struct http_port *port)
{
    int fds[TAKEN_MAX];
    ssize_t size = read(port->accepted[0], fds, sizeof fds);
    for (ssize_t i = 0; i < size / (ssize_t)sizeof fds[0]; i++) {
        struct sockaddr_in unknown = {.sin_family = AF_INET};
        if (port->count < port->config.max_connections) {
            (void)MHD_add_connection(port->daemon, fds[i], (const struct sockaddr *)&unknown,
                                     sizeof unknown); /* closes it when it fails */
            continue;
        }
        /* The listener counts what clients hold; here are some whose clients have gone. */
        counter_add(port->config.unserved, 1);
        close(fds[i]);
    }
}

/* --- the table --- */

struct http_place *http_port_place(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    assert(info && info->socket_context);
    return info->socket_context;
}

void http_place_enter(struct http_place *place, enum http_phase phase, int64_t now_ms)
{
    place->phase = phase;
    place->since_ms = now_ms;
    place->is_at_end = false;
}

void http_port_peer(const struct http_port *port, struct MHD_Connection *connection,
                    char to[PEER_SIZE])
{
    int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    if (port->front)
        tls_front_peer(port->front, fd, to);
    else
        peer_name(fd, to);
}

static void begin(struct http_port *port, struct MHD_Connection *connection, void **socket)
{
    struct http_place *place = port->places, *end = place + port->config.max_connections;
    while (place < end && place->fd >= 0)
        place++;
    assert(place < end); /* http_port_take has looked */
    *place = (struct http_place){.since_ms = port->now_ms, .phase = HTTP_IDLE};
    place->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *socket = place;
    port->count++;
}

void http_port_notify(void *context, struct MHD_Connection *connection, void **socket,
                      enum MHD_ConnectionNotificationCode what)
{
    struct http_port *port = context;
    struct http_place *place = *socket;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        begin(port, connection, socket);
    } else if (place) {
        *place = (struct http_place){.fd = -1};
        port->count--;
    }
}

/* What has run out for a connection; NULL: nothing has. */
static struct counter *overdue(const struct http_port *port, const struct http_place *place)
{
    int64_t spent_ms = port->now_ms - place->since_ms;
    if (place->phase == HTTP_IDLE && spent_ms > port->config.idle_ms)
        return port->config.idle;
    bool is_at_work = place->phase == HTTP_REQUEST || place->phase == HTTP_REPLY;
    return is_at_work && spent_ms > port->config.request_ms ? port->config.slow : NULL;
}

/* The client has gone with its request not all sent. libmicrohttpd does not always
 * notice, and the body so far would wait for request_ms. Seen twice, since libmicrohttpd
 * may hold the rest unread. */
static bool has_gone(struct http_place *place, int64_t now_ms)
{
    uint8_t byte;
    if (place->phase != HTTP_REQUEST || now_ms - place->looked_ms < LOOK_MS)
        return false;
    bool was_at_end = place->is_at_end;
    place->looked_ms = now_ms;
    place->is_at_end = recv(place->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    return place->is_at_end && was_at_end;
}

bool http_port_sweep(struct http_port *port)
{
    if (port->now_ms - port->swept_ms < SWEEP_MS)
        return false;
    port->swept_ms = port->now_ms;
    for (uint32_t i = 0; i < port->config.max_connections; i++) {
        struct http_place *place = &port->places[i];
        if (place->fd < 0 || place->is_cut)
            continue;
        struct counter *run_out = overdue(port, place);
        if (has_gone(place, port->now_ms))
            (void)shutdown(place->fd, SHUT_RDWR);
        if (!run_out)
            continue;
        counter_add(run_out, 1);
        place->is_cut = true;
        (void)shutdown(place->fd, SHUT_RDWR);
    }
    return true;
}
