/* One thread polls the listening sockets. Each accepted connection is remembered as (descriptor,
 * inode): sockets never share an inode, so when the table is full a sweep with fstat() finds the
 * entries whose descriptor is closed, or is something else by now, and only then is a newcomer
 * refused. One spare descriptor is kept, to be able to accept and close a connection when the
 * process has no other left; without it the backlog would stay readable and the loop would spin. */
#include "processor/net/listener.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "processor/base/condition.h"
#include "processor/base/log.h"
#include "processor/base/thread.h"
#include "processor/net/peer.h"

enum {
    SOCKETS_MAX = 8,         /* addresses of one name; localhost has two */
    BACKLOG = 512,           /* connections between two turns of the thread */
    HOST_SIZE = 256,         /* a name of DNS has 253 characters */
    EXHAUSTED_PAUSE_MS = 50, /* a process without descriptors gets time to free one */
    SWEEP_MS = 2000          /* the gauge is that late when nobody connects */
};

struct connection {
    int descriptor;
    ino_t inode;
};

struct listener {
    struct listener_config config; /* without the endpoint, which is the caller's */
    int sockets[SOCKETS_MAX];
    int socket_count;
    int wake;  /* eventfd: ends the thread */
    struct condition full, exhausted;
    int spare; /* given up for a moment when there is no other descriptor */
    int port;
    pthread_t thread;
    bool is_started;
    void (*accepted)(void *context, int connection);
    void *context;
    struct connection *connections; /* the thread's */
    uint32_t connection_count, connections_max;
};

/* Splits host and port. The host may be bracketed and may be empty. */
static bool split_endpoint(const char *endpoint, char host[HOST_SIZE], int *ret_port)
{
    const char *colon = strrchr(endpoint, ':');
    if (!colon)
        return false;
    size_t size = (size_t)(colon - endpoint);
    const char *from = endpoint;
    if (size >= 2 && from[0] == '[' && from[size - 1] == ']')
        from++, size -= 2;
    else if (memchr(endpoint, ':', size))
        return false; /* an IPv6 address needs its brackets */
    if (size >= HOST_SIZE)
        return false;
    memcpy(host, from, size);
    host[size] = 0;
    int port = 0;
    const char *digit = colon + 1;
    if (!*digit)
        return false;
    for (; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || port > 65535)
            return false;
        port = port * 10 + (*digit - '0');
    }
    *ret_port = port;
    return port <= 65535;
}

static enum status fail_bind(const char *endpoint, int code, struct error *ret_error)
{
    switch (code) {
    case EADDRINUSE:
        error_set(ret_error, EXIT_TEMPORARY,
                  "%s: the port is already in use; stop the other process or choose another "
                  "endpoint",
                  endpoint);
        break;
    case EACCES:
    case EPERM:
        error_set(ret_error, EXIT_PERMISSION, "%s: not permitted to listen on this port", endpoint);
        break;
    case EADDRNOTAVAIL:
        error_set(ret_error, EXIT_CONFIG, "%s: this machine has no such address", endpoint);
        break;
    default:
        error_set(ret_error, EXIT_TEMPORARY, "%s: cannot listen: %s", endpoint, strerror(code));
        break;
    }
    return STATUS_FATAL;
}

/* Returns the socket, or -1 with errno. */
static int listen_on(const struct addrinfo *address)
{
    int listener =
        socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (listener < 0)
        return -1;
    int on = 1;
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6)
        (void)setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(listener, address->ai_addr, address->ai_addrlen) == 0 &&
        listen(listener, BACKLOG) == 0)
        return listener;
    int code = errno;
    close(listener);
    errno = code;
    return -1;
}

static int bound_port(int listener)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* A name may stand for several addresses (localhost is ::1 and 127.0.0.1): all are bound, with one
 * port. An address family that the machine lacks is passed over while another one works. */
static enum status bind_all(struct listener *listener, const char *endpoint,
                            struct addrinfo *addresses, struct error *ret_error)
{
    int code = 0;
    for (struct addrinfo *a = addresses; a && listener->socket_count < SOCKETS_MAX;
         a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        if (listener->port && a->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)a->ai_addr)->sin6_port = htons((uint16_t)listener->port);
        else if (listener->port)
            ((struct sockaddr_in *)a->ai_addr)->sin_port = htons((uint16_t)listener->port);
        int bound = listen_on(a);
        if (bound < 0) {
            code = errno;
            if (code == EADDRNOTAVAIL || code == EAFNOSUPPORT)
                continue;
            return fail_bind(endpoint, code, ret_error);
        }
        listener->sockets[listener->socket_count++] = bound;
        listener->port = bound_port(bound);
    }
    if (listener->socket_count == 0)
        return fail_bind(endpoint, code ? code : EADDRNOTAVAIL, ret_error);
    return STATUS_OK;
}

/* A quarter of the descriptors is left to the state, the exporters and the admin server. */
static uint32_t cap_connections(uint32_t wanted, uint32_t descriptors)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return wanted;
    uint64_t most = (limit.rlim_cur - limit.rlim_cur / 4) / descriptors;
    uint32_t capped = wanted < most ? wanted : (uint32_t)most;
    if (capped < wanted)
        log_warn("connections_capped", "wanted=%u cap=%u nofile=%llu", wanted, capped,
                 (unsigned long long)limit.rlim_cur);
    return capped ? capped : 1;
}

