/* A closed trace that is a part of a conversation is put into the store with the commit that
 * remembers it as decided; the shard that owns the conversation finds it there.
 *
 *   shard of the trace   --part, decided row-->   store   --new rows-->   shard of the conversation
 *                                                   ^----- parts deleted, verdict -----'
 *
 * So each step is one commit, a restart begins with what the store holds, and no shard waits for
 * another. Spans of one conversation are judged as one trajectory under the hash of its id; its
 * root is that of the last part. */
#include "pipelines/decide/shard_state.h"
#include "pipelines/decide/trajectory_codec.h"

bool conversation_stage_init(struct conversation_stage *stage, int64_t now_ms)
{
    arena_init(&stage->arena, JUDGE_SCRATCH_BYTES_MAX);
    return conversations_init(&stage->open, now_ms) && in_flight_init(&stage->table, now_ms);
}

void conversation_stage_finish(struct conversation_stage *stage)
{
    conversations_finish(&stage->open);
    in_flight_finish(&stage->table);
    arena_finish(&stage->arena);
    buffer_finish(&stage->content);
}

/* --- adding a part --- */

bool conversation_stage_takes(const struct shard *shard)
{
    return shard->config->scope_is_conversation && shard->stage.parts.read &&
           shard->judge.run.conversation_id.size > 0 && !shard->judge.run.is_judge_only;
}

enum status conversation_stage_add(struct shard *shard, const struct open_trajectory *open,
                                   const struct shard_time *time, struct effects *effects)
{
    struct judge *judge = &shard->judge;
    struct conversation_part *part = arena_zalloc(&effects->arena, 1, sizeof(*part));
    buffer_clear(&shard->stage.content);
    if (!part || !trajectory_encode_view(&judge->trajectory, &judge->arena, &shard->stage.content))
        return STATUS_FATAL;
    part->content = arena_copy(&effects->arena, buffer_bytes(&shard->stage.content));
    part->row = (struct part_row){.received_ms = (int64_t)open->received_ms,
                                  .spans = open->span_count,
                                  .bytes = part->content.size};
    memcpy(part->row.trace_id, open->id, TRACE_ID_SIZE);
    conversation_hash(part->row.conversation, judge->run.conversation_id);
    part->trace = (struct closed){.config = shard->config,
                                  .trigger = judge->trajectory.trigger,
                                  .verdict = VERDICT_UNSCORED,
                                  .duplicates = open->accepted_spans - open->span_count,
                                  .event_ms = open->received_ms,
                                  .decided_ms = time->wall_ms,
                                  .is_split = progress_is_split(&shard->progress, open)};
    memcpy(part->trace.trace_id, open->id, TRACE_ID_SIZE);
    progress_fill_positions(&shard->progress, open, &part->trace);
    if (effects->last_part)
        effects->last_part->next = part;
    else
        effects->first_part = part;
    effects->last_part = part;
    return effects->arena.failed ? STATUS_FATAL : STATUS_OK;
}

/* --- reading parts --- */

enum { PARTS_OF_A_READING = 4096 }; /* a read transaction of few milliseconds */

struct part_reading {
    struct shard *shard;
    const struct shard_time *time;
    uint32_t left;
    bool has_failed;
};

static bool take_part(void *context, const struct part_row *row)
{
    struct part_reading *reading = context;
    struct shard *shard = reading->shard;
    const struct conversation_limits limits = {shard->config->conversation_idle_ms,
                                               shard->config->assembly.max_spans,
                                               shard->config->assembly.max_bytes};
    shard->stage.seen = row->sequence;
    if (request_shard_of(row->conversation, shard->count) == shard->index)
        reading->has_failed = !conversations_add(&shard->stage.open, row, &limits,
                                                 reading->time->now_ms - shard->stage.lag_ms,
                                                 (int64_t)reading->time->wall_ms);
    return !reading->has_failed && --reading->left > 0;
}

static enum status take_parts(struct shard *shard, const struct shard_time *time)
{
    struct conversation_stage *stage = &shard->stage;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && stage->seen < time->part_sequence) {
        struct part_reading reading = {.shard = shard, .time = time, .left = PARTS_OF_A_READING};
        status = stage->parts.read(stage->parts.context, stage->seen + 1, time->part_sequence,
                                   take_part, &reading);
        if (reading.left > 0)
            stage->seen = time->part_sequence;
        if (reading.has_failed)
            return STATUS_FATAL;
    }
    return status;
}

