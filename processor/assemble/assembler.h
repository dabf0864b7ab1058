/* Decides when a trajectory is done. It keeps the unfinished trajectories of one shard with their
 * deadlines (in_flight), and closes each by the first trigger that applies.
 * Single-threaded, no clock: `now_ms` is an argument (monotonic). */
#pragma once
#include "processor/assemble/in_flight.h"

enum { AWAIT_SCORES_MAX = 16, LOCAL_ROOT_SETTLE_MIN_MS = 10000 };

struct assembly_config {
    int64_t settle_ms;       /* 6 s: quiet time after the root has ended */
    int64_t idle_timeout_ms; /* 5 min: quiet time while no root has ended */
    int64_t max_duration_ms; /* 15 min since the first span came */
    uint32_t max_spans;      /* 10,000 */
    size_t max_bytes;        /* 16 MiB of wire bytes */
    /* After root and settle, wait for these imported scores. */
    struct bytes await_scores[AWAIT_SCORES_MAX];
    uint32_t await_count;
    int64_t await_timeout_ms; /* 60 s */
    size_t memory_bytes;      /* the shard's share of limits.memory for open trajectories */
    uint32_t log_only_max;    /* trajectories that so far have only logs: 10,000 */
};

struct assembler {
    struct assembly_config config;
    struct in_flight table;
};

MUST_CHECK bool assembler_init(struct assembler *assembler, const struct assembly_config *config,
                               int64_t now_ms);
void assembler_finish(struct assembler *assembler);

/* Where something came from and when. */
struct arrival {
    uint16_t source;
    uint64_t position;
    int64_t now_ms;       /* monotonic */
    uint64_t received_ms; /* wall clock */
};

/* Adds the spans at the head of a chain that belong to one trace, opening it when it is new, and
 * files its deadline. FATAL: out of memory. */
MUST_CHECK enum status assembler_add_spans(struct assembler *assembler,
                                           const struct gated_request *request, uint32_t first,
                                           const struct arrival *arrival, uint32_t *ret_next,
                                           struct open_trajectory **ret_trajectory);
/* Adds a log record. BUSY: it would be one more trajectory of logs alone than the bound allows. */
MUST_CHECK enum status assembler_add_log(struct assembler *assembler,
                                         const struct gated_request *request,
                                         const struct gated_log *log, const struct arrival *arrival,
                                         struct open_trajectory **ret_trajectory);

/* Files the deadline of one that was put into the table from the store. */
void assembler_restored(struct assembler *assembler, struct open_trajectory *trajectory,
                        int64_t now_ms);

/* Is this trajectory over one of its own limits, and which? */
bool assembler_is_full(const struct assembly_config *config,
                       const struct open_trajectory *trajectory, enum close_trigger *ret_trigger);
/* The one heard of least recently of those that wait for a root; NULL: there is none, or it is
 * behind many that close by themselves soon. */
struct open_trajectory *assembler_longest_quiet(const struct assembler *assembler);
/* While all together are over the memory limit: that one, else the one heard of least recently;
 * NULL when they are not. */
struct open_trajectory *assembler_over_memory(const struct assembler *assembler);

/* The next trajectory whose time has come, with the trigger that closes it; NULL when there is
 * none. It is out of the wheel: the caller closes it (assembler_release), or lets it wait for
 * scores (assembler_await). A trajectory of logs alone comes with CLOSE_IDLE and span_count 0. */
struct open_trajectory *assembler_next_due(struct assembler *assembler, int64_t now_ms,
                                           enum close_trigger *ret_trigger);
/* Root and settle have passed, but awaited scores are missing. False when the waiting is over. */
bool assembler_await(struct assembler *assembler, struct open_trajectory *trajectory,
                     int64_t now_ms);
void assembler_release(struct assembler *assembler, struct open_trajectory *trajectory);
/* Any open trajectory, to close all of them one by one; NULL when none is left. */
struct open_trajectory *assembler_any(const struct assembler *assembler);
