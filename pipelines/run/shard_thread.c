/* One shard's thread: events in, effects out. Positions are published by the intake after it has
 * pushed; so when the positions were read first and the queue was then found empty, everything
 * below them has been given to the shard. */
#include "pipelines/run/shard_thread.h"

#include "pipelines/run/failure.h"
#include "pipelines/run/mailbox.h"
#include "pipelines/run/room.h"
#include "pipelines/run/state.h"
#include "pipelines/run/topic_intake.h"
#include "processor/base/clock.h"
#include "processor/base/thread.h"
#include "processor/emit/record/input.h"

enum {
    EVENTS_AT_ONCE = 64,            /* then positions and gauges are looked at again */
    EFFECTS_BYTES_SENT = 256 << 10, /* a batch this large is sent at once */
    EFFECTS_HELD_MS = 10,           /* and any batch after this long */
    SLEEP_MS_MAX = 100,             /* positions move without an event for this shard */
    REST_MS = 1000,                 /* without an event: then memory is not kept warm any more */
};

/* One record goes to all exporters: what the smallest of their topics takes, as far as known. */
static size_t record_bytes_max(const struct runtime *runtime)
{
    size_t least = REVIEW_RECORD_MAX;
    for (uint32_t i = 0; i < runtime->lane_count; i++) {
        size_t max =
            atomic_load_explicit(&runtime->lanes[i].counters.record_max, memory_order_relaxed);
        least = max > 0 && max < least ? max : least;
    }
    return least > REVIEW_RECORD_LEAST ? least : REVIEW_RECORD_LEAST;
}

/* Everything that was admitted until `given_ms` has been given; 0: nobody knows. */
static struct shard_time time_of(struct shard_thread *self, int64_t given_ms)
{
    struct runtime *runtime = self->runtime;
    int64_t now_ms = clock_monotonic_ms();
    bool was_stopped = pulse_was_stopped(&runtime->pulse, now_ms), stands[SOURCES_MAX];
    for (uint32_t i = 0; i < runtime->source_count; i++)
        stands[i] = was_stopped || topic_intake_stands(runtime, i, now_ms);
    input_clock_look(&self->clock, now_ms, given_ms, stands);
    return (struct shard_time){
        .now_ms = now_ms,
        .wall_ms = (uint64_t)clock_realtime_ms(),
        .is_catching_up = atomic_load_explicit(&runtime->is_catching_up, memory_order_relaxed),
        .lag_ms = self->clock.lag_ms,
        .excess_bytes =
            room_excess_bytes(runtime, self->index, shard_gauges(self->shard).bytes, now_ms),
        .is_stuck = room_is_stuck(runtime),
        .horizon_ms = writer_horizon_ms(runtime->writer),
        .decided_sequence = writer_decided_sequence(runtime->writer),
        .part_sequence = writer_part_sequence(runtime->writer),
        .record_bytes_max = record_bytes_max(runtime),
        .spill_bytes = room_spill_bytes(runtime),
        .is_journal_pressed = writer_gauges(runtime->writer).journal_bytes >
                              runtime->config->limits.journal_bytes / 2,
    };
}

static bool has_moved(const struct shard_thread *self)
{
    const struct effects *effects = self->current;
    size_t size = self->runtime->source_count * sizeof(uint64_t);
    return memcmp(effects->floor, self->sent_floor, size) != 0 ||
           memcmp(effects->through, self->sent_through, size) != 0 ||
           memcmp(effects->need, self->sent_need, size) != 0;
}

static void note_turn(struct shard_thread *self)
{
    atomic_store_explicit(&self->turn_ms, clock_monotonic_ms(), memory_order_relaxed);
}

/* NULL when the writer will not give any back. */
static struct effects *take_free(struct shard_thread *self)
{
    void *item;
    while (queue_pop(self->free_effects, &item, 1) == 0) {
        if (failure_is_reported(self->runtime))
            return NULL;
        atomic_store_explicit(&self->turn_ms, 0, memory_order_relaxed);
        queue_wait(self->free_effects, -1);
    }
    note_turn(self);
    return item;
}

