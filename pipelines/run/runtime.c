/* Creation, start and stop of the threads. */
#include "pipelines/run/runtime.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/commit/sources.h"
#include "pipelines/run/failure.h"
#include "pipelines/run/mailbox.h"
#include "pipelines/run/recovery.h"
#include "pipelines/run/room.h"
#include "pipelines/run/shard_thread.h"
#include "pipelines/run/state.h"
#include "pipelines/run/topic_intake.h"
#include "pipelines/run/writer_thread.h"
#include "processor/base/clock.h"

enum {
    POOLED_REQUESTS = 64
}; /* with warm buffers; what is in use beyond that is counted in bytes */

/* --- creation --- */

static bool create_shard(struct runtime *runtime, uint32_t index)
{
    struct shard_thread *self = &runtime->shards[index];
    self->runtime = runtime;
    self->index = index;
    self->shard = shard_create(index, runtime->shard_count, runtime->source_count, runtime->config,
                               clock_monotonic_ms());
    struct revision_source revisions = revision_source_from_store(runtime->store);
    struct conversation_parts parts = conversation_parts_from_store(runtime->store);
    if (self->shard && runtime->config->late_window_ms > 0)
        shard_set_revision_source(self->shard, &revisions);
    shard_set_parts(self->shard, &parts);
    shard_set_in_hand(self->shard, in_hand_slot(runtime->in_hand, index),
                      in_hand_set_aside(runtime->in_hand));
    for (uint16_t i = 0; self->shard && i < runtime->source_count; i++)
        shard_set_source_kind(self->shard, i, runtime->source_kinds[i]);
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
        if (outbox_lane_open(&runtime->lanes[i], (uint8_t)i, &runtime->config->exporters[i],
                             runtime->store, ret_error) != STATUS_OK)
            return false;
    }
    return true;
}

static bool create_parts(struct runtime *runtime, struct error *ret_error)
{
    runtime->pool = request_pool_create(POOLED_REQUESTS);
    runtime->writer_queue = queue_create(WRITER_QUEUE);
    runtime->has_review_calls = review_calls_open(&runtime->review_calls);
    runtime->answers = queue_create(ANSWERS);
    runtime->topic.answers = queue_create(ANSWERS);
    runtime->writer = writer_create(runtime->store, runtime->config, runtime->shard_count,
                                    runtime->source_names, runtime->source_count, ret_error);
    if (!runtime->pool || !runtime->writer_queue || !runtime->has_review_calls ||
        !runtime->answers || !runtime->topic.answers || !runtime->writer)
        return false;
    struct review *review = writer_review(runtime->writer);
    if (regression_keeper_open(&runtime->regressions, runtime,
                               review ? review_dataset(review) : NULL, runtime->store,
                               runtime->config, runtime->shard_count, ret_error) != STATUS_OK)
        return false;
    for (uint32_t i = 0; i < runtime->source_count; i++) {
        runtime->intakes[i] = (struct intake_context){runtime, i};
        const struct source_row *row = sources_row(runtime->writer, i);
        runtime->journaled[i] =
            (struct journaled_range){.id = row->id,
                                     .from = row->low_watermark,
                                     .to = row->next_position,
                                     .is_handed_over = row->is_handed_over,
                                     .known.offset = (int64_t)row->known_position - 1};
        memcpy(runtime->journaled[i].known.digest, row->known, sizeof row->known);
        atomic_store(&runtime->next_positions[i], row->low_watermark);
        sources_set_kind(runtime->writer, i, runtime->source_kinds[i]);
    }
    runtime->in_hand = in_hand_open(store_path(runtime->store), runtime->shard_count);
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
    give_back_set_up();
    struct runtime *runtime = calloc(1, sizeof(*runtime));
    if (!runtime)
        return NULL;
    runtime->config = config;
    runtime->store = store;
    runtime->shard_count = config->shards < SHARDS_MAX ? config->shards : SHARDS_MAX;
    runtime->source_count = source_count;
    for (uint32_t i = 0; i < source_count; i++) {
        runtime->source_names[i] = sources[i].name;
        runtime->source_kinds[i] = sources[i].kind;
    }
    topic_intake_open(runtime);
    atomic_store(&runtime->writer_turn_ms, clock_monotonic_ms());
    if (create_parts(runtime, ret_error))
        return runtime;
    if (!ret_error->is_set)
        error_set(ret_error, EXIT_BUG, "out of memory while starting");
    runtime_destroy(runtime);
    return NULL;
}

void runtime_destroy(struct runtime *runtime)
{
    if (!runtime)
        return;
    if (runtime->is_writer_running)
        runtime_stop(runtime, 0);
    for (uint32_t i = 0; i < runtime->lane_count; i++)
        outbox_lane_close(&runtime->lanes[i]);
    mailbox_destroy(runtime->writer_queue);
    if (runtime->has_review_calls)
        review_calls_close(&runtime->review_calls);
    mailbox_destroy(runtime->answers);
    mailbox_destroy(runtime->topic.answers);
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        struct shard_thread *self = &runtime->shards[i];
        mailbox_destroy(self->events);
        queue_destroy(self->free_effects);
        for (int e = 0; e < EFFECTS_PER_SHARD; e++)
            effects_destroy(self->effects[e]);
        shard_destroy(self->shard);
    }
    in_hand_close(runtime->in_hand);
    regression_keeper_close(&runtime->regressions);
    writer_destroy(runtime->writer);
    if (runtime->pool)
        request_pool_destroy(runtime->pool);
    config_destroy(atomic_load(&runtime->current));
    free(runtime);
}

