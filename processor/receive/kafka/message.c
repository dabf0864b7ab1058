/* One message on its way to the intake. The payload is copied once, into the pooled buffer of the
 * request (otlp_json: converted into it); what can't be taken in is passed over, so that the
 * position moves on, and only then counted and offered as a dead letter: an intake that is busy
 * makes nothing count twice. */
#include "processor/receive/kafka/message.h"

#include <inttypes.h>

#include "processor/base/log.h"
#include "processor/otlp/otlp_json.h"
#include "processor/receive/accept.h"
#include "processor/receive/admission.h"
#include "processor/receive/kafka/identity.h"

/* Why a message is no request. */
struct refusal {
    const char *reason, *detail;
    enum rpc_code code;
};
static const struct refusal
    malformed = {"malformed", "the message is not well-formed OTLP of the configured encoding",
                 RPC_INVALID_ARGUMENT},
    too_large = {"too_large", "the message is larger than max_message", RPC_RESOURCE_EXHAUSTED},
    too_many = {"too_many_items", "the message holds more items than a request may",
                RPC_RESOURCE_EXHAUSTED},
    not_otlp = {"unsupported_format",
                "the MessageFormat header names another format than otlp; let the sender export "
                "otlp_proto or otlp_json",
                RPC_UNIMPLEMENTED};

static struct bytes payload_of(const rd_kafka_message_t *message)
{
    return bytes_of(message->payload, message->payload ? message->len : 0);
}

static struct bytes header(const rd_kafka_message_t *message, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        !value)
        return (struct bytes){0};
    return bytes_of(value, size);
}

/* False: a signal that is not for us. */
static bool signal_of(const rd_kafka_message_t *message, enum wire_gate_signal *ret_signal)
{
    struct bytes signal = header(message, "otelcol.signal");
    if (!signal.data)
        signal = header(message, "signal");
    *ret_signal = bytes_equal_text(signal, "logs") ? WIRE_GATE_LOGS : WIRE_GATE_TRACES;
    return !signal.data || *ret_signal == WIRE_GATE_LOGS || bytes_equal_text(signal, "traces");
}

static void offer_letter(struct kafka_receiver *receiver, const rd_kafka_message_t *message,
                         const char *reason, const char *detail, enum wire_gate_signal signal,
                         bool was_read)
{
    struct dead_letter_reason about = {
        .reason = reason,
        .detail = detail,
        .receiver = receiver->base.operations->name,
        .signal = signal == WIRE_GATE_LOGS ? "logs" : "traces",
        .encoding = receiver->config.is_json ? "otlp_json" : "otlp_proto",
        .topic = receiver->topic,
        .partition = message->partition,
        .offset = message->offset,
        .key = bytes_of(message->key, message->key ? message->key_len : 0),
    };
    bool is_kept = !was_read && dead_letter_submit(receiver->dead, &about, payload_of(message));
    log_warn("kafka_message_refused",
             "topic=\"%s\" partition=%d offset=%" PRId64 " reason=%s bytes=%zu dead_letter=%s",
             receiver->topic, message->partition, message->offset, reason, payload_of(message).size,
             is_kept    ? "offered"
             : was_read ? "already"
                        : "no");
}

/* Below the mark of an earlier process, which has kept the letter. Asked before the message is
 * handed over. */
static bool was_read_before(struct kafka_receiver *receiver, const rd_kafka_message_t *message)
{
    return receiver->intake->was_read(receiver->intake->context, message->partition,
                                      message->offset);
}

static enum status pass_over(struct kafka_receiver *receiver, const rd_kafka_message_t *message)
{
    return receiver->intake->skip(receiver->intake->context, message->partition, message->offset);
}

static enum status refuse(struct kafka_receiver *receiver, const rd_kafka_message_t *message,
                          const struct refusal *why, enum wire_gate_signal signal)
{
    bool was_read = was_read_before(receiver, message);
    enum status status = pass_over(receiver, message);
    if (status != STATUS_OK)
        return status;
    counter_add(&receiver->kafka.poison, 1);
    counter_add(&receiver->counters->requests[why->code], 1);
    offer_letter(receiver, message, why->reason, why->detail, signal, was_read);
    return STATUS_OK;
}

