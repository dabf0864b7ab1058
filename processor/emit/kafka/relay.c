/* One thread owns producer and lists. A request is in `first..last` from the moment it is taken out
 * of the queue until it is done; `splitting` is the first of them that has messages left to make.
 * Each message counts as undelivered from its making until its report is good, or until it is given
 * up, so a request is done when it is split and nothing of it is undelivered. */
#include "processor/emit/kafka/relay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"
#include "processor/emit/kafka/producer.h"
#include "processor/emit/kafka/properties.h"

enum {
    TAKE_REQUESTS = 64,
    PAYLOAD_OVERHEAD = 1024,               /* key, header and frame of a message, generously */
    MESSAGES_BYTES_MAX = 32 * 1024 * 1024, /* copies under way at once */
    RESEND_PAUSE_MS = 1000,
    STALL_MS = 5000,
    TURN_MS = 100,
};

struct relay_message {
    struct relay_message *next;
    struct relay_request *request;
    int64_t resend_at_ms;
    struct span_message part;
    bool is_suspect; /* a batch with it was refused */
    bool is_alone;   /* it was sent so */
    bool was_asked;  /* the topic, of its limit, for this message */
    char key[2 * TRACE_ID_SIZE];
    struct bytes payload; /* `copy`, or the body of the request */
    uint8_t copy[];
};

struct kafka_relay {
    size_t payload_max; /* of the properties */
    void (*give_up)(void *context, enum wire_gate_signal signal, struct bytes request,
                    const char *reason);
    void *context;
    struct relay_counters *counters;
    struct inbox inbox; /* of struct relay_request */
    _Atomic int64_t oldest_ms, turned_ms;
    _Atomic bool is_stalled;

    /* Of the thread, after start. */
    struct kafka_producer producer;
    struct relay_request *first, *last, *splitting;
    struct relay_message *unsent; /* made when the producer's queue was full */
    struct relay_message *resend_first, *resend_last;
    size_t copied_bytes;
    size_t suspects; /* messages that have not settled */
    bool is_over;
    int64_t delivered_ms;
};

/* ---- Requests ---- */

static void append_request(struct kafka_relay *relay, struct relay_request *request)
{
    request->previous = relay->last;
    request->next = NULL;
    *(relay->last ? &relay->last->next : &relay->first) = request;
    relay->last = request;
    if (!relay->splitting)
        relay->splitting = request;
}

static void finish_if_done(struct kafka_relay *relay, struct relay_request *request)
{
    if (!request->is_split || request->undelivered > 0)
        return;
    *(request->previous ? &request->previous->next : &relay->first) = request->next;
    *(request->next ? &request->next->previous : &relay->last) = request->previous;
    inbox_release(&relay->inbox, request->bytes);
    request->done(request, request->has_failed ? STATUS_BUSY : STATUS_OK);
}

/* What is not split yet will not be sent. */
static void abandon(struct kafka_relay *relay, struct relay_request *request)
{
    struct span_message message;
    if (!request->is_awaited && request->is_begun)
        while (span_split_next(&request->split, &message))
            counter_add(&relay->counters->dropped_shutdown, message.items);
    request->has_failed = true;
    request->is_split = true;
    while (relay->splitting && relay->splitting->is_split)
        relay->splitting = relay->splitting->next;
}

/* ---- Messages ---- */

/* Of a batch that was refused it is no longer one. */
static void settle(struct kafka_relay *relay, struct relay_message *message)
{
    relay->suspects -= message->is_suspect;
    message->is_suspect = false;
    if (relay->suspects == 0)
        kafka_limit_settle(&relay->producer.limit);
}

static void free_message(struct kafka_relay *relay, struct relay_message *message)
{
    settle(relay, message);
    if (message->payload.data == message->copy) {
        relay->copied_bytes -= message->payload.size;
        inbox_release_bytes(&relay->inbox, message->payload.size);
    }
    free(message);
}

