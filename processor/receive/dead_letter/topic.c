/* Dead letters as messages of a topic: value and key as they were received, and headers
 *
 *   reason detail receiver signal encoding compression time      and, from a topic,
 *   topic partition offset                                       (numbers in decimal)
 *
 * The payload stays in the letter until its delivery report. Reports are waited for some seconds
 * and no longer: a broker that is away must not make letters pile up. Retries may produce a letter
 * twice; an idempotent producer would be able to stop for ever, which is worse here. */
#include "processor/receive/dead_letter/topic.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/base/log.h"
#include "processor/net/brokers.h"
#include "processor/receive/kafka/properties.h"

enum {
    FLUSH_MS = 50,     /* for the reports of what was purged; they are there already */
    DESTROY_MS = 1500, /* for a client to end */
};

struct letter_topic {
    struct letter_sink sink; /* first: handed out as this */
    rd_kafka_t *producer;
    char *topic;
};

static struct letter_topic *of(struct letter_sink *sink)
{
    return (struct letter_topic *)sink;
}

static void settle(struct letter_topic *topic, struct letter *letter, rd_kafka_resp_err_t error)
{
    if (error)
        log_warn("dead_letter_failed", "topic=\"%s\" bytes=%zu error=\"%s\"", topic->topic,
                 letter->body_size, rd_kafka_err2name(error));
    topic->sink.settled(topic->sink.context, letter, error ? LETTER_FAILED : LETTER_LOSSES);
}

static void on_delivery(rd_kafka_t *producer, const rd_kafka_message_t *report, void *opaque)
{
    (void)producer;
    settle(opaque, report->_private, report->err);
}

static void on_error(rd_kafka_t *producer, int error, const char *text, void *opaque)
{
    (void)producer;
    (void)opaque;
    log_debug("dead_letter_producer", "error=\"%s\" reason=\"%s\"",
              rd_kafka_err2name((rd_kafka_resp_err_t)error), text);
}

static void add_text(rd_kafka_headers_t *headers, const char *name, const char *value)
{
    if (*value)
        (void)rd_kafka_header_add(headers, name, -1, value, -1);
}

static rd_kafka_headers_t *headers_of(const struct letter *letter)
{
    char text[32], time[CLOCK_RFC3339_SIZE];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(10);
    clock_format_rfc3339(time, (uint64_t)letter->time_ms * 1000000);
    add_text(headers, "reason", letter->reason);
    add_text(headers, "detail", letter->detail);
    add_text(headers, "receiver", letter->receiver);
    add_text(headers, "signal", letter->signal);
    add_text(headers, "encoding", letter->encoding);
    add_text(headers, "compression", letter->compression);
    add_text(headers, "time", time);
    if (!*letter->topic)
        return headers;
    add_text(headers, "topic", letter->topic);
    (void)snprintf(text, sizeof text, "%" PRId32, letter->partition);
    add_text(headers, "partition", text);
    (void)snprintf(text, sizeof text, "%" PRId64, letter->offset);
    add_text(headers, "offset", text);
    return headers;
}

static void keep(struct letter_sink *sink, struct letter *letter)
{
    struct letter_topic *topic = of(sink);
    struct bytes key = letter_key(letter), body = letter_body(letter);
    rd_kafka_headers_t *headers = headers_of(letter);
    const rd_kafka_vu_t arguments[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0}, /* neither copied nor freed */
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key.data, key.size}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)body.data, body.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = letter},
    };
    rd_kafka_error_t *error =
        rd_kafka_produceva(topic->producer, arguments, sizeof arguments / sizeof *arguments);
    if (!error)
        return;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers); /* taken only on success */
    settle(topic, letter, code);
}

static void turn(struct letter_sink *sink)
{
    (void)rd_kafka_poll(of(sink)->producer, 0);
}

static void destroy(struct letter_sink *sink, int64_t grace_ms)
{
    struct letter_topic *topic = of(sink);
    if (topic->producer) {
        if (grace_ms > 0)
            (void)rd_kafka_flush(topic->producer, (int)(grace_ms < 60000 ? grace_ms : 60000));
        (void)rd_kafka_purge(topic->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        while (rd_kafka_outq_len(topic->producer) > 0)
            (void)rd_kafka_poll(topic->producer, FLUSH_MS); /* purged ones come back at once */
        (void)brokers_destroy(topic->producer, DESTROY_MS);
    }
    free(topic->topic);
    free(topic);
}

static const struct letter_sink_operations operations = {
    .keep = keep, .turn = turn, .destroy = destroy};

enum status letter_topic_open(const struct dead_letter_config *config,
                              struct letter_sink **ret_sink, struct error *ret_error)
{
    rd_kafka_conf_t *conf = kafka_letter_properties(config, ret_error);
    if (!conf)
        return STATUS_FATAL;
    struct letter_topic *topic = calloc(1, sizeof *topic);
    if (topic)
        topic->topic = strdup(config->topic);
    if (!topic || !topic->topic) {
        error_set(ret_error, EXIT_TEMPORARY, "no memory for dead letters");
        free(topic);
        rd_kafka_conf_destroy(conf);
        return STATUS_FATAL;
    }
    topic->sink.operations = &operations;
    rd_kafka_conf_set_opaque(conf, topic);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    char text[512];
    topic->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    if (!topic->producer) {
        error_set(ret_error, EXIT_CONFIG, "dead letters to topic %s: %s", config->topic, text);
        rd_kafka_conf_destroy(conf);
        destroy(&topic->sink, 0);
        return STATUS_FATAL;
    }
    *ret_sink = &topic->sink;
    return STATUS_OK;
}
