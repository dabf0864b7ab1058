/* Produces records with librdkafka's idempotent producer. One thread owns the producer; the writer
 * only pushes into a queue. Each item is in exactly one place:
 *
 *   queue --take--> ready list --produce--> in flight --delivered--> acknowledged, freed
 *                    ^  ^  ^ | an earlier record of its key is under way
 *                    |  |  | +--> blocked list          | not allowed, no topic, ...: it waits
 *                    |  |  +----------'  retry list <---+
 *                    |  |                     |         | refused with others in one batch: again, alone
 *                    |  |                     |         | refused alone: its row is replaced by
 *                    |  +---------------------+ <-------+ a shorter one first, or it is given up
 *                    +--- the producer had a fatal error, or got stuck: it is created anew
 *
 * Of one trajectory only one record is under way at a time, so its revisions arrive in order
 * whatever fails. A broker that is away never fails a message: its timeout is infinite. An error
 * that a person can mend (topic, rights, quota) doesn't drop a record either; it waits, longer each
 * time. The message itself stays in the item: nothing is copied. */
#include "processor/emit/kafka/emitter.h"

#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/digest.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"
#include "processor/emit/inbox_emitter.h"
#include "processor/emit/kafka/producer.h"
#include "processor/emit/kafka/properties.h"
#include "processor/emit/kafka/refused.h"

enum {
    HELD_ITEMS_MAX = 4096,
    HELD_BYTES_MAX = 64 * 1024 * 1024,
    TAKE_ITEMS = 64,
    KEY_BUCKETS = 65536,
    STUCK_MS = 120000,
    PAUSE_FIRST_MS = 1000,
    PAUSE_MAX_MS = 60000,
    TURN_MS = 50,
    IDLE_MS = 1000,
};

struct message {
    struct message *next;
    struct emit_item *item;
    struct outgoing record; /* borrowed from the item and from `made` */
    struct buffer made;
    uint64_t key_hash;
    int64_t pause_ms, retry_at_ms;
    bool is_suspect; /* a batch with it was refused */
    bool is_alone;   /* it was sent so */
    bool was_asked;  /* the topic, of its limit, for this record */
    bool is_new;     /* its row is being replaced */
};

/* In order of the outbox sequence. */
struct message_list {
    struct message *first, *last;
};

struct kafka_emitter {
    struct inbox_emitter base;
    struct emit_acknowledge acknowledge;
    struct emitter_counters *counters;
    enum record_form form;

    /* Of the thread, after start. */
    struct kafka_producer producer;
    struct message_list ready, blocked, retry;
    /* Records in flight or in the retry list, by hash of the key. */
    uint16_t under_way[KEY_BUCKETS];
    size_t suspects;  /* that have not settled */
    int64_t moved_ms; /* the last report, or the last time nothing was in flight */
};

static struct kafka_emitter *of(struct emitter *emitter)
{
    return (struct kafka_emitter *)emitter;
}

static void insert(struct message_list *list, struct message *message)
{
    struct message **at = &list->first;
    uint64_t sequence = message->item->sequence;
    if (list->last && list->last->item->sequence <= sequence)
        at = &list->last->next; /* the usual case */
    while (*at && (*at)->item->sequence <= sequence)
        at = &(*at)->next;
    message->next = *at;
    *at = message;
    if (!message->next)
        list->last = message;
}

static struct message *take_first(struct message_list *list)
{
    struct message *message = list->first;
    list->first = message->next;
    if (!list->first)
        list->last = NULL;
    return message;
}

static void release(struct kafka_emitter *kafka, struct message *message)
{
    inbox_release(&kafka->base.inbox, message->item->size);
    buffer_finish(&message->made);
    free(message->item);
    free(message);
}

static void acknowledge(struct kafka_emitter *kafka, struct message *message)
{
    if (kafka->acknowledge.acknowledged)
        kafka->acknowledge.acknowledged(kafka->acknowledge.context, message->item->sequence);
    release(kafka, message);
}

