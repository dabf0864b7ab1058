/* One call on its way through the receiver. Its completion events all arrive in the I/O thread; the
 * pipeline's answer may come from the writer's thread.
 *
 *              call arrives            turn            message is here         submitted
 *      POSTED ------------> QUEUED -----------> RECEIVING ------> RUNNING <-> HELD ------.
 *        ^                    | no room, stop       | gone                 | refused      |
 *        |   reply is done    v                     v                      v              v
 *      IDLE <----------- REPLYING <----------------------------------------------------- WAITING
 *        ^                    ^        answered after all                     grace over  |
 *        |                    '---------------------------------- ABANDONED <-------------'
 *        '-- (never again, until the receiver is freed) GONE <--------' reply is done
 *
 * Only a few messages are received at once, so that what core holds of them is bounded; the others
 * wait behind their streams' flow control. So they do while the intake has no room: that is what
 * slows a client down, and costs nothing. HELD is what had been received when room ended.
 *
 * WAITING belongs to the pipeline, every other state to the I/O thread; whoever moves a call out of
 * WAITING sends the reply. After grpc_call_start_batch() a call is touched only by its event. */
#pragma once
#include "processor/receive/grpc/state.h"
#include "processor/receive/grpc/status.h"

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
    bool is_long, is_cut; /* while receiving: has a place for long messages; was cancelled */

    struct grpc_reply reply;
    struct buffer response; /* sent with OK; written before submit */
    grpc_byte_buffer *message;
    grpc_metadata trailers[STATUS_TRAILERS_MAX];
    size_t trailer_count;
    int is_cancelled;
};

/* Posts one more slot of a kind; owes it when no call is free. */
void call_post(struct grpc_receiver *receiver, enum call_kind kind);
/* The event of a call: a request has arrived, or its reply is done. */
void call_event(struct call *call, bool is_success);
/* Cuts off slow senders when there are too many of them. */
void call_expire_receives(struct grpc_receiver *receiver, int64_t now_ms);
/* Goes on with calls for which there is room now; refuses those that have waited for long enough. */
void call_resume_waiting(struct grpc_receiver *receiver, int64_t now_ms);
/* Refuses what has not been received yet, or was and waits for room (stop). */
void call_refuse_queued(struct grpc_receiver *receiver);
/* Refuses what still waits for the pipeline (end of the grace). */
void call_abandon_waiting(struct grpc_receiver *receiver);
void call_free_all(struct grpc_receiver *receiver);
