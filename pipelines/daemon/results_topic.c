/* One batch is under way at a time; its thread waits for it. */
#include "pipelines/daemon/results_topic.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "pipelines/run/review_call.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/kafka/whole_topic.h"
#include "state/tables/results_position.h"

enum { DEAD_LETTER_MS = 1000, MESSAGE_BYTES_MAX = 1 << 20, REFUSED = 400, FULL = 503 };

static_assert((int)RESULTS_KNOWN_SIZE == (int)REQUEST_ORIGIN_SIZE, "one proof of a position");

struct results_topic {
    const struct pipeline_config *config;
    struct runtime *runtime;
    struct store *store;
    struct dead_letter *dead;
    struct whole_topic *topic;
};

/* In the frame of the thread that waits for it. */
struct batch {
    struct review_call call; /* first */
    const char *topic;
    const struct whole_topic_message *messages;
    uint32_t count, applied;
    struct result_answer answers[WHOLE_TOPIC_BATCH_MAX];
    pthread_mutex_t lock;
    pthread_cond_t done;
    bool is_done;
    enum status status;
};

static struct results_position stored(const struct whole_topic_position *position)
{
    struct results_position to = {.next_offset = position->next_offset};
    memcpy(to.known, position->known, sizeof to.known);
    return to;
}

/* Up to the first that has no room now: it comes again, and all behind it. */
static void apply(struct review_call *call, struct review *review, struct store_txn *txn,
                  int64_t wall_ms)
{
    struct batch *batch = (struct batch *)call;
    static const struct principal whoever = {.trust = TRUST_IMPORTED};
    for (batch->applied = 0; batch->applied < batch->count; batch->applied++) {
        const struct whole_topic_message *message = &batch->messages[batch->applied];
        struct result_answer *answer = &batch->answers[batch->applied];
        if (message->body.size > 0) { /* else a tombstone */
            review_apply(review, txn, message->body, &whoever, wall_ms, answer);
            if (answer->outcome == RESULT_WAS_FULL)
                return;
        }
        struct results_position position = stored(&message->after);
        results_position_put(txn, batch->topic, message->partition, &position);
    }
}

static void finish(struct review_call *call, enum status status)
{
    struct batch *batch = (struct batch *)call;
    pthread_mutex_lock(&batch->lock);
    batch->status = status;
    batch->is_done = true;
    pthread_cond_signal(&batch->done);
    pthread_mutex_unlock(&batch->lock);
}

static void bury(const struct results_topic *topic, const struct whole_topic_message *message,
                 const struct result_answer *answer)
{
    unsigned status = review_outcome_status(answer->outcome);
    struct dead_letter_reason reason = {
        .reason = review_outcome_names[answer->outcome],
        .detail = answer->reason,
        .receiver = "kafka/results",
        .signal = "results",
        .encoding = "json",
        .topic = topic->config->results_topic.topic,
        .partition = message->partition,
        .offset = message->offset,
        .key = message->key,
    };
    if (message->body.size == 0 || status < REFUSED || status == FULL)
        return;
    log_warn("result_refused", "topic=\"%s\" partition=%d offset=%lld outcome=%s field=\"%s\"",
             topic->config->results_topic.topic, (int)message->partition,
             (long long)message->offset, reason.reason, answer->field);
    (void)dead_letter_submit(topic->dead, &reason, message->body);
}

/* It waited a day for its record; which message it was is not known any more. */
static void bury_unknown(void *context, struct bytes json)
{
    const struct results_topic *topic = context;
    struct dead_letter_reason reason = {
        .reason = review_outcome_names[RESULT_WAS_UNKNOWN_RECORD],
        .detail = "no record of that id went out within a day",
        .receiver = "kafka/results",
        .signal = "results",
        .encoding = "json",
    };
    (void)dead_letter_submit(topic->dead, &reason, json);
}

