/* What a shard keeps, for the files that are its parts: shard.c, late.c, spill.c and
 * conversation_stage.c. shard.c calls the other three, which call neither it nor each other. */
#pragma once
#include "pipelines/decide/conversations.h"
#include "pipelines/decide/judge.h"
#include "pipelines/decide/progress.h"
#include "pipelines/decide/revision_source.h"
#include "pipelines/decide/shard.h"
#include "processor/assemble/assembler.h"

/* One step closes no more trajectories when this many bytes are in the effects; the next goes on.
 * It makes one transaction short and the memory of all effects small. */
enum { EFFECTS_BYTES_FULL = 8 << 20 };

/* What came for decided trajectories and waits for quiet, like open ones of their own. */
struct late {
    struct in_flight table;
    struct arena arena; /* of what was decided before */
    struct revision_source revisions;
};

/* Traces of conversations; see conversation_stage.c. */
struct conversation_stage {
    struct conversation_parts parts;
    uint64_t seen; /* the last sequence */
    struct conversations open;
    struct in_flight table; /* the one that is being decided */
    struct arena arena;     /* of one part */
    struct buffer content;
    int64_t lag_ms; /* of the clock that conversations are quiet by: the slowest of the sources */
};

struct shard {
    uint32_t index, count;
    const struct pipeline_config *config;
    struct assembler assembler;
    struct decided_set decided;
    struct late late;
    struct conversation_stage stage;
    struct judge judge;
    struct progress progress;
    uint64_t spill_sequence; /* of the next row; goes up by the number of shards */
    int64_t stuck_ms;        /* monotonic; when a run was closed for room in the store last */
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

/* spill.c. Spills trajectories whose first unspilled span is older than spill_after, and, while the
 * journal is pressed, those that hold its older half. FATAL: out of memory. */
MUST_CHECK enum status spill_step(struct shard *shard, const struct shard_time *time,
                                  struct effects *effects);
/* The trajectory is about to be released: its row leaves. */
void spill_forget(const struct open_trajectory *open, struct effects *effects);
/* Is what this replayed request holds of the trace in its spilled row? */
bool spill_holds(const struct shard *shard, const struct request *request,
                 const uint8_t trace_id[TRACE_ID_SIZE]);
/* As shard_restore(). */
MUST_CHECK enum status spill_restore(struct shard *shard, const struct spilled *spilled,
                                     const struct gated_request *spans,
                                     const struct gated_request *logs,
                                     const struct shard_time *time);

/* late.c. Spans at the head of the chain, and a log, of a decided trace: passed over, counted
 * or kept. */
bool late_init(struct late *late, int64_t now_ms);
void late_finish(struct late *late);
MUST_CHECK enum status late_take_spans(struct shard *shard, const struct request *request,
                                       uint32_t at, const struct arrival *arrival,
                                       struct effects *effects, uint32_t *ret_next);
MUST_CHECK enum status late_take_log(struct shard *shard, const struct request *request,
                                     const struct gated_log *log, const struct arrival *arrival,
                                     struct effects *effects);
/* Revises what has been quiet for long enough. */
MUST_CHECK enum status late_close_due(struct shard *shard, const struct shard_time *time,
                                      struct effects *effects);
/* The same of everything that nothing would bring back, now. */
MUST_CHECK enum status late_close_volatile(struct shard *shard, const struct shard_time *time,
                                           struct effects *effects);
bool late_has_volatile(const struct shard *shard);
/* Another instance has the partition. */
void late_drop_source(struct shard *shard, uint16_t source, struct effects *effects);
/* Does something wait for this trace? */
bool late_holds(const struct shard *shard, const uint8_t trace_id[TRACE_ID_SIZE]);

/* conversation_stage.c. */
bool conversation_stage_init(struct conversation_stage *stage, int64_t now_ms);
void conversation_stage_finish(struct conversation_stage *stage);
/* Is what the judge has read a part of a conversation? Then it is added to that instead of being
 * decided alone. */
bool conversation_stage_takes(const struct shard *shard);
MUST_CHECK enum status conversation_stage_add(struct shard *shard,
                                              const struct open_trajectory *open,
                                              const struct shard_time *time,
                                              struct effects *effects);
/* Reads the parts that are new, and decides the conversations that are over. */
MUST_CHECK enum status conversation_stage_step(struct shard *shard, const struct shard_time *time,
                                               struct effects *effects);
