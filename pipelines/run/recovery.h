/* What a restart rebuilds, before anything new is admitted: which traces were decided, the spilled
 * trajectories, and the open ones from the journal. */
#pragma once
#include "processor/base/status.h"

struct runtime;

/* Ids decided in earlier runs, to their shards. */
MUST_CHECK enum status recovery_remember(struct runtime *runtime);
/* Gives the spilled trajectories back to their shards. */
MUST_CHECK enum status recovery_restore(struct runtime *runtime);
/* Replays the journal of every source into the shards. */
MUST_CHECK enum status recovery_replay(struct runtime *runtime);
