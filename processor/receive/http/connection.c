/* The table of connections, which exists for their deadlines. A connection that is overdue has its
 * socket shut down; libmicrohttpd then finds it ended and closes it, with all that hangs on it.
 *
 *   IDLE -----> REQUEST -----------> WAITING -------> REPLY -----> IDLE ...
 *   idle_ms     request_ms           (the call's)     request_ms
 */
#include "processor/receive/http/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SWEEP_MS = 20,
    LOOK_MS = 200, /* whether a client is still there is a system call each */
    TAKEN_MAX = 64 /* connections of one turn */
};

struct http_connection *http_connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    assert(info && info->socket_context);
    return info->socket_context;
}

static struct http_connection *find_place(struct http_receiver *receiver)
{
    for (uint32_t i = 0; i < receiver->config.max_connections; i++)
        if (receiver->connections[i].fd < 0)
            return &receiver->connections[i];
    return NULL;
}

static void begin(struct http_receiver *receiver, struct MHD_Connection *connection, void **socket)
{
    struct http_connection *place = find_place(receiver);
    assert(place); /* http_connection_take has looked */
    *place = (struct http_connection){.since_ms = receiver->now_ms, .phase = PHASE_IDLE};
    place->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    *socket = place;
    receiver->connection_count++;
}

static void end(struct http_receiver *receiver, struct http_connection *place)
{
    *place = (struct http_connection){.fd = -1};
    receiver->connection_count--;
}

void http_connection_notify(void *receiver, struct MHD_Connection *connection, void **socket,
                            enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        begin(receiver, connection, socket);
    else if (*socket)
        end(receiver, *socket);
}

/* A request line is there. */
void *http_connection_requests(void *context, const char *uri, struct MHD_Connection *connection)
{
    struct http_receiver *receiver = context;
    (void)uri;
    http_connection_enter(http_connection_of(connection), PHASE_REQUEST, receiver->now_ms);
    return NULL;
}

void http_connection_take(struct http_receiver *receiver)
{
    int fds[TAKEN_MAX];
    ssize_t size = read(receiver->accepted[0], fds, sizeof fds);
    for (ssize_t i = 0; i < size / (ssize_t)sizeof fds[0]; i++) {
        struct sockaddr_in unknown = {.sin_family = AF_INET};
        if (receiver->connection_count < receiver->config.max_connections) {
            (void)MHD_add_connection(receiver->daemon, fds[i], (const struct sockaddr *)&unknown,
                                     sizeof unknown); /* closes it when it fails */
            continue;
        }
        /* The listener counts what clients hold; here are some whose clients have gone. */
        http_limit_hit(receiver, HTTP_LIMIT_REQUESTS);
        close(fds[i]);
    }
}

/* What has run out for a connection; HTTP_LIMITS: nothing has. */
static enum http_limit overdue(const struct http_receiver *receiver,
                               const struct http_connection *place)
{
    const struct http_receiver_config *config = &receiver->config;
    int64_t spent_ms = receiver->now_ms - place->since_ms;
    switch (place->phase) {
    case PHASE_IDLE:
        return spent_ms > config->idle_ms ? HTTP_LIMIT_IDLE : HTTP_LIMITS;
    case PHASE_REQUEST:
    case PHASE_REPLY:
        return spent_ms > config->request_ms ? HTTP_LIMIT_REQUEST : HTTP_LIMITS;
    case PHASE_WAITING:
        break;
    }
    return HTTP_LIMITS;
}

/* The client has gone with its request not all sent. libmicrohttpd does not always notice,
 * and the body so far would wait for request_time. Seen twice, since libmicrohttpd may
 * hold the rest unread. */
static bool has_gone(struct http_connection *place, int64_t now_ms)
{
    uint8_t byte;
    if (place->phase != PHASE_REQUEST || now_ms - place->looked_ms < LOOK_MS)
        return false;
    bool was_at_end = place->is_at_end;
    place->looked_ms = now_ms;
    place->is_at_end = recv(place->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    return place->is_at_end && was_at_end;
}

bool http_connection_sweep(struct http_receiver *receiver)
{
    if (receiver->now_ms - receiver->swept_ms < SWEEP_MS)
        return false;
    receiver->swept_ms = receiver->now_ms;
    for (uint32_t i = 0; i < receiver->config.max_connections; i++) {
        struct http_connection *place = &receiver->connections[i];
        if (place->fd < 0 || place->is_cut)
            continue;
        enum http_limit limit = overdue(receiver, place);
        if (has_gone(place, receiver->now_ms))
            (void)shutdown(place->fd, SHUT_RDWR);
        if (limit == HTTP_LIMITS)
            continue;
        http_limit_hit(receiver, limit);
        place->is_cut = true;
        (void)shutdown(place->fd, SHUT_RDWR);
    }
    return true;
}
