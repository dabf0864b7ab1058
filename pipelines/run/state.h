/* What the threads of a runtime share; seen inside this room only. Each field has one thread that
 * writes it, but for the atomic ones and the queues. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "pipelines/decide/shard.h"
#include "pipelines/run/give_back.h"
#include "pipelines/run/in_hand.h"
#include "pipelines/run/input_clock.h"
#include "pipelines/run/outbox_lane.h"
#include "pipelines/run/pulse.h"
#include "pipelines/run/regression_keeper.h"
#include "pipelines/run/review_calls.h"
#include "processor/base/condition.h"
#include "processor/base/queue.h"
#include "processor/receive/kafka/topic.h"

/* No options: limits.queue_bytes and limits.queue_time are what holds senders back; these are only
 * what the rings can take. */
enum {
    /* Batches that a shard may have with the writer: enough to decide on through one slow commit.
     * More would only lengthen the way from a deadline to its durable verdict. */
    EFFECTS_PER_SHARD = 8,
    SHARD_QUEUE = 1024,  /* requests and notices: a burst of small ones between two turns */
    WRITER_QUEUE = 4096, /* four full batches of the writer, so all shards and receivers fit */
    ANSWERS = 16,        /* notices on their way back to who waits for them; one at a time does */
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
    struct regression_set *regressions; /* held; NULL: there is none */
    struct input_clock clock;
    int64_t busy_ms;
    bool is_resting;
    int64_t sent_ms;
    uint64_t sent_floor[SOURCES_MAX], sent_through[SOURCES_MAX], sent_need[SOURCES_MAX];
    struct counter trajectories, bytes, decided; /* gauges */
    _Atomic size_t sent_bytes;                   /* of effects that the writer has */
    _Atomic bool is_full;
    _Atomic int64_t oldest_ms; /* monotonic; when the event in hand was admitted; 0: none waits */
    _Atomic int64_t turn_ms; /* monotonic, of its last turn; 0: it waits for the writer */
};

struct intake_context {
    struct runtime *runtime;
    uint32_t source;
};

/* What the store knew of a source when the process began: positions of [from, to). */
struct journaled_range {
    uint16_t id; /* of the stored source */
    uint64_t from, to;
    bool is_handed_over;        /* of a partition: not ours to go on with */
    struct known_message known; /* of a partition */
};

/* Partitions as sources; the receiver's thread moves it, but for what says otherwise. */
struct topic {
    uint32_t first_source, count; /* 0: no topic */
    char metadata[64], instance_id[64];
    struct partition {
        bool is_assigned;
        bool was_revoked;      /* by this process: the group says where to go on */
        bool is_behind;        /* the run before had come further; not caught up yet */
        uint64_t caught_up_at; /* position */
        /* After another instance: what is read up to the end may have been counted by it. */
        bool is_taken_over;
        uint64_t traces_read;
        /* Is all taken that is known to lie in it? If not: when that was so last, monotonic. One
         * that is not ours counts as at its end. */
        _Atomic bool is_at_end;
        _Atomic int64_t at_end_ms;
    } partitions[SOURCES_MAX];
    _Atomic bool is_away;       /* no broker answers */
    _Atomic int64_t back_ms;    /* monotonic; since when one does again */
    _Atomic int64_t refused_ms; /* monotonic; when a message last had to wait for room of ours */
    bool is_waiting;            /* for partitions to catch up */
    _Atomic bool is_ending;     /* the receiver is about to be stopped */
    struct queue *answers; /* notices that the writer has obeyed; the receiver's thread waits */
};

struct runtime {
    const struct pipeline_config *config; /* the first one; what can't be reloaded is read here */
    struct pipeline_config *_Atomic current; /* the newest one, when a reload brought it */
    struct store *store;
    struct writer *writer;
    struct request_pool *pool;
    uint32_t shard_count, source_count;
    struct shard_thread shards[SHARDS_MAX];
    const char *source_names[SOURCES_MAX];
    enum source_kind source_kinds[SOURCES_MAX];
    struct intake_context intakes[SOURCES_MAX];
    struct journaled_range journaled[SOURCES_MAX];
    _Atomic uint64_t next_positions[SOURCES_MAX]; /* published after the push to the queues */
    struct topic topic;
    struct outbox_lane lanes[EXPORTERS_MAX];
    uint32_t lane_count;
    struct queue *writer_queue;
    struct review_calls review_calls;
    bool has_review_calls;
    struct queue *answers; /* notices that the writer has obeyed; the main thread waits */
    pthread_t writer_thread;
    bool is_writer_running;

    struct regression_keeper regressions;
    struct pulse pulse;
    struct in_hand *in_hand; /* NULL: nothing is noted */
    struct give_back give_back;        /* of the pulse's thread */
    _Atomic int64_t short_of_bytes_ms; /* monotonic; when something was last refused for memory */
    _Atomic bool is_catching_up, is_ready, is_refusing, is_stopping;
    _Atomic bool is_last_turn; /* the writer: one more commit with everything, then end */
    _Atomic int64_t writer_turn_ms;
    _Atomic int failure; /* enum exit_code */
    void (*notify_failure)(void *context);
    void *notify_context;

    struct counter commits, commit_failures, refused_requests;
    struct condition commit_failing; /* the writer thread's */
    struct histogram commit_seconds, verdict_seconds;
};
