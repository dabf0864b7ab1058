/* What librdkafka reports, in the owner's words. A handle that has had a fatal error is purged: all
 * messages come back, so that whoever owns them sends them by the next handle. */
#include "processor/emit/kafka/producer.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"

enum { REOPEN_MS = 1000, PURGE_MS = 30000, PURGE_TURN_MS = 100 };

static void on_delivery(rd_kafka_t *handle, const rd_kafka_message_t *report, void *opaque)
{
    struct kafka_producer *producer = opaque;
    rd_kafka_resp_err_t error = report->err;
    producer->in_flight--;
    if (error && rd_kafka_fatal_error(handle, NULL, 0))
        error = RD_KAFKA_RESP_ERR__FATAL; /* whatever it says, the message is not at fault */
    producer->delivered(producer->context, report->_private, error);
}

static void on_error(rd_kafka_t *handle, int error, const char *reason, void *opaque)
{
    struct kafka_producer *producer = opaque;
    char text[256];
    if (error != RD_KAFKA_RESP_ERR__FATAL) {
        log_warn("kafka_error", "topic=\"%s\" error=\"%s\" reason=\"%s\"", producer->topic,
                 rd_kafka_err2name((rd_kafka_resp_err_t)error), reason);
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

static void on_event(rd_kafka_t *handle, void *opaque)
{
    (void)handle;
    queue_wake(((struct kafka_producer *)opaque)->wakes);
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
    rd_kafka_conf_set_log_cb(conf, on_log);
    producer->is_fatal = producer->is_closing = false;
    producer->opened_ms = clock_monotonic_ms();
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
    rd_kafka_destroy(producer->handle);
    producer->handle = NULL;
}

void kafka_producer_keep(struct kafka_producer *producer, int64_t now_ms)
{
    char text[256];
    if ((producer->handle && !producer->is_fatal) || now_ms - producer->opened_ms < REOPEN_MS)
        return;
    kafka_producer_close(producer);
    if (!kafka_producer_open(producer, text, sizeof text))
        log_error("kafka_producer_failed", "topic=\"%s\" error=\"%s\" action=retry",
                  producer->topic, text);
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
         .u.mem = {(void *)(uintptr_t)message->payload.data, message->payload.size}},
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
    if (producer->handle)
        (void)rd_kafka_poll(producer->handle, 0);
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
