/* One request, span by span along its chain:
 *   decided before       late, or a replay: late.c
 *   else                 into its open trajectory, which a limit may close at once
 * and after every event the deadlines that have passed. */
#include "pipelines/decide/shard.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/decide/shard_state.h"

/* One run each time: what it frees shows after the next commits. */
enum { STUCK_MS = 100 };

struct shard *shard_create(uint32_t index, uint32_t count, uint32_t source_count,
                           const struct pipeline_config *config, int64_t now_ms)
{
    assert(index < count);
    struct shard *shard = calloc(1, sizeof(*shard));
    if (!shard)
        return NULL;
    shard->index = index;
    shard->count = count;
    shard->config = config;
    shard->spill_sequence = index + 1;
    if (!progress_init(&shard->progress, source_count) ||
        !assembler_init(&shard->assembler, &config->assembly, now_ms) ||
        !late_init(&shard->late, now_ms) || !conversation_stage_init(&shard->stage, now_ms) ||
        !decided_set_init(&shard->decided) || !judge_init(&shard->judge, config)) {
        shard_destroy(shard);
        return NULL;
    }
    return shard;
}

void shard_destroy(struct shard *shard)
{
    if (!shard)
        return;
    assembler_finish(&shard->assembler);
    late_finish(&shard->late);
    conversation_stage_finish(&shard->stage);
    decided_set_finish(&shard->decided);
    judge_finish(&shard->judge);
    buffer_finish(&shard->spill);
    progress_finish(&shard->progress);
    free(shard);
}

void shard_rest(struct shard *shard)
{
    judge_rest(&shard->judge);
    arena_finish(&shard->late.arena);
    arena_finish(&shard->stage.arena);
    buffer_finish(&shard->stage.content);
    buffer_finish(&shard->spill);
}

void shard_set_parts(struct shard *shard, const struct conversation_parts *parts)
{
    shard->stage.parts = *parts;
}

void shard_set_in_hand(struct shard *shard, struct in_hand_slot *slot,
                       const struct set_aside *set_aside)
{
    shard->judge.slot = slot;
    shard->judge.set_aside = set_aside;
}

void shard_emit_all(struct shard *shard)
{
    shard->judge.is_emitting_all = true;
}

void shard_set_watch(struct shard *shard, const struct judge_watch *watch)
{
    shard->judge.watch = watch;
}

enum status shard_remember(struct shard *shard, const struct decided_entry *entry)
{
    struct decided_entry remembered = *entry;
    remembered.is_remembered = true;
    enum status status = decided_set_add(&shard->decided, &remembered);
    decided_set_move_row(&shard->decided, entry->trace_id, entry->sequence, entry->is_exhausted);
    return status;
}

void shard_set_replay(struct shard *shard, uint16_t source, const struct source_marks *marks)
{
    assert(source < shard->progress.source_count);
    shard->progress.counted[source] = *marks;
}

void shard_set_source_kind(struct shard *shard, uint16_t source, enum source_kind kind)
{
    assert(source < shard->progress.source_count);
    shard->progress.kinds[source] = kind;
}

void shard_set_spill_sequence(struct shard *shard, uint64_t first)
{
    shard->spill_sequence = first;
}

void shard_set_revision_source(struct shard *shard, const struct revision_source *revisions)
{
    shard->late.revisions = *revisions;
}

/* --- closing --- */

static enum status decide_one(struct shard *shard, struct open_trajectory *open,
                              enum close_trigger trigger, bool is_unreadable, int64_t due_ms,
                              const struct shard_time *time, struct effects *effects)
{
    struct judgement judgement = {.open = open,
                                  .trigger = trigger,
                                  .budget = time->budget,
                                  .keeps_content = shard->late.revisions.find != NULL,
                                  .effects = effects};
    enum status status = judge_decide(&shard->judge, &judgement, is_unreadable);
    if (status != STATUS_OK)
        return status;
    struct closed *closed = judgement.closed;
    closed->due_ms = due_ms;
    closed->decided_ms = time->wall_ms;
    progress_fill_positions(&shard->progress, open, closed);
    closed->is_split = progress_is_split(&shard->progress, open);
    return STATUS_OK;
}

