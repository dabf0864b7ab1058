/* OTLP over HTTP/1.1: POST of export requests as protobuf or in the JSON mapping, on libmicrohttpd.
 * One I/O thread reads, inflates, gates and answers; a request that waits for its commit is
 * suspended meanwhile and resumed by the same thread. JSON is converted first: what is submitted,
 * and so journaled, is always protobuf. */
#pragma once
#include "processor/receive/auth.h"
#include "processor/receive/dead_letter.h"
#include "processor/receive/receiver.h"

/* PEM texts. Without a certificate the port is plaintext; with a client CA every client must show a
 * certificate of it, or the handshake fails. */
struct http_tls_config {
    struct bytes cert_pem, key_pem, client_ca_pem;
};

/* Ceilings that refuse or cut a client, each with a counter (label `limit`). */
enum http_limit {
    HTTP_LIMIT_CONNECTIONS, /* closed at once: max_connections */
    HTTP_LIMIT_MESSAGE,     /* 413: max_message_bytes */
    HTTP_LIMIT_RECEIVING,   /* 503: max_receiving_bytes */
    HTTP_LIMIT_HANDSHAKE,   /* cut: no complete TLS handshake within handshake_timeout_ms */
    HTTP_LIMIT_IDLE,        /* closed: no request for idle_timeout_ms */
    HTTP_LIMIT_REQUEST,     /* cut: a request took longer than request_timeout_ms to arrive */
    HTTP_LIMIT_COMMIT,      /* 503: no commit within commit_timeout_ms */
    HTTP_LIMITS
};
extern const char *const http_limit_names[HTTP_LIMITS];

/* Written by the I/O thread, read by anyone. */
struct http_receiver_counters {
    struct counter limits[HTTP_LIMITS];
    struct counter connections, receiving_bytes; /* as they are now */
};
/* Registers them: flywheel_receiver_limit_hits_total{receiver="otlp",limit},
 * flywheel_receiver_connections{receiver="otlp",transport="http"} and
 * flywheel_receiver_receiving_bytes{receiver="otlp",transport="http"}. */
void http_receiver_register_metrics(const struct http_receiver_counters *counters,
                                    struct metrics *metrics);

struct http_receiver_config {
    const char *endpoint;           /* host:port; port 0 takes a free one */
    const char *const *trace_paths; /* where traces are taken; none: /v1/traces */
    uint32_t trace_path_count;      /* logs are always taken at /v1/logs */
    size_t max_message_bytes;       /* as received and after decompression; 64 MiB */
    size_t max_header_bytes;        /* request line and headers; 32 KiB */
    size_t max_receiving_bytes;     /* of all bodies that are arriving; 256 MiB */
    uint32_t max_connections;       /* 1,024 */
    int64_t handshake_timeout_ms;   /* 10 s */
    int64_t idle_timeout_ms;        /* 60 s; likewise for the first request line */
    int64_t request_timeout_ms;     /* 30 s, headers and body together */
    int64_t commit_timeout_ms;      /* 30 s */
    struct gate_limits gate;
    const struct auth *auth;         /* NULL: everybody may send. Borrowed */
    struct dead_letter *dead_letter; /* NULL: none. Borrowed */
    struct http_tls_config tls;      /* borrowed until create returns */
};
/* Everything but endpoint, auth, dead letters and TLS set to the values above. */
extern const struct http_receiver_config http_receiver_config_default;

/* NULL with `ret_error`: a certificate or key that can't be used, or out of memory. `config`'s
 * paths, `intake` and counters (`limits` may be NULL) stay the caller's and outlive the receiver;
 * `counters` and `limits` are written by the I/O thread. */
struct receiver *http_receiver_create(const struct http_receiver_config *config,
                                      const struct intake *intake,
                                      struct receiver_counters *counters,
                                      struct http_receiver_counters *limits,
                                      struct error *ret_error);
/* The port bound after start. */
int http_receiver_port(const struct receiver *receiver);

/* Can these be used? For a reload of several things that should happen together or not at all. */
MUST_CHECK enum status http_tls_check(const struct http_tls_config *tls, struct error *ret_error);
/* New connections get these; open ones keep theirs. On failure everything stays as it was. A port
 * can't change between plaintext and TLS. Any one thread. */
MUST_CHECK enum status http_receiver_reload_tls(struct receiver *receiver,
                                                const struct http_tls_config *tls,
                                                struct error *ret_error);
