/* The listening sockets of an OTLP receiver and the thread that accepts. gRPC core's own listener
 * stops for ever once it has met EMFILE, so connections are accepted here, counted, and handed to
 * core as file descriptors. Core closes them and tells nobody; see grpc_listener.c for how they are
 * counted nevertheless. */
#pragma once
#include <stdint.h>

#include "processor/base/error.h"
#include "processor/base/metrics.h"

struct grpc_listener;

/* Binds every address of `endpoint` ("host:port", "[::1]:port", ":port" for all interfaces; port 0
 * takes a free one) and listens. FATAL with `ret_error`. */
struct grpc_listener_config {
    const char *receiver; /* its name in the log; static */
    const char *endpoint;
    uint32_t max_connections;
    uint32_t descriptors;             /* that one connection takes in this process */
    struct counter *full, *exhausted; /* refused: too many, or no descriptor left */
    struct counter *connections;      /* as they are now */
};
MUST_CHECK enum status grpc_listener_open(const struct grpc_listener_config *config,
                                          struct grpc_listener **ret_listener,
                                          struct error *ret_error);
/* Begins to accept. `accepted` owns the descriptor (connected, non-blocking) and is called in the
 * listener's thread. */
MUST_CHECK enum status grpc_listener_start(struct grpc_listener *listener,
                                           void (*accepted)(void *context, int connection),
                                           void *context, struct error *ret_error);
int grpc_listener_port(const struct grpc_listener *listener);
/* Ends the thread and closes the listening sockets; connections stay core's. Accepts NULL. */
void grpc_listener_close(struct grpc_listener *listener);
