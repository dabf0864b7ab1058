/* Creation, start and stop of the threads, and the intake. */
#include "pipelines/run/runtime.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/run/runtime_state.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"

enum {
    POOLED_REQUESTS = 64,
    QUEUE_MARGIN = 8,
    RETRY_SOON_MS = 250,
    RETRY_LATER_MS = 2000,
    MARK_BELOW = 8
};

/* Above this share of the map in use new spans are refused: deletions need room too. */
static const double used_ratio_max = 0.85;

/* --- intake: receiver threads --- */

static bool is_state_full(const struct runtime *runtime)
{
    struct writer_gauges gauges = writer_gauges(runtime->writer);
    return atomic_load_explicit(&runtime->is_refusing, memory_order_relaxed) ||
           gauges.used_ratio > used_ratio_max ||
           gauges.journal_bytes > runtime->config->limits.journal_bytes ||
           gauges.outbox_bytes > runtime->config->limits.outbox_bytes;
}

static size_t held_bytes(const struct runtime *runtime)
{
    size_t held = request_pool_held_bytes(runtime->pool);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        held += counter_get(&runtime->shards[i].bytes) +
                atomic_load_explicit(&runtime->shards[i].sent_bytes, memory_order_relaxed);
    return held;
}

/* Refused a little before the limit: what lies in the queues becomes open trajectories yet, and at
 * the limit itself these would be closed before their time. */
bool runtime_has_room(const struct runtime *runtime, size_t body_bytes)
{
    size_t limit = runtime->config->limits.memory_bytes;
    if (held_bytes(runtime) + body_bytes > limit - limit / MARK_BELOW || is_state_full(runtime))
        return false;
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (atomic_load_explicit(&runtime->shards[i].is_full, memory_order_relaxed))
            return false;
    return true;
}

static bool has_room(void *context, size_t body_bytes)
{
    const struct intake_context *intake = context;
    return runtime_is_ready(intake->runtime) && runtime_has_room(intake->runtime, body_bytes);
}

static bool has_queue_room(const struct queue *queue)
{
    return queue_length(queue) + QUEUE_MARGIN < queue_capacity(queue);
}

static bool touches(const struct request *request, uint32_t shard)
{
    return request->shard_first[shard] != UINT32_MAX ||
           request->shard_first_log[shard] != UINT32_MAX;
}

bool runtime_queues_have_room(const struct runtime *runtime, struct request *request)
{
    if (!has_queue_room(runtime->writer_queue))
        return false;
    request_chain_shards(request, runtime->shard_count);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (touches(request, i) && !has_queue_room(runtime->shards[i].events))
            return false;
    return true;
}

/* Only this source's receiver thread pushes here with this source, so positions reach every queue
 * in order. The margin covers receivers of other sources that looked at the same time; push_wait
 * then waits for microseconds at most. */
static enum status submit(void *context, struct request *request, int64_t *ret_retry_ms)
{
    const struct intake_context *intake = context;
    struct runtime *runtime = intake->runtime;
    *ret_retry_ms = RETRY_LATER_MS;
    if (!has_room(context, 0))
        return STATUS_BUSY;
    *ret_retry_ms = RETRY_SOON_MS;
    if (!runtime_queues_have_room(runtime, request))
        return STATUS_BUSY;
    uint64_t position =
        atomic_load_explicit(&runtime->next_positions[intake->source], memory_order_relaxed);
    request->source = (uint16_t)intake->source;
    request->position = position;
    request->is_replayed = false;
    request_hold(request);
    /* Nobody waits for the commit of a request that is answered at once: the writer may sleep on.
     * */
    if (request->on_durable ||
        !queue_push_quiet(runtime->writer_queue, item_tagged(request, ITEM_REQUEST)))
        queue_push_wait(runtime->writer_queue, item_tagged(request, ITEM_REQUEST));
    recovery_push(runtime, request);
    atomic_store_explicit(&runtime->next_positions[intake->source], position + 1,
                          memory_order_release);
    request_release(request);
    return STATUS_OK;
}

/* A shard that has failed makes no room any more. */
static void push_event(struct runtime *runtime, uint32_t shard, void *item)
{
    while (!queue_push(runtime->shards[shard].events, item)) {
        if (atomic_load(&runtime->failure) != EXIT_DONE) {
            runtime_drop_item(item);
            return;
        }
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
}

void recovery_push(struct runtime *runtime, struct request *request)
{
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        if (!touches(request, i))
            continue;
        request_hold(request);
        push_event(runtime, i, item_tagged(request, ITEM_REQUEST));
    }
}

