/* A closed trajectory as the writer keeps it: a decided row with its contribution to the
 * cohorts and its summary, the record if it is admitted, the content a revision would
 * start from, and counters.
 *
 *   first verdict     [+ contribution]                      row, record, content
 *   one after it      [- contribution before][+ new one]    row, next record and content in place of
 *                                                           those before
 */
#include "pipelines/commit/verdicts.h"

#include <stdlib.h>

#include "pipelines/commit/state.h"
#include "pipelines/config/groupings.h"
#include "pipelines/decide/judged_rules.h"
#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/summary.h"
#include "pipelines/review/feedback_intake.h"
#include "processor/base/log.h"
#include "processor/base/text/terminal.h"

static struct binding *binding_of(struct writer *writer, const struct pipeline_config *config)
{
    for (uint32_t i = 0; i < BINDINGS; i++)
        if (writer->bindings[i].config == config)
            return &writer->bindings[i];
    if (writer->bindings[writer->newest_binding].config) /* else that of a batch that failed */
        writer->newest_binding = (writer->newest_binding + 1) % BINDINGS;
    struct binding *binding = &writer->bindings[writer->newest_binding];
    binding_resolve(binding, &writer->txn, writer->cohorts, config);
    memset(binding->outcomes, 0, sizeof(binding->outcomes));
    writer->is_binding_new[writer->newest_binding] = true;
    return binding;
}

static struct decided_row *new_row(struct writer *writer)
{
    if (writer->row_count == writer->row_capacity) {
        size_t capacity = writer->row_capacity ? writer->row_capacity * 2 : 256;
        struct decided_row *rows = realloc(writer->rows, capacity * sizeof(*rows));
        if (!rows) {
            store_fail(&writer->txn, STATUS_FATAL, "out of memory");
            return NULL;
        }
        writer->rows = rows;
        writer->row_capacity = capacity;
    }
    struct decided_row *row = &writer->rows[writer->row_count++];
    *row = (struct decided_row){0};
    return row;
}

/* Counters of rule outcomes are looked up once per configuration, not once per trajectory. */
static void count_outcomes(struct writer *writer, struct binding *binding,
                           const struct closed *closed)
{
    for (uint32_t i = 0; i < judged_rules_count(closed); i++) {
        struct persistent_counter **counter = &binding->outcomes[i][closed->outcomes[i]];
        if (!*counter)
            *counter = writer_counters_rule_outcome(&writer->counted,
                                                    judged_rules_name(closed->config, i),
                                                    (enum outcome)closed->outcomes[i]);
        writer_count(writer, *counter, 1);
    }
}

/* --- counters --- */

/* `Quality: 30, Tone: 2` */
static void tell_in_vain(const struct writer *writer, const struct assembly_config *assembly)
{
    struct buffer scores = {0};
    for (uint32_t i = 0; i < assembly->await_count; i++)
        if (writer->in_vain.runs_of[i] > 0) {
            buffer_append_text(&scores, scores.size > 0 ? ", " : "");
            terminal_append(&scores, assembly->await_scores[i]);
            buffer_printf(&scores, ": %llu", (unsigned long long)writer->in_vain.runs_of[i]);
        }
    for (size_t i = 0; i < scores.size; i++)
        if (scores.data[i] == '"' || scores.data[i] == '\\')
            scores.data[i] = '?'; /* they would end the field */
    log_warn("awaited_scores_missing", "runs=%llu scores=\"%.*s\"",
             (unsigned long long)writer->in_vain.runs, (int)scores.size, (char *)scores.data);
    buffer_finish(&scores);
}

/* An evaluator that answers only some runs biases every rate: it is told each minute that it lasts.
 * Other rules may await other scores: after a reload the count of the log begins anew. */
