/* Shards over a configuration text, with a clock and positions that the test moves. Requests go to
 * all shards as in the runtime; effects stay until they are cleared. Link pipelines. */
#pragma once
#include <check.h>

#include "pipelines/decide/shard.h"
#include "tests/support/trace_builder.h"

enum { FIXTURE_SHARDS_MAX = 4, FIXTURE_SOURCES = 3 };

struct shard_fixture {
    struct pipeline_config *config;
    uint32_t shard_count;
    struct shard *shards[FIXTURE_SHARDS_MAX];
    struct effects *effects[FIXTURE_SHARDS_MAX];
    struct request_pool *pool;
    struct trace_builder builder;
    int64_t now_ms;
    uint64_t wall_ms;
    uint64_t next[FIXTURE_SOURCES];
    int64_t horizon_ms;
    uint64_t decided_sequence, part_sequence; /* what a writer has committed */
    bool is_catching_up, is_journal_pressed, is_stuck, has_no_spill_room;
    int64_t lag_ms[FIXTURE_SOURCES]; /* of the clocks of the sources */
    size_t excess_bytes;
};

/* Rules on score.Quality: fail below 0.5, borderline below 0.8; settle 6 s, idle 5 min; `more` goes
 * on from there. Every failed and borderline run makes a record, no other. */
void shard_fixture_begin(struct shard_fixture *fixture, uint32_t shards, const char *more);
/* The same with rules of its own, as a YAML list without its brackets. */
void shard_fixture_begin_rules(struct shard_fixture *fixture, uint32_t shards, const char *rules,
                               const char *more);
void shard_fixture_end(struct shard_fixture *fixture);
/* New shards without memory, as after a crash. */
void shard_fixture_restart(struct shard_fixture *fixture, uint32_t shards);

/* What was built in `fixture->builder` as the next request of `source`; the builder is cleared.
 * Returns its position. The request is held for the caller when `ret_request` is given. */
uint64_t shard_fixture_give(struct shard_fixture *fixture, uint16_t source,
                            enum wire_gate_signal signal, struct request **ret_request);
/* The same bytes once more at a position of the past, as the journal does. */
void shard_fixture_replay(struct shard_fixture *fixture, uint16_t source, uint64_t position,
                          enum wire_gate_signal signal, struct bytes body);
/* Time passes, then every shard hears that all positions have been given. */
void shard_fixture_tick(struct shard_fixture *fixture, int64_t ms);
/* Any other event, to every shard. */
void shard_fixture_event(struct shard_fixture *fixture, const struct shard_event *event);
void shard_fixture_clear(struct shard_fixture *fixture);

/* The only closed trajectory of all shards. */
const struct closed *shard_fixture_closed(const struct shard_fixture *fixture);
uint32_t shard_fixture_closed_count(const struct shard_fixture *fixture);
uint64_t shard_fixture_late(const struct shard_fixture *fixture);
/* The smallest of all shards. */
uint64_t shard_fixture_floor(const struct shard_fixture *fixture, uint16_t source);

/* A run with a scored child (id 2) and an ended root (id 1); `score` below 0: without. */
void shard_fixture_build(struct shard_fixture *fixture, uint32_t trace, double score);
