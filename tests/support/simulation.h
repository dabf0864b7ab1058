/* A simulation of the whole core, for tests/property/prop_simulation.c: what happens is one of
 * these functions, when the dice say so.
 *
 *   core     shards and writer of one process, their start, crash and recovery
 *   client   sends traces whose verdict is known beforehand, and again what was not acknowledged
 *   writer   commits, and checks each decision and record against what is known */
#pragma once
#include "pipelines/commit/writer.h"
#include "pipelines/config/load.h"
#include "pipelines/decide/shard.h"
#include "state/store/store_faults.h"
#include "tests/support/temp_store.h"
#include "tests/support/trace_builder.h"

enum {
    SOURCES = 2,
    SHARDS = 4,
    ACTIVE = 40,
    QUEUE = 4096,
    TRACES_OF_REQUEST = 4,
    RECENT = 160,
    MAX_SPANS = 20,
    SERVICES = 3,
};

enum trace_kind { TRACE_WITH_ROOT, TRACE_WITHOUT_ROOT, TRACE_TOO_LARGE };

struct trace {
    enum trace_kind kind;
    uint32_t span_count, sent; /* the root is the last */
    bool has_log, is_log_sent;
    int score; /* 0: none; else index into scores + 1 */
    uint32_t unacknowledged;
    int64_t finished_ms;
    uint32_t extra; /* late spans sent */
    uint32_t decisions;
    int late_score;       /* 0: none; else index into scores + 1 */
    uint32_t late_scores; /* sent */
    enum verdict verdict; /* in force */
    bool is_exhausted;
    char record_id[37]; /* of the last record */
    uint32_t revision;
    enum verdict record_verdict;
};

extern const double simulation_scores[3];
extern const enum verdict simulation_verdicts[3]; /* of those scores */

/* What the client has sent and not heard of, or will send again. */
struct sending {
    struct buffer body;
    enum wire_gate_signal signal;
    uint32_t traces[TRACES_OF_REQUEST], trace_count;
    bool is_waiting; /* for an acknowledgement */
};

enum item_kind { ITEM_OF_REQUEST, ITEM_OF_EFFECTS, ITEM_OF_CATCHING_UP };
struct item {
    enum item_kind kind;
    bool is_refused;
    struct request *request;
    struct effects *effects;
    struct sending *sending;
};

struct record {
    char id[37];
    uint64_t hash;
};

struct simulation {
    uint64_t random;
    int64_t now_ms, wall_ms;
    struct temp_store temp;
    struct pipeline_config *config;
    struct request_pool *pool;
    struct store_faults faults;

    struct writer *writer;
    uint32_t shard_count;
    struct shard *shards[SHARDS];
    struct effects *effects[SHARDS];
    struct request *events[SHARDS][QUEUE];
    size_t event_count[SHARDS];
    uint64_t next[SOURCES];
    struct item queue[QUEUE];
    size_t queue_count, attempted; /* items that a failed commit has tried */
    bool is_catching_up;

    struct trace *traces;
    uint32_t trace_count, trace_capacity;
    uint32_t active[ACTIVE], active_count;
    uint32_t recent[RECENT], recent_count;
    struct sending *again[QUEUE];
    size_t again_count;

    uint64_t accepted_spans, accepted_logs, refused_spans, lost_spans;
    uint64_t decided[SERVICES][VERDICTS], first[SERVICES][VERDICTS];
    uint64_t revisions, corrections, refused_late, records, crashes, busy, late, late_held;
    uint64_t restored; /* spilled trajectories read back */
    struct record *found;
    size_t found_count, found_capacity;
};

uint32_t simulation_below(struct simulation *sim, uint32_t bound);
bool simulation_chance(struct simulation *sim, uint32_t of_10000);
void simulation_start(struct simulation *sim);
void simulation_stop(struct simulation *sim);
void simulation_crash(struct simulation *sim);
void simulation_gate(struct request *request);
/* Into the queues of the shards that it touches. */
void simulation_push_events(struct simulation *sim, struct request *request);
/* Some of its events; a tick when none is left. */
void simulation_run_shard(struct simulation *sim, uint32_t shard, size_t events_max);
void simulation_send_effects(struct simulation *sim, uint32_t shard);
void simulation_end_catching_up(struct simulation *sim);

struct sending *simulation_begin_sending(enum wire_gate_signal signal);
void simulation_end_sending(struct simulation *sim, struct sending *sending,
                            struct trace_builder *builder);
/* The next spans of one trace into the request. */
void simulation_send_some(struct simulation *sim, struct trace_builder *builder, uint32_t slot,
                          struct sending *sending);
void simulation_send_spans(struct simulation *sim);
void simulation_send_log(struct simulation *sim);
void simulation_send_late_score(struct simulation *sim);
void simulation_send_again(struct simulation *sim);

/* A commit of the first items of the queue; what a failed one has tried is tried again with it. */
void simulation_commit(struct simulation *sim, size_t count);
/* Delivers what is there; the rows leave. */
void simulation_export(struct simulation *sim);