static void send_effects(struct shard_thread *self, int64_t now_ms)
{
    struct effects *effects = self->current;
    memcpy(self->sent_floor, effects->floor, sizeof(self->sent_floor));
    memcpy(self->sent_through, effects->through, sizeof(self->sent_through));
    memcpy(self->sent_need, effects->need, sizeof(self->sent_need));
    uint64_t open_spans = effects->open_spans;
    atomic_fetch_add(&self->sent_bytes, effects->arena.used);
    void *item = item_tagged(effects, ITEM_EFFECTS);
    bool is_sent = queue_push_quiet(self->runtime->writer_queue, item) ||
                   queue_push_wait(self->runtime->writer_queue, item);
    self->current = is_sent ? take_free(self) : NULL;
    self->sent_ms = now_ms;
    if (!self->current)
        return;
    /* What it said the last time it was used is old by now. */
    memcpy(self->current->floor, self->sent_floor, sizeof(self->sent_floor));
    memcpy(self->current->through, self->sent_through, sizeof(self->sent_through));
    memcpy(self->current->need, self->sent_need, sizeof(self->sent_need));
    self->current->source_count = self->runtime->source_count;
    self->current->open_spans = open_spans;
}

static void publish_gauges(struct shard_thread *self)
{
    struct shard_gauges gauges = shard_gauges(self->shard);
    counter_set(&self->trajectories, gauges.trajectories);
    counter_set(&self->bytes, gauges.bytes);
    counter_set(&self->decided, gauges.decided);
    atomic_store_explicit(&self->is_full, shard_is_full(self->shard), memory_order_relaxed);
}

static enum status step(struct shard_thread *self, const struct shard_event *event,
                        int64_t given_ms)
{
    note_turn(self);
    struct shard_time time = time_of(self, given_ms);
    self->budget = budget_take(writer_budget(self->runtime->writer), self->index, self->budget);
    time.budget = self->budget;
    self->regressions =
        regression_keeper_take(&self->runtime->regressions, self->index, self->regressions);
    if (self->regressions && regression_set_rows(self->regressions) > 0)
        time.regressions = self->regressions;
    enum status status = shard_step(self->shard, event, &time, self->current);
    bool is_large = self->current->arena.used >= EFFECTS_BYTES_SENT;
    bool is_old =
        time.now_ms - self->sent_ms >= EFFECTS_HELD_MS && !effects_is_empty(self->current);
    if (status == STATUS_OK && (is_large || is_old))
        send_effects(self, time.now_ms);
    return status;
}

/* False: that was the last event. */
static bool answer_notice(struct shard_thread *self, struct notice *notice, enum status *status)
{
    enum notice_kind kind = notice->kind;
    /* Positions of now would be those of requests that lie behind the notice. */
    struct shard_event event = {.kind = SHARD_TICK, .next_positions = notice->next_positions};
    if (kind == NOTICE_RULES)
        event = (struct shard_event){.kind = SHARD_RULES, .config = notice->config};
    else if (kind == NOTICE_STOP && notice->is_closing)
        event.kind = SHARD_CLOSE;
    else if (kind == NOTICE_ASSIGN || kind == NOTICE_REVOKE)
        event = (struct shard_event){.kind = kind == NOTICE_ASSIGN ? SHARD_ASSIGN : SHARD_REVOKE,
                                     .source = notice->source,
                                     .position = notice->position};
    do
        *status = step(self, &event, 0); /* One step closes no more than one batch holds. */
    while (event.kind == SHARD_CLOSE && *status == STATUS_OK && self->current &&
           shard_has_volatile(self->shard));
    if (self->current)
        send_effects(self, clock_monotonic_ms());
    publish_gauges(self);
    mailbox_answer(self->runtime, notice);
    return kind != NOTICE_STOP;
}

