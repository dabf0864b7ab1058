/* The pure step of one shard: (state, event, now) to effects. It owns the open trajectories of
 * the trace ids that hash to it, and knows which of its traces were decided lately. No thread, clock
 * or file: the runtime gives it events in position order of each source, replay under virtual time. */
#pragma once
#include "pipelines/decide/effects.h"
#include "pipelines/decide/conversation_parts.h"
#include "pipelines/decide/in_hand.h"
#include "pipelines/decide/revision_source.h"
#include "processor/assemble/decided_set.h"
#include "processor/receive/request.h"
#include "state/tables/source.h"

enum shard_event_kind {
    SHARD_REQUEST, /* spans and logs of one export request */
    SHARD_TICK,   /* all requests below `next_positions` were given: floors and deadlines move on */
    SHARD_RULES,  /* judge by another configuration from now on */
    SHARD_CLOSE,  /* close what nothing would bring back (trigger shutdown), a batch of effects */
    SHARD_ASSIGN, /* a partition begins at `position`; what was open of it is dropped */
    SHARD_REVOKE, /* another instance has the partition now: what is open of it is dropped */
};

struct shard_event {
    enum shard_event_kind kind;
    const struct request *request;        /* SHARD_REQUEST; borrowed during the step */
    const uint64_t *next_positions;       /* SHARD_TICK; of each source */
    const struct pipeline_config *config; /* SHARD_RULES */
    uint16_t source;                      /* SHARD_ASSIGN, SHARD_REVOKE */
    uint64_t position;                    /* SHARD_ASSIGN */
};

struct shard_time {
    int64_t now_ms;      /* monotonic */
    uint64_t wall_ms;    /* since 1970 */
    bool is_catching_up; /* deadlines stand still */
    /* How far the clock of each source lags behind `now_ms`: it stands still while nothing of it
     * can come, and idle_timeout and max_duration go by it. NULL: none does. */
    const int64_t *lag_ms;
    size_t excess_bytes; /* of open trajectories: spans are refused until so much has been closed */
    bool is_stuck;       /* spans are refused, and only what closes makes room in the store */
    int64_t horizon_ms;  /* wall clock; what was decided before it may be forgotten */
    const struct budget_view *budget; /* review budgets in force; NULL: none */
    const struct regression_set *regressions; /* in force; NULL: none */
    bool is_journal_pressed;          /* the journal is half full: spill what holds its front */
    size_t spill_bytes;               /* of wire that a step may spill: what has room there */
    uint64_t decided_sequence;        /* of the last committed decided rows */
    uint64_t part_sequence;           /* of the last committed part of a conversation */
    size_t record_bytes_max;          /* of a record, as its topics take it; 0: the usual limit */
};

struct shard;

struct shard *shard_create(uint32_t index, uint32_t count, uint32_t source_count,
                           const struct pipeline_config *config, int64_t now_ms);
void shard_destroy(struct shard *shard);
/* When nothing comes: memory that only waits for the next step goes. */
void shard_rest(struct shard *shard);
/* Records of every trajectory, whatever the selection says (replay --all, explain). */
void shard_emit_all(struct shard *shard);
/* Who looks on while runs are judged. Borrowed; at start. */
struct judge_watch;
void shard_set_watch(struct shard *shard, const struct judge_watch *watch);
/* Late spans and logs lead to revisions; without it they are dropped. At start. */
void shard_set_revision_source(struct shard *shard, const struct revision_source *revisions);
/* Where it notes what it has in hand, and what it must not judge; both may be NULL. At start. */
void shard_set_in_hand(struct shard *shard, struct in_hand_slot *slot,
                       const struct set_aside *set_aside);
/* Closed traces of a conversation wait there for the others. At start. */
void shard_set_parts(struct shard *shard, const struct conversation_parts *parts);
/* At start: a trace decided in an earlier run, of one of its sources. Its rows in the
 * order of their sequences. And what that run had counted of a source, so that a replayed
 * drop is not counted again. */
MUST_CHECK enum status shard_remember(struct shard *shard, const struct decided_entry *entry);
void shard_set_replay(struct shard *shard, uint16_t source, const struct source_marks *marks);
/* At start: what a source is; journaled when nobody says so. */
void shard_set_source_kind(struct shard *shard, uint16_t source, enum source_kind kind);
/* At start, of an open trajectory read back from the store; `spans` and `logs` are its body. FATAL:
 * out of memory. */
MUST_CHECK enum status shard_restore(struct shard *shard, const struct spilled *spilled,
                                     const struct gated_request *spans,
                                     const struct gated_request *logs,
                                     const struct shard_time *time);
/* At start: rows of the spill are numbered from here on, by this shard. */
void shard_set_spill_sequence(struct shard *shard, uint64_t first);

/* FATAL: out of memory. */
MUST_CHECK enum status shard_step(struct shard *shard, const struct shard_event *event,
                                  const struct shard_time *time, struct effects *effects);
/* A time not later than the next deadline; INT64_MAX: none. */
int64_t shard_next_ms(const struct shard *shard);

/* Is something open that a restart would not bring back? SHARD_CLOSE is repeated until it isn't. */
bool shard_has_volatile(const struct shard *shard);

struct shard_gauges {
    uint64_t trajectories, spans, bytes, decided;
};
struct shard_gauges shard_gauges(const struct shard *shard);
/* Does the table of decided ids, or that of conversations, hold as many traces as it may
 * (limits.decided)? Then the sources must wait. */
bool shard_is_full(const struct shard *shard);
