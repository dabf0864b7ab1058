/* One transaction after another: what a batch adds, and how it ends. */
#include "pipelines/commit/writer.h"

#include <assert.h>

#include "pipelines/commit/sources.h"
#include "pipelines/commit/state.h"
#include "pipelines/commit/verdicts.h"
#include "pipelines/review/feedback_intake.h"

enum {
    COHORT_FLUSH_MS = 1000, /* buckets are rewritten whole; the decided rows are their redo log */
    HORIZON_MS = 10000,     /* small beside any late window, so what is kept too long is little */
    REVIEW_TURN_MS = 1000,  /* items expire, contents leave */
    GAUGES_MS = 1000,       /* the share of the map in use walks the free list */
};

void writer_forget_config(struct writer *writer, const struct pipeline_config *config)
{
    for (uint32_t i = 0; i < BINDINGS; i++)
        if (writer->bindings[i].config == config)
            writer->bindings[i].config = NULL;
}

void writer_use_config(struct writer *writer, const struct pipeline_config *config)
{
    writer->feedback_window_ms = feedback_intake_limits(config).window_ms;
    if (writer->review)
        review_use_config(writer->review, config);
}

struct review *writer_review(struct writer *writer)
{
    return writer->review;
}

struct store_txn *writer_transaction(struct writer *writer)
{
    return &writer->txn;
}

struct review_budget *writer_budget(struct writer *writer)
{
    return writer->budget;
}

uint64_t writer_spill_sequence(struct writer *writer)
{
    return spill_next_sequence(writer->spill);
}

void writer_begin(struct writer *writer)
{
    store_begin(writer->store, true, &writer->txn);
    memcpy(writer->next, writer->committed, sizeof(writer->next));
    writer->next_horizon = writer->horizon;
    memcpy(writer->next_states, writer->shard_states,
           writer->shards * sizeof(*writer->shard_states));
    writer->row_count = 0;
    buffer_clear(&writer->contributions);
    buffer_clear(&writer->row_bytes);
    writer->first_record = writer->end_record = outbox_next_sequence(writer->outbox);
    writer->alert_records = 0;
    writer->batch_bytes = 0;
    if (writer->review)
        review_begin(writer->review);
    writer->batch_in_flight = 0;
    writer->next_holding = writer->is_holding;
    writer->next_held = writer->held;
    memset(writer->is_binding_new, 0, sizeof(writer->is_binding_new));
}

void writer_add_request(struct writer *writer, const struct request *request, bool is_journaled)
{
    struct source_row *row = &writer->next[request->source];
    assert(request->position >= row->next_position);
    row->next_position = request->position + 1;
    if (request->has_origin) {
        row->known_position = request->position;
        memcpy(row->known, request->origin, sizeof row->known);
    }
    writer_count(writer, writer->counted.accepted_spans[request->source],
                 request->gated.span_count);
    writer_count(writer, writer->counted.accepted_logs[request->source], request->gated.log_count);
    writer_count(writer, writer->counted.recounted, request->recounted);
    writer->batch_in_flight += request->gated.span_count;
    if (!is_journaled)
        return;
    struct journal_header header = {
        .signal = stored_signal(request->signal),
        .encoding = stored_encoding(request->encoding),
        .received_ms = (int64_t)request->received_ms,
    };
    struct bytes body = buffer_bytes(&request->received);
    journal_append(writer->journal, &writer->txn, row->id, request->position, &header, body);
    writer->batch_bytes += body.size;
}

/* Counts what is held back, if nothing holds it any more. */
static void count_held(struct writer *writer)
{
    struct writer_counters *counted = &writer->counted;
    if (writer->next_holding)
        return;
    struct held_counts *held = &writer->next_held;
    writer->batch_in_flight -= (int64_t)held->late_spans;
    writer_count(writer, counted->dropped[DROP_LATE], held->late_spans);
    writer_count(writer, counted->late, held->late_spans);
    writer_count(writer, counted->logs_ignored, held->logs_ignored);
    writer_count(writer, counted->logs_joined, held->logs_joined);
    for (int i = 0; i < LOG_DROPS; i++)
        writer_count(writer, counted->logs_dropped[i], held->logs_dropped[i]);
    *held = (struct held_counts){0};
}