/* --- start and stop --- */

/* The main thread; false when a thread has failed, or `until_ms` is over. */
static bool await_notice(struct runtime *runtime, const struct notice *notice, int64_t until_ms)
{
    while (!mailbox_has_returned(runtime->answers, notice)) {
        int64_t left_ms = until_ms == INT64_MAX ? -1 : until_ms - clock_monotonic_ms();
        if (failure_is_reported(runtime) || (until_ms != INT64_MAX && left_ms <= 0))
            return false;
        queue_wait(runtime->answers, left_ms);
    }
    return true;
}

/* Differs when something has come or closed since. */
static uint64_t activity(const struct runtime *runtime)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < runtime->source_count; i++)
        sum += atomic_load_explicit(&runtime->next_positions[i], memory_order_relaxed);
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        sum = sum * 31 + counter_get(&runtime->shards[i].bytes) +
              counter_get(&runtime->shards[i].decided) +
              atomic_load_explicit(&runtime->shards[i].sent_bytes, memory_order_relaxed);
    return sum * 31 + request_pool_held_bytes(runtime->pool);
}

static void give_memory_back(void *context, int64_t now_ms)
{
    struct runtime *runtime = context;
    bool is_at_rest = give_back_at_rest(&runtime->give_back, now_ms, activity(runtime));
    if (is_at_rest)
        request_pool_rest(runtime->pool);
    if (is_at_rest || (give_back_is_time(&runtime->give_back, now_ms) &&
                       give_back_is_much(give_back_held_bytes(), give_back_used_bytes())))
        give_back_now();
}

static void on_beat(void *context, int64_t now_ms)
{
    struct runtime *runtime = context;
    in_hand_look(runtime->in_hand, now_ms);
    give_memory_back(runtime, now_ms);
}

static bool start_threads(struct runtime *runtime)
{
    pulse_begin(&runtime->pulse, on_beat, runtime);
    runtime->is_writer_running =
        pthread_create(&runtime->writer_thread, NULL, writer_thread_main, runtime) == 0;
    bool is_started = runtime->is_writer_running && regression_keeper_start(&runtime->regressions);
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
    if (topic_intake_begin(runtime))
        return STATUS_OK;
    const struct notice *notice = mailbox_notify(
        runtime, &(struct notice){.kind = NOTICE_CAUGHT_UP, .answers = runtime->answers});
    if (await_notice(runtime, notice, INT64_MAX))
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
    regression_keeper_use_config(&runtime->regressions, config);
    notice.retired = atomic_exchange(&runtime->current, config);
    (void)mailbox_notify(runtime, &notice);
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

static void join_shards(struct runtime *runtime)
{
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        struct shard_thread *self = &runtime->shards[i];
        if (self->is_running)
            pthread_join(self->thread, NULL);
        self->is_running = false;
    }
}

void runtime_announce_stop(struct runtime *runtime)
{
    atomic_store(&runtime->topic.is_ending, true);
    queue_wake(runtime->topic.answers);
}

void runtime_stop(struct runtime *runtime, int64_t grace_ms)
{
    atomic_store(&runtime->is_stopping, true);
    regression_keeper_stop(&runtime->regressions);
    if (!runtime->is_writer_running)
        return;
    bool is_running = !failure_is_reported(runtime) && runtime->shard_count > 0 &&
                      runtime->shards[runtime->shard_count - 1].is_running;
    struct notice notice = {.kind = NOTICE_STOP, .answers = runtime->answers};
    for (uint32_t i = 0; i < runtime->source_count; i++)
        notice.is_closing |= runtime->source_kinds[i] == SOURCE_MEMORY;
    const struct notice *told = is_running ? mailbox_notify(runtime, &notice) : NULL;
    if (!told)
        failure_report(runtime, EXIT_BUG); /* Nothing else ends the threads. */
    join_shards(runtime);
    if (told) /* A full disk must not keep us for ever. */
        (void)await_notice(runtime, told, clock_monotonic_ms() + grace_ms);
    for (uint32_t i = 0; i < runtime->lane_count; i++)
        outbox_lane_stop(&runtime->lanes[i], grace_ms);
    join_writer(runtime);
    pulse_end(&runtime->pulse);
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

enum status runtime_review_call(struct runtime *runtime, struct review_call *call)
{
    if (!writer_review(runtime->writer) || atomic_load(&runtime->is_stopping) ||
        !review_calls_add(&runtime->review_calls, call))
        return STATUS_BUSY;
    queue_wake(runtime->writer_queue);
    return STATUS_OK;
}

struct review *runtime_review(struct runtime *runtime)
{
    return writer_review(runtime->writer);
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
        .is_refusing = room_is_state_full(runtime),
    };
    int64_t now_ms = clock_monotonic_ms();
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        int64_t turn_ms = atomic_load_explicit(&runtime->shards[i].turn_ms, memory_order_relaxed);
        if (turn_ms > 0 && now_ms - turn_ms > gauges.shard_age_ms) {
            gauges.shard_age_ms = now_ms - turn_ms;
            gauges.oldest_shard = i;
        }
        gauges.trajectories += counter_get(&runtime->shards[i].trajectories);
        gauges.in_flight_bytes += counter_get(&runtime->shards[i].bytes);
        gauges.decided += counter_get(&runtime->shards[i].decided);
    }
    return gauges;
}

