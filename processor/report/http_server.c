/* libmicrohttpd with limits on everything, because whoever reaches the port may send anything:
 * 64 connections, 10 s of silence, 16 KiB of headers, 2 KiB of URI, no request body is read.
 *   request -> method -> path -> host, token -> handler -> answer */
#include "processor/report/http_server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "processor/base/digest.h"
#include "processor/base/json/writer.h"
#include "processor/net/http_head.h"
#include "processor/report/http_listen.h"
#include "processor/report/http_origin.h"

enum {
    CONNECTIONS_MAX = 64,
    SILENCE_SECONDS = 10,
    CONNECTION_BYTES = 16 << 10,
    URI_BYTES_MAX = 2048,
    TOKEN_BYTES_MAX = 4096,
    ANSWER_BYTES_MAX = 256 << 20,
};

struct http_server {
    struct MHD_Daemon *daemon;
    struct http_listener listener;
    struct http_route routes[HTTP_ROUTES_MAX];
    uint32_t route_count;
    const char *token_file; /* NULL: no token */
    pthread_mutex_t lock;   /* of the digest */
    uint8_t token_digest[SHA256_SIZE];
};

/* --- the token --- */

static enum status read_token(const char *path, uint8_t ret_digest[SHA256_SIZE],
                              struct error *ret_error)
{
    char text[TOKEN_BYTES_MAX + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text);
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (size < 0) {
        error_set(ret_error, code == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
                  "%s: the token of the telemetry server cannot be read: %s", path, strerror(code));
        return STATUS_FATAL;
    }
    while (size > 0 && strchr(" \t\r\n", text[size - 1]))
        size--;
    if (size == 0 || size > TOKEN_BYTES_MAX) {
        error_set(ret_error, EXIT_CONFIG, "%s: a token is between 1 and %d bytes long", path,
                  TOKEN_BYTES_MAX);
        return STATUS_FATAL;
    }
    digest_sha256(ret_digest, bytes_of(text, (size_t)size));
    return STATUS_OK;
}

