/* What a shard keeps; seen by the shard_*.c files only. */
#pragma once
#include "pipelines/judge.h"
#include "pipelines/shard.h"
#include "processor/assemble/assembler.h"
#include "processor/assemble/decided_set.h"

/* One step puts no more than this many bytes into the effects; the next goes on. */
enum { EFFECTS_BYTES_FULL = 8 << 20 };

struct shard {
    uint32_t index, count, source_count;
    const struct pipeline_config *config;
    struct assembler assembler;
    struct decided_set decided;
    struct judge judge;
    enum source_kind kinds[SOURCES_MAX];
    struct source_marks *replay; /* of each source */
    uint64_t through[SOURCES_MAX], next[SOURCES_MAX];
    uint64_t spill_sequence; /* of the next row; goes up by the number of shards */
    int64_t pressed_ms;      /* monotonic; when the journal's pressure was answered last */
    struct buffer spill;
};

static inline bool effects_have_room(const struct effects *effects)
{
    return effects->arena.used < EFFECTS_BYTES_FULL;
}

/* The chain behind the spans of the trace at `at`, which stand together; and how many they are. */
static inline uint32_t shard_next_trace(const struct request *request, uint32_t at)
{
    const struct gated_span *spans = request->gated.spans;
    const uint8_t *trace_id = spans[at].trace_id;
    while (at != UINT32_MAX && memcmp(spans[at].trace_id, trace_id, TRACE_ID_SIZE) == 0)
        at = spans[at].next;
    return at;
}
static inline uint32_t shard_chain_length(const struct request *request, uint32_t at, uint32_t end)
{
    uint32_t count = 0;
    for (; at != end; at = request->gated.spans[at].next)
        count++;
    return count;
}

/* Spills trajectories whose first unspilled span is older than spill_after, and, while the journal
 * is pressed, those that hold its older half. FATAL: out of memory. */
MUST_CHECK enum status shard_spill(struct shard *shard, const struct shard_time *time,
                                   struct effects *effects);
/* The trajectory is about to be released: its row leaves. */
void shard_forget_spill(const struct open_trajectory *open, struct effects *effects);
/* Is what this replayed request holds of the trace in its spilled row? */
bool shard_has_spilled(const struct shard *shard, const struct request *request,
                       const uint8_t trace_id[TRACE_ID_SIZE]);
void shard_assign(struct shard *shard, uint16_t source, uint64_t position, struct effects *effects);
void shard_drop_source(struct shard *shard, uint16_t source, struct effects *effects);
/* Did spans of it come from two partitions? */
bool shard_is_split(const struct shard *shard, const struct open_trajectory *open);
