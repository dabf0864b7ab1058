/* What librdkafka reports, in the owner's words. A handle that has had a fatal error is purged: all
 * messages come back, so that whoever owns them sends them by the next handle. */
#include "processor/emit/kafka/producer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/net/brokers.h"

enum {
    REOPEN_MS = 1000,
    PURGE_MS = 30000,
    PURGE_TURN_MS = 100,
    DESTROY_MS = 1500,     /* for a client to end */
    CHANGE_MS = 5000,      /* that a change waits for what is in flight */
    SILENT_MS = 10000,     /* in flight, and no report */
    ASK_AGAIN_MS = 300000, /* somebody may have lifted the limit */
    ASK_TROUBLED_MS = 5000,
};

/* ---- What cannot be delivered ---- */

static void trouble(struct kafka_producer *producer, const char *reason)
{
    if (producer->trouble)
        atomic_store(producer->trouble, reason);
    if (!reason)
        producer->is_refused = false;
}

static bool is_troubled(const struct kafka_producer *producer)
{
    return producer->trouble && atomic_load(producer->trouble);
}

static void note_report(struct kafka_producer *producer, rd_kafka_resp_err_t error)
{
    producer->moved_ms = clock_monotonic_ms();
    if (!error) {
        trouble(producer, NULL);
    } else if (kafka_refusal_of(error) == REFUSED_FOR_NOW && !producer->is_closing &&
               error != RD_KAFKA_RESP_ERR__FATAL && error != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
               error != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        trouble(producer, rd_kafka_err2str(error));
        producer->is_refused = true;
    }
}

static void note_silence(struct kafka_producer *producer, int64_t now_ms)
{
    if (producer->in_flight == 0)
        producer->moved_ms = now_ms;
    if (now_ms - producer->moved_ms >= SILENT_MS && !is_troubled(producer))
        trouble(producer, "the brokers do not answer");
}

static void on_event(rd_kafka_t *handle, void *opaque)
{
    (void)handle;
    queue_wake(((struct kafka_producer *)opaque)->wakes);
}

/* ---- The limit ---- */

static void ask(struct kafka_producer *producer)
{
    if (producer->handle)
        kafka_question_ask(&producer->question, producer->handle, producer->topic, on_event,
                           producer);
}

void kafka_producer_suspect(struct kafka_producer *producer)
{
    kafka_limit_suspect(&producer->limit);
    ask(producer);
}

bool kafka_producer_doubts(struct kafka_producer *producer, size_t size, bool *was_asked)
{
    if (*was_asked || size > producer->limit.bytes)
        return false;
    *was_asked = true;
    ask(producer);
    return true;
}

static void take_limit(struct kafka_producer *producer, size_t topic_bytes)
{
    size_t before = producer->limit.bytes;
    kafka_limit_tell(&producer->limit, topic_bytes);
    producer->was_denied = false;
    if (producer->limit.bytes != before)
        log_info("kafka_topic_limit",
                 "topic=\"%s\" setting=max.message.bytes value=%zu batch_bytes=%zu before=%zu",
                 producer->topic, topic_bytes, producer->limit.bytes, before);
}

/* Brokers that answer can be written to, as far as we know. */
static void take_answer(struct kafka_producer *producer, const struct kafka_answer *answer)
{
    bool is_answered = answer->error > RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!answer->error)
        take_limit(producer, answer->max_message_bytes);
    else if (!producer->was_denied && (is_answered || producer->limit.is_alone)) {
        log_warn("kafka_topic_limit_unknown",
                 "topic=\"%s\" setting=max.message.bytes error=\"%s\" action=\"it is learned from "
                 "refusals\" hint=\"allow DescribeConfigs on the topic\"",
                 producer->topic, rd_kafka_err2str(answer->error));
        producer->was_denied = true;
    }
    if (answer->error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        trouble(producer, rd_kafka_err2str(answer->error));
    else if ((!answer->error || is_answered) && !producer->is_refused)
        trouble(producer, NULL);
}

/* At the start, now and then while it is small, and often while nothing gets through. */
static void ask_when_due(struct kafka_producer *producer, int64_t now_ms)
{
    struct kafka_answer answer;
    if (kafka_question_answer(&producer->question, &answer))
        take_answer(producer, &answer);
    int64_t asked_ms = producer->question.asked_ms;
    bool is_small = producer->limit.bytes < producer->limit.own;
    if (asked_ms == 0 || (is_small && now_ms - asked_ms >= ASK_AGAIN_MS) ||
        (is_troubled(producer) && now_ms - asked_ms >= ASK_TROUBLED_MS))
        ask(producer);
}