const char *runtime_exporter_trouble(const struct runtime *runtime, uint32_t exporter)
{
    return exporter < runtime->lane_count ? atomic_load(&runtime->lanes[exporter].counters.trouble)
                                          : NULL;
}

static const struct metric_family commits_family = {"flywheel_commits_total", METRIC_COUNTER,
                                                    "Commits of the state."};
static const struct metric_family commit_failures_family = {
    "flywheel_commit_failures_total", METRIC_COUNTER,
    "Commits that found the map or the disk full."};
static const struct metric_family commit_seconds_family = {
    "flywheel_commit_seconds", METRIC_HISTOGRAM, "Duration of a commit."};
static const struct metric_family sent_records_family = {"flywheel_exporter_sent_records_total",
                                                         METRIC_COUNTER,
                                                         "Records that an exporter has delivered."};
static const struct metric_family send_failures_family = {"flywheel_exporter_send_failures_total",
                                                          METRIC_COUNTER,
                                                          "Attempts of an exporter that failed."};
static const struct metric_family cut_records_family = {
    "flywheel_exporter_cut_records_total", METRIC_COUNTER,
    "Records that a topic refused for their size, sent again with shorter texts."};
static const struct metric_family dead_letters_family = {
    "flywheel_exporter_dead_letters_total", METRIC_COUNTER,
    "Records that an exporter gave up: refused alone, and not to be cut."};
static const struct metric_family last_success_family = {
    "flywheel_export_last_success_timestamp_seconds", METRIC_GAUGE,
    "When an exporter was last known to have delivered; 0: not since the start."};
static const struct metric_family behind_family = {
    "flywheel_shard_behind_seconds", METRIC_GAUGE,
    "For how long the oldest accepted request has waited for its shard; 0 when none does."};
static const struct metric_family queued_family = {
    "flywheel_queue_bytes", METRIC_GAUGE,
    "Accepted requests that are in the queues of shards and writer."};
static const struct metric_family verdict_seconds_family = {
    "flywheel_verdict_seconds", METRIC_HISTOGRAM,
    "From the deadline of a trajectory to its durable verdict."};

static void collect_queues(void *context, struct buffer *to)
{
    const struct runtime *runtime = context;
    int64_t now_ms = clock_monotonic_ms();
    metrics_write_family(to, &behind_family);
    for (uint32_t i = 0; i < runtime->shard_count; i++) {
        char labels[24];
        (void)snprintf(labels, sizeof(labels), "shard=\"%u\"", i);
        metrics_write_sample(to, behind_family.name, labels,
                             (double)room_behind_ms(runtime, i, now_ms) / 1000);
    }
    metrics_write_family(to, &queued_family);
    metrics_write_sample(to, queued_family.name, "",
                         (double)request_pool_queued_bytes(runtime->pool));
}

void runtime_register_metrics(struct runtime *runtime, struct metrics *metrics)
{
    metrics_add(metrics, &commits_family, "", &runtime->commits, 1);
    metrics_add(metrics, &commit_failures_family, "", &runtime->commit_failures, 1);
    metrics_add_histogram(metrics, &commit_seconds_family, "", &runtime->commit_seconds);
    metrics_add_collector(metrics, collect_queues, runtime);
    regression_keeper_register_metrics(&runtime->regressions, metrics);
    metrics_add_histogram(metrics, &verdict_seconds_family, "", &runtime->verdict_seconds);
    for (uint32_t i = 0; i < runtime->lane_count; i++) {
        struct emitter_counters *counters = &runtime->lanes[i].counters;
        struct buffer labels = {0};
        metrics_append_label(&labels, "exporter",
                             bytes_of_text(runtime->config->exporters[i].name));
        buffer_append_byte(&labels, 0);
        const char *text = labels.failed ? "" : (const char *)labels.data;
        metrics_add(metrics, &sent_records_family, text, &counters->sent_records, 1);
        metrics_add(metrics, &send_failures_family, text, &counters->send_failures, 1);
        metrics_add(metrics, &cut_records_family, text, &counters->cut_records, 1);
        metrics_add(metrics, &dead_letters_family, text, &counters->dead_letters, 1);
        metrics_add(metrics, &last_success_family, text, &runtime->lanes[i].last_success_ms, 1e-3);
        buffer_finish(&labels);
    }
}