static void add_spilled(struct writer *writer, const struct spilled *spilled)
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

static void add_spills(struct writer *writer, const struct effects *effects)
{
    for (const struct spilled *spilled = effects->first_spilled; spilled; spilled = spilled->next)
        add_spilled(writer, spilled);
    for (const struct unspilled *row = effects->unspilled; row; row = row->next)
        (void)spill_delete(writer->spill, &writer->txn, row->sequence);
}

/* Spans of partitions that came or went. */
static void count_passed(struct writer *writer, const struct effects *effects)
{
    writer->batch_in_flight -= (int64_t)(effects->revoked_spans + effects->repeated_spans);
    writer_count(writer, writer->counted.dropped[DROP_REVOKED], effects->revoked_spans);
    writer_count(writer, writer->counted.dropped[DROP_DUPLICATE], effects->repeated_spans);
}

void writer_add_effects(struct writer *writer, struct effects *effects, int64_t wall_ms)
{
    assert(effects->shard < writer->shards);
    for (struct closed *closed = effects->first; closed; closed = closed->next)
        verdicts_add(writer, closed, wall_ms);
    for (const struct conversation_part *part = effects->first_part; part; part = part->next)
        verdicts_add_part(writer, part);
    add_spills(writer, effects);
    count_passed(writer, effects);
    struct held_counts *held = &writer->next_held;
    held->late_spans += effects->late_spans;
    held->logs_ignored += effects->logs_ignored;
    held->logs_joined += effects->logs_joined;
    for (int i = 0; i < LOG_DROPS; i++)
        held->logs_dropped[i] += effects->logs_dropped[i];
    count_held(writer);
    struct shard_state *state = &writer->next_states[effects->shard];
    state->open_spans = effects->open_spans;
    for (uint32_t source = 0; source < effects->source_count; source++) {
        state->floor[source] = effects->floor[source];
        state->through[source] = effects->through[source];
        state->need[source] = effects->need[source];
    }
}

void writer_add_acknowledged(struct writer *writer, uint8_t exporter, uint64_t sequence)
{
    outbox_delete(writer->outbox, &writer->txn, exporter, sequence);
}

void writer_add_replacement(struct writer *writer, uint8_t exporter, uint64_t sequence,
                            struct bytes frame)
{
    if (outbox_replace(writer->outbox, &writer->txn, exporter, sequence, frame))
        writer->batch_bytes += frame.size;
}

void writer_add_file(struct writer *writer, uint8_t exporter, uint64_t through,
                     const struct outbox_file *file)
{
    assert(exporter < EXPORTERS_MAX);
    outbox_file_write(&writer->txn, exporter, file);
    /* All of them in this transaction: a row that stayed would be written to the file again after
     * a crash. */
    while (outbox_delete_through(writer->outbox, &writer->txn, exporter, through, TRIM_ROWS_MAX) ==
           TRIM_ROWS_MAX)
        ;
}

uint64_t writer_settle_lost(struct writer *writer)
{
    writer->next_holding = false;
    count_held(writer);
    int64_t in_flight = (int64_t)writer_account(writer).in_flight + writer->batch_in_flight;
    uint64_t open = parts_spans(writer->parts);
    for (uint32_t shard = 0; shard < writer->shards; shard++)
        open += writer->next_states[shard].open_spans;
    if (in_flight <= (int64_t)open)
        return 0;
    uint64_t lost = (uint64_t)in_flight - open;
    writer_count(writer, writer->counted.dropped[writer->has_assigned ? DROP_REVOKED : DROP_CRASH],
                 lost);
    writer->batch_in_flight -= (int64_t)lost;
    return lost;
}