struct intake runtime_intake(struct runtime *runtime, uint32_t source)
{
    assert(source < runtime->source_count);
    return (struct intake){
        .context = &runtime->intakes[source],
        .submit = submit,
        .has_room = has_room,
        .pool = runtime->pool,
        .source = (uint16_t)source,
        .ack_durable = runtime->sources[source].kind == SOURCE_JOURNALED,
    };
}

/* --- creation --- */

static bool create_shard(struct runtime *runtime, uint32_t index)
{
    struct shard_thread *self = &runtime->shards[index];
    self->runtime = runtime;
    self->index = index;
    self->shard = shard_create(index, runtime->shard_count, runtime->source_count, runtime->config,
                               clock_monotonic_ms());
    struct recall recall = recall_from_store(runtime->store);
    struct part_source parts = part_source_from_store(runtime->store);
    if (self->shard && runtime->config->late_window_ms > 0)
        shard_set_recall(self->shard, &recall);
    shard_set_parts(self->shard, &parts);
    for (uint16_t i = 0; self->shard && i < runtime->source_count; i++)
        shard_set_source_kind(self->shard, i, runtime->sources[i].kind);
    self->events = queue_create(SHARD_QUEUE);
    self->free_effects = queue_create(EFFECTS_PER_SHARD);
    if (!self->shard || !self->events || !self->free_effects)
        return false;
    for (int i = 0; i < EFFECTS_PER_SHARD; i++) {
        self->effects[i] = effects_create(index);
        if (!self->effects[i] || !queue_push(self->free_effects, self->effects[i]))
            return false;
    }
    return true;
}

static bool open_lanes(struct runtime *runtime, struct error *ret_error)
{
    for (uint32_t i = 0; i < runtime->config->exporter_count; i++) {
        runtime->lane_count = i + 1;
        if (lane_open(&runtime->lanes[i], (uint8_t)i, &runtime->config->exporters[i],
                      runtime->store, ret_error) != STATUS_OK)
            return false;
    }
    return true;
}

static bool create_parts(struct runtime *runtime, struct error *ret_error)
{
    const char *names[SOURCES_MAX];
    for (uint32_t i = 0; i < runtime->source_count; i++)
        names[i] = runtime->sources[i].name;
    runtime->pool = request_pool_create(POOLED_REQUESTS);
    runtime->writer_queue = queue_create(WRITER_QUEUE);
    runtime->writer = writer_create(runtime->store, runtime->config, runtime->shard_count, names,
                                    runtime->source_count, ret_error);
    if (!runtime->pool || !runtime->writer_queue || !runtime->writer)
        return false;
    for (uint32_t i = 0; i < runtime->source_count; i++) {
        runtime->intakes[i] = (struct intake_context){runtime, i};
        const struct source_row *row = writer_source(runtime->writer, i);
        runtime->journaled[i] = (struct journaled_range){row->id, row->low_watermark,
                                                         row->next_position, row->is_handed_over};
        atomic_store(&runtime->next_positions[i], row->low_watermark);
        writer_set_source_kind(runtime->writer, i, runtime->sources[i].kind);
    }
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        if (!create_shard(runtime, i))
            return false;
    if (recovery_remember(runtime) != STATUS_OK || recovery_restore(runtime) != STATUS_OK) {
        error_set(
            ret_error, EXIT_STATE_IO,
            "the decided or the spilled rows in %s cannot be read; run `flywheel state check %s`",
            store_path(runtime->store), store_path(runtime->store));
        return false;
    }
    return open_lanes(runtime, ret_error);
}

struct runtime *runtime_create(const struct pipeline_config *config, struct store *store,
                               const struct runtime_source *sources, uint32_t source_count,
                               struct error *ret_error)
{
    assert(source_count <= SOURCES_MAX);
    struct runtime *runtime = calloc(1, sizeof(*runtime));
    if (!runtime)
        return NULL;
    runtime->config = config;
    runtime->store = store;
    runtime->shard_count = config->shards < SHARDS_MAX ? config->shards : SHARDS_MAX;
    runtime->source_count = source_count;
    memcpy(runtime->sources, sources, source_count * sizeof(*sources));
    topic_open(runtime);
    atomic_store(&runtime->writer_turn_ms, clock_monotonic_ms());
    if (create_parts(runtime, ret_error))
        return runtime;
    if (!ret_error->is_set)
        error_set(ret_error, EXIT_BUG, "out of memory while starting");
    runtime_destroy(runtime);
    return NULL;
}

static void empty_queue(struct queue *queue)
{
    void *item;
    while (queue && queue_pop(queue, &item, 1) > 0)
        runtime_drop_item(item);
    queue_destroy(queue);
}