static uint16_t *under_way(struct kafka_emitter *kafka, const struct message *message)
{
    return &kafka->under_way[message->key_hash % KEY_BUCKETS];
}

/* The message waits, still under way: what follows it under its key waits behind it. */
static void hold_back(struct kafka_emitter *kafka, struct message *message,
                      rd_kafka_resp_err_t error)
{
    counter_add(&kafka->counters->send_failures, 1);
    log_warn("kafka_record_refused",
             "topic=\"%s\" sequence=%" PRIu64 " bytes=%zu error=\"%s\" retry_ms=%" PRId64,
             kafka->producer.topic, message->item->sequence, message->record.payload.size,
             rd_kafka_err2str(error), message->pause_ms);
    message->retry_at_ms = clock_monotonic_ms() + message->pause_ms;
    message->pause_ms = message->pause_ms * 2 < PAUSE_MAX_MS ? message->pause_ms * 2 : PAUSE_MAX_MS;
    insert(&kafka->retry, message);
}

/* ---- Refusals of batches ---- */

static void suspect(struct kafka_emitter *kafka, struct message *message, rd_kafka_resp_err_t error)
{
    if (!kafka->producer.limit.is_alone)
        log_warn("kafka_batch_refused",
                 "topic=\"%s\" error=\"%s\" batch_bytes=%zu setting=max.message.bytes "
                 "action=\"its records go alone\"",
                 kafka->producer.topic, rd_kafka_err2str(error), kafka->producer.limit.bytes);
    counter_add(&kafka->counters->send_failures, 1);
    kafka_producer_suspect(&kafka->producer);
    kafka->suspects += !message->is_suspect;
    message->is_suspect = true;
    --*under_way(kafka, message);
    insert(&kafka->ready, message);
}

/* Of a batch that was refused it is no longer one. */
static void settle(struct kafka_emitter *kafka, struct message *message)
{
    kafka->suspects -= message->is_suspect;
    message->is_suspect = false;
    if (kafka->suspects > 0 || !kafka->producer.limit.is_alone)
        return;
    size_t before = kafka->producer.limit.bytes;
    kafka_limit_settle(&kafka->producer.limit);
    if (kafka->producer.limit.bytes < before)
        log_warn("kafka_topic_limit_learned",
                 "topic=\"%s\" setting=max.message.bytes batch_bytes=%zu before=%zu",
                 kafka->producer.topic, kafka->producer.limit.bytes, before);
}

static bool decode(struct kafka_emitter *kafka, struct message *message)
{
    struct bytes frame = bytes_of(message->item->frame, message->item->size);
    return outgoing_read(frame, kafka->form, &message->record, &message->made) == STATUS_OK;
}

/* Still under way: what follows it under its key waits for what comes of it. */
static void settle_refused(struct kafka_emitter *kafka, struct message *message,
                           rd_kafka_resp_err_t error)
{
    const struct refused_record refused = {.producer = &kafka->producer,
                                           .error = error,
                                           .form = kafka->form,
                                           .record = &message->record,
                                           .was_asked = &message->was_asked,
                                           .acknowledge = &kafka->acknowledge,
                                           .counters = kafka->counters,
                                           .inbox = &kafka->base.inbox};
    counter_add(&kafka->counters->send_failures, 1);
    enum refused_fate fate = refused_settle(&refused, &message->item);
    if (fate != REFUSED_DOUBTED)
        settle(kafka, message);
    message->is_new = fate == REFUSED_REPLACED && decode(kafka, message);
    if (fate == REFUSED_DOUBTED || message->is_new) {
        message->retry_at_ms = message->is_new ? 0 : clock_monotonic_ms() + KAFKA_DOUBT_MS;
        insert(&kafka->retry, message);
    } else {
        --*under_way(kafka, message);
        acknowledge(kafka, message);
    }
}

static void refuse(struct kafka_emitter *kafka, struct message *message, rd_kafka_resp_err_t error)
{
    if (kafka_refusal_of(error) == REFUSED_FOR_NOW) {
        settle(kafka, message);
        hold_back(kafka, message, error);
    } else if (message->is_alone) {
        settle_refused(kafka, message, error);
    } else {
        suspect(kafka, message, error);
    }
}