static void give_up(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    if (!request->is_awaited)
        counter_add(&relay->counters->dropped_shutdown, message->part.items);
    abandon(relay, request);
    request->undelivered--;
    free_message(relay, message);
    finish_if_done(relay, request);
}

static void delivered(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    counter_add(request->signal == WIRE_GATE_TRACES ? &relay->counters->trace_messages
                                                    : &relay->counters->log_messages,
                1);
    relay->delivered_ms = clock_monotonic_ms();
    request->undelivered--;
    free_message(relay, message);
    finish_if_done(relay, request);
}

static void resend(struct kafka_relay *relay, struct relay_message *message, int64_t pause_ms)
{
    message->resend_at_ms = clock_monotonic_ms() + pause_ms;
    message->next = NULL;
    *(relay->resend_last ? &relay->resend_last->next : &relay->resend_first) = message;
    relay->resend_last = message;
}

/* The sender is told, and sends all of the request again; when nobody waits, the message stays. */
static void failed(struct kafka_relay *relay, struct relay_message *message,
                   rd_kafka_resp_err_t error)
{
    counter_add(&relay->counters->failures, 1);
    if (!relay->is_over)
        log_warn("relay_message_refused", "topic=\"%s\" bytes=%zu error=\"%s\"",
                 relay->producer.topic, message->payload.size, rd_kafka_err2str(error));
    if (message->request->is_awaited || relay->is_over)
        give_up(relay, message);
    else
        resend(relay, message, RESEND_PAUSE_MS);
}

/* ---- Refusals of batches ---- */

static size_t payload_max(const struct kafka_relay *relay)
{
    size_t bytes = relay->producer.limit.bytes;
    size_t topic_max = bytes > 2 * PAYLOAD_OVERHEAD ? bytes - PAYLOAD_OVERHEAD : bytes / 2;
    return topic_max < relay->payload_max ? topic_max : relay->payload_max;
}

static void suspect(struct kafka_relay *relay, struct relay_message *message,
                    rd_kafka_resp_err_t error)
{
    if (!relay->producer.limit.is_alone)
        log_warn("relay_batch_refused",
                 "topic=\"%s\" error=\"%s\" batch_bytes=%zu setting=max.message.bytes "
                 "action=\"its messages go alone\"",
                 relay->producer.topic, rd_kafka_err2str(error), relay->producer.limit.bytes);
    counter_add(&relay->counters->failures, 1);
    kafka_limit_suspect(&relay->producer.limit);
    kafka_producer_ask(&relay->producer);
    relay->suspects += !message->is_suspect;
    message->is_suspect = true;
    resend(relay, message, 0);
}

/* No message can hold it, or the topic wants none of it. */
static void drop(struct kafka_relay *relay, struct relay_message *message, const char *reason,
                 struct counter *counter)
{
    counter_add(counter, message->part.items);
    log_error("relay_message_dead",
              "topic=\"%s\" items=%" PRIu32 " bytes=%zu reason=%s setting=max.message.bytes "
              "limit=%zu",
              relay->producer.topic, message->part.items, message->payload.size, reason,
              relay->producer.limit.bytes);
    if (relay->give_up)
        relay->give_up(relay->context, message->request->signal, message->payload, reason);
}

static void undo(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    request->undelivered--;
    free_message(relay, message);
    finish_if_done(relay, request);
}

static struct relay_message *make_message(struct kafka_relay *relay, struct relay_request *request,
                                          const struct span_message *part);

