/* Rows of the spill to `struct spilled`, with the sources of this process in the place of those of
 * the store, to the shard that the trace belongs to now. */
#include "pipelines/run/restore.h"

#include "pipelines/commit/writer_state.h"
#include "pipelines/decide/trajectory_codec.h"

enum { RESTORE_BYTES_MAX = 512 << 20 };

struct restoring {
    struct writer *writer;
    struct shard *const *shards;
    uint32_t shard_count;
    const struct wire_gate_limits *limits;
    const struct shard_time *time;
    struct arena arena;
    struct restored *restored;
    enum status status;
};

static void fill_positions(const struct restoring *restoring, const struct spill_header *header,
                           struct spilled *spilled)
{
    for (uint8_t i = 0; i < header->position_count; i++)
        for (uint16_t source = 0; source < restoring->writer->source_count; source++) {
            if (restoring->writer->committed[source].id != header->positions[i].source)
                continue;
            uint32_t at = spilled->position_count++;
            spilled->positions[at].source = source;
            spilled->positions[at].first = header->positions[i].first_position;
            spilled->positions[at].through = header->positions[i].spilled_through;
        }
}

static enum status restore(struct restoring *restoring, const struct spilled *spilled)
{
    struct gated_request spans, logs;
    arena_reset(&restoring->arena);
    enum status status =
        trajectory_decode(spilled->body, restoring->limits, &restoring->arena, &spans, &logs);
    if (status != STATUS_OK)
        return status;
    struct shard *shard =
        restoring->shards[request_shard_of(spilled->trace_id, restoring->shard_count)];
    return shard_restore(shard, spilled, &spans, &logs, restoring->time);
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
    fill_positions(restoring, header, &spilled);
    enum status status = restore(restoring, &spilled);
    restoring->restored->trajectories += status == STATUS_OK;
    restoring->restored->unreadable += status == STATUS_MALFORMED;
    if (status != STATUS_OK && status != STATUS_MALFORMED)
        restoring->status = STATUS_FATAL;
    return restoring->status == STATUS_OK;
}

enum status restore_spilled(struct writer *writer, struct shard *const *shards,
                            uint32_t shard_count, const struct wire_gate_limits *limits,
                            const struct shard_time *time, struct restored *ret)
{
    struct restoring restoring = {.writer = writer,
                                  .shards = shards,
                                  .shard_count = shard_count,
                                  .limits = limits,
                                  .time = time,
                                  .restored = ret,
                                  .status = STATUS_OK};
    uint64_t sequence = writer_spill_sequence(writer);
    for (uint32_t i = 0; i < shard_count; i++)
        shard_set_spill_sequence(shards[i], sequence + i);
    arena_init(&restoring.arena, RESTORE_BYTES_MAX);
    enum status status = spill_read(writer->store, restore_row, &restoring);
    arena_finish(&restoring.arena);
    return restoring.status != STATUS_OK ? restoring.status : status;
}
