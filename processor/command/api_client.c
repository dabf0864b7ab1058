/* The reply ends with its connection, as it is asked to. */
#include "processor/command/api_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "pipelines/config/value.h"
#include "processor/net/tls/client.h"

enum { PATIENCE_S = 40, PIECE = 16 * 1024 };

enum status api_target_parse(const char *url, struct api_target *ret_target,
                             struct error *ret_error)
{
    static const char plain[] = "http://", secure[] = "https://";
    bool is_plain = strncasecmp(url, plain, sizeof plain - 1) == 0;
    bool is_tls = strncasecmp(url, secure, sizeof secure - 1) == 0;
    char endpoint[API_HOST_SIZE + 8];
    struct bytes host;
    uint32_t port;
    *ret_target = (struct api_target){.is_tls = is_tls};
    if (is_plain || is_tls) {
        const char *from = url + (is_tls ? sizeof secure - 1 : sizeof plain - 1);
        size_t size = strcspn(from, "/");
        bool has_port = size > 0 && memchr(from, ':', size) && from[size - 1] != ']';
        snprintf(endpoint, sizeof endpoint, "%.*s%s", (int)(size < API_HOST_SIZE ? size : 0), from,
                 has_port ? ""
                 : is_tls ? ":443"
                          : ":80");
        if (from[size + strspn(from + size, "/")] == 0 &&
            config_value_split_endpoint(endpoint, &host, &port) && host.size > 0 &&
            host.size < API_HOST_SIZE) {
            memcpy(ret_target->host, host.data, host.size);
            snprintf(ret_target->port, sizeof ret_target->port, "%u", port);
            if (is_tls || config_value_is_loopback(endpoint))
                return STATUS_OK;
            error_set(ret_error, EXIT_USAGE, "%s: plain HTTP is for loopback: use https://", url);
            return STATUS_FATAL;
        }
    }
    error_set(ret_error, EXIT_USAGE, "%s: an endpoint is https://HOST:PORT", url);
    return STATUS_FATAL;
}

enum status api_target_read_token(struct api_target *target, const char *path,
                                  struct error *ret_error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, target->token, sizeof target->token - 1);
    int code = errno;
    if (fd >= 0)
        close(fd);
    target->token[size > 0 ? size : 0] = 0;
    target->token[strcspn(target->token, " \t\r\n")] = 0;
    if (target->token[0])
        return STATUS_OK;
    error_set(ret_error, size < 0 && code == EACCES ? EXIT_PERMISSION : EXIT_USAGE, "%s: %s", path,
              size < 0 ? strerror(code) : "holds no token");
    return STATUS_FATAL;
}

/* --- the connection --- */

struct connection {
    int fd;
    struct tls_client *tls; /* NULL: plaintext */
};

static int dial(const struct api_target *target)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    struct addrinfo *addresses = NULL;
    int fd = -1;
    if (getaddrinfo(target->host, target->port, &hints, &addresses) != 0)
        return -1;
    for (const struct addrinfo *at = addresses; at && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
                        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
                        connect(fd, at->ai_addr, at->ai_addrlen) != 0)) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(addresses);
    return fd;
}

static bool send_all(struct connection *to, struct bytes text)
{
    size_t sent = 0;
    while (sent < text.size) {
        long put = to->tls ? tls_client_write(to->tls, text.data + sent, text.size - sent)
                           : send(to->fd, text.data + sent, text.size - sent, MSG_NOSIGNAL);
        if (put <= 0)
            return false; /* the server may have answered already */
        sent += (size_t)put;
    }
    return true;
}

static void receive_all(struct connection *from, struct buffer *to)
{
    char piece[PIECE];
    long got;
    do {
        got = from->tls ? tls_client_read(from->tls, piece, sizeof piece)
                        : recv(from->fd, piece, sizeof piece, 0);
        if (got > 0)
            buffer_append(to, piece, (size_t)got);
    } while (got > 0 && !to->failed);
}

static void write_request(const struct api_target *target, const char *method, const char *path,
                          struct bytes body, struct buffer *to)
{
    bool is_v6 = strchr(target->host, ':') != NULL;
    buffer_printf(to, "%s %s HTTP/1.1\r\nHost: %s%s%s:%s\r\nConnection: close\r\n", method, path,
                  is_v6 ? "[" : "", target->host, is_v6 ? "]" : "", target->port);
    if (target->token[0])
        buffer_printf(to, "Authorization: Bearer %s\r\n", target->token);
    if (body.data)
        buffer_printf(to, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.size);
    buffer_append_text(to, "\r\n");
    if (body.data)
        buffer_append_bytes(to, body);
}

/* "name: value" among the lines of a head that ends with NUL; NULL: it is not there. */
static const char *find_header(const char *head, const char *name)
{
    for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            return line + strlen(name) + 1;
    }
    return NULL;
}

static bool read_reply(struct buffer *text, struct api_reply *ret_reply)
{
    buffer_append_byte(text, 0);
    if (text->failed || sscanf((const char *)text->data, "HTTP/1.1 %3u", &ret_reply->status) != 1)
        return false;
    char *end = strstr((char *)text->data, "\r\n\r\n");
    if (!end)
        return false;
    *end = 0;
    const char *retry = find_header((const char *)text->data, "Retry-After");
    ret_reply->retry_s = retry ? (int)strtol(retry, NULL, 10) : 0;
    size_t from = (size_t)(end + 4 - (char *)text->data);
    buffer_append(&ret_reply->body, text->data + from, text->size - 1 - from);
    return !ret_reply->body.failed;
}

enum status api_ask(const struct api_target *target, const char *method, const char *path,
                    struct bytes body, struct api_reply *ret_reply, struct error *ret_error)
{
    struct connection connection = {.fd = dial(target)};
    struct buffer request = {0}, reply = {.limit = API_ANSWER_MAX};
    bool is_read = false;
    *ret_reply = (struct api_reply){0};
    if (connection.fd < 0) {
        error_set(ret_error, EXIT_TEMPORARY, "nobody listens on %s:%s", target->host, target->port);
        return STATUS_FATAL;
    }
    if (!target->is_tls || (connection.tls = tls_client_create(connection.fd, target->host,
                                                               target->ca_file, ret_error))) {
        write_request(target, method, path, body, &request);
        (void)send_all(&connection, buffer_bytes(&request));
        receive_all(&connection, &reply);
        is_read = read_reply(&reply, ret_reply);
    }
    tls_client_destroy(connection.tls);
    close(connection.fd);
    buffer_finish(&request);
    buffer_finish(&reply);
    if (is_read)
        return STATUS_OK;
    buffer_finish(&ret_reply->body);
    error_set(ret_error, EXIT_TEMPORARY, "%s:%s gave no answer", target->host, target->port);
    return STATUS_FATAL;
}
