/* One message from its making to its end. It belongs to its request, which ends with the last of
 * them; a message that becomes several is the last to go. */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/base/memory.h"
#include "processor/emit/kafka/relay_state.h"

enum {
    PAYLOAD_OVERHEAD = RELAY_PAYLOAD_OVERHEAD,
    RESEND_PAUSE_MS = 1000, /* brokers that have refused for now need a moment */
};

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

void relay_message_give_up(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    if (!request->is_awaited)
        counter_add(&relay->counters->dropped_shutdown, message->part.items);
    relay_request_abandon(relay, request);
    request->undelivered--;
    free_message(relay, message);
    relay_request_finish(relay, request);
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
    relay_request_finish(relay, request);
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
        relay_message_give_up(relay, message);
    else
        resend(relay, message, RESEND_PAUSE_MS);
}

/* ---- Refusals of batches ---- */

size_t relay_message_payload_max(const struct kafka_relay *relay)
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
    kafka_producer_suspect(&relay->producer);
    relay->suspects += !message->is_suspect;
    message->is_suspect = true;
    resend(relay, message, 0);
}

/* No message can hold it, or the topic wants none of it. */
void relay_message_drop(struct kafka_relay *relay, struct relay_message *message,
                        const char *reason, struct counter *counter)
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

void relay_message_undo(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    request->undelivered--;
    free_message(relay, message);
    relay_request_finish(relay, request);
}

struct relay_message *relay_message_make(struct kafka_relay *relay, struct relay_request *request,
                                         const struct span_message *part)
{
    bool is_copied = !part->whole.data;
    struct relay_message *message =
        memory_need(malloc(sizeof *message + (is_copied ? part->size : 0)));
    *message = (struct relay_message){.request = request, .part = *part, .payload = part->whole};
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

/* The parts go in its place; what can't be divided and is too large even so is given up. */
static void divide(struct kafka_relay *relay, struct relay_message *message)
{
    struct relay_request *request = message->request;
    struct span_message part;
    size_t most =
        kafka_limit_refuse(&relay->producer.limit, message->payload.size + PAYLOAD_OVERHEAD / 2);
    if (most > PAYLOAD_OVERHEAD)
        most -= PAYLOAD_OVERHEAD;
    if (most >= message->payload.size)
        most = message->payload.size / 2;
    request->split.payload_max = most;
    for (uint32_t at = message->part.first;
         span_split_again(&request->split, &message->part, &at, &part);) {
        struct relay_message *made = relay_message_make(relay, request, &part);
        if (!part.is_too_large) {
            resend(relay, made, 0);
            continue;
        }
        relay_message_drop(relay, made, "too_large", &relay->counters->dropped_too_large);
        relay_message_undo(relay, made); /* `message` holds the request meanwhile */
    }
    relay_message_undo(relay, message);
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
            relay_message_drop(relay, message, "refused", &relay->counters->dropped_refused);
            relay_message_undo(relay, message);
        } else if (kafka_producer_doubts(&relay->producer, message->payload.size,
                                         &message->was_asked)) {
            resend(relay, message, KAFKA_DOUBT_MS);
        } else {
            divide(relay, message);
        }
    }
}

void relay_message_on_delivery(void *context, void *sent, rd_kafka_resp_err_t error)
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
bool relay_message_send(struct kafka_relay *relay, struct relay_message *message)
{
    const struct kafka_message sent = {
        .key =
            message->part.has_key ? bytes_of(message->key, sizeof message->key) : (struct bytes){0},
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