/* The parts go in its place; what can't be divided and is too large even so is given up. */
static void divide(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    struct span_message part;
    size_t most = kafka_limit_refuse(&relay->producer.limit,
                                     message->payload.size + PAYLOAD_OVERHEAD / 2);
    if (most > PAYLOAD_OVERHEAD)
        most -= PAYLOAD_OVERHEAD;
    if (most >= message->payload.size)
        most = message->payload.size / 2;
    request->split.payload_max = most;
    for (uint32_t at = message->part.first;
         span_split_again(&request->split, &message->part, &at, &part);) {
        struct relay_message *made = make_message(relay, request, &part);
        if (!part.is_too_large) {
            resend(relay, made, 0);
            continue;
        }
        drop(relay, made, "too_large", &relay->counters->dropped_too_large);
        undo(relay, made); /* `message` holds the request meanwhile */
    }
    undo(relay, message);
}

static void refuse(struct kafka_relay *relay, struct relay_message *message,
                   rd_kafka_resp_err_t error)
{
    enum kafka_refusal refusal = kafka_refusal_of(error);
    if (refusal == REFUSED_FOR_NOW || relay->is_over) {
        failed(relay, message, error);
    } else if (!message->is_alone) {
        suspect(relay, message, error);
    } else {
        counter_add(&relay->counters->failures, 1);
        if (refusal == REFUSED_FOR_CONTENT) {
            drop(relay, message, "refused", &relay->counters->dropped_refused);
            undo(relay, message);
        } else if (kafka_producer_doubts(&relay->producer, message->payload.size,
                                         &message->was_asked)) {
            resend(relay, message, KAFKA_DOUBT_MS);
        } else {
            divide(relay, message);
        }
    }
}

static void on_delivery(void *context, void *sent, rd_kafka_resp_err_t error)
{
    struct kafka_relay *relay = context;
    struct relay_message *message = sent;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
        delivered(relay, message);
    else if (relay->producer.is_closing && !relay->is_over && !relay->producer.is_fatal)
        resend(relay, message, 0); /* the limit has changed: the next handle sends it */
    else
        refuse(relay, message, error);
}

static rd_kafka_headers_t *headers_of(const struct relay_request *request)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
    const char *signal = request->signal == WIRE_GATE_TRACES ? "traces" : "logs";
    (void)rd_kafka_header_add(headers, "otelcol.signal", -1, signal, -1);
    return headers;
}

/* False when the message has to wait for the producer. */
static bool hand_over(struct kafka_relay *relay, struct relay_message *message)
{
    const struct kafka_message sent = {
        .key = message->part.has_key ? bytes_of(message->key, sizeof message->key) : (struct bytes){0},
        .payload = message->payload,
        .headers = headers_of(message->request),
        .message = message,
    };
    message->is_alone = relay->producer.opened.is_alone;
    rd_kafka_resp_err_t error = kafka_producer_send(&relay->producer, &sent);
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL || error == RD_KAFKA_RESP_ERR__FATAL)
        return false;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
        message->is_alone = true; /* nobody else was asked */
        refuse(relay, message, error);
    }
    return true;
}

/* ---- Splitting ---- */

static struct relay_message *make_message(struct kafka_relay *relay, struct relay_request *request,
                                          const struct span_message *part)
{
    bool is_copied = !part->whole.data;
    struct relay_message *message =
        memory_need(malloc(sizeof *message + (is_copied ? part->size : 0)));
    *message = (struct relay_message){
        .request = request, .part = *part, .payload = part->whole};
    hex_encode(message->key, part->trace_id, TRACE_ID_SIZE);
    if (is_copied) {
        struct buffer to = {.data = message->copy, .capacity = part->size, .limit = part->size};
        span_split_write(&request->split, part, &to);
        assert(!to.failed && to.data == message->copy);
        message->payload = buffer_bytes(&to);
        relay->copied_bytes += part->size;
        inbox_hold_bytes(&relay->inbox, part->size);
    }
    request->undelivered++;
    return message;
}

static void end_split(struct kafka_relay *relay, struct relay_request *request)
{
    request->is_split = true;
    relay->splitting = request->next;
    finish_if_done(relay, request);
}