bool kafka_producer_is_outdated(const struct kafka_producer *producer)
{
    return producer->limit.bytes != producer->opened.bytes ||
           producer->limit.is_alone != producer->opened.is_alone;
}

bool kafka_producer_is_open(const struct kafka_producer *producer)
{
    return producer->handle && !producer->is_fatal && !kafka_producer_is_outdated(producer);
}

static size_t number_of(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32];
    size_t size = sizeof text;
    return rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK ? strtoul(text, NULL, 10)
                                                                          : 0;
}

static void set_number(rd_kafka_conf_t *conf, const char *name, size_t value)
{
    char number[32], text[256];
    (void)snprintf(number, sizeof number, "%zu", value);
    (void)rd_kafka_conf_set(conf, name, number, text, sizeof text);
}

/* A batch takes its first record whatever its size, so one above the limit goes alone. In order one
 * after the other while records go alone: behind a gap the broker refuses what follows. */
static void apply_limit(struct kafka_producer *producer, rd_kafka_conf_t *conf)
{
    if (producer->limit.own == 0)
        producer->limit = kafka_limit_presumed(number_of(producer->conf, "message.max.bytes"));
    producer->opened = producer->limit;
    producer->changed_ms = 0;
    if (producer->limit.bytes < number_of(conf, "batch.size"))
        set_number(conf, "batch.size", producer->limit.bytes);
    if (producer->limit.is_alone) {
        set_number(conf, "batch.num.messages", 1);
        set_number(conf, "max.in.flight.requests.per.connection", 1);
    }
}

/* ---- The handle ---- */

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *report, void *opaque)
{
    struct kafka_producer *producer = opaque;
    rd_kafka_resp_err_t error = report->err;
    producer->in_flight--;
    if (error && rd_kafka_fatal_error(handle, NULL, 0))
        error = RD_KAFKA_RESP_ERR__FATAL; /* whatever it says, the message is not at fault */
    note_report(producer, error);
    producer->delivered(producer->context, report->_private, error);
}

/* A thread of librdkafka, once for each certificate of a chain. */
static int on_certificate(rd_kafka_t *handle, const char *broker, int32_t broker_id, int *error,
                          int depth, const char *der, size_t size, char *text, size_t text_size,
                          void *opaque)
{
    struct kafka_producer *producer = opaque;
    (void)handle, (void)broker, (void)broker_id, (void)der, (void)size;
    if (*error || depth == 0)
        atomic_store(&producer->certificate_error, *error);
    if (*error)
        (void)snprintf(text, text_size, "%s", brokers_certificate_text(*error));
    return *error == 0;
}

/* What librdkafka's own words leave out; lives for ever, NULL: nothing. */
static const char *reason_of(struct kafka_producer *producer, int error)
{
    int certificate = atomic_load(&producer->certificate_error);
    return error == RD_KAFKA_RESP_ERR__SSL && certificate ? brokers_certificate_text(certificate)
                                                          : NULL;
}

static void on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    struct kafka_producer *producer = opaque;
    char text[256];
    if (error != RD_KAFKA_RESP_ERR__FATAL) {
        const char *more = reason_of(producer, error);
        const char *hint =
            error == RD_KAFKA_RESP_ERR__AUTHENTICATION ? brokers_hint(producer->conf) : "";
        log_warn("kafka_error", "topic=\"%s\" error=\"%s\" reason=\"%s%s%s%s\"", producer->topic,
                 rd_kafka_err2name((rd_kafka_resp_err_t)error), hint, more ? more : "",
                 more ? ": " : "", reason);
        bool is_down = error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN; /* the reason came before */
        if ((is_down && !is_troubled(producer)) || error == RD_KAFKA_RESP_ERR__AUTHENTICATION ||
            error == RD_KAFKA_RESP_ERR__SSL)
            trouble(producer, more ? more : rd_kafka_err2str((rd_kafka_resp_err_t)error));
        return;
    }
    rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(handle, text, sizeof text);
    log_error("kafka_producer_fatal", "topic=\"%s\" error=\"%s\" reason=\"%s\" action=recreate",
              producer->topic, rd_kafka_err2name(fatal), text);
    producer->is_fatal = true;
}

/* librdkafka's own lines, from its own threads; what matters comes to on_error as well. */
static void on_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    (void)handle;
    log_debug("librdkafka", "level=%d facility=%s text=\"%s\"", level, facility, text);
}

static void enable_events(struct kafka_producer *producer, bool is_enabled)
{
    rd_kafka_queue_t *reports = rd_kafka_queue_get_main(producer->handle);
    rd_kafka_queue_cb_event_enable(reports, is_enabled ? on_event : NULL, producer);
    rd_kafka_queue_destroy(reports);
}

