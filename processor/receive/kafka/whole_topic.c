/* One thread, and a consumer without a group. What is fetched and not taken yet is at most one
 * batch; while it waits, librdkafka's queue is bounded by its own property. */
#include "processor/receive/kafka/whole_topic.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/base/condition.h"
#include "processor/base/memory.h"
#include "processor/base/thread.h"
#include "processor/net/brokers.h"
#include "processor/receive/kafka/identity.h"
#include "processor/receive/kafka/properties.h"

enum {
    POLL_MS = 100,
    GATHER_MS = 20, /* for more messages of a batch that has begun */
    AGAIN_MS = 250, /* after BUSY */
    METADATA_MS = 60000,
    METADATA_SOON_MS = 1000, /* while the topic is not known */
    ASK_MS = 1000,
    DESTROY_MS = 1500,
    ERROR_SIZE = 400,
};

struct whole_partition {
    struct whole_topic_position position;
    bool is_unproven;
    bool is_heard; /* since it was assigned: its end is known from then on */
};

struct whole_topic {
    struct kafka_consumer_config config;
    struct whole_topic_taker taker;
    rd_kafka_conf_t *conf;
    rd_kafka_t *consumer;
    pthread_t thread;
    bool has_thread;
    struct whole_topic_counters counters;
    struct whole_partition *partitions;
    uint32_t partition_count;
    int64_t metadata_at_ms;
    rd_kafka_message_t *batch[WHOLE_TOPIC_BATCH_MAX];
    struct whole_topic_message messages[WHOLE_TOPIC_BATCH_MAX];
    uint32_t batched;
    size_t batched_bytes;
    struct condition unread;
    bool is_unread; /* the condition holds */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t stopped;
    bool is_stopping;
};

static bool is_stopping(struct whole_topic *topic)
{
    pthread_mutex_lock(&topic->lock);
    bool is = topic->is_stopping;
    pthread_mutex_unlock(&topic->lock);
    return is;
}

/* Until the stop at most. */
static void wait_ms(struct whole_topic *topic, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000)
        until.tv_sec++, until.tv_nsec -= 1000000000;
    pthread_mutex_lock(&topic->lock);
    while (!topic->is_stopping &&
           pthread_cond_timedwait(&topic->stopped, &topic->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&topic->lock);
}

/* Why nothing is read; "": it is. */
static void tell(struct whole_topic *topic, const char *reason)
{
    topic->is_unread = reason[0] != 0;
    if (reason[0])
        condition_log_met(&topic->unread, LOG_WARN, "results_unread", "topic=\"%s\" reason=\"%s\"",
                          topic->config.topic, reason);
    else
        condition_log_over(&topic->unread, "results_read", "topic=\"%s\"", topic->config.topic);
}

/* --- partitions --- */

static void assign(struct whole_topic *topic)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)topic->partition_count);
    for (uint32_t i = 0; i < topic->partition_count; i++) {
        struct whole_partition *partition = &topic->partitions[i];
        int64_t from = partition->position.next_offset - partition->is_unproven;
        partition->is_heard = false;
        rd_kafka_topic_partition_list_add(list, topic->config.topic, (int32_t)i)->offset =
            from > 0 ? from : RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t error = rd_kafka_assign(topic->consumer, list);
    if (error)
        tell(topic, rd_kafka_err2str(error));
    rd_kafka_topic_partition_list_destroy(list);
}

/* Partitions are only ever added to a topic; one that was made anew has other messages. */
static void count_partitions(struct whole_topic *topic, int64_t now_ms)
{
    const struct rd_kafka_metadata *metadata = NULL;
    if (now_ms < topic->metadata_at_ms)
        return;
    rd_kafka_topic_t *named = rd_kafka_topic_new(topic->consumer, topic->config.topic, NULL);
    rd_kafka_resp_err_t error =
        named ? rd_kafka_metadata(topic->consumer, 0, named, &metadata, ASK_MS)
              : rd_kafka_last_error();
    uint32_t count = 0;
    if (!error && metadata->topic_cnt == 1) {
        error = metadata->topics[0].err;
        count = (uint32_t)metadata->topics[0].partition_cnt;
    }
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    if (named)
        rd_kafka_topic_destroy(named);
    topic->metadata_at_ms = clock_monotonic_ms() + (error ? METADATA_SOON_MS : METADATA_MS);
    if (error) {
        tell(topic, rd_kafka_err2str(error));
        return;
    }
    tell(topic, "");
    if (count > WHOLE_TOPIC_PARTITIONS_MAX)
        count = WHOLE_TOPIC_PARTITIONS_MAX;
    if (count <= topic->partition_count)
        return;
    for (uint32_t i = topic->partition_count; i < count; i++) {
        topic->partitions[i].position = topic->taker.begin(topic->taker.context, (int32_t)i);
        topic->partitions[i].is_unproven = topic->partitions[i].position.next_offset > 0;
    }
    topic->partition_count = count;
    assign(topic);
}

