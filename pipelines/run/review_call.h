/* What the return path asks of the writer: work inside its next transaction, answered when that is
 * durable. For the review listener, the results topic and commands beside nobody.
 *
 *   any thread --runtime_review_call--> writer: spans first, then at most 64 calls a commit
 *        <------------done(OK)--------- durable
 *        <-----------done(BUSY)-------- nothing happened: the state is full, or too much waits
 */
#pragma once
#include "pipelines/review/review.h"

struct runtime;

enum { REVIEW_CALLS_PER_COMMIT = 64, REVIEW_CALL_BYTES_MAX = 4 << 20 /* that wait together */ };

/* In the caller's storage until `done`, which runs in the writer's thread and may free it. */
struct review_call {
    void (*run)(struct review_call *call, struct review *review, struct store_txn *txn,
                int64_t wall_ms); /* once or not at all; never twice */
    void (*done)(struct review_call *call, enum status status);
    size_t bytes;             /* that it holds */
    struct review_call *next; /* the runtime's */
};

/* BUSY: too much waits, or the runtime is stopping; `done` is not called. */
MUST_CHECK enum status runtime_review_call(struct runtime *runtime, struct review_call *call);
