/* Opens every table of the store, and says where each source stood. */
#include "pipelines/commit/writer.h"

#include <assert.h>
#include <stdlib.h>

#include "pipelines/commit/state.h"
#include "pipelines/review/feedback_intake.h"
#include "state/tables/outbox_slots.h"

/* Before anything counts on what an exporter's number stands for. */
static bool name_exporters(struct writer *writer)
{
    const char *names[EXPORTERS_MAX];
    struct store_txn txn;
    for (uint32_t i = 0; i < writer->exporter_count; i++)
        names[i] = writer->config->exporters[i].name ? writer->config->exporters[i].name : "";
    store_begin(writer->store, true, &txn);
    bool is_done = outbox_slots_assign(&txn, names, writer->exporter_count);
    if (!is_done)
        store_fail(&txn, STATUS_FATAL, "too many exporters have left records behind");
    return store_commit(&txn) == STATUS_OK;
}

static bool open_tables(struct writer *writer)
{
    return name_exporters(writer) && journal_open(writer->store, &writer->journal) == STATUS_OK &&
           decided_open(writer->store, &writer->decided) == STATUS_OK &&
           outbox_open(writer->store, &writer->outbox) == STATUS_OK &&
           spill_open(writer->store, &writer->spill) == STATUS_OK &&
           retained_open(writer->store, &writer->retained) == STATUS_OK &&
           parts_open(writer->store, &writer->parts) == STATUS_OK &&
           counters_open(writer->store, &writer->counters) == STATUS_OK &&
           cohorts_open(writer->store, writer->config->max_per_group, &writer->cohorts) ==
               STATUS_OK &&
           (writer->delta = cohort_delta_create()) != NULL &&
           cohort_delta_restore(writer->delta, writer->store, &writer->delta_sequence) ==
               STATUS_OK &&
           alerts_open(writer->store, writer->config, &writer->alerts) == STATUS_OK &&
           budget_open(writer->store, writer->config, writer->shards, &writer->budget) ==
               STATUS_OK &&
           (!writer->config->review.is_present ||
            (review_open(writer->store, writer->outbox, writer->counters, writer->config,
                         &writer->review) == STATUS_OK &&
             regression_counts_open(writer->store, writer->config->regression.rows_max,
                                    &writer->regressions) == STATUS_OK));
}

struct stale {
    const struct writer *writer;
    struct source_row row;
    bool is_found;
};

static void find_stale(void *context, const struct source_row *row)
{
    struct stale *stale = context;
    bool is_ours = row->is_handed_over;
    for (uint32_t i = 0; i < stale->writer->source_count; i++)
        is_ours |= stale->writer->committed[i].id == row->id;
    if (is_ours || stale->is_found)
        return;
    stale->row = *row;
    stale->is_found = true;
}

/* Sources that this process does not read: where to go on is not ours to say any more, and nobody
 * waits for their watermarks. */
static void retire_others(struct writer *writer, struct store_txn *txn)
{
    struct stale stale;
    do {
        stale = (struct stale){.writer = writer};
        source_scan(txn, find_stale, &stale);
        stale.row.is_handed_over = true;
        if (stale.is_found)
            source_write(txn, &stale.row);
    } while (stale.is_found && txn->status == STATUS_OK);
}

