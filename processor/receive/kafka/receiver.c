/* The thread of the Kafka receiver. One turn:
 *
 *   consumer there? -> offsets of an assignment -> resets -> commit -> doubts -> held messages -> poll one
 *         |                                                                           |
 *   fenced: not before the instance id is free    one in its grace: no poll, 5 ms, again; at most 80 ms each
 *
 * All callbacks of librdkafka run within its polls, so nothing here has a lock. */
#include "processor/receive/kafka/receiver.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/thread.h"
#include "processor/net/brokers.h"
#include "processor/receive/kafka/assignment.h"
#include "processor/receive/kafka/doubt.h"
#include "processor/receive/kafka/errors.h"
#include "processor/receive/kafka/fenced.h"
#include "processor/receive/kafka/group.h"
#include "processor/receive/kafka/held.h"
#include "processor/receive/kafka/identity.h"
#include "processor/receive/kafka/message.h"
#include "processor/receive/kafka/metrics.h"
#include "processor/receive/kafka/offset.h"
#include "processor/receive/kafka/properties.h"
#include "processor/receive/kafka/readiness.h"

static struct kafka_receiver *of(struct receiver *receiver)
{
    return (struct kafka_receiver *)receiver;
}

static void on_error(rd_kafka_t *consumer, int error, const char *text, void *opaque)
{
    struct kafka_receiver *receiver = opaque;
    (void)consumer;
    if (error == RD_KAFKA_RESP_ERR__FATAL)
        kafka_note_fatal(receiver);
    else
        kafka_note_error(receiver, (rd_kafka_resp_err_t)error, text);
}

/* A thread of librdkafka, once for each certificate of a chain. */
static int on_certificate(rd_kafka_t *consumer, const char *broker, int32_t broker_id, int *error,
                          int depth, const char *der, size_t size, char *text, size_t text_size,
                          void *opaque)
{
    struct kafka_receiver *receiver = opaque;
    (void)consumer, (void)broker, (void)broker_id, (void)der, (void)size;
    if (*error || depth == 0)
        atomic_store(&receiver->certificate_error, *error);
    if (*error)
        (void)snprintf(text, text_size, "%s", brokers_certificate_text(*error));
    return *error == 0;
}

static bool open_consumer(struct kafka_receiver *receiver, char *text, size_t size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(receiver->conf);
    rd_kafka_conf_set_opaque(conf, receiver);
    rd_kafka_conf_set_rebalance_cb(conf, kafka_rebalance);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    kafka_watch_doubts(receiver, conf);
    receiver->is_fatal = receiver->is_assigned = false;
    receiver->metadata_at_ms = 0;
    receiver->metadata_wait_ms = KAFKA_POLL_MS;
    receiver->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, size);
    if (!receiver->consumer) {
        rd_kafka_conf_destroy(conf);
        return false;
    }
    (void)rd_kafka_poll_set_consumer(receiver->consumer);
    receiver->is_fatal = !kafka_subscribe(receiver);
    receiver->opened_ms = clock_monotonic_ms();
    return true;
}

/* Leaves the group, so that others need not wait for the session to end. Nothing is ours then. */
static void leave_group(struct kafka_receiver *receiver, int64_t until_ms)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(receiver->consumer);
    (void)rd_kafka_assign(receiver->consumer, NULL); /* the group may be waiting for a call */
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(receiver->consumer, queue);
    if (error) {
        rd_kafka_error_destroy(error);
    } else {
        while (!rd_kafka_consumer_closed(receiver->consumer) && clock_monotonic_ms() < until_ms) {
            rd_kafka_event_t *event = rd_kafka_queue_poll(queue, KAFKA_POLL_MS / 2);
            if (event && rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE)
                (void)rd_kafka_assign(receiver->consumer, NULL);
            if (event)
                rd_kafka_event_destroy(event);
        }
    }
    rd_kafka_queue_destroy(queue);
}

/* A fatal consumer has lost its partitions; one that ends in peace commits first. */
static void close_consumer(struct kafka_receiver *receiver, bool in_peace, int64_t until_ms)
{
    if (!receiver->consumer)
        return;
    kafka_give_up_all(receiver, in_peace && !receiver->is_away);
    bool is_held = receiver->is_committing;
    kafka_forget_commits(receiver);
    if (in_peace && !receiver->is_away)
        leave_group(receiver, until_ms);
    if (!brokers_destroy(receiver->consumer, is_held ? 0 : KAFKA_DESTROY_MS)) {
        receiver->has_abandoned = true;
        if (!is_held)
            log_warn("kafka_client_left", "topic=\"%s\" reason=\"it does not end\"",
                     receiver->topic);
    }
    receiver->consumer = NULL;
    receiver->is_assigned = false;
}