static void begin_anew(struct whole_topic *topic, struct whole_partition *partition)
{
    log_warn("results_topic_anew",
             "topic=\"%s\" partition=%d action=\"it is another topic, or has lost what was read: "
             "reading from its first message\"",
             topic->config.topic, (int)(partition - topic->partitions));
    *partition = (struct whole_partition){0};
    assign(topic);
}

/* Where a partition ends is known once it has given a message, or said that there is none: until all
 * have, the topic is not read yet, and what it lags is not all of it. */
static void count_lag(struct whole_topic *topic)
{
    uint64_t lag = 0;
    bool is_up = topic->partition_count > 0 && !topic->is_unread;
    for (uint32_t i = 0; i < topic->partition_count; i++) {
        int64_t low, high, next = topic->partitions[i].position.next_offset;
        if (rd_kafka_get_watermark_offsets(topic->consumer, topic->config.topic, (int32_t)i, &low,
                                           &high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
            high > next)
            lag += (uint64_t)(high - (next > low ? next : low));
        is_up = is_up && topic->partitions[i].is_heard;
    }
    counter_set(&topic->counters.lag, lag);
    counter_set(&topic->counters.up, is_up);
}

/* --- messages --- */

/* Is it to be taken? Positions move as the batch grows; what BUSY leaves stays in the batch. */
static bool is_news(struct whole_topic *topic, const rd_kafka_message_t *message)
{
    struct whole_partition *partition = &topic->partitions[message->partition];
    struct whole_topic_position *position = &partition->position;
    if (partition->is_unproven) {
        uint8_t digest[REQUEST_ORIGIN_SIZE];
        kafka_describe(message, digest);
        bool is_known = message->offset == position->next_offset - 1;
        if (message->offset < position->next_offset - 1 ||
            (is_known && memcmp(digest, position->known, sizeof digest) != 0)) {
            begin_anew(topic, partition);
            return false;
        }
        partition->is_unproven = false;
    }
    return message->offset >= position->next_offset;
}

static void add(struct whole_topic *topic, rd_kafka_message_t *message)
{
    struct whole_topic_position *position = &topic->partitions[message->partition].position;
    position->next_offset = message->offset + 1;
    kafka_describe(message, position->known);
    topic->messages[topic->batched] = (struct whole_topic_message){
        .key = bytes_of(message->key, message->key_len),
        .body = bytes_of(message->payload, message->len),
        .partition = message->partition,
        .offset = message->offset,
        .after = *position,
    };
    topic->batch[topic->batched++] = message;
    topic->batched_bytes += message->len;
}

static void end_reached(struct whole_topic *topic, const rd_kafka_message_t *message)
{
    struct whole_partition *partition = &topic->partitions[message->partition];
    if (message->offset < partition->position.next_offset)
        begin_anew(topic, partition);
}

/* One event of librdkafka; messages go to the batch. */
static void take_event(struct whole_topic *topic, rd_kafka_message_t *message)
{
    bool is_ours = message->partition >= 0 && (uint32_t)message->partition < topic->partition_count;
    if (is_ours && (!message->err || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF))
        topic->partitions[message->partition].is_heard = true;
    if (!message->err && is_ours && is_news(topic, message)) {
        add(topic, message);
        return;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && is_ours) {
        end_reached(topic, message);
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && is_ours) {
        begin_anew(topic, &topic->partitions[message->partition]);
    } else if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        counter_add(&topic->counters.errors, 1);
        tell(topic, rd_kafka_message_errstr(message));
        topic->metadata_at_ms = 0; /* asks whether it is there at all, and tells when it is again */
    }
    rd_kafka_message_destroy(message);
}

