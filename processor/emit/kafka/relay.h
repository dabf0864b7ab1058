/* Sends export requests on to a topic, one message a trace (otlp/split.h), keyed so that all
 * spans of a trace reach one partition. Nothing is stored: a request is held until the brokers have
 * all of its messages, and whoever sent it is answered then.
 *
 *   send --queue--> being split --produce--> undelivered --last report--> done(OK)
 *                       ^                        | a message failed or took too long
 *                       |                        +--> done(BUSY): the sender tries again
 *                       +--- a pause --- sent again, while nobody waits for the answer
 *
 * A message that was refused in a batch with others is sent again alone; one that is too large
 * alone becomes several, and an item that no message can hold is given up.
 *
 * Memory is bounded: `held_bytes_max` for requests and messages together, and the
 * messages of a request are made only as earlier ones leave. Any thread may send; done()
 * comes from the relay's. */
#pragma once
#include "processor/base/error.h"
#include "processor/base/metrics.h"
#include "processor/emit/otlp/split.h"

struct relay_message;

/* One request on its way, embedded in the caller's; everything it points to lives until done. */
struct relay_request {
    struct bytes body;
    struct gated_request *gated;
    enum wire_gate_signal signal;
    struct arena *arena;
    size_t bytes;    /* what it counts against `held_bytes_max` */
    bool is_awaited; /* a sender waits for the answer: a failure is told, not tried again */
    void (*done)(struct relay_request *request, enum status status); /* OK or BUSY; frees it */

    /* The relay's own. */
    struct relay_request *next, *previous;
    struct span_split split;
    int64_t since_ms;
    uint32_t undelivered;
    bool is_begun, is_split, has_failed;
};

struct kafka_relay_config {
    const char *brokers, *topic, *client_id;
    const char *const *properties; /* as of an exporter */
    size_t held_bytes_max;
    /* An item that no message can hold, as an export request; called in the relay's thread. NULL:
     * nobody keeps it. */
    void (*give_up)(void *context, enum wire_gate_signal signal, struct bytes request,
                    const char *reason);
    void *context;
};

/* One writer, the relay's thread. */
struct relay_counters {
    struct counter trace_messages, log_messages; /* delivered */
    struct counter failures;                     /* messages that were not, each time */
    /* Spans and log records. */
    struct counter dropped_too_large, dropped_refused, dropped_shutdown;
    const char *_Atomic trouble; /* why nothing can be sent now; NULL: it can */
};

struct relay_gauges {
    size_t held_bytes;
    int64_t age_ms;  /* of the oldest request that is not done; 0: none */
    int64_t turn_ms; /* since the thread's last turn */
    bool is_stalled; /* brokers have taken nothing for a while */
};

struct kafka_relay;

/* NULL with `ret_error` for a property that can't be. `counters` stay the caller's. */
struct kafka_relay *kafka_relay_create(const struct kafka_relay_config *config,
                                       struct relay_counters *counters, struct error *ret_error);
/* A broker that is not there is no error. */
MUST_CHECK enum status kafka_relay_start(struct kafka_relay *relay, struct error *ret_error);
/* BUSY: no room, or the brokers are away; the request stays the caller's. Never waits. */
MUST_CHECK enum status kafka_relay_send(struct kafka_relay *relay, struct relay_request *request);
bool kafka_relay_has_room(const struct kafka_relay *relay, size_t more_bytes);
/* The largest payload of a message at the start; a span near it can't be sent. */
size_t kafka_relay_payload_max(const struct kafka_relay *relay);
struct relay_gauges kafka_relay_gauges(const struct kafka_relay *relay);
/* Waits up to `grace_ms`; what is undelivered then is done(BUSY). Nothing is sent any more before
 * this is called. */
void kafka_relay_stop(struct kafka_relay *relay, int64_t grace_ms);
void kafka_relay_destroy(struct kafka_relay *relay);
