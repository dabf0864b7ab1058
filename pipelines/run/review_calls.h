/* What waits for the writer's next transaction on behalf of the review (review_call.h). Any thread adds;
 * the writer's takes, runs and answers. */
#pragma once
#include <pthread.h>

#include "pipelines/run/review_call.h"

struct review_calls {
    pthread_mutex_t lock;
    struct review_call *first, *last;
    size_t bytes;
    bool is_closed;            /* nobody takes them any more */
    struct review_call *taken; /* run in the transaction that is under way; the writer's own */
};

MUST_CHECK bool review_calls_open(struct review_calls *calls);
/* Answers whatever is left, and every later one, with BUSY. */
void review_calls_end(struct review_calls *calls);
void review_calls_close(struct review_calls *calls);
MUST_CHECK bool review_calls_add(struct review_calls *calls, struct review_call *call);
bool review_calls_are_waiting(struct review_calls *calls);
/* Takes and runs as many as one transaction has room for. */
void review_calls_run(struct review_calls *calls, struct review *review, struct store_txn *txn,
                      int64_t wall_ms);
/* Of those that were run: the transaction has ended. */
void review_calls_answer(struct review_calls *calls, enum status status);