size_t writer_batch_bytes(const struct writer *writer)
{
    return writer->batch_bytes;
}

/* --- the end of a batch --- */

static void move_horizon(struct writer *writer, int64_t now_ms, int64_t wall_ms)
{
    struct horizon *horizon = &writer->next_horizon;
    if (now_ms - horizon->moved_ms < HORIZON_MS || decided_count(writer->decided) == 0)
        return; /* An idle process writes nothing. */
    for (uint32_t source = 0; source < writer->source_count; source++)
        if (!writer->next[source].is_handed_over &&
            writer->next[source].low_watermark < horizon->positions[source])
            return;
    if (horizon->next_ms > horizon->ms)
        store_put_number(&writer->txn, "decided_horizon_ms", (uint64_t)horizon->next_ms);
    horizon->ms = horizon->next_ms > horizon->ms ? horizon->next_ms : horizon->ms;
    horizon->next_ms = wall_ms - writer->config->late_window_ms;
    horizon->moved_ms = now_ms;
    for (uint32_t source = 0; source < writer->source_count; source++)
        horizon->positions[source] = writer->next[source].next_position;
}

static void append_rows(struct writer *writer)
{
    const uint8_t *at = writer->contributions.data;
    if (writer->contributions.failed)
        store_fail(&writer->txn, STATUS_FATAL, "out of memory");
    for (size_t i = 0; i < writer->row_count; i++) {
        writer->rows[i].contribution.data = at;
        at += writer->rows[i].contribution.size;
    }
    (void)decided_append(writer->decided, &writer->txn, writer->rows, writer->row_count);
}

/* What waited for the records of this batch is judged behind all of them, so that rows of the dataset
 * come behind them in the outbox. */
static bool turn_review(struct writer *writer, int64_t now_ms, int64_t wall_ms)
{
    if (!writer->review)
        return false;
    review_apply_arrived(writer->review, &writer->txn, wall_ms);
    bool is_due = now_ms - writer->reviewed_ms >= REVIEW_TURN_MS;
    if (is_due)
        review_turn(writer->review, &writer->txn, wall_ms);
    review_export_audit(writer->review, &writer->txn, wall_ms);
    if (writer->end_record < outbox_next_sequence(writer->outbox))
        writer->end_record = outbox_next_sequence(writer->outbox);
    return is_due;
}

static void tell_alert(void *context, struct bytes frame)
{
    struct writer *writer = context;
    uint64_t sequence = writer->end_record++;
    for (uint32_t exporter = 0; exporter < writer->exporter_count; exporter++)
        if (writer->config->exporters[exporter].takes_alerts)
            outbox_append(writer->outbox, &writer->txn, (uint8_t)exporter, sequence,
                          writer->wall_ms, frame);
    writer->alert_records++;
}

/* Alerts go with the cohorts, for both stand for the same decided rows; time alone may end one. */
static bool flush_cohorts(struct writer *writer, int64_t now_ms, int64_t wall_ms)
{
    bool is_due = writer->is_flush_due || now_ms - writer->flushed_ms >= COHORT_FLUSH_MS;
    if (!is_due)
        return false;
    if (cohort_delta_buckets(writer->delta) > 0 || writer->delta_sequence > writer->folded_sequence)
        cohort_delta_flush(writer->delta, &writer->txn, writer->delta_sequence, wall_ms);
    writer->wall_ms = wall_ms;
    feedback_intake_turn(&writer->txn, writer->feedback_window_ms, wall_ms);
    alerts_flush(writer->alerts, &writer->txn, wall_ms, writer->tells_alerts ? tell_alert : NULL,
                 writer);
    return true;
}