/* What is a part of a conversation is not decided alone. */
static enum status close_one(struct shard *shard, struct open_trajectory *open,
                             enum close_trigger trigger, bool is_read, int64_t due_ms,
                             const struct shard_time *time, struct effects *effects)
{
    bool is_unreadable = !is_read && !judge_read(&shard->judge, open, trigger);
    bool is_part = !is_unreadable && conversation_stage_takes(shard);
    enum status status =
        is_part ? conversation_stage_add(shard, open, time, effects)
                : decide_one(shard, open, trigger, is_unreadable, due_ms, time, effects);
    if (status != STATUS_OK)
        return status;
    spill_forget(open, effects);
    const struct decided_entry entry = {.decided_ms = time->wall_ms,
                                        .sequence = time->decided_sequence + 1,
                                        .is_exhausted = is_part};
    status = progress_remember(&shard->progress, &shard->decided, open, &entry);
    effects->logs_joined += open->accepted_logs;
    assembler_release(&shard->assembler, open);
    return status;
}

/* Logs whose spans never came. */
static void drop_log_only(struct shard *shard, struct open_trajectory *open,
                          struct effects *effects)
{
    effects->logs_dropped[LOG_WITHOUT_SPANS] += open->accepted_logs;
    spill_forget(open, effects);
    assembler_release(&shard->assembler, open);
}

static enum status close_due(struct shard *shard, const struct shard_time *time,
                             struct effects *effects)
{
    struct open_trajectory *open;
    enum close_trigger trigger;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && effects_have_room(effects) &&
           (open = assembler_next_due(&shard->assembler, time->now_ms, &trigger))) {
        if (open->span_count == 0) {
            drop_log_only(shard, open, effects);
            continue;
        }
        bool is_awaiting = trigger == CLOSE_ROOT && shard->config->assembly.await_count > 0;
        bool is_read = is_awaiting && judge_read(&shard->judge, open, trigger);
        if (is_read && !judge_has_awaited_scores(&shard->judge) &&
            assembler_await(&shard->assembler, open, time->now_ms))
            continue;
        status = close_one(shard, open, trigger, is_read, open->timer.deadline_ms, time, effects);
    }
    return status;
}

static enum status close_quiet(struct shard *shard, struct open_trajectory *open,
                               const struct shard_time *time, struct effects *effects)
{
    if (open->span_count > 0)
        return close_one(shard, open, CLOSE_MEMORY, false, time->now_ms, time, effects);
    drop_log_only(shard, open, effects);
    return STATUS_OK;
}

static enum status close_over_memory(struct shard *shard, const struct shard_time *time,
                                     struct effects *effects)
{
    struct open_trajectory *open;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && effects_have_room(effects) &&
           (open = assembler_over_memory(&shard->assembler)))
        status = close_quiet(shard, open, time, effects);
    return status;
}

/* Nothing may wait for room that only closing gives: while spans are refused, the runs that have
 * waited longest for their roots go. */
static enum status close_for_room(struct shard *shard, const struct shard_time *time,
                                  struct effects *effects)
{
    size_t before = shard->assembler.table.bytes, freed = 0;
    bool is_stuck = time->is_stuck && time->now_ms - shard->stuck_ms >= STUCK_MS;
    struct open_trajectory *open;
    enum status status = STATUS_OK;
    if (is_stuck)
        shard->stuck_ms = time->now_ms;
    while (status == STATUS_OK && (freed < time->excess_bytes || is_stuck) &&
           effects_have_room(effects) && (open = assembler_longest_quiet(&shard->assembler))) {
        status = close_quiet(shard, open, time, effects);
        freed = before - shard->assembler.table.bytes;
        is_stuck = false;
    }
    return status;
}

static enum status close_volatile(struct shard *shard, const struct shard_time *time,
                                  struct effects *effects)
{
    enum status status = STATUS_OK;
    struct open_trajectory *open, *next = shard->assembler.table.oldest;
    while (status == STATUS_OK && effects_have_room(effects) &&
           (open = progress_find_volatile(&shard->progress, next))) {
        next = open->newer;
        if (open->span_count == 0)
            drop_log_only(shard, open, effects);
        else
            status = close_one(shard, open, CLOSE_SHUTDOWN, false, time->now_ms, time, effects);
    }
    return status == STATUS_OK ? late_close_volatile(shard, time, effects) : status;
}

bool shard_has_volatile(const struct shard *shard)
{
    return progress_find_volatile(&shard->progress, shard->assembler.table.oldest) ||
           late_has_volatile(shard);
}

