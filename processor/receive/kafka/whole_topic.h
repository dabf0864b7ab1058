/* A topic that every instance reads whole, without a group: all partitions, from positions that the
 * taker keeps beside what it made of the messages, so that both move together.
 *
 *   begin(partition) -> read -> a batch -> take: durable -> the next
 *                                            BUSY: the rest of the same batch again, later
 *
 * A position is proven as in identity.h: the last message taken is met again before anything new; a
 * topic that was made anew is read from its first message. The thread waits inside `take`. */
#pragma once
#include "processor/base/bytes.h"
#include "processor/base/error.h"
#include "processor/base/metrics.h"
#include "processor/receive/kafka/config.h"
#include "processor/receive/request.h"

enum {
    WHOLE_TOPIC_BATCH_MAX = 64,
    WHOLE_TOPIC_BATCH_BYTES = 4 << 20,
    WHOLE_TOPIC_PARTITIONS_MAX = 256
};

struct whole_topic_position {
    int64_t next_offset;                /* 0: from the first message */
    uint8_t known[REQUEST_ORIGIN_SIZE]; /* what the message before it looked like */
};

struct whole_topic_message { /* borrowed until `take` returns */
    struct bytes key, body;
    int32_t partition;
    int64_t offset;
    struct whole_topic_position after; /* to be kept when it is taken */
};

struct whole_topic_taker {
    void *context;
    struct whole_topic_position (*begin)(void *context, int32_t partition);
    /* OK: all are durable, with their positions. BUSY: the first
     * `ret_taken` are. Waits for that. */
    enum status (*take)(void *context, const struct whole_topic_message *messages, uint32_t count,
                        uint32_t *ret_taken);
};

/* Series; written by its thread. */
struct whole_topic_counters {
    struct counter messages, errors;
    struct counter lag; /* gauge: messages behind the end, over all partitions */
    struct counter up;  /* gauge: every partition was heard of since it was assigned */
};

struct whole_topic;

/* Texts of `config` are borrowed until destroy; its group is only a name that brokers show. */
struct whole_topic *whole_topic_create(const struct kafka_consumer_config *config,
                                       const struct whole_topic_taker *taker,
                                       struct error *ret_error);
MUST_CHECK enum status whole_topic_start(struct whole_topic *topic, struct error *ret_error);
/* Ends after the batch in hand. `take` answers BUSY at once by then. */
void whole_topic_stop(struct whole_topic *topic);
void whole_topic_destroy(struct whole_topic *topic);
const struct whole_topic_counters *whole_topic_counters(const struct whole_topic *topic);
