/* May more be taken in? Asked by every way in before it admits: of the memory, the state and the
 * queues. Any thread. */
#pragma once
#include "processor/receive/request.h"

struct runtime;

/* Is the state so full that new spans are refused? */
bool room_is_state_full(const struct runtime *runtime);
/* May so many bytes more be held, whether or not we have caught up? */
bool room_has_bytes(struct runtime *runtime, size_t body_bytes);
/* Are the queues above their mark, in bytes or in time? Then receivers hold their clients back. */
bool room_is_behind(const struct runtime *runtime);
/* For how long the oldest event has waited for this shard, or been worked on by it. */
int64_t room_behind_ms(const struct runtime *runtime, uint32_t shard, int64_t now_ms);
/* While memory is refused: how much of its open trajectories' `shard_bytes`
 * a shard should close. */
size_t room_excess_bytes(const struct runtime *runtime, uint32_t shard, size_t shard_bytes,
                         int64_t now_ms);
/* What one step of a shard may spill, so that all effects under way find room in the map. */
size_t room_spill_bytes(const struct runtime *runtime);
/* Are spans refused until the store has room, which only trajectories that close give? */
bool room_is_stuck(const struct runtime *runtime);
/* Chains the spans by shard, and says whether the writer and every shard that it touches can take
 * the request. */
bool room_has_queues(const struct runtime *runtime, struct request *request);
/* Does the request, chained, touch this shard? */
bool room_is_needed(const struct request *request, uint32_t shard);