/* --- deciding --- */

/* Spans count under the conversation. NOT_FOUND: the part is gone or can't be read. */
static enum status add_part(struct shard *shard, struct open_trajectory *open, uint64_t sequence)
{
    struct conversation_stage *stage = &shard->stage;
    struct gated_request spans, logs;
    uint32_t next;
    buffer_clear(&stage->content);
    arena_reset(&stage->arena);
    enum status status = stage->parts.content(stage->parts.context, sequence, &stage->content);
    if (status == STATUS_OK)
        status = trajectory_decode(buffer_bytes(&stage->content), &wire_gate_limits_default,
                                   &stage->arena, &spans, &logs);
    if (status != STATUS_OK)
        return status == STATUS_FATAL || stage->arena.no_memory ? STATUS_FATAL : STATUS_NOT_FOUND;
    for (uint32_t i = 0; i < spans.span_count; i++)
        memcpy(spans.spans[i].trace_id, open->id, TRACE_ID_SIZE);
    if (spans.span_count > 0)
        status = in_flight_add_spans(&stage->table, open, &spans, 0, &next);
    for (uint32_t i = 0; i < logs.log_count && status == STATUS_OK; i++)
        status = in_flight_add_log(&stage->table, open, &logs, &logs.logs[i].log);
    return status;
}

static enum status decide(struct shard *shard, const struct conversation *conversation,
                          struct open_trajectory *open, const struct shard_time *time,
                          struct effects *effects)
{
    /* Late spans come under the ids of traces: there is no revision that would need the content. */
    struct judgement judgement = {
        .open = open, .trigger = conversation->trigger, .budget = time->budget, .effects = effects};
    bool is_unreadable = !judge_read(&shard->judge, open, conversation->trigger);
    enum status status = judge_decide(&shard->judge, &judgement, is_unreadable);
    if (status != STATUS_OK)
        return status;
    struct closed *closed = judgement.closed;
    closed->due_ms = conversation->timer.deadline_ms + shard->stage.lag_ms;
    closed->decided_ms = time->wall_ms;
    closed->logs = 0; /* counted when their traces closed */
    closed->parts = arena_alloc(&effects->arena, conversation->part_count * sizeof(*closed->parts));
    if (!closed->parts)
        return STATUS_FATAL;
    memcpy(closed->parts, conversation->parts, conversation->part_count * sizeof(*closed->parts));
    closed->part_count = conversation->part_count;
    /* What could not be read again was accepted, and is not in flight any more. */
    uint64_t known = closed->spans + (uint64_t)closed->duplicates;
    closed->duplicates += (uint32_t)(conversation->spans -
                                     (known < conversation->spans ? known : conversation->spans));
    return STATUS_OK;
}

static enum status close_conversation(struct shard *shard, const struct conversation *conversation,
                                      const struct shard_time *time, struct effects *effects)
{
    struct in_flight *table = &shard->stage.table;
    struct open_trajectory *open = in_flight_open(table, conversation->id, time->now_ms);
    if (!open)
        return STATUS_FATAL;
    open->is_conversation = true;
    open->received_ms = (uint64_t)conversation->received_ms;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < conversation->part_count && status == STATUS_OK; i++) {
        status = add_part(shard, open, conversation->parts[i]);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status == STATUS_OK)
        status = decide(shard, conversation, open, time, effects);
    in_flight_release(table, open);
    return status;
}

/* Any source may bring the next part. */
static int64_t slowest_lag_ms(const struct shard *shard, const struct shard_time *time)
{
    int64_t lag_ms = 0;
    for (uint32_t i = 0; time->lag_ms && i < shard->progress.source_count; i++)
        if (time->lag_ms[i] > lag_ms)
            lag_ms = time->lag_ms[i];
    return lag_ms;
}

enum status conversation_stage_step(struct shard *shard, const struct shard_time *time,
                                    struct effects *effects)
{
    struct conversation *conversation;
    if (!shard->stage.parts.read)
        return STATUS_OK;
    shard->stage.lag_ms = slowest_lag_ms(shard, time);
    enum status status = take_parts(shard, time);
    while (status == STATUS_OK && !time->is_catching_up && effects_have_room(effects) &&
           (conversation =
                conversations_take_due(&shard->stage.open, time->now_ms - shard->stage.lag_ms))) {
        status = close_conversation(shard, conversation, time, effects);
        conversation_destroy(conversation);
    }
    return status;
}
