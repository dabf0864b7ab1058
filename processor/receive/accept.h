/* Admission: the one step in which a gated request passes from its receiver to the pipeline.
 *
 *   gated request -> accept_begin --nothing in it--------------> accept_end(OK)      released
 *                         | stamped, accounted
 *                         '--> submit of the receiver's intake -> accept_end(OK)      the pipeline's
 *                                                              -> accept_end(BUSY)    released
 *
 * What is accepted is counted here and nowhere else, and only after the pipeline has it. */
#pragma once
#include "processor/receive/receiver.h"

/* The time after which a refused sender is asked to come back, when the intake names none. */
enum { ACCEPT_RETRY_MS = 1000 };

/* What was handed over; the request itself may be gone by then. */
struct accept {
    struct request *request; /* NULL: nothing in it, released */
    struct gated_request gated;
    enum wire_gate_signal signal;
};

/* Takes the request. True: it is ready to be submitted; false: there is nothing in it to submit. */
bool accept_begin(struct accept *accept, struct request *request);
/* The request's fate: OK counts what was taken in; another one gives the request back. */
void accept_end(struct accept *accept, enum status status, struct receiver_counters *counters);

/* How a call is answered. */
enum accept_answer {
    ACCEPT_NOW,   /* OK, at once */
    ACCEPT_LATER, /* by on_durable, which may have run already */
    ACCEPT_BUSY   /* not yet: the request is still the caller's */
};

/* Will on_durable answer, if the intake takes the request? */
static inline bool accept_waits(const struct intake *intake, const struct request *request)
{
    return intake->ack_durable && request->gated.span_count + request->gated.log_count > 0;
}

/* The whole step for a request that came by a call: takes the request, but for ACCEPT_BUSY; then it
 * may be tried again, or refused. `ret_retry_ms` is the delay to name with ACCEPT_BUSY. */
enum accept_answer accept_call(const struct intake *intake, struct receiver_counters *counters,
                               struct request *request,
                               void (*on_durable)(struct request *request, enum status status),
                               void *call, int64_t *ret_retry_ms);

/* A line for a request that was refused, without anything of its own: each, as far as the log's
 * limit goes; those that are asked to come again as a condition. `receiver` and `reason` are
 * static. Called by the receiver's I/O thread. */
void accept_log_refusal(const char *receiver, enum rpc_code code, const char *reason);

/* It was busy for too long: counted as overload and given back. */
void accept_refuse(struct receiver_counters *counters, struct request *request);
/* May a call that has waited for room since `since_ms` go on waiting? */
bool accept_may_wait(const struct intake *intake, int64_t since_ms, int64_t now_ms);

/* --- items that were refused alone, and what else the sender is told --- */

/* The first reason for which some were, as its metric names it; NULL: none was. */
const char *accept_first_reject(const struct gated_request *gated);
/* Why the request is worth a dead letter though it was answered with success: items that were
 * refused, or nothing in it that was recognized. NULL: it is not. */
const char *accept_letter_reason(const struct gated_request *gated);
/* "rejected: 2 bad_trace_id; left out: 1 too_large; first at resourceSpans[0]..., byte 12", for the
 * sender; nothing when all is well. */
void accept_reject_text(struct buffer *to, const struct gated_request *gated);
