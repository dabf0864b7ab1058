/* OTLP over HTTP/1.1: POST of export requests as protobuf or in the JSON mapping, on libmicrohttpd.
 * One I/O thread reads, inflates, gates and answers; a request that waits for its commit is
 * suspended meanwhile and resumed by the same thread. JSON is converted first: what is submitted,
 * and so journaled, is always protobuf. */
#pragma once
#include "processor/net/auth.h"
#include "processor/net/tls/front.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/receiver.h"

/* Ceilings that refuse or cut a client, each with a counter (label `limit`). */
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

struct http_receiver_config {
    const char *endpoint;           /* host:port; port 0 takes a free one */
    const char *const *trace_paths; /* where traces are taken; none: /v1/traces */
    uint32_t trace_path_count;      /* logs are always taken at /v1/logs */
    size_t max_message_bytes;       /* as received and after decompression; 64 MiB */
    size_t max_header_bytes;        /* request line and headers; 0: 32 KiB */
    size_t max_receiving_bytes;     /* of all bodies that are arriving; 0: 256 MiB */
    uint32_t max_connections;       /* 1,024 */
    int64_t handshake_ms;           /* of TLS; 0: 10 s */
    int64_t idle_ms;                /* between requests, and before the first; 0: 60 s */
    int64_t request_ms;             /* for head and body; likewise for the answer; 0: 30 s */
    int64_t commit_ms;              /* 0: 30 s */
    struct wire_gate_limits gate;
    const struct auth *auth;               /* NULL: everybody may send. Borrowed */
    struct tls *tls;                       /* NULL: plaintext. Borrowed */
    struct dead_letter *dead_letter;       /* NULL: none. Borrowed */
    struct http_receiver_counters *limits; /* NULL: nobody reads them. Borrowed */
};

/* NULL when out of memory. `counters`, `intake` and the paths stay the caller's. */
struct receiver *http_receiver_create(const struct http_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters);
/* The port bound after start. */
int http_receiver_port(const struct receiver *receiver);

/* Registers the limits: flywheel_receiver_limit_hits_total{receiver,transport,limit},
 * flywheel_receiver_connections{receiver,transport},
 * flywheel_receiver_receiving_bytes{receiver,transport} and
 * flywheel_receiver_tls_handshakes_total{receiver,transport,result}. */
void http_receiver_register_metrics(const struct http_receiver_counters *limits,
                                    struct metrics *metrics);