enum status listener_open(const struct listener_config *config, struct listener **ret_listener,
                          struct error *ret_error)
{
    const char *endpoint = config->endpoint;
    char host[HOST_SIZE];
    int port;
    if (!split_endpoint(endpoint, host, &port)) {
        error_set(ret_error, EXIT_CONFIG,
                  "%s: not an endpoint; write host:port, as in 127.0.0.1:4317 or [::1]:4317",
                  endpoint);
        return STATUS_FATAL;
    }
    char service[8];
    snprintf(service, sizeof service, "%d", port);
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    int failed = getaddrinfo(host[0] ? host : NULL, service, &hints, &addresses);
    if (failed) {
        error_set(ret_error, failed == EAI_AGAIN ? EXIT_TEMPORARY : EXIT_CONFIG,
                  "%s: cannot resolve the host: %s", endpoint, gai_strerror(failed));
        return STATUS_FATAL;
    }
    struct listener *listener = calloc(1, sizeof *listener);
    enum status status = STATUS_FATAL;
    if (listener) {
        listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        listener->config = *config;
        listener->config.endpoint = NULL;
        listener->connections_max = cap_connections(config->max_connections, config->descriptors);
        listener->connections = calloc(listener->connections_max, sizeof(struct connection));
        if (listener->wake >= 0 && listener->connections)
            status = bind_all(listener, endpoint, addresses, ret_error);
    }
    freeaddrinfo(addresses);
    if (status == STATUS_OK) {
        *ret_listener = listener;
        return STATUS_OK;
    }
    error_set(ret_error, EXIT_TEMPORARY, "%s: not enough memory or file descriptors to listen",
              endpoint); /* a no-op after an error of bind_all */
    listener_close(listener);
    return STATUS_FATAL;
}

static void sweep_closed(struct listener *listener)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < listener->connection_count; i++) {
        struct stat now;
        struct connection known = listener->connections[i];
        if (fstat(known.descriptor, &now) == 0 && now.st_ino == known.inode)
            listener->connections[kept++] = known;
    }
    listener->connection_count = kept;
    counter_set(listener->config.connections, kept);
}

static bool remember(struct listener *listener, int connection)
{
    if (listener->connection_count == listener->connections_max)
        sweep_closed(listener);
    struct stat now;
    if (listener->connection_count == listener->connections_max || fstat(connection, &now) != 0)
        return false;
    listener->connections[listener->connection_count++] =
        (struct connection){.descriptor = connection, .inode = now.st_ino};
    counter_set(listener->config.connections, listener->connection_count);
    return true;
}

/* No descriptor left: the newcomer is told so by a close, with the spare one. */
static void refuse_exhausted(struct listener *listener, int from)
{
    counter_add(listener->config.exhausted, 1);
    condition_log_met(&listener->exhausted, LOG_WARN, "descriptors_exhausted",
                      "receiver=%s connections=%u", listener->config.receiver,
                      listener->connection_count);
    if (listener->spare >= 0)
        close(listener->spare);
    int connection = accept4(from, NULL, NULL, SOCK_CLOEXEC);
    if (connection >= 0)
        close(connection);
    listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct pollfd until = {.fd = listener->wake, .events = POLLIN};
    (void)poll(&until, 1, EXHAUSTED_PAUSE_MS);
}

static void accept_one(struct listener *listener, int from)
{
    int connection = accept4(from, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            refuse_exhausted(listener, from);
        return; /* the others concern this connection alone (ECONNABORTED) */
    }
    if (!remember(listener, connection)) {
        char peer[PEER_SIZE];
        peer_name(connection, peer);
        counter_add(listener->config.full, 1);
        condition_log_met(&listener->full, LOG_WARN, "connections_full",
                          "receiver=%s max=%u peer=%s", listener->config.receiver,
                          listener->connections_max, peer);
        close(connection);
        return;
    }
    condition_log_over(&listener->full, "connections_taken", "receiver=%s",
                       listener->config.receiver);
    condition_log_over(&listener->exhausted, "descriptors_left", "receiver=%s",
                       listener->config.receiver);
    int on = 1;
    (void)setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    listener->accepted(listener->context, connection);
}

static void *accept_loop(void *context)
{
    struct listener *listener = context;
    struct pollfd polled[SOCKETS_MAX + 1];
    int count = listener->socket_count;
    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = listener->sockets[i], .events = POLLIN};
    polled[count] = (struct pollfd){.fd = listener->wake, .events = POLLIN};
    for (;;) {
        int ready = poll(polled, (nfds_t)count + 1, SWEEP_MS);
        if (ready == 0)
            sweep_closed(listener); /* so that the gauge follows when nobody connects */
        if (ready <= 0)
            continue; /* or EINTR */
        if (polled[count].revents)
            return NULL;
        for (int i = 0; i < count; i++)
            if (polled[i].revents)
                accept_one(listener, polled[i].fd);
    }
}

enum status listener_start(struct listener *listener,
                           void (*accepted)(void *context, int connection), void *context,
                           struct error *ret_error)
{
    assert(!listener->is_started);
    listener->accepted = accepted;
    listener->context = context;
    if (pthread_create(&listener->thread, NULL, accept_loop, listener) != 0) {
        error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread that accepts connections");
        return STATUS_FATAL;
    }
    const char *protocol = strrchr(listener->config.receiver, '/');
    thread_name(listener->thread, "accept-%s", protocol ? protocol + 1 : listener->config.receiver);
    listener->is_started = true;
    return STATUS_OK;
}

int listener_port(const struct listener *listener)
{
    return listener->port;
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    if (listener->is_started) {
        uint64_t one = 1;
        ssize_t written = write(listener->wake, &one, sizeof one);
        assert(written == sizeof one);
        pthread_join(listener->thread, NULL);
    }
    for (int i = 0; i < listener->socket_count; i++)
        close(listener->sockets[i]);
    if (listener->wake > 0)
        close(listener->wake);
    if (listener->spare > 0)
        close(listener->spare);
    free(listener->connections);
    free(listener);
}
