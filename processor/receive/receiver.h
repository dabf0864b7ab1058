/* The interface of a span source, and what it hands its requests to. A receiver never blocks on the
 * pipeline: submit says BUSY and the receiver lets the call wait, then refuses (gRPC, HTTP), or
 * pauses (Kafka). */
#pragma once
#include "processor/base/error.h"
#include "processor/otlp/rpc_code.h"
#include "processor/receive/request.h"

/* The pipeline's intake, as a receiver sees it. */
struct intake {
    void *context;
    /* Takes the request over on OK (sets source and position, makes its own holds and drops the
     * caller's). BUSY: a limit says wait, the request stays the caller's; `*ret_retry_ms` is a fair
     * time to come back. The gate has run and `held` is known. */
    enum status (*submit)(void *context, struct request *request, int64_t *ret_retry_ms);
    /* Is there room for a body of that size now? Asked before reading or inflating a body. */
    bool (*has_room)(void *context, size_t body_bytes);
    /* Is what keeps `has_room` or `submit` from saying yes likely to pass soon? NULL: never. Then a
     * call waits for it up to `wait_ms`, unanswered, which holds its client back. */
    bool (*may_wait)(void *context);
    int64_t wait_ms;
    struct request_pool *pool;
    uint16_t source;  /* the receiver's source of positions */
    bool ack_durable; /* wait for on_durable before answering */
};

/* Series of a receiver; one writer thread each. Labels: receiver="otlp" (or "kafka"). */
struct receiver_counters {
    struct counter accepted_spans, accepted_logs;
    struct counter refused_spans[WIRE_GATE_REJECTS]; /* {reason} alone, by partial success */
    struct counter left_out[WIRE_GATE_REJECTS]; /* {reason} parts of spans that were kept */
    struct counter stubs;        /* spans of which ids, times and status alone were kept */
    struct counter unrecognized; /* requests that held something, and nothing that we know */
    struct counter refused_overload; /* {reason="overload"}: the sender was told to retry */
    struct counter requests[RPC_CODES];
};

struct receiver; /* of one kind; created by its own module */

struct receiver_operations {
    const char *name; /* "otlp/grpc" */
    /* Begins to accept. FATAL with `ret_error` (port in use: EXIT_TEMPORARY, ...). */
    enum status (*start)(struct receiver *receiver, struct error *ret_error);
    /* Stops taking new requests, finishes those in flight within `grace_ms`. */
    void (*stop)(struct receiver *receiver, int64_t grace_ms);
    void (*destroy)(struct receiver *receiver);
};

struct receiver {
    const struct receiver_operations *operations;
};
