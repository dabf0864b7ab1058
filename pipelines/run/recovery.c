/* What the store knows by its own numbers of sources becomes what this process knows, and goes to
 * the shards that the traces belong to now: decided rows as they are, spilled trajectories by their
 * codec, journaled requests through the same gate again. */
#include "pipelines/run/recovery.h"

#include "pipelines/commit/sources.h"
#include "pipelines/commit/stored.h"
#include "pipelines/decide/trajectory_codec.h"
#include "pipelines/run/failure.h"
#include "pipelines/run/mailbox.h"
#include "pipelines/run/state.h"
#include "processor/base/clock.h"
#include "processor/base/inflate.h"
#include "processor/base/log.h"
#include "processor/receive/admission.h"
#include "state/tables/decided.h"
#include "state/tables/journal.h"
#include "state/tables/spill.h"

enum { RESTORE_BYTES_MAX = 512 << 20 }; /* of one spilled trajectory, decoded */

static bool remember(struct runtime *runtime, uint64_t sequence, const struct decided_row *row,
                     uint32_t source, uint64_t position)
{
    struct shard *shard =
        runtime->shards[request_shard_of(row->trace_id, runtime->shard_count)].shard;
    struct decided_entry entry = {.position = position,
                                  .decided_ms = (uint64_t)row->decided_ms,
                                  .sequence = sequence,
                                  .source = (uint16_t)source,
                                  .is_exhausted = row->flags & DECIDED_EXHAUSTED};
    memcpy(entry.trace_id, row->trace_id, TRACE_ID_SIZE);
    return shard_remember(shard, &entry) == STATUS_OK;
}

static bool remember_row(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct runtime *runtime = context;
    bool is_known = false, is_remembered = true;
    if (row->decided_ms < writer_horizon_ms(runtime->writer))
        return true; /* Forgotten already; its row is on its way out. */
    for (uint8_t i = 0; i < row->position_count && is_remembered; i++) {
        uint32_t source = sources_number(runtime->writer, row->positions[i].source);
        if (source == UINT32_MAX)
            continue;
        is_known = true;
        is_remembered = remember(runtime, sequence, row, source, row->positions[i].position);
    }
    if (!is_known) /* Its sources are gone; what comes from others is late all the same. */
        is_remembered = remember(runtime, sequence, row, 0, 0);
    if (!is_remembered)
        failure_report(runtime, EXIT_BUG);
    return is_remembered;
}

enum status recovery_remember(struct runtime *runtime)
{
    for (uint32_t source = 0; source < runtime->source_count; source++)
        for (uint32_t shard = 0; shard < runtime->shard_count; shard++)
            shard_set_replay(runtime->shards[shard].shard, (uint16_t)source,
                             &sources_row(runtime->writer, source)->marks);
    enum status status = decided_load(runtime->store, 0, remember_row, runtime);
    return failure_is_reported(runtime) ? STATUS_FATAL : status;
}

/* --- spilled trajectories --- */

struct restoring {
    const struct recovery_target *target;
    struct arena arena;
    struct restored *restored;
    enum status status;
};

static void fill_positions(const struct writer *writer, const struct spill_header *header,
                           struct spilled *spilled)
{
    for (uint8_t i = 0; i < header->position_count; i++) {
        uint32_t source = sources_number(writer, header->positions[i].source);
        if (source == UINT32_MAX)
            continue;
        uint32_t at = spilled->position_count++;
        spilled->positions[at].source = (uint16_t)source;
        spilled->positions[at].first = header->positions[i].first_position;
        spilled->positions[at].through = header->positions[i].spilled_through;
    }
}

static enum status restore(struct restoring *restoring, const struct spilled *spilled)
{
    const struct recovery_target *target = restoring->target;
    struct gated_request spans, logs;
    arena_reset(&restoring->arena);
    enum status status =
        trajectory_decode(spilled->body, target->limits, &restoring->arena, &spans, &logs);
    if (status != STATUS_OK)
        return status;
    uint32_t shard = request_shard_of(spilled->trace_id, target->shard_count);
    return shard_restore(target->shards[shard], spilled, &spans, &logs, &target->time);
}

static bool restore_row(void *context, uint64_t sequence, const struct spill_header *header,
                        struct bytes body)
{
    struct restoring *restoring = context;
    struct spilled spilled = {
        .sequence = sequence,
        .opened_ms = (uint64_t)header->first_received_ms,
        .received_ms = (uint64_t)header->last_received_ms,
        .accepted_spans = header->accepted_spans,
        .accepted_logs = header->accepted_logs,
        .body = body,
    };
    memcpy(spilled.trace_id, header->trace_id, sizeof(spilled.trace_id));
    fill_positions(restoring->target->writer, header, &spilled);
    enum status status = restore(restoring, &spilled);
    restoring->restored->trajectories += status == STATUS_OK;
    restoring->restored->unreadable += status == STATUS_MALFORMED;
    if (status != STATUS_OK && status != STATUS_MALFORMED)
        restoring->status = STATUS_FATAL;
    return restoring->status == STATUS_OK;
}

