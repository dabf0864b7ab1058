/* A receiver over HTTP and its calls, as its own files see them. Of the receiver first what is set
 * before its thread runs or is atomic, then what the I/O thread alone touches. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "processor/base/inflate.h"
#include "processor/net/http_port.h"
#include "processor/receive/http/config.h"
#include "processor/receive/http/request.h"
#include "processor/receive/receiver.h"

struct http_connection;
struct listener;
struct tls_front;

/* The chart is in call.h. */
enum http_call_state {
    CALL_FREE,
    CALL_RECEIVING,
    CALL_DISCARDING,
    CALL_HELD_AT_HEAD, /* for room: nothing of the body has been read */
    CALL_RESUMED,      /* the head is looked at once more */
    CALL_HELD,         /* for room: the body is here */
    CALL_WAITING,      /* for the commit */
    CALL_REPLYING
};

struct http_call {
    struct http_receiver *receiver;
    struct http_call
        *next; /* of the free ones, the held, or those that the pipeline has answered */
    struct MHD_Connection *connection; /* NULL: it is gone, only the pipeline knows the call */
    enum http_call_state state;
    bool is_in_pipeline; /* submitted, and not answered yet */
    enum status durable; /* the pipeline's answer; written before the call is pushed */
    struct http_plan plan;
    struct request *request; /* being received */
    size_t counted;          /* its share of receiving_bytes */
    uint64_t discarded;
    bool is_gated, waits_for_100;
    int64_t held_since_ms, waiting_since_ms;
    struct http_reply reply;
    char text[HTTP_TEXT_SIZE]; /* of the reply, where it names a place */
    struct buffer response;    /* sent with 200; written before submit */
};

struct http_receiver {
    struct receiver base; /* first: a struct receiver * is one of these */
    struct http_receiver_config config;
    char *endpoint;
    const struct intake *intake;
    struct receiver_counters *counters;
    struct http_receiver_counters *limits, own_limits; /* the caller's, or our own */
    struct http_port port; /* its turn and its connections are the I/O thread's */
    pthread_t thread;
    bool is_running;
    _Atomic bool is_stopping;
    _Atomic int64_t grace_ends_ms; /* monotonic; valid when is_stopping */
    _Atomic(struct http_call *) answered;

    /* The I/O thread's. */
    struct inflater *inflater;
    struct http_call **calls;
    uint32_t call_count, calls_max;
    struct http_call *free_calls;
    struct http_call *held_first, *held_last;
    uint32_t live; /* calls that have a connection */
    size_t receiving_bytes;
};

static inline void http_limit_hit(struct http_receiver *receiver, enum http_limit limit)
{
    counter_add(&receiver->limits->limits[limit], 1);
}
