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

/* A message that was read once. A log that has another one at its offset is another log. */
struct known_message {
    int64_t offset; /* -1: none is known */
    uint8_t digest[REQUEST_ORIGIN_SIZE];
};

/* Where reading begins. */
struct topic_start {
    int64_t offset; /* -1: at the first message there is */
    struct known_message known;
    /* The store has a mark, but the group has no offset any more: only `known` can say that the log
     * is still the one of the mark. When it can't, reading begins at the first message. */
    bool is_offset_lost;
};

struct topic_intake {
    void *context;
    struct request_pool *pool;
    uint32_t partitions_max; /* a partition at or above it can't be taken */
    const char *metadata;    /* to commit with every offset: whose mark it is */
    const char *instance_id; /* of the volume: the member's when the file names none; NULL: none */

    /* FATAL: the pipeline is ending. Waits for shards and writer. */
    enum status (*assign)(void *context, int32_t partition, const struct group_offset *group,
                          struct topic_start *ret_start);
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
    /* All that the last fetch knew of has been handed over: a partition that is written all the
     * time has no moment without anything left, but many of these. */
    void (*passed)(void *context, int32_t partition);
    /* No broker answers any more, or one does again. */
    void (*reached)(void *context, bool is_reached);
};
