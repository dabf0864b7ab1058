/* Threads and queues around the pure parts.
 *
 *   receiver --admit--> writer queue -------------------> writer thread --committed--> replies,
 *   threads     |                              ^               |                       outbox lanes
 *               |                           effects         effects, emptied
 *               |                              |               v
 *               \-----> shard queue i --> shard thread i <-----/
 *
 * Receivers never wait: an intake says BUSY. Shards may wait for the writer (for an empty `struct
 * effects`). The writer waits for nobody. Every request is pushed to the writer before any shard,
 * so effects never overtake the request they come from. */
#pragma once
#include "pipelines/commit/writer.h"

struct runtime;

struct runtime_source {
    const char *name;      /* "otlp/grpc", "kafka/otlp_spans/3" */
    enum source_kind kind; /* of a topic: its partitions are the last sources, in order */
};

/* Opens writer and lanes, remembers decided ids; starts no thread. `config` is borrowed until
 * runtime_destroy. */
struct runtime *runtime_create(const struct pipeline_config *config, struct store *store,
                               const struct runtime_source *sources, uint32_t source_count,
                               struct error *ret_error);
void runtime_destroy(struct runtime *runtime);

/* Starts the threads, replays the journal and returns when all shards have caught up; with a topic
 * that is before its partitions have, and runtime_is_ready says when. Deadlines stand still
 * meanwhile. */
MUST_CHECK enum status runtime_start(struct runtime *runtime, struct error *ret_error);
bool runtime_is_ready(const struct runtime *runtime);

/* Judges by `config` from now on. When nothing refers to the one before any more it is destroyed.
 * Takes ownership. */
void runtime_reload(struct runtime *runtime, struct pipeline_config *config);

/* The receivers are about to be stopped: none is kept waiting for a disk that is full. */
void runtime_announce_stop(struct runtime *runtime);
/* Stops: what is open stays in the journal, or is closed (trigger shutdown) when a source has
 * none; then the last commit, and up to `grace_ms` for the exporters. Receivers have stopped
 * before. */
void runtime_stop(struct runtime *runtime, int64_t grace_ms);
/* Set when a thread can't go on: the exit code of the process; EXIT_DONE while all is well. */
enum exit_code runtime_failure(const struct runtime *runtime);
/* Called once from the failing thread, so that the main thread wakes up. */
void runtime_on_failure(struct runtime *runtime, void (*notify)(void *context), void *context);

struct writer *runtime_writer(struct runtime *runtime);
/* NULL: there is no results pipeline. What of it other threads may use, its headers say. */
struct review *runtime_review(struct runtime *runtime);
/* A writer that has not turned for so long is not healthy, nor is a shard; but one run at the
 * limits of size and looking takes seconds. */
enum { WRITER_STALLED_MS = 5000, SHARD_STALLED_MS = 30000 };
struct runtime_gauges {
    uint64_t trajectories, in_flight_bytes, decided;
    int64_t writer_age_ms; /* since the writer's last turn */
    int64_t shard_age_ms;  /* likewise, of the shard that is longest at one thing */
    uint32_t oldest_shard;
    bool is_refusing;      /* the state is full */
};
struct runtime_gauges runtime_gauges(const struct runtime *runtime);
/* Why exporter number `exporter` cannot write now, in words that live for ever; NULL: it can. */
const char *runtime_exporter_trouble(const struct runtime *runtime, uint32_t exporter);
/* Registers what this layer counts: commits, verdict delay, lanes, shards. */
void runtime_register_metrics(struct runtime *runtime, struct metrics *metrics);
