/* Where each source stands: what the shards still need moves the watermarks, the watermarks trim
 * the journal. A partition that changes hands moves by what the group says instead. */
#include "pipelines/commit/sources.h"

#include <assert.h>

#include "pipelines/commit/state.h"

void sources_set_kind(struct writer *writer, uint32_t source, enum source_kind kind)
{
    assert(source < writer->source_count);
    writer->kinds[source] = kind;
}

const struct source_row *sources_row(const struct writer *writer, uint32_t source)
{
    assert(source < writer->source_count);
    return &writer->committed[source];
}

uint32_t sources_number(const struct writer *writer, uint16_t stored_id)
{
    for (uint32_t i = 0; i < writer->source_count; i++)
        if (writer->committed[i].id == stored_id)
            return i;
    return UINT32_MAX;
}

/* What a topic gave without a request (poison, foreign signals) shows in
 * the shards' ticks alone. */
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

void sources_trim_journal(struct writer *writer, bool is_committed)
{
    const struct source_row *rows = is_committed ? writer->committed : writer->next;
    for (uint32_t source = 0; source < writer->source_count; source++)
        if (writer->kinds[source] != SOURCE_TOPIC)
            (void)journal_trim(writer->journal, &writer->txn, rows[source].id,
                               rows[source].low_watermark, TRIM_ROWS_MAX);
}

void sources_move(struct writer *writer)
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
    sources_trim_journal(writer, false);
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

void sources_publish(struct writer *writer)
{
    for (uint32_t source = 0; source < writer->source_count; source++) {
        atomic_store_explicit(&writer->needs[source], need_of(writer, source),
                              memory_order_relaxed);
    }
}

void sources_assign(struct writer *writer, uint32_t source, uint64_t position)
{
    struct source_row *row = &writer->next[source];
    row->next_position = row->low_watermark = position;
    row->is_handed_over = false;
    row->known_position = 0; /* of where it stood before */
    memset(row->known, 0, sizeof row->known);
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

void sources_hand_over(struct writer *writer, uint32_t source)
{
    writer->next[source].is_handed_over = true;
    writer->has_assigned = true;
}

const _Atomic uint64_t *sources_needs(const struct writer *writer)
{
    return writer->needs;
}