static void sleep_until_due(struct shard_thread *self)
{
    int64_t now_ms = clock_monotonic_ms(), next_ms = shard_next_ms(self->shard);
    if (has_moved(self) || !effects_is_empty(self->current))
        send_effects(self, now_ms);
    int64_t wait_ms = next_ms == INT64_MAX ? SLEEP_MS_MAX : next_ms - now_ms;
    if (wait_ms > SLEEP_MS_MAX)
        wait_ms = SLEEP_MS_MAX;
    if (wait_ms > 0)
        queue_wait(self->events, wait_ms);
}

/* False: stop. */
static bool handle(struct shard_thread *self, void *item, enum status *status)
{
    if (item_tag_of(item) == ITEM_NOTICE)
        return answer_notice(self, item_untagged(item), status);
    struct request *request = item;
    atomic_store_explicit(&self->oldest_ms, request->admitted_ms, memory_order_relaxed);
    *status = step(self, &(struct shard_event){.kind = SHARD_REQUEST, .request = request},
                   request->admitted_ms);
    request_release(request);
    return true;
}

/* Events one after the other; after a failure they are only let go. */
static bool handle_all(struct shard_thread *self, void **items, size_t count, enum status *status)
{
    bool is_running = true;
    for (size_t i = 0; i < count; i++) {
        if (is_running && *status == STATUS_OK && self->current)
            is_running = handle(self, items[i], status);
        else
            mailbox_drop(items[i]);
    }
    return is_running;
}

static void rest_when_idle(struct shard_thread *self, bool is_busy, int64_t now_ms)
{
    if (is_busy)
        self->busy_ms = now_ms;
    bool is_idle = now_ms - self->busy_ms >= REST_MS;
    if (is_idle && !self->is_resting)
        shard_rest(self->shard);
    self->is_resting = is_idle;
}

void *shard_thread_main(void *shard_thread)
{
    struct shard_thread *self = shard_thread;
    struct runtime *runtime = self->runtime;
    thread_name(pthread_self(), "shard-%u", (unsigned)(self - runtime->shards));
    enum status status = STATUS_OK;
    bool is_running = true;
    input_clock_init(&self->clock, runtime->source_count, clock_monotonic_ms());
    self->current = take_free(self);
    while (is_running && status == STATUS_OK && self->current &&
           !failure_is_reported(self->runtime)) {
        uint64_t positions[SOURCES_MAX];
        void *items[EVENTS_AT_ONCE];
        int64_t looked_ms = clock_monotonic_ms();
        note_turn(self);
        for (uint32_t i = 0; i < runtime->source_count; i++)
            positions[i] = atomic_load_explicit(&runtime->next_positions[i], memory_order_acquire);
        size_t count = queue_pop(self->events, items, EVENTS_AT_ONCE);
        /* A place that another source's receiver has taken but not yet filled hides the requests
         * behind it, so an empty hand alone does not say that all has been given. */
        bool is_drained = queue_length(self->events) == 0;
        is_running = handle_all(self, items, count, &status);
        publish_gauges(self);
        if (!is_running || status != STATUS_OK || !self->current)
            break;
        if (is_drained)
            atomic_store_explicit(&self->oldest_ms, 0, memory_order_relaxed);
        if (is_drained)
            status =
                step(self, &(struct shard_event){.kind = SHARD_TICK, .next_positions = positions},
                     looked_ms);
        if (status == STATUS_OK && self->current && count == 0)
            sleep_until_due(self);
        rest_when_idle(self, count > 0 || !effects_is_empty(self->current), looked_ms);
    }
    if (status != STATUS_OK)
        failure_report(runtime, EXIT_BUG);
    atomic_store_explicit(&self->oldest_ms, 0, memory_order_relaxed);
    publish_gauges(self);
    atomic_store_explicit(&self->turn_ms, 0, memory_order_relaxed);
    budget_view_release(self->budget);
    self->budget = NULL;
    regression_set_release(self->regressions);
    self->regressions = NULL;
    return NULL;
}