/* Source rows of this process; a new one begins at position 1, so that 0 stands for nothing yet. */
static enum status open_sources(struct writer *writer, const char *const *names)
{
    struct store_txn txn;
    store_begin(writer->store, true, &txn);
    for (uint32_t i = 0; i < writer->source_count; i++) {
        struct source_row *row = &writer->committed[i];
        writer->kinds[i] = SOURCE_JOURNALED;
        source_open(&txn, names[i], row);
        if (row->next_position == 0)
            row->next_position = row->low_watermark = 1;
        source_write(&txn, row);
        writer->is_holding |= row->marks.shards != 0 && row->marks.shards != writer->shards;
        writer->next[i] = *row;
        for (uint32_t shard = 0; shard < writer->shards; shard++) {
            writer->shard_states[shard].floor[i] = row->low_watermark;
            writer->shard_states[shard].through[i] = row->low_watermark - 1;
        }
    }
    retire_others(writer, &txn);
    atomic_store(&writer->decided_sequence, decided_next_sequence(writer->decided) - 1);
    writer->folded_sequence = cohort_folded_sequence(&txn);
    writer->horizon.ms = (int64_t)store_get_number(&txn, "decided_horizon_ms");
    writer->horizon.next_ms = writer->horizon.ms;
    writer->horizon.moved_ms = INT64_MIN / 2;
    atomic_store(&writer->horizon_ms, writer->horizon.ms);
    binding_resolve(&writer->bindings[0], &txn, writer->cohorts, writer->config);
    return store_commit(&txn);
}

/* "otlp/grpc" is the receiver "otlp". */
static void receiver_of(const char *source, char *to, size_t size)
{
    size_t length = strcspn(source, "/");
    length = length < size - 1 ? length : size - 1;
    memcpy(to, source, length);
    to[length] = 0;
}

struct writer *writer_create(struct store *store, const struct pipeline_config *config,
                             uint32_t shards, const char *const *source_names,
                             uint32_t source_count, struct error *ret_error)
{
    assert(source_count <= SOURCES_MAX && shards <= SHARDS_MAX);
    struct writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return NULL;
    *writer = (struct writer){.store = store,
                              .config = config,
                              .feedback_window_ms = feedback_intake_limits(config).window_ms,
                              .shards = shards,
                              .source_count = source_count,
                              .exporter_count = config->exporter_count};
    writer->flushed_ms = writer->gauged_ms = writer->reviewed_ms = INT64_MIN / 2;
    for (uint32_t i = 0; i < config->exporter_count; i++)
        writer->tells_alerts |= config->exporters[i].takes_alerts;
    writer->shard_states = calloc(shards, sizeof(*writer->shard_states));
    writer->next_states = calloc(shards, sizeof(*writer->next_states));
    char receivers[SOURCES_MAX][32];
    const char *names[SOURCES_MAX];
    for (uint32_t i = 0; i < source_count; i++) {
        receiver_of(source_names[i], receivers[i], sizeof(receivers[i]));
        names[i] = receivers[i];
    }
    if (!writer->shard_states || !writer->next_states || !open_tables(writer) ||
        open_sources(writer, source_names) != STATUS_OK)
        error_set(ret_error, EXIT_STATE_IO,
                  "the state in %s cannot be read; run `flywheel state check %s`",
                  store_path(store), store_path(store));
    else if (writer_counters_open(&writer->counted, writer->counters, names, source_count,
                                  ret_error)) {
        if (writer->review)
            review_use_content(writer->review, writer->retained, writer->spill);
        if (!writer->review || review_look_back(writer->review) == STATUS_OK) {
            writer_publish(writer);
            return writer;
        }
        error_set(ret_error, EXIT_STATE_IO, "what was exported since a backup of %s can't be added",
                  store_path(store));
    }
    writer_destroy(writer);
    return NULL;
}

void writer_destroy(struct writer *writer)
{
    if (!writer)
        return;
    review_close(writer->review);
    regression_counts_close(writer->regressions);
    budget_close(writer->budget);
    parts_close(writer->parts);
    alerts_close(writer->alerts);
    if (writer->delta)
        cohort_delta_destroy(writer->delta);
    if (writer->cohorts)
        cohorts_close(writer->cohorts);
    if (writer->counters)
        counters_close(writer->counters);
    if (writer->outbox)
        outbox_close(writer->outbox);
    if (writer->decided)
        decided_close(writer->decided);
    if (writer->spill)
        spill_close(writer->spill);
    if (writer->retained)
        retained_close(writer->retained);
    if (writer->journal)
        journal_close(writer->journal);
    free(writer->shard_states);
    free(writer->next_states);
    free(writer->rows);
    buffer_finish(&writer->contributions);
    buffer_finish(&writer->row_bytes);
    free(writer);
}