rd_kafka_headers_t *kafka_producer_headers(const struct outgoing *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (uint32_t i = 0; i < record->header_count; i++) {
        const struct outgoing_header *header = &record->headers[i];
        (void)rd_kafka_header_add(headers, header->name, -1, header->value.data,
                                  (ssize_t)header->value.size);
    }
    return headers;
}

void kafka_producer_init(struct kafka_producer *producer, rd_kafka_conf_t *conf, const char *topic,
                         const char *owner, struct queue *wakes)
{
    *producer = (struct kafka_producer){
        .conf = conf, .topic = strdup(topic), .owner = owner, .wakes = wakes};
}

enum status kafka_producer_start(struct kafka_producer *producer, struct inbox *inbox,
                                 void *(*run)(void *argument), void *argument,
                                 struct error *ret_error)
{
    char text[512];
    if (!kafka_producer_open(producer, text, sizeof text)) {
        error_set(ret_error, EXIT_CONFIG, "%s topic %s: %s", producer->owner, producer->topic,
                  text);
        return STATUS_FATAL;
    }
    return inbox_start(inbox, run, argument, producer->topic, ret_error);
}

bool kafka_producer_open(struct kafka_producer *producer, char *text, size_t size)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_dup(producer->conf);
    rd_kafka_conf_set_opaque(conf, producer);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    (void)rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
    rd_kafka_conf_set_log_cb(conf, on_log);
    apply_limit(producer, conf);
    producer->is_fatal = producer->is_closing = false;
    producer->opened_ms = producer->moved_ms = clock_monotonic_ms();
    producer->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, size);
    if (producer->handle)
        enable_events(producer, true);
    else
        rd_kafka_conf_destroy(conf);
    return producer->handle != NULL;
}

void kafka_producer_close(struct kafka_producer *producer)
{
    if (!producer->handle)
        return;
    producer->is_closing = true;
    (void)rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    int64_t until = clock_monotonic_ms() + PURGE_MS;
    while (producer->in_flight > 0 && clock_monotonic_ms() < until)
        (void)rd_kafka_poll(producer->handle, PURGE_TURN_MS);
    assert(producer->in_flight == 0);
    enable_events(producer, false);
    kafka_question_forget(&producer->question);
    (void)brokers_destroy(producer->handle, DESTROY_MS);
    producer->handle = NULL;
}

static bool is_to_be_opened(struct kafka_producer *producer, int64_t now_ms)
{
    if (!producer->handle || producer->is_fatal)
        return now_ms - producer->opened_ms >= REOPEN_MS;
    if (!kafka_producer_is_outdated(producer)) {
        producer->changed_ms = 0;
        return false;
    }
    if (producer->changed_ms == 0)
        producer->changed_ms = now_ms;
    return producer->in_flight == 0 || now_ms - producer->changed_ms >= CHANGE_MS;
}

void kafka_producer_keep(struct kafka_producer *producer, int64_t now_ms)
{
    char text[256];
    if (!is_to_be_opened(producer, now_ms))
        return;
    kafka_producer_close(producer);
    if (!kafka_producer_open(producer, text, sizeof text))
        condition_log_met(&producer->opening, LOG_ERROR, "kafka_producer_failed",
                          "topic=\"%s\" error=\"%s\" action=retry", producer->topic, text);
    else
        condition_log_over(&producer->opening, "kafka_producer_opened", "topic=\"%s\"",
                           producer->topic);
}

rd_kafka_resp_err_t kafka_producer_send(struct kafka_producer *producer,
                                        const struct kafka_message *message)
{
    /* Without F_COPY and F_FREE the payload stays the owner's. The pointers lose their const in
     * librdkafka's union, which is read only. */
    const rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = producer->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {(void *)(uintptr_t)message->key.data, message->key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {message->payload.size ? (void *)(uintptr_t)message->payload.data : NULL,
                   message->payload.size}}, /* nothing is a null value, Kafka's tombstone */
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = message->headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = message->message},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(producer->handle, arguments, sizeof arguments / sizeof *arguments);
    if (!error) {
        producer->in_flight++;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(message->headers); /* librdkafka takes them only on success */
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        producer->is_fatal = true;
    return code;
}

void kafka_producer_poll(struct kafka_producer *producer)
{
    if (!producer->handle)
        return;
    int64_t now_ms = clock_monotonic_ms();
    (void)rd_kafka_poll(producer->handle, 0);
    note_silence(producer, now_ms);
    ask_when_due(producer, now_ms);
}

void kafka_producer_finish(struct kafka_producer *producer)
{
    kafka_producer_close(producer);
    if (producer->conf)
        rd_kafka_conf_destroy(producer->conf);
    free(producer->topic);
    producer->conf = NULL;
    producer->topic = NULL;
}