static void refresh_gauges(struct writer *writer, int64_t now_ms)
{
    if (now_ms - writer->gauged_ms < GAUGES_MS)
        return;
    writer->gauged_ms = now_ms;
    int64_t oldest = 0;
    struct store_txn txn;
    store_begin(writer->store, false, &txn);
    for (uint32_t exporter = 0; exporter < writer->exporter_count; exporter++) {
        uint64_t sequence;
        int64_t committed_ms;
        if (outbox_first(&txn, (uint8_t)exporter, &sequence, &committed_ms) &&
            (oldest == 0 || committed_ms < oldest))
            oldest = committed_ms;
    }
    store_abort(&txn);
    atomic_store_explicit(&writer->outbox_oldest_ms, oldest, memory_order_relaxed);
    atomic_store_explicit(&writer->used_ratio, store_used_ratio(writer->store),
                          memory_order_relaxed);
}

/* Memory follows what has become durable. */
static enum status settle_memory(struct writer *writer, bool has_flushed, int64_t now_ms)
{
    if (has_flushed) {
        writer->flushed_ms = now_ms;
        writer->folded_sequence = writer->delta_sequence;
        writer->is_flush_due = false;
    }
    memcpy(writer->committed, writer->next, sizeof(writer->committed));
    memcpy(writer->shard_states, writer->next_states,
           writer->shards * sizeof(*writer->shard_states));
    writer->is_holding = writer->next_holding;
    writer->held = writer->next_held;
    writer_publish(writer);
    writer->horizon = writer->next_horizon;
    atomic_store_explicit(&writer->horizon_ms, writer->horizon.ms, memory_order_relaxed);
    sources_publish(writer);
    if (writer->row_count > 0) {
        writer->delta_sequence = decided_next_sequence(writer->decided) - 1;
        atomic_store_explicit(&writer->decided_sequence, writer->delta_sequence,
                              memory_order_release);
        struct bytes decided = buffer_bytes(&writer->contributions);
        if (cohort_delta_add_encoded(writer->delta, decided) != STATUS_OK ||
            alerts_observe(writer->alerts, decided) != STATUS_OK)
            return STATUS_FATAL;
    }
    return STATUS_OK;
}

/* Content is of use while its row is there, and no longer than the budget allows. */
static void trim_retained(struct writer *writer, int64_t wall_ms)
{
    (void)retained_trim(writer->retained, &writer->txn, wall_ms - writer->config->late_window_ms,
                        writer->config->limits.late_bytes, TRIM_ROWS_MAX);
}

enum status writer_commit(struct writer *writer, int64_t now_ms, int64_t wall_ms)
{
    append_rows(writer);
    sources_move(writer);
    move_horizon(writer, now_ms, wall_ms);
    (void)decided_expire(writer->decided, &writer->txn, writer->next_horizon.ms, TRIM_ROWS_MAX,
                         NULL, NULL);
    trim_retained(writer, wall_ms);
    bool has_turned = turn_review(writer, now_ms, wall_ms);
    bool has_flushed = flush_cohorts(writer, now_ms, wall_ms);
    if (writer->regressions)
        regression_counts_write(writer->regressions, &writer->txn);
    writer_count(writer, writer->counted.untabled,
                 budget_write(writer->budget, &writer->txn, wall_ms));
    counters_write(writer->counters, &writer->txn);
    enum status status = store_commit(&writer->txn);
    if (status != STATUS_OK) {
        for (uint32_t i = 0; i < BINDINGS; i++)
            if (writer->is_binding_new[i])
                writer->bindings[i].config = NULL;
        return status;
    }
    if (has_turned)
        writer->reviewed_ms = now_ms;
    status = settle_memory(writer, has_flushed, now_ms);
    unread_scopes_log(&writer->unread_scopes);
    budget_publish(writer->budget, now_ms);
    refresh_gauges(writer, now_ms);
    return status;
}

enum status writer_relieve(struct writer *writer)
{
    sources_trim_journal(writer, true);
    (void)decided_expire(writer->decided, &writer->txn, writer->horizon.ms, TRIM_ROWS_MAX, NULL,
                         NULL);
    enum status status = store_commit(&writer->txn);
    writer_publish(writer);
    return status;
}
