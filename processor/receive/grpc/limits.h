/* The limits that a receiver over gRPC holds against its clients, and their series. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/net/tls/front.h"

/* What refuses or cuts a client; each has a counter (label `limit`). */
enum grpc_limit {
    GRPC_LIMIT_CONNECTIONS,  /* closed at once: max_connections */
    GRPC_LIMIT_DESCRIPTORS,  /* closed at once: the process has no descriptor left */
    GRPC_LIMIT_HANDSHAKE,    /* cut: no complete TLS handshake within handshake_ms */
    GRPC_LIMIT_MESSAGE,      /* RESOURCE_EXHAUSTED: max_message_bytes */
    GRPC_LIMIT_ITEMS,        /* RESOURCE_EXHAUSTED: more in a request than the gate lets through */
    GRPC_LIMIT_RECEIVE_TIME, /* cut: too many messages arrived slowly at once */
    GRPC_LIMIT_RESETS,       /* cut: a connection opened and took back too many streams */
    GRPC_LIMIT_FRAMES,       /* cut before core: resets, settings, a header without end */
    GRPC_LIMITS
};
extern const char *const grpc_limit_names[GRPC_LIMITS];

/* Each counter is written by one thread of the receiver. */
struct grpc_receiver_counters {
    struct counter limits[GRPC_LIMITS];
    struct counter connections; /* as they are now */
    struct tls_front_counters tls;
};

/* Registers flywheel_receiver_limit_hits_total{receiver,transport,limit},
 * flywheel_receiver_connections{receiver,transport} and
 * flywheel_receiver_tls_handshakes_total{receiver,transport,result}. */
void grpc_limits_register(const struct grpc_receiver_counters *limits, struct metrics *metrics);