enum status recovery_restore_spilled(struct store *store, const struct recovery_target *target,
                                     struct restored *ret_restored)
{
    struct restoring restoring = {.target = target, .restored = ret_restored, .status = STATUS_OK};
    uint64_t sequence = writer_spill_sequence(target->writer);
    for (uint32_t i = 0; i < target->shard_count; i++)
        shard_set_spill_sequence(target->shards[i], sequence + i);
    arena_init(&restoring.arena, RESTORE_BYTES_MAX);
    enum status status = spill_read(store, restore_row, &restoring);
    arena_finish(&restoring.arena);
    return restoring.status != STATUS_OK ? restoring.status : status;
}

enum status recovery_restore(struct runtime *runtime)
{
    struct shard *shards[SHARDS_MAX];
    const struct recovery_target target = {
        .writer = runtime->writer,
        .shards = shards,
        .shard_count = runtime->shard_count,
        .limits = &wire_gate_ceilings,
        .time = {.now_ms = clock_monotonic_ms(), .wall_ms = (uint64_t)clock_realtime_ms()},
    };
    struct restored restored = {0};
    for (uint32_t i = 0; i < runtime->shard_count; i++)
        shards[i] = runtime->shards[i].shard;
    enum status status = recovery_restore_spilled(runtime->store, &target, &restored);
    if (restored.trajectories > 0)
        log_info("spill_restored", "trajectories=%llu", (unsigned long long)restored.trajectories);
    if (restored.unreadable > 0)
        log_error("spilled_rows_unreadable", "count=%llu", (unsigned long long)restored.unreadable);
    return status;
}

/* --- the journal --- */

struct replay {
    struct runtime *runtime;
    struct inflater *inflater;
    uint32_t source;
    uint64_t count, spans;
};

/* What was admitted once is not admitted again: no limit that an option sets is asked. */
static enum status read_again(struct replay *replay, struct request *request)
{
    if (request->encoding == REQUEST_GZIP) {
        enum status status = inflate_gzip(replay->inflater, buffer_bytes(&request->received),
                                          WIRE_REQUEST_BYTES_MAX, &request->inflated);
        if (status != STATUS_OK)
            return status;
    }
    return admission_gate_again(request);
}

static bool replay_request(void *context, uint64_t position, const struct journal_header *header,
                           struct bytes body)
{
    struct replay *replay = context;
    struct runtime *runtime = replay->runtime;
    struct request *request = request_take(runtime->pool);
    if (!request) {
        failure_report(runtime, EXIT_BUG);
        return false;
    }
    request->source = (uint16_t)replay->source;
    request->position = position;
    request->is_replayed = true;
    request->signal = stored_signal_of(header);
    request->encoding = stored_encoding_of(header);
    request->received_ms = (uint64_t)header->received_ms;
    buffer_append_bytes(&request->received, body);
    enum status status = read_again(replay, request);
    if (status == STATUS_OK) {
        request_chain_shards(request, runtime->shard_count);
        replay->count++;
        replay->spans += request->gated.span_count;
        request_account(request);
        request_enqueue(request);
        mailbox_give_shards(runtime, request);
    } else {
        log_error("journal_row_unreadable", "source=%s position=%llu",
                  runtime->source_names[replay->source], (unsigned long long)position);
    }
    request_release(request);
    /* What is replayed is bounded in the queues as what is received; nobody
     * else waits meanwhile. */
    request_pool_wait(runtime->pool, runtime->config->limits.queue_bytes);
    atomic_store_explicit(&runtime->next_positions[replay->source], position + 1,
                          memory_order_release);
    return !failure_is_reported(runtime);
}

enum status recovery_replay(struct runtime *runtime)
{
    struct replay replay = {.runtime = runtime, .inflater = inflater_create()};
    enum status status = replay.inflater ? STATUS_OK : STATUS_FATAL;
    int64_t began_ms = clock_monotonic_ms();
    for (uint32_t i = 0; i < runtime->source_count && status == STATUS_OK; i++) {
        if (runtime->source_kinds[i] == SOURCE_TOPIC)
            continue;
        const struct journaled_range *range = &runtime->journaled[i];
        replay.source = i;
        status = journal_read(runtime->store, range->id, range->from, replay_request, &replay);
        atomic_store_explicit(&runtime->next_positions[i], range->to, memory_order_release);
    }
    inflater_destroy(replay.inflater);
    if (replay.count > 0)
        log_info("journal_replayed", "requests=%llu spans=%llu duration_ms=%lld",
                 (unsigned long long)replay.count, (unsigned long long)replay.spans,
                 (long long)(clock_monotonic_ms() - began_ms));
    return status;
}
