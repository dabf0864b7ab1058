/* A small OTLP/gRPC client: unary calls, one after the other, on one connection. For
 * `send`, `demo` and tests. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/error.h"
#include "processor/otlp/wire_gate.h"

struct otlp_client;

struct otlp_client_config {
    const char *endpoint;      /* host:port */
    bool is_gzip;              /* compress what is sent */
    int64_t deadline_ms;       /* of one attempt; 0: 10 s */
    int64_t retry_for_ms;      /* how long a retryable answer is tried again; 0: never */
    const char *authorization; /* value of that header; NULL: none. Borrowed */
    struct {                   /* PEM texts; without a CA: plaintext */
        const char *ca, *cert, *key;
    } tls;
};

struct otlp_answer {
    int code;                                /* gRPC status, 0 OK */
    char text[512];                          /* its message, cut */
    int64_t retry_ms;                        /* stated by the server in either trailer; 0: none */
    bool has_status_details, has_retry_info; /* which of the two trailers were there */
    int64_t rejected;    /* partial success: spans or records that were rejected */
    char rejection[512]; /* its message, cut */
    uint32_t attempts;
    struct buffer response; /* the message, with OK; otlp_answer_finish() */
};

/* NULL when out of memory. */
struct otlp_client *otlp_client_create(const struct otlp_client_config *config);
void otlp_client_destroy(struct otlp_client *client);
/* Waits until the connection stands. FATAL with `ret_error` (EXIT_TEMPORARY) when nothing has
 * answered within `patience_ms`. */
MUST_CHECK enum status otlp_client_connect(struct otlp_client *client, int64_t patience_ms,
                                           struct error *ret_error);
/* Exports one request, again while the answer is UNAVAILABLE and time is left. */
void otlp_client_export(struct otlp_client *client, enum wire_gate_signal signal,
                        struct bytes request, struct otlp_answer *ret_answer);
/* One unary call of any method, tried once. `is_compressed`: the bytes are gzip already and are
 * sent flagged so (needs a client with is_gzip). */
void otlp_client_call(struct otlp_client *client, const char *method, struct bytes request,
                      bool is_compressed, struct otlp_answer *ret_answer);
void otlp_answer_finish(struct otlp_answer *answer);
