/* The pipeline's intake as the receiver of a topic sees it. Each partition is a source of its own
 * whose position is offset + 1, so positions are the topic's and nothing is journaled: what is not
 * decided yet is read again after a restart.
 *
 *   assign  -> where to begin        the store's own mark when the group's offset is ours, else the
 *                                    group's: another instance has read the partition meanwhile
 *   submit / skip, in offset order   BUSY: pause the partition and give the same message later
 *   commit_offset                    what may be committed to the group: the first offset that an
 *                                    open trajectory needs, durable. Only a hint and a hand-over
 *                                    point: the store is the truth
 *   revoke  -> returns when nothing of the partition is open any more
 * One thread, the receiver's, calls all of it. */
#pragma once
#include "processor/receive/receiver.h"

struct group_offset {
    int64_t offset;        /* the group's; -1: none */
    struct bytes metadata; /* committed with it; absent: none */
};

struct topic_intake {
    void *context;
    struct request_pool *pool;
    uint32_t partitions_max; /* a partition at or above it can't be taken */
    const char *metadata;    /* to commit with every offset: whose mark it is */

    /* `*ret_offset`: where to read from; -1: the group has no offset and neither has the store
     * (auto.offset.reset). FATAL: the pipeline is ending. Waits for shards and writer. */
    enum status (*assign)(void *context, int32_t partition, const struct group_offset *group,
                          int64_t *ret_offset);
    void (*revoke)(void *context, int32_t partition);
    /* Takes the request over on OK, as `struct intake` does. */
    enum status (*submit)(void *context, int32_t partition, int64_t offset,
                          struct request *request);
    /* A message without anything to take in (poison, a foreign signal): the position moves on. */
    enum status (*skip)(void *context, int32_t partition, int64_t offset);
    bool (*has_room)(void *context, size_t body_bytes);
    /* Was this message read before the last stop? Poison is then not kept a second time. */
    bool (*was_read)(void *context, int32_t partition, int64_t offset);
    int64_t (*commit_offset)(void *context, int32_t partition); /* -1: nothing new to say */
    /* The first assignment of the group has been made and all of it was passed to assign():
     * partitions that others hold need not be waited for. Called once per assignment. */
    void (*assigned)(void *context);
    /* Nothing was left to read in this partition at that moment: it has caught up, wherever it
     * stands. */
    void (*at_end)(void *context, int32_t partition);
    /* All that the last fetch knew of has been handed over: a partition that is written all the time
     * has no moment without anything left, but many of these. */
    void (*passed)(void *context, int32_t partition);
    /* No broker answers any more, or one does again. */
    void (*reached)(void *context, bool is_reached);
};
