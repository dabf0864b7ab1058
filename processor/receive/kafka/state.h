/* What the files of a Kafka receiver share. Everything is the receiver's thread's, but for the
 * flags that stop it, what others may ask, and the doubt that librdkafka's threads raise.
 *
 *   partition:   not ours --assign--> reading <--> holding (one message the intake did not take)
 *                    ^                   |             | grace over: paused in librdkafka, too
 *                    '----- revoke ------'-------------'
 *
 * A held message is the first that was not handed over; nothing of its partition is read before the
 * intake has taken it, so order is kept and nothing is asked for twice. */
#pragma once
#include <librdkafka/rdkafka.h>
#include <pthread.h>

#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/kafka/config.h"
#include "processor/receive/kafka/topic.h"

enum {
    KAFKA_POLL_MS = 100,       /* longest wait, and longest time between two polls */
    KAFKA_GRACE_MS = 80,       /* of holding a message before the partition is paused */
    KAFKA_GRACE_RETRY_MS = 5,  /* between attempts meanwhile */
    KAFKA_RETRY_FIRST_MS = 50, /* between attempts of a paused partition, doubling up to */
    KAFKA_RETRY_MAX_MS = 250,
    KAFKA_ASK_MS = 1000, /* for one answer of a broker while nothing can be read anyway */
    KAFKA_ASK_AGAIN_MS = 500,
    KAFKA_LAST_COMMIT_MS = 3000,   /* at a revoke */
    KAFKA_RESTART_FIRST_MS = 1000, /* between consumers, doubling up to */
    KAFKA_RESTART_MAX_MS = 30000,
    KAFKA_ERROR_AGAIN_MS = 60000, /* before the same error is logged again */
    KAFKA_DESTROY_MS = 1500,      /* for a client to end */
    KAFKA_DOUBT_AGAIN_MS = 200,   /* between two looks at whether the topic is still the same */
    KAFKA_REASON_SIZE = 640,      /* of a text that says what is wrong */
};

struct partition {
    bool is_ours, is_paused, needs_reset;
    bool is_other;              /* with needs_reset: another topic of the same name */
    bool is_denied;             /* the broker refuses to have it read */
    bool is_unproven;           /* without `known` there, reading begins at the first message */
    int64_t next_offset;        /* to hand over; -1: the first that comes */
    int64_t known_end;          /* when the broker was last asked for more */
    struct known_message known; /* to be met again before anything new is handed over */
    struct known_message last;  /* handed over; kept when the partition is given up */
    /* To commit, asked for, confirmed: increasing within an assignment; -1: none yet. */
    int64_t to_commit, asked, confirmed;
    rd_kafka_message_t *held;
    int64_t held_since_ms, retry_at_ms, retry_ms;
};

struct kafka_receiver {
    struct receiver base;                /* first: a struct receiver * is one of these */
    struct kafka_consumer_config config; /* its texts are not used after create, but for topic */
    char *topic, *group_id;
    char *instance_id;     /* NULL: no static membership */
    rd_kafka_conf_t *conf; /* each consumer is created from a copy */
    const struct topic_intake *intake;
    struct dead_letter *dead;
    struct receiver_counters *counters;
    struct kafka_receiver_counters kafka;
    pthread_t thread;
    bool has_thread;
    _Atomic bool is_stopping;
    _Atomic int64_t stop_at_ms;

    /* Of the thread, after start. */
    rd_kafka_t *consumer;
    rd_kafka_queue_t *commits; /* results of commits of this assignment; NULL: none asked yet */
    bool is_committing;
    rd_kafka_topic_partition_list_t *offered; /* assigned by the group, offsets not known yet */
    int64_t offered_at_ms;                    /* when to ask for them */
    struct partition *partitions;             /* by number, intake->partitions_max of them */
    uint32_t held, resets;
    bool is_fatal;      /* this consumer can't go on */
    bool is_fenced;     /* because another has its instance id: fenced.c */
    bool has_abandoned; /* a client that did not end when it should */
    bool is_ended;      /* the pipeline takes nothing any more */
    bool is_away;       /* no broker answers */
    bool is_assigned;   /* the group has said what is ours */
    bool has_yielded;   /* to whoever read before us, once */
    bool has_logged_unread;
    char cause[KAFKA_REASON_SIZE - 64]; /* why no broker is reached, as last told; "": none */
    rd_kafka_resp_err_t topic_error;    /* no such topic, or it is denied; until it is seen again */
    rd_kafka_resp_err_t group_error;    /* the group is denied; until it gives us something */
    struct {                            /* while fenced */
        rd_kafka_t *client;             /* asks who has the id */
        bool is_unsupported;
        int64_t ask_at_ms, free_since_ms; /* -1: it is not free */
    } watch;

    /* Raised when librdkafka looks for partitions anew, for reasons of its own. */
    _Atomic bool is_doubted, is_counting;
    _Atomic int certificate_error; /* of the last broker that was asked for its; 0: none */
    int64_t doubt_at_ms;           /* when it may be looked at again */

    pthread_mutex_t told_lock;
    char told[KAFKA_REASON_SIZE]; /* why nothing is read; "": all is well. Under told_lock */
    int64_t restart_at_ms, restart_ms, opened_ms;
    int64_t commit_at_ms, metadata_at_ms, metadata_wait_ms;
    int32_t partition_count; /* of the topic; 0: not known yet */
    rd_kafka_resp_err_t last_error;
    int64_t last_error_ms;
};

static inline int32_t kafka_partition_number(const struct kafka_receiver *receiver,
                                             const struct partition *partition)
{
    return (int32_t)(partition - receiver->partitions);
}

/* NULL when it is not ours. */
static inline struct partition *kafka_partition_of(const struct kafka_receiver *receiver,
                                                   int32_t number)
{
    if (number < 0 || (uint32_t)number >= receiver->intake->partitions_max ||
        !receiver->partitions[number].is_ours)
        return NULL;
    return &receiver->partitions[number];
}