enum status http_server_reload_token(struct http_server *server, struct error *ret_error)
{
    uint8_t digest[SHA256_SIZE];
    if (!server->token_file)
        return STATUS_OK;
    enum status status = read_token(server->token_file, digest, ret_error);
    if (status == STATUS_OK) {
        pthread_mutex_lock(&server->lock);
        memcpy(server->token_digest, digest, sizeof digest);
        pthread_mutex_unlock(&server->lock);
    }
    return status;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* Digests are compared, and all of their bytes: time says nothing about the token. */
static bool shows_token(struct http_server *server, struct MHD_Connection *connection)
{
    static const char scheme[] = "Bearer ";
    uint8_t digest[SHA256_SIZE], difference = 0;
    const char *value = header(connection, "Authorization");
    if (!value || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return false;
    digest_sha256(digest, bytes_of_text(value + sizeof scheme - 1));
    pthread_mutex_lock(&server->lock);
    for (int i = 0; i < SHA256_SIZE; i++)
        difference |= (uint8_t)(digest[i] ^ server->token_digest[i]);
    pthread_mutex_unlock(&server->lock);
    return difference == 0;
}

/* A browser that was sent here under a name of somebody else's domain says that name. */
static bool is_own_name(const char *host)
{
    return !host || !*host || http_host_is_local(bytes_of_text(host));
}

/* --- answers --- */

static bool add_headers(struct MHD_Response *response, const char *content_type)
{
    return MHD_add_response_header(response, "Content-Type", content_type) == MHD_YES &&
           MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") == MHD_YES &&
           MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
           MHD_add_response_header(response, "Referrer-Policy", "no-referrer") == MHD_YES &&
           MHD_add_response_header(response, "Content-Security-Policy",
                                   "default-src 'self'; frame-ancestors 'none'") == MHD_YES;
}

/* Takes the body, which came from malloc. MHD_NO closes the connection. */
static enum MHD_Result answer_bytes(struct MHD_Connection *connection, unsigned status,
                                    const char *content_type, struct buffer *body)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data ? (void *)body->data : (void *)"",
        body->data ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (!response) {
        buffer_finish(body);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    bool is_named = add_headers(response, content_type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        is_named &= MHD_add_response_header(response, "Allow", "GET, HEAD") == MHD_YES;
    if (status == MHD_HTTP_UNAUTHORIZED)
        is_named &= MHD_add_response_header(response, "WWW-Authenticate", "Bearer") == MHD_YES;
    if (is_named)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static const char plain_text[] = "text/plain; charset=utf-8";

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned status,
                                   const char *line)
{
    struct buffer body = {0};
    buffer_append_text(&body, line);
    buffer_append_byte(&body, '\n');
    return answer_bytes(connection, status, plain_text, &body);
}

/* Is every parameter known, and there once? Else 400 with what is known. */
static bool are_known(const struct http_route *route, const struct http_query *query,
                      struct http_answer *answer)
{
    struct buffer why = {0};
    struct json_writer writer;
    bool are_all = http_query_is_known(query, route->parameters, &why);
    if (!are_all) {
        answer->content_type = "application/json";
        json_writer_init(&writer, &answer->body);
        json_object_begin(&writer);
        json_put_bytes(&writer, "error", buffer_bytes(&why));
        json_object_end(&writer);
        buffer_append_byte(&answer->body, '\n');
    }
    buffer_finish(&why);
    return are_all;
}

static enum MHD_Result run(const struct http_route *route, struct MHD_Connection *connection)
{
    struct http_query query;
    struct http_answer answer = {.content_type = plain_text, .body.limit = ANSWER_BYTES_MAX};
    unsigned status = MHD_HTTP_BAD_REQUEST;
    http_query_read(connection, &query);
    if (are_known(route, &query, &answer))
        status = route->handle(route->context, &query, &answer);
    if (answer.body.failed) {
        buffer_finish(&answer.body);
        return answer_line(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    }
    return answer_bytes(connection, status, answer.content_type, &answer.body);
}

/* NULL: may be read; else why not. */
static const char *refusal(struct http_server *server, const struct http_route *route,
                           struct MHD_Connection *connection, unsigned *ret_status)
{
    if (route->is_open)
        return NULL;
    if (server->token_file) {
        *ret_status = MHD_HTTP_UNAUTHORIZED;
        return shows_token(server, connection) ? NULL : "the bearer token is missing or wrong";
    }
    *ret_status = MHD_HTTP_FORBIDDEN;
    if (!server->listener.is_loopback)
        return "served on a loopback address only, unless a bearer token is configured";
    return is_own_name(header(connection, "Host")) ? NULL : "ask by an IP address or as localhost";
}

/* What it returns is the state of the request at its first call: the server stands for too long. */
static void *note_long_uri(void *server, const char *uri, struct MHD_Connection *connection)
{
    (void)connection;
    return strnlen(uri, URI_BYTES_MAX + 1) > URI_BYTES_MAX ? server : NULL;
}

static enum MHD_Result find_and_run(struct http_server *server, struct MHD_Connection *connection,
                                    const char *path)
{
    unsigned status = 0;
    for (uint32_t i = 0; i < server->route_count; i++) {
        const struct http_route *route = &server->routes[i];
        if (strcmp(path, route->path) != 0)
            continue;
        const char *reason = refusal(server, route, connection, &status);
        return reason ? answer_line(connection, status, reason) : run(route, connection);
    }
    return answer_line(connection, MHD_HTTP_NOT_FOUND, "not found");
}

/* Called once when the headers are there and again when the request is. An answer at the first call
 * ends the connection, which is right for whatever brings a body: it is never read. */
static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    (void)upload, (void)upload_size;
    struct http_server *server = context;
    const char *fault = *state ? NULL : http_head_fault(connection, version);
    if (fault)
        return answer_line(connection, MHD_HTTP_BAD_REQUEST, fault);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD");
    if (*state == server)
        return answer_line(connection, MHD_HTTP_URI_TOO_LONG, "the URI is too long");
    bool has_body = header(connection, "Content-Length") || header(connection, "Transfer-Encoding");
    if (*state || has_body)
        return find_and_run(server, connection, http_head_path(path));
    *state = connection;
    return MHD_YES;
}

/* --- life --- */

struct http_server *http_server_create(const struct http_server_config *config,
                                       struct error *ret_error)
{
    assert(config->route_count <= HTTP_ROUTES_MAX);
    struct http_server *server = calloc(1, sizeof *server);
    if (!server) {
        error_set(ret_error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    int failed = pthread_mutex_init(&server->lock, NULL);
    assert(!failed);
    server->listener.fd = -1;
    server->token_file = config->token_file;
    server->route_count = config->route_count;
    for (uint32_t i = 0; i < config->route_count; i++)
        server->routes[i] = config->routes[i];
    if (http_server_reload_token(server, ret_error) != STATUS_OK ||
        http_listen(config->endpoint, &server->listener, ret_error) != STATUS_OK) {
        http_server_destroy(server);
        return NULL;
    }
    server->daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, serve, server, /* options */
        MHD_OPTION_LISTEN_SOCKET, server->listener.fd,              /* its own from now on */
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SILENCE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, note_long_uri, server, MHD_OPTION_END);
    if (server->daemon)
        return server;
    server->listener.fd = -1; /* closed by the attempt */
    error_set(ret_error, EXIT_TEMPORARY, "%s: the telemetry server cannot be started",
              config->endpoint);
    http_server_destroy(server);
    return NULL;
}

void http_server_destroy(struct http_server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    else if (server->listener.fd >= 0)
        close(server->listener.fd);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

int http_server_port(const struct http_server *server)
{
    return server->listener.port;
}
