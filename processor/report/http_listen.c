/* Binding is done here and not by the HTTP library, because only then a port in use can be told
 * from every other failure, and a free port be chosen and known. */
#include "processor/report/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_SIZE = 256, PORT_SIZE = 6, BACKLOG = 64 };

/* "127.0.0.1:80", "localhost:80" or "[::1]:80". */
static bool split(const char *endpoint, char host[HOST_SIZE], char port[PORT_SIZE])
{
    const char *colon = strrchr(endpoint, ':');
    if (!colon || colon == endpoint)
        return false;
    size_t size = (size_t)(colon - endpoint), digits = strspn(colon + 1, "0123456789");
    if (endpoint[0] == '[' && colon[-1] == ']') {
        endpoint++;
        size = size > 2 ? size - 2 : 0;
    }
    if (size == 0 || size >= HOST_SIZE || digits == 0 || digits >= PORT_SIZE || colon[1 + digits])
        return false;
    memcpy(host, endpoint, size);
    host[size] = 0;
    memcpy(port, colon + 1, digits + 1);
    return true;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    return address->ss_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* 0, or errno. */
static int bind_one(const struct addrinfo *address, struct http_listener *ret_listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &size) != 0) {
        int code = errno;
        close(fd);
        return code;
    }
    in_port_t port = bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                 : ((struct sockaddr_in *)&bound)->sin_port;
    *ret_listener = (struct http_listener){fd, ntohs(port), is_loopback(&bound)};
    return 0;
}

static void explain(const char *endpoint, int code, struct error *ret_error)
{
    if (code == EADDRINUSE)
        error_set(ret_error, EXIT_TEMPORARY,
                  "%s is in use by another process: stop it, or give "
                  "service.telemetry.http.endpoint another port",
                  endpoint);
    else if (code == EACCES)
        error_set(ret_error, EXIT_PERMISSION,
                  "%s: no permission to listen there: take a port above 1023", endpoint);
    else
        error_set(ret_error, EXIT_TEMPORARY, "%s: cannot listen there: %s", endpoint,
                  strerror(code));
}

enum status http_listen(const char *endpoint, struct http_listener *ret_listener,
                        struct error *ret_error)
{
    char host[HOST_SIZE], port[PORT_SIZE];
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    if (!split(endpoint, host, port)) {
        error_set(ret_error, EXIT_CONFIG, "%s: an endpoint is HOST:PORT, as in 127.0.0.1:8321",
                  endpoint);
        return STATUS_FATAL;
    }
    int code = getaddrinfo(host, port, &hints, &addresses);
    if (code != 0) {
        error_set(ret_error, EXIT_TEMPORARY, "%s: no address of this host: %s", endpoint,
                  gai_strerror(code));
        return STATUS_FATAL;
    }
    code = EADDRNOTAVAIL;
    for (const struct addrinfo *at = addresses; at && code != 0; at = at->ai_next) {
        int next = bind_one(at, ret_listener);
        code = code == EADDRINUSE && next != 0 ? code : next; /* the most helpful one */
    }
    freeaddrinfo(addresses);
    if (code == 0)
        return STATUS_OK;
    explain(endpoint, code, ret_error);
    return STATUS_FATAL;
}
