/* A connection that is made and closed, a port that is bound and let go. */
#include "processor/command/check/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_MS = 3000, ENDPOINT_SIZE = 320 };

/* The addresses of "host:port" or "[host]:port"; NULL when there are none. */
static struct addrinfo *resolve(const char *endpoint, size_t size, bool listens)
{
    char text[ENDPOINT_SIZE];
    if (size >= sizeof text)
        return NULL;
    memcpy(text, endpoint, size);
    text[size] = 0;
    char *colon = strrchr(text, ':'), *host = text;
    if (!colon)
        return NULL;
    *colon = 0;
    if (host[0] == '[' && colon[-1] == ']') {
        colon[-1] = 0;
        host++;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = listens ? AI_PASSIVE : 0};
    struct addrinfo *found = NULL;
    return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

static bool connects(const struct addrinfo *address)
{
    int file = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (file < 0)
        return false;
    int failure = 0;
    socklen_t size = sizeof failure;
    bool is_connected = connect(file, address->ai_addr, address->ai_addrlen) == 0;
    if (!is_connected && errno == EINPROGRESS) {
        struct pollfd ready = {.fd = file, .events = POLLOUT};
        is_connected = poll(&ready, 1, CONNECT_MS) == 1 &&
                       getsockopt(file, SOL_SOCKET, SO_ERROR, &failure, &size) == 0 && failure == 0;
    }
    close(file);
    return is_connected;
}

void reach_brokers(const char *who, const char *brokers, struct error *error)
{
    bool is_reached = false;
    for (const char *at = brokers; at && !is_reached;) {
        const char *comma = strchr(at, ',');
        struct addrinfo *found = resolve(at, comma ? (size_t)(comma - at) : strlen(at), false);
        for (const struct addrinfo *one = found; one && !is_reached; one = one->ai_next)
            is_reached = connects(one);
        if (found)
            freeaddrinfo(found);
        at = comma ? comma + 1 : NULL;
    }
    if (!is_reached)
        error_set(error, EXIT_TEMPORARY,
                  "%s: no broker of %s answers: start one or correct brokers", who, brokers);
}

void reach_port(const char *who, const char *endpoint, struct error *error)
{
    struct addrinfo *found = resolve(endpoint, strlen(endpoint), true);
    if (!found)
        error_set(error, EXIT_TEMPORARY, "%s: %s is no address of this host: correct the endpoint",
                  who, endpoint);
    for (const struct addrinfo *one = found; one; one = one->ai_next) {
        int yes = 1, file = socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (file < 0)
            continue; /* A family that this host does not have. */
        setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (one->ai_family == AF_INET6)
            setsockopt(file, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
        /* Listening tells more than binding: two may bind with SO_REUSEADDR. */
        if (bind(file, one->ai_addr, one->ai_addrlen) != 0 || listen(file, 1) != 0)
            error_set(error, errno == EACCES ? EXIT_PERMISSION : EXIT_TEMPORARY,
                      "%s: can't listen on %s: %s", who, endpoint, strerror(errno));
        close(file);
    }
    if (found)
        freeaddrinfo(found);
}
