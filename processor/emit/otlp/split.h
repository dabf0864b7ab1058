/* An export request as messages of a topic that is keyed by trace id: each message is an export
 * request of its own and holds spans (or log records) of one trace only.
 *
 *   resource A [ scope x [ 1 2 1 ] ]  resource B [ scope y [ 2 ] ]
 *     -> key 1: A [ x [ 1 1 ] ]
 *     -> key 2: A [ x [ 2 ] ] B [ y [ 2 ] ]
 *
 * Resource, scope and schema URLs go along, spans are copied byte for byte and keep their order. A
 * trace that is too large for one message gets several. They come one by one, so that a large
 * Resource over many traces never stands in memory as often as there are traces. */
#pragma once
#include "processor/otlp/wire_gate.h"

struct span_chain {
    uint32_t first, last; /* items of one trace, chained by `next` */
};

struct span_split {
    enum wire_gate_signal signal;
    struct bytes body;
    struct gated_request *gated;
    size_t payload_max;
    struct span_chain *chains; /* in the order of their first items */
    uint32_t chain_count;
    struct bytes *resource_urls, *scope_urls; /* by index of the gated request */
    uint32_t chain, item;                     /* where the next message begins */
};

struct span_message {
    bool has_key; /* false: log records without a trace id */
    uint8_t trace_id[TRACE_ID_SIZE];
    struct bytes whole; /* the body itself, when it needs no regrouping; else absent */
    size_t size;        /* of the payload */
    uint32_t first, end, items;
    bool is_too_large; /* for `payload_max`, although it is one item alone */
};

/* Reads `body`, which the gate has proved and `gated` describes; both must live as long as the
 * split. The chains (`next`) of `gated` are made anew. Tables are allocated in `arena`; BUSY when
 * it has no room. */
MUST_CHECK enum status span_split_begin(struct span_split *split, struct bytes body,
                                        struct gated_request *gated, enum wire_gate_signal signal,
                                        size_t payload_max, struct arena *arena);
/* False at the end. What not even a message of its own can hold comes as one, `is_too_large`. */
bool span_split_next(struct span_split *split, struct span_message *ret_message);
/* The messages of one that turned out to be too large, under the `payload_max` that the split has
 * by now: begun with *at = message->first, false at message->end. What not even a message of its
 * own can hold comes as one all the same, with `is_too_large`. */
bool span_split_again(struct span_split *split, const struct span_message *message, uint32_t *at,
                      struct span_message *ret_part);
/* Appends the payload, `message->size` bytes. */
void span_split_write(const struct span_split *split, const struct span_message *message,
                      struct buffer *to);