static void restart_consumer(struct kafka_receiver *receiver, int64_t now_ms)
{
    char text[512];
    if (receiver->consumer) {
        close_consumer(receiver, false, 0);
        if (receiver->is_fenced) {
            kafka_fenced_begin(receiver, now_ms);
            return;
        }
        if (now_ms - receiver->opened_ms > KAFKA_RESTART_MAX_MS)
            receiver->restart_ms = KAFKA_RESTART_FIRST_MS; /* it has worked for a while */
        receiver->restart_at_ms = now_ms + receiver->restart_ms;
        receiver->restart_ms = receiver->restart_ms * 2 < KAFKA_RESTART_MAX_MS
                                   ? receiver->restart_ms * 2
                                   : KAFKA_RESTART_MAX_MS;
    }
    if (now_ms < receiver->restart_at_ms)
        return;
    counter_add(&receiver->kafka.restarts, 1);
    receiver->restart_at_ms = now_ms + receiver->restart_ms;
    if (!open_consumer(receiver, text, sizeof text))
        kafka_note_error(receiver, rd_kafka_last_error(), text);
}

static bool is_same(struct kafka_receiver *receiver, struct partition *partition, bool is_so)
{
    if (is_so)
        return true;
    kafka_needs_reset(receiver, partition);
    partition->is_other = true;
    return false;
}

static void message_arrived(struct kafka_receiver *receiver, rd_kafka_message_t *message)
{
    struct partition *partition = kafka_partition_of(receiver, message->partition);
    if (partition && partition->held)
        kafka_needs_reset(receiver, partition); /* none comes while one is held; if so: seek */
    if (partition)
        partition->is_denied = false;
    if (!partition || partition->needs_reset ||
        !is_same(receiver, partition, kafka_is_same(partition, message)) ||
        message->offset < partition->next_offset)
        rd_kafka_message_destroy(message); /* known already, or fetched before a seek or a revoke */
    else if (!kafka_hand_over(receiver, partition, message))
        kafka_hold(receiver, partition, message);
}

/* Everything before `offset` is read, also what is no message: control records, and what compaction
 * has taken away. */
static void end_reached(struct kafka_receiver *receiver, struct partition *partition,
                        int64_t offset)
{
    const struct topic_intake *intake = receiver->intake;
    int32_t number = kafka_partition_number(receiver, partition);
    partition->is_denied = false;
    if (partition->held || partition->needs_reset ||
        !is_same(receiver, partition, kafka_is_same_at_end(partition, offset)))
        return;
    if (offset > 0 && offset > partition->next_offset &&
        intake->skip(intake->context, number, offset - 1) == STATUS_OK)
        partition->next_offset = offset;
    intake->at_end(intake->context, number);
}

