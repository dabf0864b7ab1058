/* librdkafka's producer as the exporters use it: messages are never copied, each comes back through
 * `delivered` exactly once, and after a fatal error the producer is created anew. So it is when the
 * limit of the topic has changed, since a handle keeps its properties for life: nothing new is sent
 * then until what is in flight has come back.
 *
 *   produce -> in flight -> delivered(ok | error)
 *   close:  all in flight comes back with an error first
 * Everything is called in the owner's thread; only `wake` comes from librdkafka's. */
#pragma once
#include <librdkafka/rdkafka.h>

#include "processor/base/condition.h"
#include "processor/emit/inbox.h"
#include "processor/emit/kafka/limit.h"
#include "processor/emit/kafka/question.h"
#include "processor/emit/outgoing.h"

struct kafka_producer {
    rd_kafka_conf_t *conf; /* owned; each handle is created from a copy */
    char *topic;           /* owned */
    const char *owner;     /* what stands before "topic" in an error: "kafka exporter of" */
    rd_kafka_t *handle;    /* NULL: there is none now */
    size_t in_flight;
    bool is_fatal;   /* close and open again: nothing can be produced any more */
    struct condition opening; /* that it fails */
    bool is_closing; /* what comes back now was not refused by anybody */
    int64_t opened_ms;
    int64_t moved_ms;          /* the last report, or the last time that nothing was in flight */
    struct kafka_limit limit;  /* of the topic; the owner tells it of refusals */
    struct kafka_limit opened; /* as it was when the handle was opened */
    int64_t changed_ms;        /* since when they differ; 0: they don't */
    struct kafka_question question;
    bool was_denied;               /* the limit is not told: said once */
    _Atomic int certificate_error; /* of the last broker that was asked for its; 0: none */

    /* Why nothing can be delivered now, in words that live for ever; NULL: it can. The owner's. */
    const char *_Atomic *trouble;
    bool is_refused;     /* only a delivery ends that trouble */
    struct queue *wakes; /* woken when there is something to poll for */
    void (*delivered)(void *context, void *message, rd_kafka_resp_err_t error);
    void *context;
};

struct kafka_message {
    struct bytes key, payload; /* absent key: none */
    rd_kafka_headers_t *headers;
    void *message; /* handed to `delivered` */
};

/* Takes `conf`. Without memory `topic` is NULL. What calls back is the owner's to set. */
void kafka_producer_init(struct kafka_producer *producer, rd_kafka_conf_t *conf, const char *topic,
                         const char *owner, struct queue *wakes);
/* The headers of a record, for kafka_message. */
rd_kafka_headers_t *kafka_producer_headers(const struct outgoing *record);

/* Opens it and starts `run`, the thread that owns it from then on. */
MUST_CHECK enum status kafka_producer_start(struct kafka_producer *producer, struct inbox *inbox,
                                            void *(*run)(void *argument), void *argument,
                                            struct error *ret_error);
/* False with the reason in `text`. */
MUST_CHECK bool kafka_producer_open(struct kafka_producer *producer, char *text, size_t size);
void kafka_producer_close(struct kafka_producer *producer);
/* Can something be sent now? Else after a keep, later. */
bool kafka_producer_is_open(const struct kafka_producer *producer);
/* Has the limit changed since the handle was opened? */
bool kafka_producer_is_outdated(const struct kafka_producer *producer);
/* A record of `size` bytes was refused alone although the topic takes that much as far as known:
 * true, and the topic is asked anew, once for each record (`*was_asked`); it is to be sent again a
 * little later. */
bool kafka_producer_doubts(struct kafka_producer *producer, size_t size, bool *was_asked);
enum { KAFKA_DOUBT_MS = 300 };
/* A batch of several was refused: they go alone, and the topic is asked for its limit. */
void kafka_producer_suspect(struct kafka_producer *producer);
/* Opens what is fatal, outdated or not there, the first and the last at most once a second. */
void kafka_producer_keep(struct kafka_producer *producer, int64_t now_ms);
/* Takes the headers in any case. On success the bytes stay with the producer until `delivered`.
 * __QUEUE_FULL and __FATAL: try again, later or after the next open. */
MUST_CHECK rd_kafka_resp_err_t kafka_producer_send(struct kafka_producer *producer,
                                                   const struct kafka_message *message);
/* Reports, answers, and what is said of brokers that are silent. */
void kafka_producer_poll(struct kafka_producer *producer);
/* Closes and frees what it owns; the struct stays the caller's. */
void kafka_producer_finish(struct kafka_producer *producer);
