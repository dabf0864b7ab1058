/* One shard, one source, a clock that only this file moves. */
#include "pipelines/decide/replay.h"

#include <stdlib.h>

#include "pipelines/config/limits.h"
#include "processor/emit/outgoing.h"
#include "processor/receive/admission.h"

struct replay {
    struct pipeline_config config; /* a shallow copy without memory limit and budgets */
    struct shard *shard;
    struct effects *effects;
    struct request_pool *pool;
    struct conversation_parts_memory *parts;
    bool are_traces_closed; /* all traces are closed: conversations get all of theirs at once */
    const struct regression_set *regressions; /* NULL: none */
    replay_fn *fn;
    void *context;
    int64_t now_ms;
    uint64_t wall_ms, position;
    struct replay_totals totals;
};

struct replay *replay_create(const struct pipeline_config *config, bool is_all, uint64_t wall_ms,
                             replay_fn *fn, void *context)
{
    struct replay *replay = calloc(1, sizeof(*replay));
    if (!replay)
        return NULL;
    replay->config = *config;
    replay->config.assembly.memory_bytes = SIZE_MAX;
    replay->config.budget.is_present = false;     /* What is offline has no hour before it, */
    replay->config.selection.control_per_day = 0; /* no day, */
    replay->config.selection.new_cohort = 0;      /* and no cohorts seen. */
    replay->fn = fn;
    replay->context = context;
    replay->wall_ms = wall_ms;
    replay->shard = shard_create(0, 1, 1, &replay->config, 0);
    replay->effects = effects_create(0);
    replay->pool = request_pool_create(1);
    replay->parts = conversation_parts_memory_create();
    if (!replay->shard || !replay->effects || !replay->pool || !replay->parts) {
        replay_destroy(replay);
        return NULL;
    }
    struct conversation_parts parts = conversation_parts_from_memory(replay->parts);
    shard_set_parts(replay->shard, &parts);
    if (is_all)
        shard_emit_all(replay->shard);
    return replay;
}

void replay_destroy(struct replay *replay)
{
    if (!replay)
        return;
    shard_destroy(replay->shard);
    effects_destroy(replay->effects);
    request_pool_destroy(replay->pool);
    conversation_parts_memory_destroy(replay->parts);
    free(replay);
}

void replay_use_regressions(struct replay *replay, const struct regression_set *regressions)
{
    replay->regressions = regressions;
}

void replay_set_watch(struct replay *replay, const struct judge_watch *watch)
{
    shard_set_watch(replay->shard, watch);
}

static enum status hand_out(struct replay *replay)
{
    enum status status = STATUS_OK;
    for (const struct closed *closed = replay->effects->first; closed; closed = closed->next) {
        struct outgoing record = {0};
        struct bytes frame = closed->selection.record.frame;
        if (frame.size > 0 && outgoing_decode(frame, &record) != STATUS_OK)
            status = STATUS_FATAL;
        replay->totals.trajectories++;
        replay->totals.duplicates += closed->duplicates;
        if (status == STATUS_OK && !replay->fn(replay->context, closed, record.payload))
            status = STATUS_FATAL;
    }
    for (const struct conversation_part *part = replay->effects->first_part; part;
         part = part->next) {
        replay->totals.duplicates += part->trace.duplicates;
        if (status == STATUS_OK &&
            !conversation_parts_memory_append(replay->parts, &part->row, part->content))
            status = STATUS_FATAL;
    }
    effects_clear(replay->effects);
    return status;
}

static enum status step(struct replay *replay, const struct shard_event *event)
{
    struct shard_time time = {
        .now_ms = replay->now_ms,
        .wall_ms = replay->wall_ms,
        .horizon_ms = 0, /* nothing is ever forgotten */
        .regressions = replay->regressions,
        .part_sequence =
            replay->are_traces_closed ? conversation_parts_memory_last(replay->parts) : 0,
    };
    enum status status = shard_step(replay->shard, event, &time, replay->effects);
    return status == STATUS_OK ? hand_out(replay) : status;
}

enum status replay_add(struct replay *replay, enum wire_gate_signal signal, struct bytes body)
{
    struct request *request = request_take(replay->pool);
    if (!request)
        return STATUS_FATAL;
    struct wire_gate_limits limits = config_limits_wire_gate(&replay->config);
    request->signal = signal;
    request->received_ms = replay->wall_ms;
    buffer_append_bytes(&request->received, body);
    enum status status = request->received.failed ? STATUS_FATAL : admission_gate(request, &limits);
    if (status == STATUS_OK) {
        request->position = ++replay->position;
        request_chain_shards(request, 1);
        replay->totals.requests++;
        replay->totals.spans += request->gated.span_count;
        replay->totals.rejected_spans += request->gated.rejected_count;
        replay->totals.logs += request->gated.log_count;
        status = step(replay, &(struct shard_event){.kind = SHARD_REQUEST, .request = request});
    }
    request_release(request);
    return status == STATUS_BUSY ? STATUS_FATAL : status;
}

static enum status run_out(struct replay *replay)
{
    uint64_t next = replay->position + 1;
    enum status status =
        step(replay, &(struct shard_event){.kind = SHARD_TICK, .next_positions = &next});
    for (int64_t next_ms;
         status == STATUS_OK && (next_ms = shard_next_ms(replay->shard)) != INT64_MAX;) {
        /* A deadline lies within its tick of the wheel: at its end all of the tick is due. */
        replay->now_ms =
            (next_ms > replay->now_ms ? next_ms : replay->now_ms) + (1 << WHEEL_TICK_BITS);
        status = step(replay, &(struct shard_event){.kind = SHARD_TICK, .next_positions = &next});
    }
    return status;
}

enum status replay_finish(struct replay *replay)
{
    enum status status = run_out(replay);
    replay->are_traces_closed = true;
    return status == STATUS_OK ? run_out(replay) : status;
}

struct replay_totals replay_totals(const struct replay *replay)
{
    return replay->totals;
}