static void count_in_vain(struct writer *writer, const struct closed *closed, int64_t wall_ms)
{
    enum { MINUTE_MS = 60000 };
    const struct assembly_config *assembly = &closed->config->assembly;
    int64_t told_ms = writer->in_vain.told_ms;
    if (writer->in_vain.of != closed->config) {
        memset(&writer->in_vain, 0, sizeof(writer->in_vain));
        writer->in_vain.of = closed->config;
        writer->in_vain.told_ms = told_ms;
    }
    for (uint32_t i = 0; closed->scores_in_vain >> i; i++)
        if (closed->scores_in_vain >> i & 1) {
            writer_count(writer,
                         writer_counters_await_timeout(&writer->counted, assembly->await_scores[i]),
                         1);
            writer->in_vain.runs_of[i]++;
        }
    writer->in_vain.runs += closed->scores_in_vain != 0;
    if (writer->in_vain.runs == 0 || wall_ms - told_ms < MINUTE_MS)
        return;
    tell_in_vain(writer, assembly);
    memset(writer->in_vain.runs_of, 0, sizeof(writer->in_vain.runs_of));
    writer->in_vain.runs = 0;
    writer->in_vain.told_ms = wall_ms;
}

static void count_first(struct writer *writer, const struct closed *closed)
{
    struct writer_counters *counted = &writer->counted;
    writer_count(writer, counted->skewed, closed->is_skewed);
    writer_count(writer, counted->split, closed->is_split);
    writer_count(writer, counted->mixed_weights, closed->is_weight_mixed);
    writer_count(writer, counted->trajectories[closed->trigger], 1);
    writer_count(writer, counted->unread, closed->is_unread);
    writer_count(writer, counted->too_costly, closed->is_too_costly);
    writer_count(writer, counted->set_aside, closed->is_set_aside);
    writer_count(writer, counted->candidates, closed->is_candidate);
    for (uint32_t i = 0; i < closed->without_count; i++)
        writer_count(writer,
                     writer_counters_measurement_na(counted, closed->without[i].measurement,
                                                    closed->without[i].reason),
                     1);
    if (closed->is_unread)
        unread_scopes_note(&writer->unread_scopes, closed->unread_scope);
    if (closed->emission.skipped != SKIP_NONE)
        writer_count(writer, counted->skipped[closed->emission.skipped], 1);
    if (!closed->is_judge_only)
        writer_count(writer, counted->verdicts[closed->verdict], 1);
}

static void count_correction(struct writer *writer, const struct closed *closed)
{
    if (closed->revision->contribution.size == 0 || closed->revision->verdict == closed->verdict)
        return;
    for (uint32_t i = 0; i < closed->config->grouping_count; i++) {
        struct buffer group = {0};
        config_groupings_text(closed->config, i, &group);
        writer_count(writer,
                     writer_counters_correction(&writer->counted, buffer_bytes(&group),
                                                closed->revision->verdict, closed->verdict),
                     1);
        buffer_finish(&group);
    }
}

static void count_spans(struct writer *writer, const struct closed *closed)
{
    struct writer_counters *counted = &writer->counted;
    bool is_refused = closed->revision && closed->revision->fate == LATE_REFUSED;
    writer->batch_in_flight -= (int64_t)closed->spans + closed->duplicates;
    writer_count(writer, counted->dropped[DROP_DUPLICATE], closed->duplicates);
    if (closed->revision && closed->revision->fate != LATE_EVALUATION)
        writer_count(writer, counted->late, closed->spans);
    writer_count(writer,
                 is_refused              ? counted->dropped[DROP_LATE]
                 : closed->is_judge_only ? counted->dropped[DROP_EVALUATION]
                                         : counted->decided,
                 closed->spans);
}

/* --- rows --- */