static bool begin_split(struct kafka_relay *relay, struct relay_request *request)
{
    if (request->is_begun)
        return true;
    if (span_split_begin(&request->split, request->body, request->gated, request->signal,
                         payload_max(relay), request->arena) != STATUS_OK) {
        counter_add(&relay->counters->failures, 1);
        abandon(relay, request);
        finish_if_done(relay, request);
        return false;
    }
    request->is_begun = true;
    return true;
}

static void split_all(struct kafka_relay *relay)
{
    while (relay->splitting && !relay->unsent && kafka_producer_is_open(&relay->producer) &&
           relay->copied_bytes < MESSAGES_BYTES_MAX) {
        struct relay_request *request = relay->splitting;
        struct span_message part;
        if (!begin_split(relay, request))
            continue;
        if (!span_split_next(&request->split, &part)) {
            end_split(relay, request);
            continue;
        }
        struct relay_message *message = make_message(relay, request, &part);
        if (part.is_too_large) {
            drop(relay, message, "too_large", &relay->counters->dropped_too_large);
            undo(relay, message);
            continue;
        }
        if (!hand_over(relay, message))
            relay->unsent = message;
    }
}

static void send_unsent(struct kafka_relay *relay, int64_t now_ms)
{
    struct relay_message *message = relay->unsent;
    relay->unsent = NULL;
    if (message && !hand_over(relay, message))
        relay->unsent = message;
    while (!relay->unsent && kafka_producer_is_open(&relay->producer) &&
           (message = relay->resend_first) &&
           message->resend_at_ms <= now_ms) {
        relay->resend_first = message->next;
        if (!relay->resend_first)
            relay->resend_last = NULL;
        if (!hand_over(relay, message))
            relay->unsent = message;
    }
}

/* ---- Thread ---- */

static bool take_queued(struct kafka_relay *relay, int64_t now_ms)
{
    void *items[TAKE_REQUESTS];
    size_t count = queue_pop(relay->inbox.queue, items, TAKE_REQUESTS);
    for (size_t i = 0; i < count; i++) {
        struct relay_request *request = items[i];
        request->since_ms = now_ms;
        append_request(relay, request);
    }
    return count > 0;
}

static void publish(struct kafka_relay *relay, int64_t now_ms)
{
    int64_t oldest_ms = relay->first ? relay->first->since_ms : 0;
    bool is_stalled =
        relay->first && now_ms - oldest_ms > STALL_MS && now_ms - relay->delivered_ms > STALL_MS;
    if (is_stalled != atomic_load(&relay->is_stalled)) {
        if (is_stalled)
            log_warn("relay_stalled",
                     "topic=\"%s\" held_bytes=%zu effect=\"senders are told to wait\"",
                     relay->producer.topic, atomic_load(&relay->inbox.held_bytes));
        else
            log_info("relay_moves", "topic=\"%s\"", relay->producer.topic);
    }
    atomic_store(&relay->is_stalled, is_stalled);
    atomic_store(&relay->oldest_ms, oldest_ms);
    atomic_store(&relay->turned_ms, now_ms);
}

/* Everything left is given up. */
static void drain(struct kafka_relay *relay)
{
    relay->is_over = true;
    kafka_producer_close(&relay->producer);
    if (relay->unsent)
        give_up(relay, relay->unsent);
    relay->unsent = NULL;
    while (relay->resend_first) {
        struct relay_message *message = relay->resend_first;
        relay->resend_first = message->next;
        give_up(relay, message);
    }
    while (relay->first) {
        struct relay_request *request = relay->first;
        if (begin_split(relay, request)) {
            abandon(relay, request);
            finish_if_done(relay, request);
        }
    }
}

static void *run_thread(void *argument)
{
    struct kafka_relay *relay = argument;
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        bool took = take_queued(relay, now_ms);
        if (!took && inbox_is_over(&relay->inbox, now_ms))
            break;
        kafka_producer_keep(&relay->producer, now_ms);
        if (kafka_producer_is_open(&relay->producer)) {
            send_unsent(relay, now_ms);
            split_all(relay);
        }
        kafka_producer_poll(&relay->producer);
        publish(relay, now_ms);
        if (!took)
            queue_wait(relay->inbox.queue, TURN_MS);
    }
    drain(relay);
    return NULL;
}

