/* OTLP over gRPC: TraceService/Export, LogsService/Export and grpc.health.v1 on one gRPC core
 * completion queue and one thread, which inflates and gates too (two threads on the queue were
 * measured slower than one). */
#pragma once
#include "processor/net/auth.h"
#include "processor/net/tls/front.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/receiver.h"

/* Ceilings that refuse or cut a client, each with a counter (label `limit`). */
enum grpc_limit {
    GRPC_LIMIT_CONNECTIONS,  /* closed at once: max_connections */
    GRPC_LIMIT_DESCRIPTORS,  /* closed at once: the process has no descriptor left */
    GRPC_LIMIT_HANDSHAKE,    /* cut: no complete TLS handshake within handshake_ms */
    GRPC_LIMIT_MESSAGE,      /* RESOURCE_EXHAUSTED: max_message_bytes */
    GRPC_LIMIT_ITEMS,        /* RESOURCE_EXHAUSTED: more in a request than the gate lets through */
    GRPC_LIMIT_RECEIVE_TIME, /* cut: too many messages arrived slowly at once */
    GRPC_LIMIT_RESETS,       /* cut: a connection opened and took back too many streams */
    GRPC_LIMITS
};
extern const char *const grpc_limit_names[GRPC_LIMITS];

/* Each counter is written by one thread of the receiver. */
struct grpc_receiver_counters {
    struct counter limits[GRPC_LIMITS];
    struct counter connections; /* as they are now */
    struct tls_front_counters tls;
};

struct grpc_receiver_config {
    const char *endpoint;            /* host:port; port 0 takes a free one */
    size_t max_message_bytes;        /* after decompression; 64 MiB */
    size_t max_receiving_bytes;      /* of messages that are arriving; 0: 1 GiB */
    uint32_t max_header_bytes;       /* of one call; 0: 16 KiB */
    uint32_t max_concurrent_streams; /* per connection; 100 */
    uint32_t max_connections;        /* 1,024 */
    uint32_t calls;                  /* call slots waiting for work at once; 256 */
    int64_t handshake_ms;            /* of TLS; 0: 10 s */
    int64_t max_connection_idle_ms;  /* without a call; 0: any time */
    int64_t max_connection_age_ms;   /* 0: none */
    struct wire_gate_limits gate;
    const struct auth *auth;               /* NULL: everybody may send. Borrowed */
    struct tls *tls;                       /* NULL: plaintext. Borrowed */
    struct dead_letter *dead_letter;       /* NULL: none. Borrowed */
    struct grpc_receiver_counters *limits; /* NULL: nobody reads them. Borrowed */
};

/* NULL when out of memory. `counters` and `intake` stay the caller's. */
struct receiver *grpc_receiver_create(const struct grpc_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters);
/* The port bound after start. */
int grpc_receiver_port(const struct receiver *receiver);
/* What the health service answers; NOT_SERVING before the first call. */
void grpc_receiver_set_serving(struct receiver *receiver, bool is_serving);

/* Registers the limits: flywheel_receiver_limit_hits_total{receiver,transport,limit},
 * flywheel_receiver_connections{receiver,transport} and
 * flywheel_receiver_tls_handshakes_total{receiver,transport,result}. */
void grpc_receiver_register_metrics(const struct grpc_receiver_counters *limits,
                                    struct metrics *metrics);
