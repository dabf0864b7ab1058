/* A shard that has failed makes no room any more; its queue is closed then, and what was meant for
 * it is let go of. */
#include "pipelines/run/mailbox.h"

#include <stdlib.h>

#include "pipelines/run/room.h"
#include "pipelines/run/state.h"
#include "processor/base/clock.h"
#include "processor/base/memory.h"

static void push_event(struct runtime *runtime, uint32_t shard, void *item)
{
    if (!queue_push_wait(runtime->shards[shard].events, item))
        mailbox_drop(item);
}

/* Nobody waits for the commit of a request that is answered at once: the writer may sleep on. */
static bool push_to_writer(struct runtime *runtime, struct request *request)
{
    void *item = item_tagged(request, ITEM_REQUEST);
    request_hold(request);
    if ((!request->on_durable && queue_push_quiet(runtime->writer_queue, item)) ||
        queue_push_wait(runtime->writer_queue, item))
        return true;
    request_release(request);
    return false;
}

enum status mailbox_admit(struct runtime *runtime, struct request *request)
{
    if (!request->is_queued)
        request_enqueue(request);
    if (!request->is_replayed && !push_to_writer(runtime, request))
        return STATUS_BUSY;
    mailbox_give_shards(runtime, request);
    return STATUS_OK;
}

void mailbox_give_shards(struct runtime *runtime, struct request *request)
{
    request->admitted_ms = clock_monotonic_ms();
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        if (!room_is_needed(request, i))
            continue;
        request_hold(request);
        push_event(runtime, i, item_tagged(request, ITEM_REQUEST));
    }
}

const struct notice *mailbox_notify(struct runtime *runtime, const struct notice *notice)
{
    struct notice *copy = memory_need(malloc(sizeof(*copy)));
    *copy = *notice;
    for (uint32_t i = 0; i < runtime->source_count; i++)
        copy->next_positions[i] =
            atomic_load_explicit(&runtime->next_positions[i], memory_order_acquire);
    atomic_store(&copy->waiting, runtime->shard_count);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        push_event(runtime, i, item_tagged(copy, ITEM_NOTICE));
    return copy;
}

void mailbox_answer(struct runtime *runtime, struct notice *notice)
{
    void *item = item_tagged(notice, ITEM_NOTICE);
    if (atomic_fetch_sub(&notice->waiting, 1) == 1 && !queue_push_wait(runtime->writer_queue, item))
        mailbox_drop(item);
}

void mailbox_return(struct notice *notice)
{
    if (!notice->answers || !queue_push(notice->answers, item_tagged(notice, ITEM_NOTICE)))
        free(notice);
}

bool mailbox_has_returned(struct queue *answers, const struct notice *awaited)
{
    void *item;
    bool has_returned = false;
    while (queue_pop(answers, &item, 1) > 0) {
        has_returned |= item_untagged(item) == awaited;
        mailbox_drop(item);
    }
    return has_returned;
}

/* A notice lies in the queue of every shard that has not answered, or once in another one. */
void mailbox_drop(void *item)
{
    if (item_tag_of(item) == ITEM_REQUEST)
        request_release(item);
    if (item_tag_of(item) != ITEM_NOTICE)
        return;
    struct notice *notice = item_untagged(item);
    if (atomic_load(&notice->waiting) > 0 && atomic_fetch_sub(&notice->waiting, 1) > 1)
        return;
    config_destroy(notice->retired);
    free(notice);
}

void mailbox_destroy(struct queue *queue)
{
    void *item;
    while (queue && queue_pop(queue, &item, 1) > 0)
        mailbox_drop(item);
    queue_destroy(queue);
}
