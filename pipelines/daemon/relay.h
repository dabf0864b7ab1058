/* The relay pipeline: what receivers take in goes to a topic, keyed by trace id, so that any number
 * of front ends feed any number of scoring instances. It keeps nothing: with `ack: durable` the
 * sender is answered when the brokers have all of its request.
 *
 *   receiver --pass on-> kafka_relay --> topic
 *       ^----- on_durable(OK, or BUSY) <--- all delivered, or one failed */
#pragma once
#include "pipelines/config/config.h"
#include "processor/base/metrics.h"
#include "processor/receive/receiver.h"

struct relay;

/* `config` is borrowed until relay_destroy. NULL with `ret_error`. */
struct relay *relay_create(const struct pipeline_config *config, struct error *ret_error);
/* A broker that is not there is no error: senders are refused once the memory is full. */
MUST_CHECK enum status relay_start(struct relay *relay, struct error *ret_error);
/* The intake of receiver number `source`. Valid until relay_destroy. */
struct intake relay_intake(struct relay *relay, uint32_t source, bool ack_durable);
/* Spans so large that no message could hold them are refused when they come. */
struct wire_gate_limits relay_gate_limits(const struct relay *relay,
                                          struct wire_gate_limits limits);

struct relay_state {
    bool is_alive;    /* its thread turns */
    bool is_refusing; /* no room, or brokers are silent */
    size_t held_bytes;
    double age_s;        /* of the oldest request that waits for the brokers */
    const char *trouble; /* why nothing can be sent now; NULL: it can */
};
struct relay_state relay_state(const struct relay *relay);
void relay_register_metrics(struct relay *relay, struct metrics *metrics);

/* Receivers have stopped before. Waits up to `grace_ms` for the brokers. */
void relay_stop(struct relay *relay, int64_t grace_ms);
void relay_destroy(struct relay *relay);
