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

/* Posts one more slot of a kind; owes it when no call is free. */
void call_post(struct grpc_receiver *receiver, enum call_kind kind);
/* The event of a call: a request has arrived, or its reply is done. */
void call_event(struct call *call, bool is_success);
/* Goes on with calls for which there is room now; refuses those that have
 * waited for long enough. */
void call_resume_waiting(struct grpc_receiver *receiver, int64_t now_ms);
/* Refuses what has not been received yet, or was and waits for room (stop). */
void call_refuse_queued(struct grpc_receiver *receiver);
/* Refuses what still waits for the pipeline (end of the grace). */
void call_abandon_waiting(struct grpc_receiver *receiver);
void call_free_all(struct grpc_receiver *receiver);
