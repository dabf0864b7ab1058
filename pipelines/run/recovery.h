/* What a restart rebuilds, before anything new is admitted: which traces were decided, the spilled
 * trajectories, and the open ones from the journal. */
#pragma once
#include "pipelines/commit/writer.h"
#include "pipelines/decide/shard.h"

struct runtime;

/* Ids decided in earlier runs, to their shards. */
MUST_CHECK enum status recovery_remember(struct runtime *runtime);
/* Gives the spilled trajectories back to their shards, and says in the log how many there were. */
MUST_CHECK enum status recovery_restore(struct runtime *runtime);

struct recovery_target {
    struct writer *writer;
    struct shard *const *shards;
    uint32_t shard_count;
    const struct wire_gate_limits *limits;
    struct shard_time time;
};
struct restored {
    uint64_t trajectories;
    uint64_t unreadable; /* rows that do not decode any more; their spans are lost */
};
/* The same without a runtime; adds to `ret_restored`. Also numbers the shards' next rows. FATAL:
 * the store can't be read, or out of memory. */
MUST_CHECK enum status recovery_restore_spilled(struct store *store,
                                                const struct recovery_target *target,
                                                struct restored *ret_restored);
/* Replays the journal of every source into the shards. */
MUST_CHECK enum status recovery_replay(struct runtime *runtime);
