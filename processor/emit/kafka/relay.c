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
#include "processor/emit/kafka/properties.h"
#include "processor/emit/kafka/relay_state.h"

enum {
    TAKE_REQUESTS = 64,
    PAYLOAD_OVERHEAD = RELAY_PAYLOAD_OVERHEAD,
    MESSAGES_BYTES_MAX = 32 * 1024 * 1024, /* copies under way at once */
    STALL_MS = 5000,
    TURN_MS = 100,
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

void relay_request_finish(struct kafka_relay *relay, struct relay_request *request)
{
    if (!request->is_split || request->undelivered > 0)
        return;
    *(request->previous ? &request->previous->next : &relay->first) = request->next;
    *(request->next ? &request->next->previous : &relay->last) = request->previous;
    inbox_release(&relay->inbox, request->bytes);
    request->done(request, request->has_failed ? STATUS_BUSY : STATUS_OK);
}

/* What is not split yet will not be sent. */
void relay_request_abandon(struct kafka_relay *relay, struct relay_request *request)
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

/* ---- Splitting ---- */

static void end_split(struct kafka_relay *relay, struct relay_request *request)
{
    request->is_split = true;
    relay->splitting = request->next;
    relay_request_finish(relay, request);
}

static bool begin_split(struct kafka_relay *relay, struct relay_request *request)
{
    if (request->is_begun)
        return true;
    if (span_split_begin(&request->split, request->body, request->gated, request->signal,
                         relay_message_payload_max(relay), request->arena) != STATUS_OK) {
        counter_add(&relay->counters->failures, 1);
        relay_request_abandon(relay, request);
        relay_request_finish(relay, request);
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
        struct relay_message *message = relay_message_make(relay, request, &part);
        if (part.is_too_large) {
            relay_message_drop(relay, message, "too_large", &relay->counters->dropped_too_large);
            relay_message_undo(relay, message);
            continue;
        }
        if (!relay_message_send(relay, message))
            relay->unsent = message;
    }
}

static void send_unsent(struct kafka_relay *relay, int64_t now_ms)
{
    struct relay_message *message = relay->unsent;
    relay->unsent = NULL;
    if (message && !relay_message_send(relay, message))
        relay->unsent = message;
    while (!relay->unsent && kafka_producer_is_open(&relay->producer) &&
           (message = relay->resend_first) && message->resend_at_ms <= now_ms) {
        relay->resend_first = message->next;
        if (!relay->resend_first)
            relay->resend_last = NULL;
        if (!relay_message_send(relay, message))
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
        relay_message_give_up(relay, relay->unsent);
    relay->unsent = NULL;
    while (relay->resend_first) {
        struct relay_message *message = relay->resend_first;
        relay->resend_first = message->next;
        relay_message_give_up(relay, message);
    }
    while (relay->first) {
        struct relay_request *request = relay->first;
        if (begin_split(relay, request)) {
            relay_request_abandon(relay, request);
            relay_request_finish(relay, request);
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
        kafka_producer_init(&relay->producer, conf, config->topic, "relay to", relay->inbox.queue);
        relay->producer.delivered = relay_message_on_delivery;
        relay->producer.context = relay;
        relay->producer.trouble = &counters->trouble;
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
