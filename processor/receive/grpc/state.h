/* A receiver over gRPC and its calls, as its own files see them. Of the receiver first what is set
 * before its thread runs or is atomic, then what the I/O thread alone touches. */
#pragma once
#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "processor/base/inflate.h"
#include "processor/receive/grpc/config.h"
#include "processor/receive/grpc/status.h"
#include "processor/receive/receiver.h"

enum call_kind { CALL_TRACES, CALL_LOGS, CALL_HEALTH, CALL_UNKNOWN, CALL_KINDS };

struct listener;

/* What one connection has taken back lately (resets.c). */
struct reset_slot {
    int connection;
    int64_t since_ms;
    uint32_t count;
    ino_t inode; /* of its socket, when it was cut */
};
enum { RESET_SLOTS = 256 };

/* The chart is in call.h. */
enum call_state {
    CALL_IDLE,
    CALL_POSTED,    /* core holds it and fills it with the next request of its kind */
    CALL_QUEUED,    /* waits for its turn to be received */
    CALL_RECEIVING, /* core holds it, until its message is complete */
    CALL_RUNNING,   /* the I/O thread works on it */
    CALL_HELD,      /* received; waits for room */
    CALL_WAITING,   /* the pipeline holds it, until its commit */
    CALL_REPLYING,  /* core holds it, until the reply is sent or the peer is gone */
    CALL_ABANDONED, /* both: refused at the end of the grace, and not answered by the pipeline */
    CALL_GONE       /* refused and sent, but the pipeline knows it still */
};

struct call {
    struct grpc_receiver *receiver;
    struct call *next; /* of the idle, the queued or the held */
    enum call_kind kind;
    _Atomic enum call_state state;
    /* Set before the reply is started and read by its event: orders the two threads by itself,
     * whatever core does in between. */
    _Atomic bool is_handed_over;

    grpc_call *call;
    grpc_metadata_array metadata;
    grpc_call_details details; /* of CALL_UNKNOWN */
    gpr_timespec deadline;
    grpc_byte_buffer *payload;
    struct request *request; /* of a held call, when its payload has been read */
    int64_t receiving_since_ms, waiting_since_ms;
    int64_t answer_by_ms; /* no longer than until then does it wait for room */
    bool is_long, is_cut; /* while receiving: has a place for long messages; was cancelled */

    struct grpc_reply reply;
    struct buffer response; /* sent with OK; written before submit */
    grpc_byte_buffer *message;
    grpc_metadata trailers[STATUS_TRAILERS_MAX];
    size_t trailer_count;
    int is_cancelled;
};

struct grpc_receiver {
    struct receiver base; /* first: a struct receiver * is one of these */
    struct grpc_receiver_config config;
    char *endpoint;
    const struct intake *intake;
    struct receiver_counters *counters; /* written by the I/O thread */
    struct grpc_receiver_counters *limits, unread_limits;

    grpc_server *server;
    grpc_server_credentials *credentials;
    grpc_completion_queue *queue;
    void *methods[CALL_KINDS]; /* as registered; NULL for CALL_UNKNOWN */
    struct listener *listener;
    struct tls_front *front; /* ends TLS, and guards core from its clients */
    int port;
    pthread_t thread;
    bool is_initialized; /* grpc_init() was called */
    bool is_running;     /* the thread is there to be joined */
    _Atomic bool is_serving, is_stopping;
    _Atomic int64_t grace_ends_ms; /* monotonic; valid when is_stopping */

    /* The I/O thread's. */
    struct inflater *inflater;
    struct call **calls; /* all there are */
    uint32_t call_count, calls_max;
    uint32_t live; /* calls that have arrived and whose reply is not done */
    struct call *idle;
    struct call *queued_first, *queued_last;
    struct call *held_first, *held_last;
    int64_t crowded_until_ms;  /* the intake had no room a moment ago */
    uint32_t receiving;        /* messages that core holds, whole or in part */
    uint32_t longs, longs_max; /* those of them that take their time */
    struct reset_slot resets[RESET_SLOTS];
    int64_t left_until_ms; /* calls of a connection that was cut may come until then; 0: none */
    uint32_t unposted[CALL_KINDS]; /* slots owed, while all calls are busy */
};
