/* What the files of the relay share: requests and the thread are in relay.c, what becomes of a
 * message in relay_messages.c. */
#pragma once
#include "processor/emit/kafka/producer.h"
#include "processor/emit/kafka/relay.h"

enum { RELAY_PAYLOAD_OVERHEAD = 1024 }; /* key, header and frame of a message, generously */

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

/* Done when it is split and nothing of it is undelivered. */
void relay_request_finish(struct kafka_relay *relay, struct relay_request *request);
/* What is not split yet will not be sent. */
void relay_request_abandon(struct kafka_relay *relay, struct relay_request *request);

/* The largest payload by what is known of the topic now. */
size_t relay_message_payload_max(const struct kafka_relay *relay);
struct relay_message *relay_message_make(struct kafka_relay *relay, struct relay_request *request,
                                         const struct span_message *part);
/* False when it has to wait for the producer. */
bool relay_message_send(struct kafka_relay *relay, struct relay_message *message);
void relay_message_on_delivery(void *relay, void *message, rd_kafka_resp_err_t error);
/* No message can hold it, or the topic wants none of it: counted, said and kept by whoever keeps
 * such; the message itself stays. */
void relay_message_drop(struct kafka_relay *relay, struct relay_message *message,
                        const char *reason, struct counter *counter);
/* It ends, and its request is none the worse for it. */
void relay_message_undo(struct kafka_relay *relay, struct relay_message *message);
/* It ends undelivered. */
void relay_message_give_up(struct kafka_relay *relay, struct relay_message *message);
