/* How requests and notices get into the queues of the shards and of the writer. Whoever admits
 * requests of a source is the only one who pushes with this source, so its positions reach every
 * queue in order, and the writer has a request before any shard has: effects never overtake what
 * they come from.
 *
 *   request   writer (unless it was before a restart), then each shard that it touches
 *   notice    every shard -> the last one to answer: writer, behind all effects of before -> who waits
 */
#pragma once
#include "pipelines/decide/effects.h"
#include "processor/base/queue.h"
#include "processor/receive/request.h"

struct runtime;

/* Queue items are pointers with a tag in the low bits. */
enum item_tag { ITEM_REQUEST = 0, ITEM_EFFECTS = 1, ITEM_NOTICE = 2 };
static inline void *item_tagged(void *item, enum item_tag tag)
{
    return (void *)((uintptr_t)item | (uintptr_t)tag);
}
static inline enum item_tag item_tag_of(const void *item)
{
    return (enum item_tag)((uintptr_t)item & 3);
}
static inline void *item_untagged(void *item)
{
    return (void *)((uintptr_t)item & ~(uintptr_t)3);
}

/* Something every shard answers once: the last answer reaches the writer behind all effects that
 * came before it. */
enum notice_kind { NOTICE_RULES, NOTICE_CAUGHT_UP, NOTICE_STOP, NOTICE_ASSIGN, NOTICE_REVOKE };
struct notice {
    enum notice_kind kind;
    _Atomic uint32_t waiting;             /* shards that have not answered */
    const struct pipeline_config *config; /* RULES: the new one */
    struct pipeline_config *retired;      /* RULES: destroyed by the writer; NULL: not ours */
    bool is_closing;                      /* STOP: close what nothing would bring back */
    uint16_t source;                      /* ASSIGN, REVOKE */
    uint64_t position;                    /* ASSIGN */
    uint64_t next_positions[SOURCES_MAX]; /* as of the sending: what is below came before it */
    struct queue *answers; /* of the thread that waits for the writer to obey; NULL: nobody waits */
};

/* Gives a request whose source and position are set to the writer and to its shards, whose holds it
 * takes. Waits for room; BUSY when the writer is no more. */
MUST_CHECK enum status mailbox_admit(struct runtime *runtime, struct request *request);
/* The second half alone, for what is replayed: to the shards that it touches. */
void mailbox_give_shards(struct runtime *runtime, struct request *request);
/* To all shards; the copy that travels, to be known by when it comes back. */
const struct notice *mailbox_notify(struct runtime *runtime, const struct notice *notice);
/* The shard has answered. */
void mailbox_answer(struct runtime *runtime, struct notice *notice);
/* The writer has obeyed: back to who waits, or freed. */
void mailbox_return(struct notice *notice);
/* Was `awaited` among those that came back? */
MUST_CHECK bool mailbox_has_returned(struct queue *answers, const struct notice *awaited);
/* Lets go of a queue item that nobody will handle, or of all that a queue
 * holds, and of the queue. */
void mailbox_drop(void *item);
void mailbox_destroy(struct queue *queue);
