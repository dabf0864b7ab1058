/* Refused a little before each limit: what lies in the queues still becomes open trajectories, and
 * at the limit itself these would be closed before their time. */
#include "pipelines/run/room.h"

#include "pipelines/run/state.h"
#include "processor/base/clock.h"

enum {
    /* Receivers of other sources may look at the same time: so many of them find their place. Who
     * comes too many waits for microseconds. */
    QUEUE_MARGIN = 8,
    MARK_BELOW = 8, /* an eighth of the memory is left for what is on its way */
    /* Who was refused comes again within seconds. So much of the memory is then made free, that not
     * every request closes a run. */
    SHORT_MS = 2000,
    FREED_SHARE = 16,
};

/* Above this share of the map in use new spans are refused. Deletions and the copies that a commit
 * makes of the pages it changes need the rest. Who needs more room makes the map larger
 * (state.map_bytes); a larger share would only end in commits that fail. */
static const double used_ratio_max = 0.85;

bool room_is_state_full(const struct runtime *runtime)
{
    struct writer_gauges gauges = writer_gauges(runtime->writer);
    return atomic_load_explicit(&runtime->is_refusing, memory_order_relaxed) ||
           gauges.used_ratio > used_ratio_max ||
           gauges.journal_bytes > runtime->config->limits.journal_bytes ||
           gauges.outbox_bytes > runtime->config->limits.outbox_bytes;
}

bool room_is_stuck(const struct runtime *runtime)
{
    struct writer_gauges gauges = writer_gauges(runtime->writer);
    return gauges.used_ratio > used_ratio_max ||
           gauges.journal_bytes > runtime->config->limits.journal_bytes;
}

size_t room_spill_bytes(const struct runtime *runtime)
{
    double left = used_ratio_max - writer_gauges(runtime->writer).used_ratio;
    double steps = (double)EFFECTS_PER_SHARD * runtime->shard_count;
    return left > 0 ? (size_t)(left * (double)runtime->config->state.map_bytes / steps) : 0;
}

static size_t mark_bytes(const struct runtime *runtime)
{
    size_t limit = runtime->config->limits.memory_bytes;
    return limit - limit / MARK_BELOW;
}

static size_t held_bytes(const struct runtime *runtime)
{
    size_t held = request_pool_held_bytes(runtime->pool);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        held += counter_get(&runtime->shards[i].bytes) +
                atomic_load_explicit(&runtime->shards[i].sent_bytes, memory_order_relaxed);
    return held;
}

bool room_has_bytes(struct runtime *runtime, size_t body_bytes)
{
    if (held_bytes(runtime) + body_bytes > mark_bytes(runtime)) {
        atomic_store_explicit(&runtime->short_of_bytes_ms, clock_monotonic_ms(),
                              memory_order_relaxed);
        return false;
    }
    if (room_is_state_full(runtime))
        return false;
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (atomic_load_explicit(&runtime->shards[i].is_full, memory_order_relaxed))
            return false;
    return true;
}

int64_t room_behind_ms(const struct runtime *runtime, uint32_t shard, int64_t now_ms)
{
    int64_t oldest_ms =
        atomic_load_explicit(&runtime->shards[shard].oldest_ms, memory_order_relaxed);
    return oldest_ms > 0 && now_ms > oldest_ms ? now_ms - oldest_ms : 0;
}

bool room_is_behind(const struct runtime *runtime)
{
    if (request_pool_queued_bytes(runtime->pool) >= runtime->config->limits.queue_bytes)
        return true;
    int64_t now_ms = clock_monotonic_ms();
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (room_behind_ms(runtime, i, now_ms) > runtime->config->limits.queue_ms)
            return true;
    return false;
}

size_t room_excess_bytes(const struct runtime *runtime, uint32_t shard, size_t shard_bytes,
                         int64_t now_ms)
{
    int64_t short_ms = atomic_load_explicit(&runtime->short_of_bytes_ms, memory_order_relaxed);
    if (short_ms == 0 || now_ms - short_ms > SHORT_MS)
        return 0;
    size_t open = shard_bytes, mark = mark_bytes(runtime), target = mark - mark / FREED_SHARE;
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        open += i == shard ? 0 : counter_get(&runtime->shards[i].bytes);
    size_t held = open + request_pool_held_bytes(runtime->pool);
    if (open <= mark / 2 || held <= target)
        return 0; /* It is requests and verdicts on their way: these pass by themselves. */
    size_t excess = held - target < open ? held - target : open;
    return (size_t)((double)excess * (double)shard_bytes / (double)open);
}

static bool has_queue_room(const struct queue *queue)
{
    return queue_length(queue) + QUEUE_MARGIN < queue_capacity(queue);
}

bool room_is_needed(const struct request *request, uint32_t shard)
{
    return request->shard_first[shard] != UINT32_MAX ||
           request->shard_first_log[shard] != UINT32_MAX;
}

bool room_has_queues(const struct runtime *runtime, struct request *request)
{
    if (!has_queue_room(runtime->writer_queue))
        return false;
    request_chain_shards(request, runtime->shard_count);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (room_is_needed(request, i) && !has_queue_room(runtime->shards[i].events))
            return false;
    return true;
}
