/* What the runtime's threads share; seen by runtime*.c, shard_thread.c, writer_thread.c and
 * recovery.c only. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "pipelines/run/runtime.h"
#include "processor/base/queue.h"

enum { EFFECTS_PER_SHARD = 8, SHARD_QUEUE = 1024, WRITER_QUEUE = 4096 };

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
};

struct shard_thread {
    struct runtime *runtime;
    pthread_t thread;
    bool is_running;
    uint32_t index;
    struct shard *shard;
    struct queue *events;       /* requests and notices */
    struct queue *free_effects; /* emptied by the writer */
    struct effects *effects[EFFECTS_PER_SHARD];
    struct effects *current;
    const struct budget_view *budget; /* held */
    int64_t sent_ms;
    uint64_t sent_floor[SOURCES_MAX], sent_through[SOURCES_MAX], sent_need[SOURCES_MAX];
    struct counter trajectories, bytes, decided; /* gauges */
    _Atomic size_t sent_bytes;                   /* of effects that the writer has */
    _Atomic bool is_full, has_ended;
};

struct intake_context {
    struct runtime *runtime;
    uint32_t source;
};

/* What the store knew of a source when the process began: positions of [from, to). */
struct journaled_range {
    uint16_t id; /* of the stored source */
    uint64_t from, to;
    bool is_handed_over; /* of a partition: not ours to go on with */
};

/* Partitions as sources; the receiver's thread moves it, but for what says otherwise. */
struct topic {
    uint32_t first_source, count; /* 0: no topic */
    char metadata[64];
    struct partition {
        bool is_assigned;
        bool was_revoked;      /* by this process: the group says where to go on */
        bool is_behind;        /* the run before had come further; not caught up yet */
        uint64_t caught_up_at; /* position */
        /* After another instance: what is read up to the end may have been counted by it. */
        bool is_taken_over;
        uint64_t traces_read;
    } partitions[SOURCES_MAX];
    bool is_waiting;          /* for partitions to catch up */
    _Atomic bool is_ending;   /* the receiver is about to be stopped */
    _Atomic uint64_t settled; /* notices that the writer has committed */
    uint64_t sent;            /* notices */
};

struct runtime {
    const struct pipeline_config *config; /* the first one; what can't be reloaded is read here */
    struct pipeline_config *_Atomic current; /* the newest one, when a reload brought it */
    struct store *store;
    struct writer *writer;
    struct request_pool *pool;
    uint32_t shard_count, source_count;
    struct shard_thread shards[SHARDS_MAX];
    struct runtime_source sources[SOURCES_MAX];
    struct intake_context intakes[SOURCES_MAX];
    struct journaled_range journaled[SOURCES_MAX];
    _Atomic uint64_t next_positions[SOURCES_MAX]; /* published after the push to the queues */
    struct topic topic;
    struct lane lanes[EXPORTERS_MAX];
    uint32_t lane_count;
    struct queue *writer_queue;
    pthread_t writer_thread;
    bool is_writer_running;

    _Atomic bool is_catching_up, is_ready, is_refusing, is_stopping;
    _Atomic bool is_drained;   /* everything that the shards had to say is durable */
    _Atomic bool is_last_turn; /* the writer: one more commit with everything, then end */
    _Atomic int64_t writer_turn_ms;
    _Atomic int failure; /* enum exit_code */
    void (*notify_failure)(void *context);
    void *notify_context;

    struct counter commits, commit_failures, refused_requests;
    struct histogram commit_seconds, verdict_seconds;
};

void *shard_thread_main(void *shard_thread);
void *writer_thread_main(void *runtime);
/* Lets go of a queue item that nobody will handle. */
void runtime_drop_item(void *item);
/* A thread can't go on. */
void runtime_fail(struct runtime *runtime, enum exit_code exit_code);
/* Ids decided in earlier runs, to their shards. */
MUST_CHECK enum status recovery_remember(struct runtime *runtime);
/* Gives the spilled trajectories back to their shards. */
MUST_CHECK enum status recovery_restore(struct runtime *runtime);
/* Replays the journal of every source into the shards. */
MUST_CHECK enum status recovery_replay(struct runtime *runtime);
/* Gives a request to the shards that it touches, whose holds it carries. Waits for room, unless a
 * thread has failed. */
void recovery_push(struct runtime *runtime, struct request *request);
/* Sends a notice to every shard; false when out of memory. */
MUST_CHECK bool runtime_notify(struct runtime *runtime, const struct notice *notice);
/* May so many bytes more be held, whether or not we have caught up? */
bool runtime_has_room(const struct runtime *runtime, size_t body_bytes);
/* Chains the spans by shard, and says whether the writer and every shard that it touches can take
 * the request. */
bool runtime_queues_have_room(const struct runtime *runtime, struct request *request);
/* At start: which sources are partitions. */
void topic_open(struct runtime *runtime);
/* At start: which partitions are behind the run before. False: none. */
bool topic_begin(struct runtime *runtime);
