/* Spilled trajectories back into their shards, before anything else is given to these. */
#pragma once
#include "pipelines/commit/writer.h"
#include "pipelines/decide/shard.h"

struct restored {
    uint64_t trajectories;
    uint64_t unreadable; /* rows that do not decode any more; their spans are lost */
};

/* Also numbers the shards' next rows. FATAL: the store can't be read, or out of memory. */
MUST_CHECK enum status restore_spilled(struct writer *writer, struct shard *const *shards,
                                       uint32_t shard_count, const struct wire_gate_limits *limits,
                                       const struct shard_time *time, struct restored *ret);