/* A notice lies in the queue of every shard that has not answered, or once in the writer's. */
void runtime_drop_item(void *item)
{
    if (item_tag_of(item) == ITEM_REQUEST)
        request_release(item);
    if (item_tag_of(item) != ITEM_NOTICE)
        return;
    struct notice *notice = item_untagged(item);
    if (atomic_load(&notice->waiting) > 0 && atomic_fetch_sub(&notice->waiting, 1) > 1)
        return;
    config_destroy(notice->retired);
    free(notice);
}

void runtime_destroy(struct runtime *runtime)
{
    if (!runtime)
        return;
    if (runtime->is_writer_running)
        runtime_stop(runtime, 0);
    for (uint32_t i = 0; i < runtime->lane_count; i++)
        lane_close(&runtime->lanes[i]);
    empty_queue(runtime->writer_queue);
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        struct shard_thread *self = &runtime->shards[i];
        empty_queue(self->events);
        if (self->free_effects)
            queue_destroy(self->free_effects);
        for (int e = 0; e < EFFECTS_PER_SHARD; e++)
            effects_destroy(self->effects[e]);
        shard_destroy(self->shard);
    }
    writer_destroy(runtime->writer);
    if (runtime->pool)
        request_pool_destroy(runtime->pool);
    config_destroy(atomic_load(&runtime->current));
    free(runtime);
}

/* --- start, notices, stop --- */

bool runtime_notify(struct runtime *runtime, const struct notice *notice)
{
    struct notice *copy = malloc(sizeof(*copy));
    if (!copy)
        return false;
    *copy = *notice;
    for (uint32_t i = 0; i < runtime->source_count; i++)
        copy->next_positions[i] =
            atomic_load_explicit(&runtime->next_positions[i], memory_order_acquire);
    atomic_store(&copy->waiting, runtime->shard_count);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        push_event(runtime, i, item_tagged(copy, ITEM_NOTICE));
    return true;
}

static bool start_threads(struct runtime *runtime)
{
    runtime->is_writer_running =
        pthread_create(&runtime->writer_thread, NULL, writer_thread_main, runtime) == 0;
    bool is_started = runtime->is_writer_running;
    for (uint32_t i = 0; i < runtime->shard_count && is_started; i++) {
        struct shard_thread *self = &runtime->shards[i];
        self->is_running = pthread_create(&self->thread, NULL, shard_thread_main, self) == 0;
        is_started = self->is_running;
    }
    return is_started;
}

enum status runtime_start(struct runtime *runtime, struct error *ret_error)
{
    atomic_store(&runtime->is_catching_up, true);
    if (!start_threads(runtime)) {
        error_set(ret_error, EXIT_BUG, "threads cannot be started");
        return STATUS_FATAL;
    }
    if (recovery_replay(runtime) != STATUS_OK) {
        error_set(ret_error, EXIT_STATE_IO,
                  "the journal in %s cannot be read; run `flywheel state check %s`",
                  store_path(runtime->store), store_path(runtime->store));
        return STATUS_FATAL;
    }
    if (topic_begin(runtime))
        return STATUS_OK;
    if (!runtime_notify(runtime, &(struct notice){.kind = NOTICE_CAUGHT_UP}))
        return STATUS_FATAL;
    while (!atomic_load(&runtime->is_ready) && atomic_load(&runtime->failure) == EXIT_DONE)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (atomic_load(&runtime->failure) == EXIT_DONE)
        return STATUS_OK;
    error_set(ret_error, (enum exit_code)atomic_load(&runtime->failure),
              "the state in %s failed while starting", store_path(runtime->store));
    return STATUS_FATAL;
}

bool runtime_is_ready(const struct runtime *runtime)
{
    return atomic_load(&runtime->is_ready) && !atomic_load(&runtime->is_stopping);
}

void runtime_reload(struct runtime *runtime, struct pipeline_config *config)
{
    struct notice notice = {.kind = NOTICE_RULES, .config = config};
    notice.retired = atomic_exchange(&runtime->current, config);
    if (!runtime_notify(runtime, &notice))
        runtime_fail(runtime, EXIT_BUG); /* Out of memory; nobody would say which rules hold. */
}

/* The writer commits what it has once more and ends. */
static void join_writer(struct runtime *runtime)
{
    atomic_store(&runtime->is_last_turn, true);
    queue_wake(runtime->writer_queue);
    if (runtime->is_writer_running)
        pthread_join(runtime->writer_thread, NULL);
    runtime->is_writer_running = false;
}

/* After a failure a shard may wait for a writer that is no more: its queue is emptied meanwhile. */
static void join_shards(struct runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        struct shard_thread *self = &runtime->shards[i];
        if (!self->is_running)
            continue;
        while (!atomic_load(&self->has_ended)) {
            void *item;
            if (atomic_load(&runtime->failure) != EXIT_DONE) {
                join_writer(runtime);
                while (queue_pop(runtime->writer_queue, &item, 1) > 0)
                    runtime_drop_item(item);
                queue_wake(self->events);
                queue_wake(self->free_effects);
            }
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        }
        pthread_join(self->thread, NULL);
        self->is_running = false;
    }
}