static void take_event(struct kafka_receiver *receiver, rd_kafka_message_t *message)
{
    struct partition *partition = kafka_partition_of(receiver, message->partition);
    rd_kafka_resp_err_t error = message->err;
    if ((!error || error == RD_KAFKA_RESP_ERR__PARTITION_EOF) && kafka_is_doubted(receiver)) {
        rd_kafka_message_destroy(message);
        return;
    }
    if (!error) {
        kafka_is_back(receiver);
        message_arrived(receiver, message);
        return;
    }
    if (error == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        kafka_is_back(receiver);
        if (partition)
            end_reached(receiver, partition, message->offset);
    } else if (error == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && partition) {
        kafka_needs_reset(receiver, partition);
    } else if (error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        kafka_note_fatal(receiver);
    } else {
        if (partition && error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            partition->is_denied = true;
        kafka_note_error(receiver, error, rd_kafka_message_errstr(message));
    }
    rd_kafka_message_destroy(message);
}

/* There is nothing to wait on: librdkafka may not be polled past a held message, and of an intake
 * that is busy only asking again shows when it has room. */
static void nap(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static void turn(struct kafka_receiver *receiver)
{
    int64_t now_ms = clock_monotonic_ms();
    kafka_tell(receiver);
    if (receiver->is_fenced && !receiver->consumer && !kafka_fenced_turn(receiver, now_ms)) {
        nap(KAFKA_POLL_MS / 2);
        return;
    }
    if (!receiver->consumer || receiver->is_fatal)
        restart_consumer(receiver, now_ms);
    if (!receiver->consumer) {
        nap(KAFKA_POLL_MS / 2);
        return;
    }
    kafka_take_offered(receiver, now_ms);
    if (receiver->resets)
        kafka_reset_offsets(receiver, now_ms);
    kafka_commit(receiver, now_ms);
    kafka_count_partitions(receiver, now_ms);
    if (!kafka_settle_doubt(receiver, now_ms)) {
        nap(KAFKA_POLL_MS / 2);
        return;
    }
    int64_t wait_ms = kafka_retry_held(receiver, now_ms);
    if (kafka_is_in_grace(receiver)) {
        nap(wait_ms < KAFKA_GRACE_RETRY_MS ? wait_ms : KAFKA_GRACE_RETRY_MS);
        return;
    }
    rd_kafka_message_t *message = rd_kafka_consumer_poll(receiver->consumer, (int)wait_ms);
    if (message)
        take_event(receiver, message);
}

static void *run_thread(void *argument)
{
    struct kafka_receiver *receiver = argument;
    while (!atomic_load(&receiver->is_stopping))
        turn(receiver);
    close_consumer(receiver, !receiver->is_fatal, atomic_load(&receiver->stop_at_ms));
    kafka_fenced_end(receiver);
    return NULL;
}

static enum status start(struct receiver *base, struct error *ret_error)
{
    struct kafka_receiver *receiver = of(base);
    char text[512];
    if (!open_consumer(receiver, text, sizeof text)) {
        error_set(ret_error, EXIT_CONFIG, "kafka receiver of topic %s: %s", receiver->topic, text);
        return STATUS_FATAL;
    }
    receiver->has_thread = pthread_create(&receiver->thread, NULL, run_thread, receiver) == 0;
    if (receiver->has_thread) {
        thread_name(receiver->thread, "kafka-in");
        return STATUS_OK;
    }
    error_set(ret_error, EXIT_TEMPORARY, "cannot start the thread of topic %s", receiver->topic);
    return STATUS_FATAL;
}

static void stop(struct receiver *base, int64_t grace_ms)
{
    struct kafka_receiver *receiver = of(base);
    if (!receiver->has_thread)
        return;
    atomic_store(&receiver->stop_at_ms, clock_monotonic_ms() + grace_ms);
    atomic_store(&receiver->is_stopping, true);
    (void)pthread_join(receiver->thread, NULL);
    receiver->has_thread = false;
}

static void destroy(struct receiver *base)
{
    if (!base)
        return;
    struct kafka_receiver *receiver = of(base);
    stop(base, 0);
    if (receiver->consumer) /* the thread could not be started */
        receiver->has_abandoned = !brokers_destroy(receiver->consumer, KAFKA_DESTROY_MS);
    if (receiver->conf)
        rd_kafka_conf_destroy(receiver->conf);
    free(receiver->partitions);
    free(receiver->topic);
    free(receiver->group_id);
    free(receiver->instance_id);
    pthread_mutex_destroy(&receiver->told_lock);
    if (!receiver->has_abandoned) /* else its callbacks may still look here */
        free(receiver);
}

static const struct receiver_operations operations = {
    .name = "kafka", .start = start, .stop = stop, .destroy = destroy};

struct receiver *kafka_receiver_create(const struct kafka_consumer_config *config,
                                       const struct topic_intake *intake, struct dead_letter *dead,
                                       struct receiver_counters *counters, struct error *ret_error)
{
    bool is_named = config->group_instance_id && *config->group_instance_id;
    const char *instance_id = is_named ? config->group_instance_id : intake->instance_id;
    rd_kafka_conf_t *conf = kafka_consumer_properties(config, intake->instance_id, ret_error);
    if (!conf)
        return NULL;
    struct kafka_receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver) {
        receiver->base.operations = &operations;
        receiver->config = *config;
        receiver->topic = strdup(config->topic);
        receiver->group_id = strdup(config->group_id);
        receiver->instance_id = instance_id ? strdup(instance_id) : NULL;
        pthread_mutex_init(&receiver->told_lock, NULL);
        receiver->conf = conf;
        receiver->intake = intake;
        receiver->dead = dead;
        receiver->counters = counters;
        receiver->restart_ms = KAFKA_RESTART_FIRST_MS;
        receiver->partitions = calloc(intake->partitions_max, sizeof *receiver->partitions);
        if (!config->commit_interval_ms)
            receiver->config.commit_interval_ms = 1000;
        if (!config->metadata_interval_ms)
            receiver->config.metadata_interval_ms = 60000;
    }
    if (receiver && receiver->topic && receiver->group_id && receiver->partitions &&
        (receiver->instance_id || !instance_id)) {
        for (uint32_t i = 0; i < intake->partitions_max; i++)
            receiver->partitions[i].last.offset = receiver->partitions[i].known.offset = -1;
        kafka_tell(receiver);
        return &receiver->base;
    }
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the receiver of topic %s", config->topic);
    if (receiver)
        destroy(&receiver->base);
    else
        rd_kafka_conf_destroy(conf);
    return NULL;
}

bool kafka_receiver_why_unread(struct receiver *base, struct buffer *to)
{
    return kafka_told(of(base), to);
}

const struct kafka_receiver_counters *kafka_receiver_counters(const struct receiver *base)
{
    return &((const struct kafka_receiver *)base)->kafka;
}

void kafka_receiver_register_metrics(struct receiver *base, struct metrics *metrics)
{
    kafka_metrics_register(&of(base)->kafka, metrics);
}