/* --- taking in --- */

/* A limit closes at once, unless the request has filled the effects: then it is due. */
static bool is_closing(const struct shard *shard, const struct open_trajectory *open,
                       const struct effects *effects, enum close_trigger *ret_trigger)
{
    return effects_have_room(effects) &&
           assembler_is_full(&shard->assembler.config, open, ret_trigger);
}

static enum status take_spans(struct shard *shard, const struct request *request,
                              const struct arrival *arrival, const struct shard_time *time,
                              struct effects *effects)
{
    const struct gated_request *gated = &request->gated;
    uint32_t at = request->shard_first[shard->index];
    while (at != UINT32_MAX) {
        const uint8_t *trace_id = gated->spans[at].trace_id;
        if (request->is_replayed && spill_holds(shard, request, trace_id)) {
            at = shard_next_trace(request, at);
            continue;
        }
        struct open_trajectory *open = NULL;
        enum status status =
            decided_set_find(&shard->decided, trace_id)
                ? late_take_spans(shard, request, at, arrival, effects, &at)
                : assembler_add_spans(&shard->assembler, gated, at, arrival, &at, &open);
        enum close_trigger trigger;
        if (open && status == STATUS_OK && is_closing(shard, open, effects, &trigger))
            status = close_one(shard, open, trigger, false, time->now_ms, time, effects);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_logs(struct shard *shard, const struct request *request,
                             const struct arrival *arrival, const struct shard_time *time,
                             struct effects *effects)
{
    const struct gated_request *gated = &request->gated;
    for (uint32_t at = request->shard_first_log[shard->index]; at != UINT32_MAX;
         at = gated->logs[at].next) {
        const struct gated_log *log = &gated->logs[at];
        bool is_counted = progress_was_counted(&shard->progress, request, log->trace_id);
        if (!log->is_known || !log->has_ids) {
            effects->logs_ignored += !log->is_known && !is_counted;
            effects->logs_dropped[LOG_NO_IDS] += log->is_known && !is_counted;
            continue;
        }
        if (request->is_replayed && spill_holds(shard, request, log->trace_id))
            continue;
        struct open_trajectory *open = NULL;
        enum status status = decided_set_find(&shard->decided, log->trace_id)
                                 ? late_take_log(shard, request, log, arrival, effects)
                                 : assembler_add_log(&shard->assembler, gated, log, arrival, &open);
        if (status == STATUS_BUSY) {
            effects->logs_dropped[LOG_OVERFLOW] += !is_counted;
            continue;
        }
        enum close_trigger trigger;
        if (open && status == STATUS_OK && is_closing(shard, open, effects, &trigger)) {
            if (open->span_count == 0)
                drop_log_only(shard, open, effects);
            else
                status = close_one(shard, open, trigger, false, time->now_ms, time, effects);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status take_request(struct shard *shard, const struct request *request,
                                const struct shard_time *time, struct effects *effects)
{
    struct arrival arrival = {request->source, request->position, time->now_ms,
                              request->received_ms};
    progress_begin(&shard->progress, request);
    enum status status = take_spans(shard, request, &arrival, time, effects);
    if (status == STATUS_OK)
        status = take_logs(shard, request, &arrival, time, effects);
    progress_end(&shard->progress);
    if (status == STATUS_OK)
        status = close_over_memory(shard, time, effects);
    return status;
}

/* --- partitions --- */

static bool holds_only(const struct open_trajectory *open, uint16_t source)
{
    for (const struct holding *holding = &open->holding; holding; holding = holding->next_of_owner)
        if (holding->owner && holding->source != source)
            return false;
    return true;
}

/* A trajectory that other sources have given to as well goes on with what it has. */
static void drop_source(struct shard *shard, uint16_t source, struct effects *effects)
{
    struct in_flight *table = &shard->assembler.table;
    assert(source < shard->progress.source_count);
    for (struct holding *holding; (holding = in_flight_any_holding(table, source));) {
        struct open_trajectory *open = holding->owner;
        if (!holds_only(open, source)) {
            in_flight_detach(table, holding);
            continue;
        }
        effects->revoked_spans += open->accepted_spans;
        spill_forget(open, effects);
        assembler_release(&shard->assembler, open);
    }
    late_drop_source(shard, source, effects);
}

static void assign(struct shard *shard, uint16_t source, uint64_t position, struct effects *effects)
{
    drop_source(shard, source, effects);
    progress_restart(&shard->progress, source, position);
}

/* --- forgetting --- */

/* Decided ids leave when the writer says that the store has forgotten them as well; otherwise a
 * restart would take for late what was a new trajectory. */
static void forget_old(struct shard *shard, const struct shard_time *time)
{
    for (const struct decided_entry *entry; (entry = decided_set_oldest(&shard->decided));) {
        if ((int64_t)entry->decided_ms >= time->horizon_ms || late_holds(shard, entry->trace_id))
            return;
        decided_set_drop_oldest(&shard->decided);
    }
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void state_positions(const struct shard *shard, struct effects *effects)
{
    const struct in_flight *open = &shard->assembler.table, *late = &shard->late.table;
    const struct progress *progress = &shard->progress;
    effects->source_count = progress->source_count;
    effects->open_spans = open->span_count + late->span_count;
    for (uint16_t source = 0; source < progress->source_count; source++) {
        uint64_t next = progress->next[source];
        uint64_t floor = least(in_flight_floor(open, source), in_flight_floor(late, source));
        uint64_t need = least(in_flight_need(open, source), in_flight_need(late, source));
        effects->through[source] = progress->through[source];
        effects->floor[source] = least(floor, next);
        effects->need[source] = least(need, next);
    }
}

enum status shard_step(struct shard *shard, const struct shard_event *event,
                       const struct shard_time *time, struct effects *effects)
{
    enum status status = STATUS_OK;
    shard->judge.record_bytes_max = time->record_bytes_max;
    shard->judge.regressions = time->regressions;
    in_flight_set_lags(&shard->assembler.table, time->lag_ms, shard->progress.source_count);
    switch (event->kind) {
    case SHARD_REQUEST:
        status = take_request(shard, event->request, time, effects);
        break;
    case SHARD_TICK:
        progress_pass(&shard->progress, event->next_positions);
        break;
    case SHARD_RULES:
        shard->config = event->config;
        judge_set_config(&shard->judge, event->config);
        break;
    case SHARD_CLOSE:
        status = close_volatile(shard, time, effects);
        break;
    case SHARD_ASSIGN:
        assign(shard, event->source, event->position, effects);
        break;
    case SHARD_REVOKE:
        drop_source(shard, event->source, effects);
        break;
    }
    if (status == STATUS_OK && !time->is_catching_up)
        status = close_due(shard, time, effects);
    if (status == STATUS_OK && !time->is_catching_up)
        status = close_for_room(shard, time, effects);
    if (status == STATUS_OK && !time->is_catching_up)
        status = late_close_due(shard, time, effects);
    if (status == STATUS_OK)
        status = conversation_stage_step(shard, time, effects);
    if (status == STATUS_OK && !time->is_catching_up)
        status = spill_step(shard, time, effects);
    forget_old(shard, time);
    state_positions(shard, effects);
    /* What did not fit is missing: such effects must not become durable. */
    return effects->arena.failed ? STATUS_FATAL : status;
}

enum status shard_restore(struct shard *shard, const struct spilled *spilled,
                          const struct gated_request *spans, const struct gated_request *logs,
                          const struct shard_time *time)
{
    return spill_restore(shard, spilled, spans, logs, time);
}

int64_t shard_next_ms(const struct shard *shard)
{
    int64_t open_ms = timer_wheel_next_ms(&shard->assembler.table.wheel);
    int64_t late_ms = timer_wheel_next_ms(&shard->late.table.wheel);
    int64_t stage_ms = timer_wheel_next_ms(&shard->stage.open.wheel);
    stage_ms = stage_ms == INT64_MAX ? stage_ms : stage_ms + shard->stage.lag_ms;
    int64_t first_ms = open_ms < late_ms ? open_ms : late_ms;
    return first_ms < stage_ms ? first_ms : stage_ms;
}

struct shard_gauges shard_gauges(const struct shard *shard)
{
    const struct in_flight *open = &shard->assembler.table, *late = &shard->late.table;
    return (struct shard_gauges){open->count + late->count, open->span_count + late->span_count,
                                 open->bytes + late->bytes, shard->decided.count};
}

bool shard_is_full(const struct shard *shard)
{
    size_t most = shard->config->limits.decided / shard->count;
    return shard->decided.count >= most || shard->stage.open.part_count >= most;
}
