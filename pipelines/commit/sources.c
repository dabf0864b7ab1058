/* Where each source stands: what the shards still need moves the watermarks, the watermarks trim
 * the journal. A partition that changes hands moves by what the group says instead. */
#include <assert.h>

#include "pipelines/commit/writer_state.h"

void writer_set_source_kind(struct writer *writer, uint32_t source, enum source_kind kind)
{
    assert(source < writer->source_count);
    writer->kinds[source] = kind;
}

/* What a topic gave without a request (poison, foreign signals) shows in the shards' ticks alone. */
static void move_next(struct writer *writer, uint32_t source)
{
    struct source_row *row = &writer->next[source];
    for (uint32_t shard = 0; shard < writer->shards; shard++) {
        uint64_t through = writer->next_states[shard].through[source];
        if (through >= row->next_position)
            row->next_position = through + 1;
    }
}

/* Marks never go back: a shard that catches up passes again what the run before had counted. */
static void move_source(struct writer *writer, uint32_t source)
{
    struct source_row *row = &writer->next[source];
    uint64_t watermark = row->next_position;
    bool is_carried_on = row->marks.shards == writer->shards;
    row->marks.shards = writer->shards;
    for (uint32_t shard = 0; shard < writer->shards; shard++) {
        const struct shard_state *state = &writer->next_states[shard];
        watermark = state->floor[source] < watermark ? state->floor[source] : watermark;
        if (!is_carried_on || state->through[source] > row->marks.through[shard])
            row->marks.through[shard] = state->through[source];
    }
    if (watermark > row->low_watermark)
        row->low_watermark = watermark;
}

void writer_trim_journal(struct writer *writer, const struct source_row *rows)
{
    for (uint32_t source = 0; source < writer->source_count; source++)
        if (writer->kinds[source] != SOURCE_TOPIC)
            (void)journal_trim(writer->journal, &writer->txn, rows[source].id,
                               rows[source].low_watermark, TRIM_ROWS_MAX);
}

void writer_move_sources(struct writer *writer)
{
    for (uint32_t source = 0; source < writer->source_count; source++) {
        struct source_row *row = &writer->next[source];
        if (writer->kinds[source] == SOURCE_TOPIC)
            move_next(writer, source);
        if (!writer->next_holding)
            move_source(writer, source);
        if (memcmp(row, &writer->committed[source], sizeof(*row)) != 0)
            source_write(&writer->txn, row);
    }
    writer_trim_journal(writer, writer->next);
}

/* 0 while not every shard of this process has said what it needs. */
static uint64_t need_of(const struct writer *writer, uint32_t source)
{
    uint64_t need = writer->committed[source].next_position;
    for (uint32_t shard = 0; shard < writer->shards; shard++)
        if (writer->shard_states[shard].need[source] < need)
            need = writer->shard_states[shard].need[source];
    return need;
}

void writer_publish_sources(struct writer *writer)
{
    for (uint32_t source = 0; source < writer->source_count; source++) {
        atomic_store_explicit(&writer->watermarks[source], writer->committed[source].low_watermark,
                              memory_order_relaxed);
        atomic_store_explicit(&writer->needs[source], need_of(writer, source),
                              memory_order_relaxed);
    }
}

void writer_assign(struct writer *writer, uint32_t source, uint64_t position)
{
    struct source_row *row = &writer->next[source];
    row->next_position = row->low_watermark = position;
    row->is_handed_over = false;
    if (writer->next_horizon.positions[source] > position)
        writer->next_horizon.positions[source] = position;
    row->marks = (struct source_marks){.shards = writer->shards};
    for (uint32_t shard = 0; shard < writer->shards; shard++) {
        struct shard_state *state = &writer->next_states[shard];
        state->floor[source] = state->need[source] = position;
        state->through[source] = row->marks.through[shard] = position - 1;
    }
    writer->has_assigned = true;
}

void writer_hand_over(struct writer *writer, uint32_t source)
{
    writer->next[source].is_handed_over = true;
    writer->has_assigned = true;
}

uint64_t writer_spill_sequence(struct writer *writer)
{
    return spill_next_sequence(writer->spill);
}

void writer_add_spilled(struct writer *writer, const struct spilled *spilled)
{
    struct spill_header header = {
        .first_received_ms = (int64_t)spilled->opened_ms,
        .last_received_ms = (int64_t)spilled->received_ms,
        .accepted_spans = spilled->accepted_spans,
        .accepted_logs = spilled->accepted_logs,
        .position_count = (uint8_t)spilled->position_count,
    };
    memcpy(header.trace_id, spilled->trace_id, sizeof(header.trace_id));
    for (uint32_t i = 0; i < spilled->position_count; i++) {
        header.positions[i].source = writer->next[spilled->positions[i].source].id;
        header.positions[i].first_position = spilled->positions[i].first;
        header.positions[i].spilled_through = spilled->positions[i].through;
    }
    spill_append(writer->spill, &writer->txn, spilled->sequence, &header, spilled->body);
    writer->batch_bytes += spilled->body.size;
}
