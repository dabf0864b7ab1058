/* One call on its way through the receiver. Its completion events all arrive in the I/O thread; the
 * pipeline's answer may come from the writer's thread.
 *
 *              call arrives            turn            message is here         submitted
 *      POSTED ------------> QUEUED -----------> RECEIVING ------------> RUNNING ----------.
 *        ^                    | no room, stop       | gone                 | refused      |
 *        |   reply is done    v                     v                      v              v
 *      IDLE <----------- REPLYING <----------------------------------------------------- WAITING
 *        ^                    ^        answered after all                     grace over  |
 *        |                    '---------------------------------- ABANDONED <-------------'
 *        '-- (never again, until the receiver is freed) GONE <--------' reply is done
 *
 * Only a few messages are received at once, so that what core holds of them is bounded; the others
 * wait behind their streams' flow control.
 *
 * WAITING belongs to the pipeline, every other state to the I/O thread; whoever moves a call out of
 * WAITING sends the reply. After grpc_call_start_batch() a call is touched only by its event. */
#pragma once
#include <grpc/grpc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "processor/base/inflate.h"
#include "processor/receive/grpc/receiver.h"
#include "processor/receive/grpc/status.h"

enum call_kind { CALL_TRACES, CALL_LOGS, CALL_HEALTH, CALL_UNKNOWN, CALL_KINDS };

enum call_state {
    CALL_IDLE,
    CALL_POSTED,    /* core holds it and fills it with the next request of its kind */
    CALL_QUEUED,    /* waits for its turn to be received */
    CALL_RECEIVING, /* core holds it, until its message is complete */
    CALL_RUNNING,   /* the I/O thread works on it */
    CALL_WAITING,   /* the pipeline holds it, until its commit */
    CALL_REPLYING,  /* core holds it, until the reply is sent or the peer is gone */
    CALL_ABANDONED, /* both: refused at the end of the grace, and not answered by the pipeline */
    CALL_GONE       /* refused and sent, but the pipeline knows it still */
};

struct call {
    struct grpc_receiver *receiver;
    struct call *next; /* of the idle or the queued */
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
    int64_t receiving_since_ms;
    bool is_long, is_cut; /* while receiving: has a place for long messages; was cancelled */

    struct grpc_reply reply;
    struct buffer response; /* sent with OK; written before submit */
    grpc_byte_buffer *message;
    grpc_metadata trailers[STATUS_TRAILERS_MAX];
    size_t trailer_count;
    int is_cancelled;
};

struct grpc_listener;

/* What one connection has taken back lately; grpc_resets.c. */
struct reset_slot {
    int connection;
    int64_t since_ms;
    uint32_t count;
    ino_t inode; /* of its socket, when it was cut */
};
enum { RESET_SLOTS = 256 };

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
    struct grpc_listener *listener;
    struct tls_front *front; /* NULL: plaintext */
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
    uint32_t receiving;        /* messages that core holds, whole or in part */
    uint32_t longs, longs_max; /* those of them that take their time */
    struct reset_slot resets[RESET_SLOTS];
    int64_t left_until_ms; /* calls of a connection that was cut may come until then; 0: none */
    uint32_t unposted[CALL_KINDS]; /* slots owed, while all calls are busy */
};

/* grpc_payload.c. False: `ret_reply` says why not. */
bool payload_admit(struct call *call, size_t size, struct grpc_reply *ret_reply);
bool payload_read(struct call *call, struct request *request, size_t size,
                  struct grpc_reply *ret_reply);
bool payload_copy(const grpc_byte_buffer *payload, size_t size, struct buffer *to);

/* grpc_resets.c. A call whose message never came counts against its connection. */
void call_note_reset(struct call *call);
bool call_is_of_cut_connection(struct call *call);
void call_name_peer(struct call *call, char to[PEER_SIZE]);

/* Posts one more slot of a kind; owes it when no call is free. */
void call_post(struct grpc_receiver *receiver, enum call_kind kind);
/* The event of a call: a request has arrived, or its reply is done. */
void call_event(struct call *call, bool is_success);
/* Cuts off slow senders when there are too many of them. */
void call_expire_receives(struct grpc_receiver *receiver, int64_t now_ms);
/* Refuses what has not been received yet (stop). */
void call_refuse_queued(struct grpc_receiver *receiver);
/* Refuses what still waits for the pipeline (end of the grace). */
void call_abandon_waiting(struct grpc_receiver *receiver);
void call_free_all(struct grpc_receiver *receiver);