enum status kafka_relay_start(struct kafka_relay *relay, struct error *ret_error)
{
    atomic_store(&relay->turned_ms, clock_monotonic_ms());
    return kafka_producer_start(&relay->producer, &relay->inbox, run_thread, relay, ret_error);
}

/* ---- Callers ---- */

bool kafka_relay_has_room(const struct kafka_relay *relay, size_t more_bytes)
{
    return inbox_has_room(&relay->inbox, more_bytes);
}

enum status kafka_relay_send(struct kafka_relay *relay, struct relay_request *request)
{
    if (request->is_awaited && atomic_load(&relay->is_stalled))
        return STATUS_BUSY;
    return inbox_send(&relay->inbox, request, request->bytes);
}

size_t kafka_relay_payload_max(const struct kafka_relay *relay)
{
    return relay->payload_max;
}

struct relay_gauges kafka_relay_gauges(const struct kafka_relay *relay)
{
    int64_t now_ms = clock_monotonic_ms(), oldest_ms = atomic_load(&relay->oldest_ms);
    return (struct relay_gauges){
        .held_bytes = atomic_load(&relay->inbox.held_bytes),
        .age_ms = oldest_ms > 0 && now_ms > oldest_ms ? now_ms - oldest_ms : 0,
        .turn_ms = now_ms - atomic_load(&relay->turned_ms),
        .is_stalled = atomic_load(&relay->is_stalled),
    };
}

void kafka_relay_stop(struct kafka_relay *relay, int64_t grace_ms)
{
    inbox_stop(&relay->inbox, grace_ms);
}

void kafka_relay_destroy(struct kafka_relay *relay)
{
    if (!relay)
        return;
    kafka_relay_stop(relay, 0);
    kafka_producer_finish(&relay->producer);
    inbox_finish(&relay->inbox, NULL);
    free(relay);
}

struct kafka_relay *kafka_relay_create(const struct kafka_relay_config *config,
                                       struct relay_counters *counters, struct error *ret_error)
{
    struct kafka_emitter_config producer = {.brokers = config->brokers,
                                            .topic = config->topic,
                                            .properties = config->properties,
                                            .client_id = config->client_id};
    struct kafka_relay *relay = calloc(1, sizeof *relay);
    rd_kafka_conf_t *conf = kafka_properties_read(&producer, KAFKA_RELAY, ret_error);
    bool has_inbox = false;
    if (relay) {
        has_inbox = inbox_init(&relay->inbox, SIZE_MAX, config->held_bytes_max);
        relay->producer = (struct kafka_producer){.conf = conf,
                                                  .topic = strdup(config->topic),
                                                  .wakes = relay->inbox.queue,
                                                  .owner = "relay to",
                                                  .delivered = on_delivery,
                                                  .context = relay,
                                                  .trouble = &counters->trouble};
        relay->counters = counters;
        relay->give_up = config->give_up;
        relay->context = config->context;
    }
    char text[32];
    size_t size = sizeof text;
    if (has_inbox && conf && relay->producer.topic &&
        rd_kafka_conf_get(conf, "message.max.bytes", text, &size) == RD_KAFKA_CONF_OK) {
        size_t message_max = strtoul(text, NULL, 10);
        relay->payload_max =
            message_max > 2 * PAYLOAD_OVERHEAD ? message_max - PAYLOAD_OVERHEAD : PAYLOAD_OVERHEAD;
        return relay;
    }
    error_set(ret_error, EXIT_TEMPORARY, "no memory for the relay to topic %s", config->topic);
    if (relay)
        kafka_relay_destroy(relay);
    else if (conf)
        rd_kafka_conf_destroy(conf);
    return NULL;
}
