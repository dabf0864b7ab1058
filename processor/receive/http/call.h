/* One request on its way through the receiver. Everything here is the I/O thread's, but for the
 * moment in which the pipeline answers:
 *
 *    head arrives                 body complete              submitted
 *   ------------> RECEIVING ------------------> (work) ----------------------> WAITING
 *        |             | too much, no room        |  refused, or                  | answered by the
 *        v             v                          |  ack: memory                  | pipeline; or the
 *    refused ----> DISCARDING                     |                               | commit takes too
 *                      | body complete            v                               v long
 *                      '--------------------> REPLYING <--------------------------'
 *
 * While a call is WAITING its connection is suspended, so neither can go away. The pipeline's
 * answer is pushed on a stack that the I/O thread empties; a call that was answered without the
 * pipeline (its commit took too long, or the receiver stops) is kept until that answer comes. */
#pragma once
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "processor/receive/http/receiver.h"
#include "processor/receive/http/request.h"

enum http_call_state { CALL_FREE, CALL_RECEIVING, CALL_DISCARDING, CALL_WAITING, CALL_REPLYING };

struct http_call {
    struct http_receiver *receiver;
    struct http_call *next; /* of the free ones, or of those that the pipeline has answered */
    struct MHD_Connection *connection; /* NULL: it is gone, only the pipeline knows the call */
    enum http_call_state state;
    bool is_in_pipeline; /* submitted, and not answered yet */
    enum status durable; /* the pipeline's answer; written before the call is pushed */
    struct http_plan plan;
    struct request *request; /* being received */
    size_t counted;          /* its share of receiving_bytes */
    uint64_t discarded;
    int64_t waiting_since_ms;
    struct http_reply reply;
    struct buffer response; /* sent with 200; written before submit */
};

/* What a connection does, for the deadlines; libmicrohttpd has none that a client can't stretch by
 * sending a byte now and then. */
enum http_phase { PHASE_IDLE, PHASE_REQUEST, PHASE_WAITING, PHASE_REPLY };

struct http_connection {
    int fd; /* -1: a free place */
    enum http_phase phase;
    int64_t since_ms; /* the phase; monotonic */
    bool is_cut;      /* shut down, and about to be noticed by libmicrohttpd */
};

struct grpc_listener;
struct tls_front;

struct http_receiver {
    struct receiver base; /* first: a struct receiver * is one of these */
    struct http_receiver_config config;
    char *endpoint;
    const struct intake *intake;
    struct receiver_counters *counters;
    struct http_receiver_counters *limits, own_limits; /* the caller's, or our own */
    int port;
    struct grpc_listener *listener;
    struct tls_front *front; /* NULL: plaintext */
    int accepted[2];         /* a pipe of descriptors, from the listener's or the front's thread */
    int wake;                /* eventfd: there is an answer, or the end */
    pthread_t thread;
    bool is_running;
    _Atomic bool is_stopping;
    _Atomic int64_t grace_ends_ms; /* monotonic; valid when is_stopping */
    _Atomic(struct http_call *) answered;

    /* The I/O thread's. */
    struct MHD_Daemon *daemon;
    struct inflater *inflater;
    int64_t now_ms; /* of this turn */
    struct http_call **calls;
    uint32_t call_count, calls_max;
    struct http_call *free_calls;
    uint32_t live; /* calls that have a connection */
    size_t receiving_bytes;
    struct http_connection *connections; /* max_connections places */
    uint32_t connection_count;
    int64_t swept_ms;
};

/* libmicrohttpd's callbacks about requests; the closure is the receiver. */
enum MHD_Result http_call_serve(void *receiver, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **state);
void http_call_completed(void *receiver, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode how);
/* Answers what the pipeline has answered. */
void http_call_take_answers(struct http_receiver *receiver);
/* Answers calls that have waited since before `since_ms`, without the pipeline; returns how many. */
uint32_t http_call_abandon(struct http_receiver *receiver, int64_t since_ms, const char *text);
void http_call_free_all(struct http_receiver *receiver);

/* --- connections, http_connection.c --- */

/* The connection's place in the table. */
struct http_connection *http_connection_of(struct MHD_Connection *connection);
/* libmicrohttpd's callbacks about connections; the closure is the receiver. */
void http_connection_notify(void *receiver, struct MHD_Connection *connection, void **socket,
                            enum MHD_ConnectionNotificationCode what);
void *http_connection_requests(void *receiver, const char *uri, struct MHD_Connection *connection);
/* Takes connections that the listener has accepted, or closes them at the ceiling. */
void http_connection_take(struct http_receiver *receiver);
/* Cuts off whoever has taken too long, when it is time to look. */
void http_connection_sweep(struct http_receiver *receiver);

static inline void http_connection_enter(struct http_connection *connection, enum http_phase phase,
                                         int64_t now_ms)
{
    connection->phase = phase;
    connection->since_ms = now_ms;
}

static inline void http_limit_hit(struct http_receiver *receiver, enum http_limit limit)
{
    counter_add(&receiver->limits->limits[limit], 1);
}
