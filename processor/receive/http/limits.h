/* The limits that a receiver over HTTP holds against its clients, and their series. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/net/tls/front.h"

/* What refuses or cuts a client; each has a counter (label `limit`). */
enum http_limit {
    HTTP_LIMIT_CONNECTIONS, /* closed at once: max_connections */
    HTTP_LIMIT_DESCRIPTORS, /* closed at once: the process has no descriptor left */
    HTTP_LIMIT_REQUESTS,    /* 503: too many requests of clients that have gone wait for commits */
    HTTP_LIMIT_MESSAGE,     /* 413: max_message_bytes */
    HTTP_LIMIT_ITEMS,       /* 413: more in a request than the gate lets through */
    HTTP_LIMIT_RECEIVING,   /* 503: max_receiving_bytes */
    HTTP_LIMIT_HANDSHAKE,   /* cut: no complete TLS handshake within handshake_ms */
    HTTP_LIMIT_IDLE,        /* closed: no request for idle_ms */
    HTTP_LIMIT_REQUEST,     /* cut: request_ms for a request to arrive, or its answer to leave */
    HTTP_LIMIT_COMMIT,      /* 503: no commit within commit_ms */
    HTTP_LIMITS
};
extern const char *const http_limit_names[HTTP_LIMITS];

/* Each counter is written by one thread of the receiver. */
struct http_receiver_counters {
    struct counter limits[HTTP_LIMITS];
    struct counter connections, receiving_bytes; /* as they are now */
    struct tls_front_counters tls;
};

/* Registers flywheel_receiver_limit_hits_total{receiver,transport,limit},
 * flywheel_receiver_connections{receiver,transport},
 * flywheel_receiver_receiving_bytes{receiver,transport} and
 * flywheel_receiver_tls_handshakes_total{receiver,transport,result}. */
void http_limits_register(const struct http_receiver_counters *limits, struct metrics *metrics);
