/* The admin server: GET and HEAD on routes handed to it; it knows none itself. One thread of its
 * own runs every handler, so handlers never run side by side.
 *   who may read    an open route: everybody who reaches the port
 *                   any other: with a token, who shows it; without one, only over a loopback
 *                   address, and not under a foreign host name (a page that rebinds DNS) */
#pragma once
#include <stdbool.h>

#include "processor/base/bytes.h"
#include "processor/base/error.h"
#include "processor/report/http_query.h"

enum { HTTP_ROUTES_MAX = 32 };

struct http_answer {
    const char *content_type; /* constant; text/plain unless set */
    struct buffer body;       /* failed: the client gets 500 */
};

/* Returns the HTTP status. Runs in the server's thread. */
typedef unsigned http_handler_fn(void *context, const struct http_query *query,
                                 struct http_answer *answer);

struct http_route {
    const char *path; /* matched as a whole */
    bool is_open;     /* served to everybody */
    http_handler_fn *handle;
    void *context;
    /* What it knows, ends with NULL; NULL: none. A misspelled parameter must not pass for one that was
     * left out: any other, or one that is there twice, is 400. */
    const char *const *parameters;
};

struct http_server_config {
    const char *endpoint;            /* host:port; port 0 takes a free one */
    const char *token_file;          /* NULL: no token; borrowed until destroy */
    const struct http_route *routes; /* copied */
    uint32_t route_count;
};

struct http_server;

/* Listens and serves from here on. NULL with `ret_error`: EXIT_TEMPORARY when the port is in use,
 * EXIT_PERMISSION, EXIT_CONFIG for an endpoint or token that can't be. */
struct http_server *http_server_create(const struct http_server_config *config,
                                       struct error *ret_error);
/* Waits for the handler that runs; NULL is allowed. */
void http_server_destroy(struct http_server *server);
int http_server_port(const struct http_server *server); /* the port bound */
/* Reads the token file again; on failure the token stays what it was. Any thread. */
MUST_CHECK enum status http_server_reload_token(struct http_server *server,
                                                struct error *ret_error);