static void on_delivery(void *context, void *sent, rd_kafka_resp_err_t error)
{
    struct kafka_emitter *kafka = context;
    struct message *message = sent;
    kafka->moved_ms = clock_monotonic_ms();
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        counter_add(&kafka->counters->sent_records, 1);
        --*under_way(kafka, message);
        settle(kafka, message);
        acknowledge(kafka, message);
    } else if (kafka->producer.is_closing || error == RD_KAFKA_RESP_ERR__FATAL) {
        --*under_way(kafka, message);
        insert(&kafka->ready, message); /* not its fault: the next handle sends it */
    } else {
        refuse(kafka, message, error);
    }
}

/* ---- Sending ---- */

static rd_kafka_resp_err_t produce(struct kafka_emitter *kafka, struct message *message)
{
    const struct kafka_message sent = {.key = message->record.key,
                                       .payload = message->record.payload,
                                       .headers = kafka_producer_headers(&message->record),
                                       .message = message};
    message->is_alone = kafka->producer.opened.is_alone;
    return kafka_producer_send(&kafka->producer, &sent);
}

static void take_due(struct kafka_emitter *kafka, int64_t now_ms)
{
    struct message_list rest = {0};
    while (kafka->retry.first) {
        struct message *message = take_first(&kafka->retry);
        bool is_due = message->retry_at_ms <= now_ms &&
                      (!message->is_new || refused_is_replaced(&kafka->acknowledge, message->item));
        message->is_new = message->is_new && !is_due;
        if (is_due)
            --*under_way(kafka, message);
        insert(is_due ? &kafka->ready : &rest, message);
    }
    kafka->retry = rest;
}

static void unblock(struct kafka_emitter *kafka)
{
    while (kafka->blocked.first)
        insert(&kafka->ready, take_first(&kafka->blocked));
}

/* In order of the sequence, so that of one key the earlier record goes first. */
static void produce_ready(struct kafka_emitter *kafka)
{
    while (kafka->ready.first && kafka_producer_is_open(&kafka->producer)) {
        struct message *message = take_first(&kafka->ready);
        if (*under_way(kafka, message) > 0) {
            insert(&kafka->blocked, message);
            continue;
        }
        ++*under_way(kafka, message);
        rd_kafka_resp_err_t error = produce(kafka, message);
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL) {
            --*under_way(kafka, message);
            insert(&kafka->ready, message);
            return; /* after the next poll, or with the next producer */
        }
        if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
            message->is_alone = true; /* nobody else was asked */
            refuse(kafka, message, error);
        }
    }
}

/* librdkafka can lose its way after errors (messages wait although the broker answers). With
 * brokers away this does no harm: there is nothing that could arrive twice. */
static void check_stuck(struct kafka_emitter *kafka, int64_t now_ms)
{
    if (kafka->producer.in_flight == 0 || kafka->moved_ms == 0)
        kafka->moved_ms = now_ms;
    if (now_ms - kafka->moved_ms < STUCK_MS)
        return;
    log_warn("kafka_producer_stuck", "topic=\"%s\" records=%zu action=recreate",
             kafka->producer.topic, kafka->producer.in_flight);
    kafka->moved_ms = now_ms;
    kafka->producer.is_fatal = true;
}

static bool take_queued(struct kafka_emitter *kafka)
{
    void *items[TAKE_ITEMS];
    size_t count = queue_pop(kafka->base.inbox.queue, items, TAKE_ITEMS);
    for (size_t i = 0; i < count; i++) {
        struct emit_item *item = items[i];
        struct message *message = memory_need(calloc(1, sizeof *message));
        message->item = item;
        message->pause_ms = PAUSE_FIRST_MS;
        if (!decode(kafka, message)) {
            /* The store checks what it reads; such a row could never leave. */
            log_error("outbox_row_malformed", "sequence=%" PRIu64, item->sequence);
            counter_add(&kafka->counters->send_failures, 1);
            acknowledge(kafka, message);
            continue;
        }
        message->key_hash = digest_fnv1a64(message->record.key);
        insert(&kafka->ready, message);
    }
    return count > 0;
}