static uint64_t add_record(struct writer *writer, const struct closed *closed, int64_t wall_ms)
{
    const struct selected_record *record = closed->emission.record;
    uint64_t sequence = writer->end_record++;
    for (uint32_t exporter = 0; exporter < writer->exporter_count; exporter++)
        if (!writer->config->exporters[exporter].takes_no_records)
            outbox_append(writer->outbox, &writer->txn, (uint8_t)exporter, sequence, wall_ms,
                          record->frame);
    writer_count(writer,
                 writer_counters_review_records(&writer->counted, record->queue, closed->verdict),
                 1);
    writer_count(writer, writer->counted.revisions, closed->revision != NULL);
    writer->batch_bytes += record->frame.size * writer->exporter_count;
    if (writer->review)
        review_add_record(writer->review, &writer->txn, closed, wall_ms);
    return sequence;
}

/* Those of before stay; a source that gave more has come further. */
static void put_positions(const struct writer *writer, const struct closed *closed,
                          struct decided_row *row)
{
    for (uint32_t i = 0; i < closed->position_count && i < DECIDED_POSITIONS_MAX; i++) {
        row->positions[i].source = writer->next[closed->positions[i].source].id;
        row->positions[i].position = closed->positions[i].position;
        row->position_count = (uint8_t)(i + 1);
    }
    const struct revision *revision = closed->revision;
    for (uint32_t i = 0; revision && i < revision->position_count; i++) {
        uint32_t at = 0;
        while (at < row->position_count &&
               row->positions[at].source != revision->positions[i].source)
            at++;
        if (at == row->position_count && at < DECIDED_POSITIONS_MAX)
            row->positions[row->position_count++] = revision->positions[i];
    }
}

/* Is it one of the first runs of a cohort? */
static bool add_contribution(struct writer *writer, const struct closed *closed, int64_t wall_ms)
{
    const struct revision *revision = closed->revision;
    bool is_first = false;
    if (closed->is_judge_only || (revision && revision->contribution.size == 0))
        return false;
    struct binding *binding = binding_of(writer, closed->config);
    if (revision && !contribution_take_back(revision->contribution, &writer->contributions))
        store_fail(&writer->txn, STATUS_FATAL, "a contribution to the cohorts is not understood");
    contribution_append(binding, &writer->txn, writer->cohorts, closed, wall_ms,
                        &writer->contributions, revision ? NULL : &is_first);
    if (!revision)
        count_outcomes(writer, binding, closed);
    return is_first;
}

/* A record that follows another one is not asked for its budget. */
static struct record_emission emission_of(struct writer *writer, const struct closed *closed,
                                          bool is_first)
{
    const struct revision *revision = closed->revision;
    const struct selected_record *record = &closed->selection.record;
    bool has_record = record->frame.size > 0;
    if (!revision || (!revision->was_emitted && has_record))
        return budget_select(writer->budget, &writer->txn, closed, is_first);
    return (struct record_emission){.record = has_record ? record : NULL};
}

/* Its release, and the rows of the regression set that it met. */
static void count_regressions(struct writer *writer, const struct closed *closed, int64_t wall_ms)
{
    const struct revision *revision = closed->revision;
    struct met_rows before = {.count = 0}, now;
    if (!writer->regressions || closed->is_judge_only)
        return;
    const char *release = regression_counts_add(writer->regressions, &writer->txn, closed, wall_ms);
    if (!release || met_rows_decode(closed->met, &now) != STATUS_OK ||
        met_rows_worst(&now) != OUTCOME_FAIL)
        return;
    bool was_hit = revision && revision->met.size > 0 &&
                   met_rows_decode(revision->met, &before) == STATUS_OK &&
                   met_rows_worst(&before) == OUTCOME_FAIL;
    if (!was_hit)
        writer_count(writer,
                     writer_counters_regressions(&writer->counted, bytes_of_text(release),
                                                 closed->is_critical_hit),
                     1);
}

