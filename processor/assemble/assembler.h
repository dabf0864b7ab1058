/* Decides when a trajectory is done. It keeps the unfinished trajectories of one shard (in_flight),
 * their deadlines (timer_wheel), and closes each by the first trigger that applies.
 * Single-threaded, no clock: `now_ms` is an argument (monotonic). */
#pragma once
#include "processor/base/bytes.h"
#include "processor/trajectory.h"

enum { AWAIT_SCORES_MAX = 16, LOCAL_ROOT_SETTLE_MIN_MS = 10000 };

struct assembly_config {
    int64_t settle_ms;       /* 6 s: quiet time after the root has ended */
    int64_t idle_timeout_ms; /* 5 min: quiet time while no root has ended */
    int64_t max_duration_ms; /* 15 min since the first span came */
    uint32_t max_spans;      /* 10,000 */
    size_t max_bytes;        /* 16 MiB of wire bytes */
    struct bytes
        await_scores[AWAIT_SCORES_MAX]; /* after root and settle, wait for these imported scores */
    uint32_t await_count;
    int64_t await_timeout_ms; /* 60 s */
    size_t memory_bytes;      /* the shard's share of limits.memory for open trajectories */
    uint32_t log_only_max;    /* trajectories that so far have only logs: 10,000 */
};
