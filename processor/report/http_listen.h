/* A listening TCP socket from the text of an endpoint. */
#pragma once
#include <stdbool.h>

#include "processor/base/error.h"

struct http_listener {
    int fd;
    int port;         /* the one bound */
    bool is_loopback; /* by the address bound, not by its name */
};

/* FATAL with `ret_error`: EXIT_TEMPORARY port in use or host unknown, EXIT_PERMISSION, EXIT_CONFIG
 * no endpoint. The socket is the caller's. */
MUST_CHECK enum status http_listen(const char *endpoint, struct http_listener *ret_listener,
                                   struct error *ret_error);
