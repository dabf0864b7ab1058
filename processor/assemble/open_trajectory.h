/* What one unfinished trajectory holds: its spans in pieces, the resources and scopes they name
 * (once each), its logs; and from which source and position they came.
 *
 *   pieces: [span|wire][span|wire].. -> [span|wire].. -> NULL
 *   ids:    open addressing over span ids, from 17 spans on
 *
 * Spans of one trace that stand together in a request are copied into one piece of exactly their
 * size, so that an open trajectory costs little more than its bytes. Request buffers are never
 * pinned: one slow trace would hold megabytes. Only in_flight.c changes one; it keeps the sums of
 * the table. */
#pragma once
#include "processor/assemble/timer_wheel.h"
#include "processor/otlp/wire_gate.h"
#include "processor/trajectory.h"

enum { MALLOC_OVERHEAD = 16 }; /* of a block, in what a trajectory is said to cost */

struct piece;
struct blob;

/* A place in a list by position. */
struct floor_link {
    struct holding *older, *newer;
};

/* What one source has given to one trajectory. */
struct holding {
    struct open_trajectory *owner;
    struct holding *next_of_owner;
    struct floor_link floor;   /* while not all of it is spilled */
    struct floor_link spilled; /* while some of it is */
    uint64_t first_position;   /* the first that is not spilled; 0: none */
    uint64_t last_position;
    uint64_t first_spilled, spilled_through; /* 0: none */
    int64_t since_ms;                        /* monotonic; when first_position came */
    int64_t seen_ms; /* by the clock of the source; when anything came for the trajectory last */
    uint16_t source;
};

struct open_trajectory {
    uint8_t id[TRACE_ID_SIZE];
    struct timer_node timer;
    struct open_trajectory *older, *newer; /* by last arrival */
    int64_t first_ms, last_ms;             /* monotonic */
    int64_t lived_ms;                      /* by the clocks of its sources; first to last arrival */
    int64_t await_until_ms;                /* while is_awaiting: when to stop waiting for scores */
    uint64_t received_ms;                  /* wall clock of the last arrival */
    bool has_root, has_local_root, is_awaiting;
    bool is_conversation;    /* of several traces, under the hash of its id */
    uint32_t span_count;     /* distinct */
    uint32_t accepted_spans; /* duplicates included: what the counters of the verdict add up */
    uint32_t log_count, accepted_logs;
    size_t wire_bytes; /* of distinct spans */
    size_t bytes;      /* everything this trajectory costs */
    struct piece *pieces, *last_piece;
    struct blob_set {
        struct blob *newest, **buckets; /* no buckets while there are few */
        uint32_t count, bucket_count;
        uint64_t compared; /* with others, on the way to its place */
    } resources, scopes, logs; /* distinct ones */
    struct span **ids; /* NULL up to 16 spans */
    uint32_t id_capacity;
    uint64_t spill_sequence; /* of its row in the store; 0: none */
    struct holding holding;  /* of the first source; further ones behind next_of_owner */
};

struct open_trajectory *open_trajectory_create(const uint8_t trace_id[TRACE_ID_SIZE],
                                               int64_t now_ms);
void open_trajectory_destroy(struct open_trajectory *trajectory);
MUST_CHECK enum status open_trajectory_add_spans(struct open_trajectory *trajectory,
                                                 const struct gated_request *request,
                                                 uint32_t first, uint32_t *ret_next);
MUST_CHECK enum status open_trajectory_add_log(struct open_trajectory *trajectory,
                                               const struct gated_request *request,
                                               const struct log_record *log);
/* Is there a span with a remote parent that is not here? */
bool open_trajectory_has_local_root(const struct open_trajectory *trajectory);
/* Does the store hold what this source gave at that position? */
bool open_trajectory_is_spilled(const struct open_trajectory *trajectory, uint16_t source,
                                uint64_t position);

/* The trajectory as a view: arrays in `arena`, wire bytes where they lie; ordered and linked. False
 * when the arena is full. */
MUST_CHECK bool open_trajectory_view(const struct open_trajectory *open, enum close_trigger trigger,
                                     struct arena *arena, struct trajectory *ret_trajectory);
