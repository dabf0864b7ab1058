/* One list under a lock: reviews are few. A call is in it, or taken, and is answered exactly once. */
#include "pipelines/run/review_calls.h"


bool review_calls_open(struct review_calls *calls)
{
    return pthread_mutex_init(&calls->lock, NULL) == 0;
}

void review_calls_close(struct review_calls *calls)
{
    pthread_mutex_destroy(&calls->lock);
}

/* Who is answered may free its call. */
static void answer(struct review_call *first, enum status status)
{
    for (struct review_call *call = first, *next; call; call = next) {
        next = call->next;
        call->done(call, status);
    }
}

bool review_calls_add(struct review_calls *calls, struct review_call *call)
{
    pthread_mutex_lock(&calls->lock);
    bool is_taken =
        !calls->is_closed && calls->bytes + call->bytes <= (size_t)REVIEW_CALL_BYTES_MAX;
    if (is_taken) {
        call->next = NULL;
        if (calls->last)
            calls->last->next = call;
        else
            calls->first = call;
        calls->last = call;
        calls->bytes += call->bytes;
    }
    pthread_mutex_unlock(&calls->lock);
    return is_taken;
}

bool review_calls_are_waiting(struct review_calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    bool is_any = calls->first != NULL;
    pthread_mutex_unlock(&calls->lock);
    return is_any;
}

static struct review_call *take(struct review_calls *calls, uint32_t most)
{
    struct review_call *first, *last = NULL;
    pthread_mutex_lock(&calls->lock);
    first = calls->first;
    for (uint32_t i = 0; i < most && calls->first; i++) {
        last = calls->first;
        calls->bytes -= last->bytes;
        calls->first = last->next;
    }
    if (!calls->first)
        calls->last = NULL;
    if (last)
        last->next = NULL;
    pthread_mutex_unlock(&calls->lock);
    return first;
}

void review_calls_run(struct review_calls *calls, struct review *review, struct store_txn *txn,
                      int64_t wall_ms)
{
    if (!calls->taken)
        calls->taken = take(calls, REVIEW_CALLS_PER_COMMIT);
    for (struct review_call *call = calls->taken; call; call = call->next)
        call->run(call, review, txn, wall_ms);
}

void review_calls_answer(struct review_calls *calls, enum status status)
{
    struct review_call *taken = calls->taken;
    calls->taken = NULL;
    answer(taken, status);
}

void review_calls_end(struct review_calls *calls)
{
    pthread_mutex_lock(&calls->lock);
    struct review_call *left = calls->first;
    calls->is_closed = true;
    calls->first = calls->last = NULL;
    calls->bytes = 0;
    pthread_mutex_unlock(&calls->lock);
    review_calls_answer(calls, STATUS_BUSY);
    answer(left, STATUS_BUSY);
}