static void add_records(struct writer *writer, const struct closed *closed, struct decided_row *row,
                        int64_t wall_ms)
{
    const struct revision *revision = closed->revision;
    row->record_sequence = revision ? revision->record_sequence : 0;
    if (closed->emission.record) {
        row->record_sequence = add_record(writer, closed, wall_ms);
        row->flags |= DECIDED_EMITTED | (closed->emission.is_first ? DECIDED_AS_FIRST : 0u);
    } else if (revision && revision->was_emitted) {
        row->flags |= DECIDED_EMITTED;
    }
    if (revision && revision->has_content)
        (void)retained_delete(writer->retained, &writer->txn, revision->record_sequence);
    if (closed->content.size > 0 && (row->flags & DECIDED_EMITTED)) {
        row->flags |= DECIDED_CONTENT;
        retained_append(writer->retained, &writer->txn, row->record_sequence, wall_ms,
                        closed->content);
        writer->batch_bytes += closed->content.size;
    }
}

void verdicts_add(struct writer *writer, struct closed *closed, int64_t wall_ms)
{
    struct decided_row *row = new_row(writer);
    if (!row)
        return;
    const struct revision *revision = closed->revision;
    memcpy(row->trace_id, closed->trace_id, sizeof(row->trace_id));
    put_positions(writer, closed, row);
    row->decided_ms = (int64_t)closed->decided_ms;
    row->event_ms = (int64_t)closed->event_ms;
    row->verdict = stored_verdict(closed->verdict);
    row->trigger = stored_trigger(closed->trigger);
    row->spans = !revision || revision->fate == LATE_MERGED ? closed->spans : 0;
    row->flags = revision && revision->is_exhausted ? DECIDED_EXHAUSTED : 0;
    row->extension = closed->summary;
    size_t from = writer->contributions.size;
    bool is_first = add_contribution(writer, closed, wall_ms);
    closed->emission = emission_of(writer, closed, is_first);
    if (writer->review && review_has_erased(writer->review, &writer->txn, closed->trace_id)) {
        closed->emission = (struct record_emission){.skipped = SKIP_ERASED};
        closed->content = bytes_of(NULL, 0);
    }
    count_regressions(writer, closed, wall_ms);
    add_records(writer, closed, row, wall_ms);
    row->contribution =
        bytes_of(NULL, writer->contributions.size - from); /* placed at the commit */
    if (closed->said.id_count > 0)
        feedback_intake_verdict(
            &writer->txn, writer->counters, closed,
            bytes_of(writer->contributions.data + from, writer->contributions.size - from),
            wall_ms);
    if (revision)
        count_correction(writer, closed);
    else {
        count_first(writer, closed);
        count_in_vain(writer, closed, wall_ms);
    }
    count_spans(writer, closed);
    for (uint32_t i = 0; i < closed->part_count; i++)
        parts_delete(writer->parts, &writer->txn, closed->parts[i]);
    writer->batch_bytes += row->contribution.size + row->extension.size + 64;
}

/* The trace is remembered as decided, so that a replay of its spans is one; they stay in flight. */
void verdicts_add_part(struct writer *writer, const struct conversation_part *part)
{
    struct decided_row *row = new_row(writer);
    if (!row)
        return;
    memcpy(row->trace_id, part->trace.trace_id, sizeof(row->trace_id));
    put_positions(writer, &part->trace, row);
    row->decided_ms = (int64_t)part->trace.decided_ms;
    row->event_ms = (int64_t)part->trace.event_ms;
    row->verdict = stored_verdict(part->trace.verdict);
    row->trigger = stored_trigger(part->trace.trigger);
    row->flags = DECIDED_EXHAUSTED;
    writer->batch_in_flight -= part->trace.duplicates;
    writer_count(writer, writer->counted.dropped[DROP_DUPLICATE], part->trace.duplicates);
    writer_count(writer, writer->counted.split, part->trace.is_split);
    writer_count(writer, writer->counted.parts, 1);
    parts_append(writer->parts, &writer->txn, &part->row, part->content);
    writer->batch_bytes += part->content.size + 64;
}