static void forget(struct whole_topic *topic, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        counter_add(&topic->counters.messages, 1);
        rd_kafka_message_destroy(topic->batch[i]);
    }
    topic->batched -= count;
    memmove(topic->batch, topic->batch + count, topic->batched * sizeof *topic->batch);
    memmove(topic->messages, topic->messages + count, topic->batched * sizeof *topic->messages);
    if (topic->batched == 0)
        topic->batched_bytes = 0;
}

static void give(struct whole_topic *topic)
{
    uint32_t taken = 0;
    enum status status =
        topic->taker.take(topic->taker.context, topic->messages, topic->batched, &taken);
    forget(topic, status == STATUS_OK ? topic->batched : taken);
    if (status != STATUS_OK)
        wait_ms(topic, AGAIN_MS);
}

static void turn(struct whole_topic *topic)
{
    count_partitions(topic, clock_monotonic_ms());
    count_lag(topic);
    if (topic->partition_count == 0) {
        wait_ms(topic, POLL_MS);
        return;
    }
    int timeout_ms = POLL_MS;
    while (topic->batched < WHOLE_TOPIC_BATCH_MAX &&
           topic->batched_bytes < WHOLE_TOPIC_BATCH_BYTES) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(topic->consumer, timeout_ms);
        if (!message)
            break;
        take_event(topic, message);
        timeout_ms = topic->batched > 0 ? GATHER_MS : POLL_MS;
        if (topic->batched == 0)
            break;
    }
    if (topic->batched > 0)
        give(topic);
}

static void *run_thread(void *argument)
{
    struct whole_topic *topic = argument;
    while (!is_stopping(topic))
        turn(topic);
    return NULL;
}

/* --- life --- */

struct whole_topic *whole_topic_create(const struct kafka_consumer_config *config,
                                       const struct whole_topic_taker *taker,
                                       struct error *ret_error)
{
    rd_kafka_conf_t *conf = kafka_consumer_properties(config, NULL, ret_error);
    if (!conf)
        return NULL;
    struct whole_topic *topic = memory_need(calloc(1, sizeof *topic));
    pthread_condattr_t attributes;
    topic->config = *config;
    topic->taker = *taker;
    topic->conf = conf;
    topic->partitions = memory_need(calloc(WHOLE_TOPIC_PARTITIONS_MAX, sizeof *topic->partitions));
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    pthread_mutex_init(&topic->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&topic->stopped, &attributes);
    pthread_condattr_destroy(&attributes);
    return topic;
}

enum status whole_topic_start(struct whole_topic *topic, struct error *ret_error)
{
    char text[ERROR_SIZE];
    topic->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, topic->conf, text, sizeof text);
    if (!topic->consumer) {
        error_set(ret_error, EXIT_CONFIG, "results topic %s: %s", topic->config.topic, text);
        return STATUS_FATAL;
    }
    topic->conf = NULL; /* librdkafka's now */
    (void)rd_kafka_poll_set_consumer(topic->consumer);
    topic->has_thread = pthread_create(&topic->thread, NULL, run_thread, topic) == 0;
    if (topic->has_thread) {
        thread_name(topic->thread, "results-in");
        return STATUS_OK;
    }
    error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread of topic %s",
              topic->config.topic);
    return STATUS_FATAL;
}

void whole_topic_stop(struct whole_topic *topic)
{
    pthread_mutex_lock(&topic->lock);
    topic->is_stopping = true;
    pthread_cond_broadcast(&topic->stopped);
    pthread_mutex_unlock(&topic->lock);
    if (topic->has_thread)
        (void)pthread_join(topic->thread, NULL);
    topic->has_thread = false;
}

void whole_topic_destroy(struct whole_topic *topic)
{
    if (!topic)
        return;
    whole_topic_stop(topic);
    while (topic->batched > 0)
        rd_kafka_message_destroy(topic->batch[--topic->batched]);
    if (topic->consumer)
        (void)brokers_destroy(topic->consumer, DESTROY_MS);
    if (topic->conf)
        rd_kafka_conf_destroy(topic->conf);
    pthread_cond_destroy(&topic->stopped);
    pthread_mutex_destroy(&topic->lock);
    free(topic->partitions);
    free(topic);
}

const struct whole_topic_counters *whole_topic_counters(const struct whole_topic *topic)
{
    return &topic->counters;
}