static enum status take(void *context, const struct whole_topic_message *messages, uint32_t count,
                        uint32_t *ret_taken)
{
    struct results_topic *topic = context;
    struct batch *batch = memory_need(calloc(1, sizeof *batch));
    batch->call.run = apply;
    batch->call.done = finish;
    batch->topic = topic->config->results_topic.topic;
    batch->messages = messages;
    batch->count = count;
    for (uint32_t i = 0; i < count; i++)
        batch->call.bytes += messages[i].body.size;
    pthread_mutex_init(&batch->lock, NULL);
    pthread_cond_init(&batch->done, NULL);
    enum status status = runtime_review_call(topic->runtime, &batch->call);
    if (status == STATUS_OK) {
        pthread_mutex_lock(&batch->lock);
        while (!batch->is_done)
            pthread_cond_wait(&batch->done, &batch->lock);
        pthread_mutex_unlock(&batch->lock);
        status = batch->status;
    }
    *ret_taken = status == STATUS_OK ? batch->applied : 0;
    for (uint32_t i = 0; i < *ret_taken; i++)
        bury(topic, &messages[i], &batch->answers[i]);
    status = status == STATUS_OK && batch->applied == count ? STATUS_OK : STATUS_BUSY;
    pthread_cond_destroy(&batch->done);
    pthread_mutex_destroy(&batch->lock);
    free(batch);
    return status;
}

static struct whole_topic_position begin(void *context, int32_t partition)
{
    struct results_topic *topic = context;
    struct store_txn txn;
    struct whole_topic_position to = {0};
    store_begin(topic->store, false, &txn);
    struct results_position position =
        results_position_get(&txn, topic->config->results_topic.topic, partition);
    store_abort(&txn);
    to.next_offset = position.next_offset;
    memcpy(to.known, position.known, sizeof to.known);
    return to;
}

struct results_topic *results_topic_create(const struct pipeline_config *config,
                                           struct runtime *runtime, struct store *store,
                                           struct error *ret_error)
{
    const struct results_receiver_config *from = &config->results_topic;
    struct results_topic *topic = memory_need(calloc(1, sizeof *topic));
    *topic = (struct results_topic){.config = config, .runtime = runtime, .store = store};
    struct kafka_consumer_config consumer = {
        .brokers = from->brokers,
        .topic = from->topic,
        .group_id = "flywheel-results",
        .client_id = "flywheel",
        .properties = from->properties,
        .max_message_bytes = MESSAGE_BYTES_MAX,
    };
    struct dead_letter_config letters = {.receiver = "kafka/results",
                                         .topic = from->dead_letter_topic,
                                         .brokers = from->brokers,
                                         .properties = from->properties};
    struct whole_topic_taker taker = {.context = topic, .begin = begin, .take = take};
    bool is_open = !letters.topic || (topic->dead = dead_letter_create(&letters, ret_error));
    if (is_open)
        topic->topic = whole_topic_create(&consumer, &taker, ret_error);
    if (topic->topic) {
        review_on_dead(runtime_review(runtime), bury_unknown, topic);
        return topic;
    }
    results_topic_destroy(topic);
    return NULL;
}

enum status results_topic_start(struct results_topic *topic, struct error *ret_error)
{
    return whole_topic_start(topic->topic, ret_error);
}

void results_topic_stop(struct results_topic *topic)
{
    if (topic)
        whole_topic_stop(topic->topic);
}

void results_topic_destroy(struct results_topic *topic)
{
    if (!topic)
        return;
    whole_topic_destroy(topic->topic);
    dead_letter_destroy(topic->dead, DEAD_LETTER_MS);
    free(topic);
}

void results_topic_register_metrics(struct results_topic *topic, struct metrics *metrics)
{
    static const struct metric_family lag = {
        "flywheel_results_lag", METRIC_GAUGE,
        "Messages of the results topic between what was read and its end."};
    static const struct metric_family up = {
        "flywheel_results_up", METRIC_GAUGE,
        "1 while all partitions of the results topic are read; 0 before, and while they can't be, "
        "which is in the log."};
    static const struct metric_family messages = {"flywheel_results_messages_total", METRIC_COUNTER,
                                                  "Messages read from the results topic."};
    const struct whole_topic_counters *counters = whole_topic_counters(topic->topic);
    metrics_add(metrics, &lag, "", &counters->lag, 1);
    metrics_add(metrics, &up, "", &counters->up, 1);
    metrics_add(metrics, &messages, "", &counters->messages, 1);
    dead_letter_register_metrics(topic->dead, metrics);
}
