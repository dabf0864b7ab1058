/* The same shard under virtual time, without threads and without state: recorded requests in,
 * records out. A trajectory gets all its input first; then time moves on, from deadline to
 * deadline, until nothing is open. */
#pragma once
#include "pipelines/decide/shard.h"

struct replay;

/* One closed trajectory; `json` is its record, absent when the selection says none. Borrowed.
 * False: stop. */
typedef bool replay_fn(void *context, const struct closed *closed, struct bytes json);

/* `is_all`: a record of every trajectory. `wall_ms` stands for the time of receipt. `config` is
 * borrowed. NULL: out of memory. */
struct replay *replay_create(const struct pipeline_config *config, bool is_all, uint64_t wall_ms,
                             replay_fn *fn, void *context);
void replay_destroy(struct replay *replay);
/* Before anything is added: runs are held against it. Borrowed. */
void replay_use_regressions(struct replay *replay, const struct regression_set *regressions);
/* Before anything is added: who looks on while runs are judged. Borrowed. */
struct judge_watch;
void replay_set_watch(struct replay *replay, const struct judge_watch *watch);
/* One export request, in wire bytes. MALFORMED: not one (nothing was taken). FATAL: out of
 * memory, or `fn` said stop. */
MUST_CHECK enum status replay_add(struct replay *replay, enum wire_gate_signal signal,
                                  struct bytes request);
MUST_CHECK enum status replay_finish(struct replay *replay);

struct replay_totals {
    uint64_t requests, spans, rejected_spans, logs, trajectories, duplicates;
};
struct replay_totals replay_totals(const struct replay *replay);