void runtime_stop(struct runtime *runtime, int64_t grace_ms)
{
    atomic_store(&runtime->is_stopping, true);
    if (!runtime->is_writer_running)
        return;
    bool is_running = atomic_load(&runtime->failure) == EXIT_DONE && runtime->shard_count > 0 &&
                      runtime->shards[runtime->shard_count - 1].is_running;
    struct notice notice = {.kind = NOTICE_STOP};
    for (uint32_t i = 0; i < runtime->source_count; i++)
        notice.is_closing |= runtime->sources[i].kind == SOURCE_MEMORY;
    bool is_told = is_running && runtime_notify(runtime, &notice);
    if (!is_told)
        runtime_fail(runtime, EXIT_BUG); /* Nothing else ends the threads. */
    join_shards(runtime);
    int64_t until_ms = clock_monotonic_ms() + grace_ms;
    while (is_told && !atomic_load(&runtime->is_drained) && clock_monotonic_ms() < until_ms &&
           atomic_load(&runtime->failure) == EXIT_DONE)
        nanosleep(&(struct timespec){.tv_nsec = 1000000},
                  NULL); /* A full disk must not keep us for ever. */
    for (uint32_t i = 0; i < runtime->lane_count; i++)
        lane_stop(&runtime->lanes[i], grace_ms);
    join_writer(runtime);
}

void runtime_fail(struct runtime *runtime, enum exit_code exit_code)
{
    int expected = EXIT_DONE;
    if (!atomic_compare_exchange_strong(&runtime->failure, &expected, exit_code))
        return;
    log_error("stopping", "reason=%s", exit_code == EXIT_STATE_IO ? "state" : "out_of_memory");
    if (runtime->notify_failure)
        runtime->notify_failure(runtime->notify_context);
}

enum exit_code runtime_failure(const struct runtime *runtime)
{
    return (enum exit_code)atomic_load(&runtime->failure);
}

void runtime_on_failure(struct runtime *runtime, void (*notify)(void *context), void *context)
{
    runtime->notify_failure = notify;
    runtime->notify_context = context;
}

struct writer *runtime_writer(struct runtime *runtime)
{
    return runtime->writer;
}

struct runtime_gauges runtime_gauges(const struct runtime *runtime)
{
    struct runtime_gauges gauges = {
        .writer_age_ms = clock_monotonic_ms() -
                         atomic_load_explicit(&runtime->writer_turn_ms, memory_order_relaxed),
        .is_refusing = is_state_full(runtime),
    };
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        gauges.trajectories += counter_get(&runtime->shards[i].trajectories);
        gauges.in_flight_bytes += counter_get(&runtime->shards[i].bytes);
        gauges.decided += counter_get(&runtime->shards[i].decided);
    }
    return gauges;
}

static const struct metric_family runtime_families[] = {
    {"flywheel_commits_total", METRIC_COUNTER, "Commits of the state."},
    {"flywheel_commit_failures_total", METRIC_COUNTER,
     "Commits that found the map or the disk full."},
    {"flywheel_commit_seconds", METRIC_HISTOGRAM, "Duration of a commit."},
    {"flywheel_exporter_sent_records_total", METRIC_COUNTER,
     "Records that an exporter has delivered."},
    {"flywheel_exporter_send_failures_total", METRIC_COUNTER,
     "Attempts of an exporter that failed."},
    {"flywheel_verdict_seconds", METRIC_HISTOGRAM,
     "From the deadline of a trajectory to its durable verdict."},
};

void runtime_register_metrics(struct runtime *runtime, struct metrics *metrics)
{
    metrics_add(metrics, &runtime_families[0], "", &runtime->commits, 1);
    metrics_add(metrics, &runtime_families[1], "", &runtime->commit_failures, 1);
    metrics_add_histogram(metrics, &runtime_families[2], "", &runtime->commit_seconds);
    metrics_add_histogram(metrics, &runtime_families[5], "", &runtime->verdict_seconds);
    for (uint32_t i = 0; i < runtime->lane_count; i++) {
        struct buffer labels = {0};
        metrics_append_label(&labels, "exporter",
                             bytes_of_text(runtime->config->exporters[i].name));
        buffer_append_byte(&labels, 0);
        const char *text = labels.failed ? "" : (const char *)labels.data;
        metrics_add(metrics, &runtime_families[3], text, &runtime->lanes[i].counters.sent_records,
                    1);
        metrics_add(metrics, &runtime_families[4], text, &runtime->lanes[i].counters.send_failures,
                    1);
        buffer_finish(&labels);
    }
}