/* Payload to gated request. NULL: it is one. */
static const struct refusal *read_request(struct kafka_receiver *receiver, struct bytes payload,
                                          bool is_read_again, struct request *request)
{
    const struct wire_gate_limits *gate =
        is_read_again ? &wire_gate_ceilings : &receiver->config.gate;
    enum status read = STATUS_OK;
    if (receiver->config.is_json) {
        request->received.limit =
            is_read_again ? WIRE_REQUEST_BYTES_MAX : receiver->config.max_message_bytes;
        read = otlp_json_to_wire(payload, request->signal, &request->arena, &request->received,
                                 &request->parts);
        arena_reset(&request->arena);
    } else {
        buffer_append_bytes(&request->received, payload);
    }
    if (read == STATUS_OK && request->received.failed)
        read = STATUS_BUSY;
    if (read == STATUS_OK)
        read = admission_gate(request, gate);
    return read == STATUS_OK ? NULL : read == STATUS_MALFORMED ? &malformed : &too_many;
}

/* Items refused alone, or nothing that is known, make the whole message a dead letter as well: only
 * there they can be looked at. */
static enum status submit(struct kafka_receiver *receiver, const rd_kafka_message_t *message,
                          struct request *request)
{
    const struct topic_intake *intake = receiver->intake;
    const char *reason = accept_letter_reason(&request->gated);
    bool was_read = reason && was_read_before(receiver, message);
    struct accept accept;
    enum status status =
        accept_begin(&accept, request)
            ? intake->submit(intake->context, message->partition, message->offset, request)
            : pass_over(receiver, message);
    accept_end(&accept, status, receiver->counters);
    if (status != STATUS_OK)
        return status;
    counter_add(&receiver->counters->requests[RPC_OK], 1);
    if (reason)
        offer_letter(receiver, message, reason,
                     "some items were refused, or nothing in it was recognized", accept.signal,
                     was_read);
    return STATUS_OK;
}

/* BUSY: not now, and nothing has happened. */
static enum status hand_over(struct kafka_receiver *receiver, const rd_kafka_message_t *message,
                             const struct known_message *look)
{
    const struct topic_intake *intake = receiver->intake;
    struct bytes payload = payload_of(message);
    enum wire_gate_signal signal;
    if (receiver->is_ended)
        return STATUS_BUSY;
    bool is_ours = signal_of(message, &signal);
    if (payload.size == 0 || !is_ours) {
        enum status status = pass_over(receiver, message);
        if (status == STATUS_OK)
            counter_add(is_ours ? &receiver->kafka.tombstones : &receiver->kafka.foreign, 1);
        return status;
    }
    struct bytes format = header(message, "MessageFormat");
    if (format.data && !bytes_equal_text(format, "otlp"))
        return refuse(receiver, message, &not_otlp, signal);
    /* What was admitted once is not admitted again, whatever the limits are now. */
    bool is_read_again = was_read_before(receiver, message);
    if (payload.size > receiver->config.max_message_bytes && !is_read_again)
        return refuse(receiver, message, &too_large, signal);
    if (!intake->has_room(intake->context, payload.size))
        return STATUS_BUSY;
    struct request *request = request_take(intake->pool);
    if (!request || !buffer_reserve(&request->received, payload.size)) {
        if (request)
            request_release(request);
        return STATUS_BUSY; /* no memory now */
    }
    request->signal = signal;
    request->has_origin = true;
    memcpy(request->origin, look->digest, sizeof request->origin);
    const struct refusal *why = read_request(receiver, payload, is_read_again, request);
    if (!why)
        return submit(receiver, message, request);
    bool is_busy = request_lacks_memory(request); /* no fault of the message */
    request_release(request);
    return is_busy ? STATUS_BUSY : refuse(receiver, message, why, signal);
}

/* The end is asked for once a fetch. */
static void note_end(struct kafka_receiver *receiver, struct partition *partition, int32_t number)
{
    int64_t low, high;
    if (partition->next_offset < partition->known_end ||
        rd_kafka_get_watermark_offsets(receiver->consumer, receiver->topic, number, &low, &high) !=
            RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    partition->known_end = high;
    if (high > 0 && partition->next_offset >= high)
        receiver->intake->passed(receiver->intake->context, number);
}

bool kafka_hand_over(struct kafka_receiver *receiver, struct partition *partition,
                     rd_kafka_message_t *message)
{
    struct known_message look = {.offset = message->offset};
    kafka_describe(message, look.digest);
    enum status status = hand_over(receiver, message, &look);
    if (status == STATUS_OK) {
        partition->next_offset = message->offset + 1;
        partition->last = look;
        counter_add(&receiver->kafka.messages, 1);
        note_end(receiver, partition, message->partition);
        rd_kafka_message_destroy(message);
        return true;
    }
    if (status == STATUS_FATAL && !receiver->is_ended) {
        receiver->is_ended = true;
        log_error("kafka_receiver_ended", "topic=\"%s\" reason=\"the pipeline takes no more\"",
                  receiver->topic);
    }
    return false;
}
