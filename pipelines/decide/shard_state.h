/* What a shard keeps; seen by the shard_*.c files only. */
#pragma once
#include "pipelines/decide/conversations.h"
#include "pipelines/decide/judge.h"
#include "pipelines/decide/revision_source.h"
#include "pipelines/decide/shard.h"
#include "processor/assemble/assembler.h"
#include "processor/assemble/decided_set.h"

/* One step puts no more than this many bytes into the effects; the next goes on. */
enum { EFFECTS_BYTES_FULL = 8 << 20 };

/* What came for decided trajectories and waits for quiet, like open ones of their own. */
struct late {
    struct in_flight table;
    struct arena arena; /* what is before */
    struct revision_source revisions;
};

/* Conversations; see shard_conversation.c. */
struct conversation_stage {
    struct conversation_parts parts;
    uint64_t seen; /* the last sequence */
    struct conversations open;
    struct in_flight table; /* the one that is being decided */
    struct arena arena;     /* of one part */
    struct buffer content;
};

struct shard {
    uint32_t index, count, source_count;
    const struct pipeline_config *config;
    struct assembler assembler;
    struct decided_set decided;
    struct late late;
    struct conversation_stage stage;
    struct judge judge;
    enum source_kind kinds[SOURCES_MAX];
    struct source_marks *replay; /* of each source */
    uint64_t through[SOURCES_MAX], next[SOURCES_MAX];
    const struct request *taking; /* while it is taken in */
    uint64_t spill_sequence;      /* of the next row; goes up by the number of shards */
    int64_t pressed_ms;           /* monotonic; when the journal's pressure was answered last */
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

/* Is there a span that neither a journal nor a topic would bring back? */
bool shard_is_volatile(const struct shard *shard, const struct open_trajectory *open);
/* Was a drop of this trace at this position counted by the run before? */
bool shard_was_counted(const struct shard *shard, const struct request *request,
                       const uint8_t trace_id[TRACE_ID_SIZE]);
/* A decided trace, and up to where: an entry for each source that gave to `open`. */
MUST_CHECK enum status shard_remember_open(struct shard *shard, const struct open_trajectory *open,
                                           bool is_exhausted, const struct shard_time *time);

void shard_fill_positions(const struct shard *shard, const struct open_trajectory *open,
                          struct closed *closed);

/* shard_late.c. Spans at the head of the chain, and a log, of a decided trace: passed over, counted
 * or kept. */
bool late_init(struct late *late, int64_t now_ms);
void late_finish(struct late *late);
MUST_CHECK enum status late_take_spans(struct shard *shard, const struct request *request,
                                       uint32_t at, const struct arrival *arrival,
                                       struct effects *effects, uint32_t *ret_next);
MUST_CHECK enum status late_take_log(struct shard *shard, const struct request *request,
                                     const struct gated_log *log, const struct arrival *arrival,
                                     struct effects *effects);
/* Decides again what has been quiet for long enough. */
MUST_CHECK enum status late_close_due(struct shard *shard, const struct shard_time *time,
                                      struct effects *effects);
/* Everything that nothing would bring back, now. */
MUST_CHECK enum status late_close_volatile(struct shard *shard, const struct shard_time *time,
                                           struct effects *effects);
bool late_has_volatile(const struct shard *shard);
/* Another instance has the partition. */
void late_drop_source(struct shard *shard, uint16_t source, struct effects *effects);
/* Does something wait for this trace? */
bool late_holds(const struct shard *shard, const uint8_t trace_id[TRACE_ID_SIZE]);

/* shard_conversation.c. Is what the judge has read one turn of a conversation? Then it is handed
 * over instead of being decided. */
bool conversation_stage_init(struct conversation_stage *stage, int64_t now_ms);
void conversation_stage_finish(struct conversation_stage *stage);
bool conversation_stage_takes(const struct shard *shard);
MUST_CHECK enum status conversation_stage_add(struct shard *shard,
                                              const struct open_trajectory *open,
                                              const struct shard_time *time,
                                              struct effects *effects);
/* Takes over what is new, and decides what is over. */
MUST_CHECK enum status conversation_stage_step(struct shard *shard, const struct shard_time *time,
                                               struct effects *effects);