static int64_t next_turn_ms(const struct kafka_emitter *kafka)
{
    /* A report wakes the thread; what waits by itself is a pause, a full
     * producer or a fatal one. */
    bool has_waiting = kafka->retry.first || kafka->ready.first || !kafka->producer.handle ||
                       kafka->producer.is_fatal || inbox_is_stopping(&kafka->base.inbox) ||
                       kafka_producer_is_outdated(&kafka->producer);
    return has_waiting ? TURN_MS : IDLE_MS;
}

static void *run_thread(void *argument)
{
    struct kafka_emitter *kafka = argument;
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        if (inbox_is_over(&kafka->base.inbox, now_ms))
            break;
        bool took = take_queued(kafka);
        if (kafka->retry.first)
            take_due(kafka, now_ms);
        kafka_producer_poll(&kafka->producer);
        check_stuck(kafka, now_ms);
        kafka_producer_keep(&kafka->producer, now_ms);
        atomic_store(&kafka->counters->record_max, kafka_limit_record(&kafka->producer.limit));
        unblock(kafka); /* behind the reports: one that comes later wakes the wait below */
        if (kafka->producer.handle)
            produce_ready(kafka);
        if (!took)
            queue_wait(kafka->base.inbox.queue, next_turn_ms(kafka));
    }
    kafka_producer_close(&kafka->producer);
    unblock(kafka);
    while (kafka->ready.first)
        release(kafka, take_first(&kafka->ready));
    while (kafka->retry.first)
        release(kafka, take_first(&kafka->retry));
    return NULL;
}

static enum status kafka_start(struct emitter *emitter, struct error *ret_error)
{
    struct kafka_emitter *kafka = of(emitter);
    return kafka_producer_start(&kafka->producer, &kafka->base.inbox, run_thread, kafka, ret_error);
}

static void kafka_destroy(struct emitter *emitter)
{
    if (!emitter)
        return;
    struct kafka_emitter *kafka = of(emitter);
    inbox_stop(&kafka->base.inbox, 0);
    kafka_producer_finish(&kafka->producer);
    inbox_finish(&kafka->base.inbox, free);
    free(kafka);
}

static const struct emitter_operations operations = {
    .kind = "kafka",
    .start = kafka_start,
    .send = inbox_emitter_send,
    .has_room = inbox_emitter_has_room,
    .stop = inbox_emitter_stop,
    .destroy = kafka_destroy,
};

struct emitter *kafka_emitter_create(const struct kafka_emitter_config *config,
                                     const struct emit_acknowledge *acknowledge,
                                     struct emitter_counters *counters, struct error *ret_error)
{
    rd_kafka_conf_t *conf = kafka_properties_read(config, KAFKA_RECORDS, ret_error);
    if (!conf)
        return NULL;
    struct kafka_emitter *kafka = calloc(1, sizeof *kafka);
    bool has_inbox = false;
    if (kafka) {
        kafka->base.emitter.operations = &operations;
        kafka->form = config->form;
        kafka->acknowledge = *acknowledge;
        kafka->counters = counters;
        has_inbox = inbox_init(&kafka->base.inbox, HELD_ITEMS_MAX, HELD_BYTES_MAX);
        kafka_producer_init(&kafka->producer, conf, config->topic, "kafka exporter of",
                            kafka->base.inbox.queue);
        kafka->producer.delivered = on_delivery;
        kafka->producer.context = kafka;
        kafka->producer.trouble = &counters->trouble;
    }
    if (!has_inbox || !kafka->producer.topic) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for the exporter of topic %s",
                  config->topic);
        if (kafka)
            kafka_destroy(&kafka->base.emitter);
        else
            rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return &kafka->base.emitter;
}
