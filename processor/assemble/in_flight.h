/* The unfinished trajectories of one shard: found by trace id, bounded in count and bytes, each
 * with what assembly needs to know and a copy of its spans' wire bytes.
 *
 *   open addressing by keyed hash of the id -> struct open_trajectory
 *                                                pieces:  [span|wire][span|wire].. -> [span|wire]..
 * -> NULL ids:     open addressing over span ids, from 17 spans on Spans of one trace that stand
 * together in a request are copied into one piece of exactly their size, so that an open trajectory
 * costs little more than its bytes. Request buffers are never pinned: one slow trace would hold
 * megabytes.
 *
 * Floors: for each source the trajectories that hold spans of it lie in a list by first position,
 * so the smallest position still needed is the head of the list. A trajectory whose spans so far
 * have been spilled to the store leaves that list until another one comes, and lies in a second
 * list by the first position of all: what another instance would have to read. */
#pragma once
#include "processor/assemble/timer_wheel.h"
#include "processor/otlp/wire_gate.h"
#include "processor/trajectory.h"

enum { IN_FLIGHT_SOURCES_MAX = 64 };

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
    uint16_t source;
};

struct floor_list {
    struct holding *oldest, *newest;
};

struct open_trajectory {
    uint8_t id[TRACE_ID_SIZE];
    struct timer_node timer;
    struct open_trajectory *older, *newer; /* by last arrival */
    int64_t first_ms, last_ms;             /* monotonic */
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
    struct blob *resources, *scopes, *logs; /* each newest first */
    uint32_t resource_count, scope_count;
    struct span **ids; /* NULL up to 16 spans */
    uint32_t id_capacity;
    uint64_t spill_sequence; /* of its row in the store; 0: none */
    struct holding holding;  /* of the first source; further ones behind next_of_owner */
};

struct in_flight {
    struct open_trajectory **slots;
    size_t capacity, count;
    size_t span_count; /* accepted spans of all trajectories */
    size_t log_only;   /* trajectories without spans so far */
    size_t bytes;
    struct open_trajectory *oldest, *newest; /* by last arrival */
    struct floor_list floors[IN_FLIGHT_SOURCES_MAX], spilled[IN_FLIGHT_SOURCES_MAX];
};

bool in_flight_init(struct in_flight *table);
void in_flight_finish(struct in_flight *table);

struct open_trajectory *in_flight_find(const struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE]);
/* A new entry without spans; its timer is not in a wheel. NULL when out of memory. */
struct open_trajectory *in_flight_open(struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE], int64_t now_ms);
/* Takes it out and frees it; its timer must be out of the wheel. */
void in_flight_release(struct in_flight *table, struct open_trajectory *trajectory);

/* Copies the chain of gated spans from `first` on that belong to this trajectory and follow each
 * other, and says where the chain goes on (UINT32_MAX: ended). A duplicate costs nothing but its
 * count; of two different spans with one id, the one that supersedes stays. FATAL: out of memory;
 * the process stops and the restart replays. */
MUST_CHECK enum status in_flight_add_spans(struct in_flight *table,
                                           struct open_trajectory *trajectory,
                                           const struct gated_request *request, uint32_t first,
                                           uint32_t *ret_next);
/* Keeps one log record; an identical one counts as accepted and is not kept again. */
MUST_CHECK enum status in_flight_add_log(struct in_flight *table,
                                         struct open_trajectory *trajectory,
                                         const struct gated_request *request,
                                         const struct log_record *log);
/* Notes an arrival: recency, times, and the position of the source. */
void in_flight_touch(struct in_flight *table, struct open_trajectory *trajectory, uint16_t source,
                     uint64_t position, int64_t now_ms, uint64_t received_ms);
/* The smallest position of that source that an open trajectory needs and the store does not hold;
 * UINT64_MAX: none. */
uint64_t in_flight_floor(const struct in_flight *table, uint16_t source);
/* The same, spilled or not. */
uint64_t in_flight_need(const struct in_flight *table, uint16_t source);
/* The trajectory of the floor; NULL: none. */
struct holding *in_flight_floor_holding(const struct in_flight *table, uint16_t source);
/* Any one of that source, spilled or not; NULL: none is open. */
struct holding *in_flight_any_holding(const struct in_flight *table, uint16_t source);
/* The source is not asked for what it gave to this trajectory any more. */
void in_flight_detach(struct in_flight *table, struct holding *holding);
/* The store holds all that this trajectory has. */
void in_flight_mark_spilled(struct in_flight *table, struct open_trajectory *trajectory);
/* At start, of one read back from the store: what a source had given, and what was counted. */
void in_flight_restore_holding(struct in_flight *table, struct open_trajectory *trajectory,
                               uint16_t source, uint64_t first_spilled, uint64_t spilled_through);
void in_flight_restore_counts(struct in_flight *table, struct open_trajectory *trajectory,
                              uint32_t accepted_spans, uint32_t accepted_logs);
/* Does the store hold what this source gave at that position? */
bool in_flight_is_spilled(const struct open_trajectory *trajectory, uint16_t source,
                          uint64_t position);

/* The trajectory as a view: arrays in `arena`, wire bytes of the table; ordered and linked. False
 * when the arena is full. */
MUST_CHECK bool in_flight_view(const struct open_trajectory *open, enum close_trigger trigger,
                               struct arena *arena, struct trajectory *ret_trajectory);
