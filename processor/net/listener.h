/* The listening sockets of a receiver and the thread that accepts. gRPC core's own listener stops
 * for ever once it has met EMFILE, so connections are accepted here, counted, and handed to the
 * receiver's library as file descriptors. A library closes them and tells nobody; listener.c has
 * how they are counted nevertheless. */
#pragma once
#include <stdint.h>

#include "processor/base/error.h"
#include "processor/base/metrics.h"

struct listener;

struct listener_config {
    const char *receiver; /* its name in the log; static */
    const char *endpoint;
    uint32_t max_connections;
    uint32_t descriptors;             /* that one connection takes in this process */
    struct counter *full, *exhausted; /* refused: too many, or no descriptor left */
    struct counter *connections;      /* as they are now */
};

/* Binds every address of `endpoint` ("host:port", "[::1]:port", ":port" for all interfaces; port 0
 * takes a free one) and listens. FATAL with `ret_error`. */
MUST_CHECK enum status listener_open(const struct listener_config *config,
                                     struct listener **ret_listener, struct error *ret_error);
/* Begins to accept. `accepted` owns the descriptor (connected, non-blocking) and is called in the
 * listener's thread. */
MUST_CHECK enum status listener_start(struct listener *listener,
                                      void (*accepted)(void *context, int connection),
                                      void *context, struct error *ret_error);
int listener_port(const struct listener *listener);
/* Ends the thread and closes the listening sockets; connections stay the
 * receiver's. Accepts NULL. */
void listener_close(struct listener *listener);
