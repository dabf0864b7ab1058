/* The unfinished trajectories of one shard: found by trace id, bounded in count and bytes, each
 * with a deadline in the wheel of the table.
 *
 *   slots:  open addressing by keyed hash of the id -> struct open_trajectory
 *   oldest .. newest:  by last arrival
 *
 * Clocks: each source has one, which stands still while nothing of it can come, so it lags behind
 * the monotonic one. How long a trajectory has been quiet, by the slowest clock of its sources, is
 * in_flight_quiet_ms(); how long it has lived, lived_ms + that.
 *
 * Floors: for each source the trajectories that hold spans of it lie in a list by first position,
 * so the smallest position still needed is the head of the list. A trajectory whose spans so far
 * have been spilled to the store leaves that list until another one comes, and lies in a second
 * list by the first position of all: what another instance would have to read. */
#pragma once
#include "processor/assemble/open_trajectory.h"

enum { IN_FLIGHT_SOURCES_MAX = 64 };

struct floor_list {
    struct holding *oldest, *newest;
};

struct in_flight {
    struct open_trajectory **slots;
    size_t capacity, count;
    size_t span_count; /* accepted spans of all trajectories */
    size_t log_only;   /* trajectories without spans so far */
    size_t bytes;
    struct open_trajectory *oldest, *newest; /* by last arrival */
    struct floor_list floors[IN_FLIGHT_SOURCES_MAX], spilled[IN_FLIGHT_SOURCES_MAX];
    struct timer_wheel wheel;
    int64_t lag_ms[IN_FLIGHT_SOURCES_MAX]; /* of the clocks */
};

MUST_CHECK bool in_flight_init(struct in_flight *table, int64_t now_ms);
void in_flight_finish(struct in_flight *table);

struct open_trajectory *in_flight_find(const struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE]);
/* A new entry without spans and without a deadline. NULL when out of memory. */
struct open_trajectory *in_flight_open(struct in_flight *table,
                                       const uint8_t trace_id[TRACE_ID_SIZE], int64_t now_ms);
/* The one that is there, else a new one. NULL when out of memory. */
struct open_trajectory *in_flight_find_or_open(struct in_flight *table,
                                               const uint8_t trace_id[TRACE_ID_SIZE],
                                               int64_t now_ms);
/* Takes it out, of the wheel too, and frees it. */
void in_flight_release(struct in_flight *table, struct open_trajectory *trajectory);

/* Sets its deadline, or moves it. */
void in_flight_file(struct in_flight *table, struct open_trajectory *trajectory,
                    int64_t deadline_ms);
/* No deadline any more. */
void in_flight_unfile(struct in_flight *table, struct open_trajectory *trajectory);
/* One whose deadline has passed, without a deadline from now on; NULL: none. */
struct open_trajectory *in_flight_take_due(struct in_flight *table, int64_t now_ms);

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
/* How far the clocks of the sources lag from now on; NULL: not at all. */
void in_flight_set_lags(struct in_flight *table, const int64_t *lag_ms, uint32_t source_count);
/* Since the last arrival, by the slowest of the clocks of its sources. */
int64_t in_flight_quiet_ms(const struct in_flight *table, const struct open_trajectory *trajectory,
                           int64_t now_ms);
/* Does one of these clocks lag? */
bool in_flight_has_lag(const struct in_flight *table, const struct open_trajectory *trajectory);
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
                               uint16_t source, uint64_t first_spilled, uint64_t spilled_through,
                               int64_t now_ms);
void in_flight_restore_counts(struct in_flight *table, struct open_trajectory *trajectory,
                              uint32_t accepted_spans, uint32_t accepted_logs);
