/* One pass: facts for every trajectory, content only where a rule or a record asks. */
#include "pipelines/decide/judge.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "pipelines/decide/judge_state.h"
#include "pipelines/decide/regression_rule.h"
#include "processor/base/inflate.h"
#include "processor/emit/record/record.h"
#include "processor/normalize/facts/facts.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/score/measurements.h"
#include "processor/score/memo.h"
#include "processor/score/scorer.h"
#include "state/cohorts/cohort.h"

bool judge_init(struct judge *judge, const struct pipeline_config *config)
{
    *judge =
        (struct judge){.scratch = regex_scratch_create(), .looks_per_byte = JUDGE_LOOKS_PER_BYTE};
    arena_init(&judge->arena, JUDGE_SCRATCH_BYTES_MAX);
    judge_set_config(judge, config);
    return judge->scratch != NULL;
}

void judge_finish(struct judge *judge)
{
    regex_scratch_destroy(judge->scratch);
    first_seen_finish(&judge->first_seen);
    arena_finish(&judge->arena);
    buffer_finish(&judge->json);
    buffer_finish(&judge->otlp);
    buffer_finish(&judge->frame);
    buffer_finish(&judge->encoded);
    buffer_finish(&judge->deflated);
    deflate_destroy(judge->deflater);
    judge->deflater = NULL;
}

void judge_rest(struct judge *judge)
{
    arena_finish(&judge->arena);
    buffer_finish(&judge->json);
    buffer_finish(&judge->otlp);
    buffer_finish(&judge->frame);
    buffer_finish(&judge->encoded);
    buffer_finish(&judge->deflated);
    deflate_destroy(judge->deflater);
    judge->deflater = NULL;
}

void judge_set_config(struct judge *judge, const struct pipeline_config *config)
{
    judge->config = config;
    /* Dimension values are metric labels: they stay when texts are left out, but never unmasked. */
    judge->dimension_policy = config->redaction;
    if (config->redaction.content != REDACT_FULL)
        judge->dimension_policy.content = REDACT_REDACTED;
}

bool judge_read(struct judge *judge, const struct open_trajectory *open, enum close_trigger trigger)
{
    arena_reset(&judge->arena);
    judge->is_set_aside = set_aside_has(judge->set_aside, open->id);
    if (judge->is_set_aside)
        return false;
    in_hand_take(judge->slot, open->id);
    regex_scratch_begin(judge->scratch);
    judge->arena.look_limit =
        JUDGE_LOOK_BYTES_MIN + judge->looks_per_byte * (uint64_t)open->wire_bytes;
    if (!open_trajectory_view(open, trigger, &judge->arena, &judge->trajectory))
        return false;
    facts_read_from(&judge->trajectory, &judge->config->ruleset.measurements.route, &judge->arena,
                    &judge->run);
    return !judge->arena.failed;
}

/* Bit i: awaited score i is not there. */
static uint32_t scores_in_vain(const struct judge *judge)
{
    const struct assembly_config *assembly = &judge->config->assembly;
    uint32_t missing = 0; /* AWAIT_SCORES_MAX is 16 */
    for (uint32_t i = 0; i < assembly->await_count; i++)
        missing |= (uint32_t)!lookup_score(&judge->run, assembly->await_scores[i]) << i;
    return missing;
}

bool judge_has_awaited_scores(const struct judge *judge)
{
    return scores_in_vain(judge) == 0;
}

struct bytes judge_mask_dimension(void *context, struct bytes value, struct arena *arena)
{
    struct judge *judge = context;
    struct redaction_counts counts = {0};
    return redact_text(&judge->dimension_policy, judge->scratch, value, arena, &counts).text;
}

static bool is_before_all_windows(uint64_t event_ms, uint64_t received_ms)
{
    int64_t at_ms = cohort_bucket_start(RING_DAY, (int64_t)event_ms);
    return at_ms < cohort_ring_horizon(RING_DAY, (int64_t)received_ms);
}

static void fill_facts(const struct judge *judge, struct closed *closed)
{
    const struct agent_run *run = &judge->run;
    struct trajectory_times times = trajectory_times(&judge->trajectory);
    closed->event_ms = trajectory_event_ms(&judge->trajectory, &closed->is_skewed);
    if (is_before_all_windows(closed->event_ms, judge->trajectory.received_ms))
        closed->is_skewed = true; /* Milliseconds where nanoseconds belong; or it is that old. */
    closed->duration_ms = times.has_duration ? (double)times.duration_ns / 1e6 : -1;
    closed->weight = run->weight;
    closed->is_weight_mixed = run->is_weight_mixed;
    closed->cost_usd = run->cost_usd;
    closed->tokens = -1;
    if (run->tokens_input >= 0 || run->tokens_output >= 0)
        closed->tokens = (run->tokens_input > 0 ? run->tokens_input : 0) +
                         (run->tokens_output > 0 ? run->tokens_output : 0);
}

static bool fill_dimensions(struct judge *judge, struct effects *effects, struct closed *closed)
{
    const struct pipeline_config *config = judge->config;
    closed->dimension_values = arena_zalloc(&effects->arena, config->dimension_count + 1,
                                            sizeof(*closed->dimension_values));
    if (!closed->dimension_values)
        return false;
    dimensions_read(&judge->run, config->dimensions, config->dimension_count, judge_mask_dimension, judge,
                    closed->dimension_values);
    for (uint32_t i = 0; i < config->dimension_count; i++)
        closed->dimension_values[i] = arena_copy(&effects->arena, closed->dimension_values[i]);
    return !effects->arena.failed;
}

/* A trajectory that could not be read has no values. */
static bool fill_unknown_dimensions(const struct judge *judge, struct effects *effects,
                                    struct closed *closed)
{
    uint32_t count = judge->config->dimension_count;
    closed->dimension_values =
        arena_zalloc(&effects->arena, count + 1, sizeof(*closed->dimension_values));
    for (uint32_t i = 0; closed->dimension_values && i < count; i++)
        closed->dimension_values[i] = BYTES_LITERAL("unknown");
    return closed->dimension_values != NULL;
}

static void put_record_id(struct summary *summary, int place, const char *text)
{
    summary->has_record_id[place] = record_id_read(text, summary->record_ids[place]);
}

static enum status summarize(struct judge *judge, const struct judgement *judgement,
                             struct summary *summary)
{
    struct arena *arena = &judgement->effects->arena;
    struct closed *closed = judgement->closed;
    const struct prior_verdict *prior = judgement->prior;
    summary->probability = fmax(prior ? prior->probability : 0, closed->selection.probability);
    memcpy(summary->ruleset, judge->config->ruleset.sha256, sizeof(summary->ruleset));
    summary->is_judge_only = closed->is_judge_only;
    summary->dimension_values = closed->dimension_values;
    summary->dimension_count = judge->config->dimension_count;
    summary->met = closed->met;
    if (prior && prior->was_emitted) {
        summary->has_record_id[0] = true;
        memcpy(summary->record_ids[0], prior->record_id, RECORD_ID_SIZE);
    }
    if (closed->selection.record.frame.size > 0)
        put_record_id(summary, 0, closed->selection.record.id);
    if (closed->selection.has_first)
        put_record_id(summary, 1, closed->selection.first.id);
    buffer_clear(&judge->encoded);
    summary_encode(summary, &judge->encoded);
    closed->summary = arena_copy(arena, buffer_bytes(&judge->encoded));
    /* Scratch memory that is full makes a measurement say so; no memory at all must not. */
    return judge->encoded.failed || arena->failed || judge->arena.no_memory ? STATUS_FATAL
                                                                            : STATUS_OK;
}

/* A condition that did not hold, and a regression set without a row for the run, ask nothing. */
static bool evaluation_was_asked(const struct evaluation *evaluation)
{
    struct bytes reason = bytes_of_text(evaluation->na_reason);
    return !bytes_starts_with(reason, BYTES_LITERAL("when_")) &&
           !bytes_equal_text(reason, REGRESSION_NO_ROW);
}

/* Each measurement once, however many rules read it; why a rule was not asked is the rule's matter. */
static bool note_without_value(const struct judge *judge, const struct judgement *judgement)
{
    const struct verdict_report *report = &judgement->report;
    struct closed *closed = judgement->closed;
    struct arena *arena = &judgement->effects->arena;
    closed->is_too_costly = judge->arena.is_too_costly;
    closed->without = arena_zalloc(arena, report->evaluation_count + 1, sizeof(*closed->without));
    for (uint32_t i = 0; closed->without && i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        uint32_t known = 0;
        if (!evaluation->na_reason || !evaluation_was_asked(evaluation))
            continue;
        while (known < closed->without_count &&
               !bytes_equal(closed->without[known].measurement, evaluation->measurement))
            known++;
        if (known == closed->without_count)
            closed->without[closed->without_count++] = (struct without_value){
                arena_copy(arena, evaluation->measurement), evaluation->na_reason};
    }
    return !arena->failed;
}

enum status judge_conclude(struct judge *judge, struct judgement *judgement)
{
    const struct verdict_report *report = &judgement->report;
    struct closed *closed = judgement->closed;
    const struct prior_verdict *prior = judgement->prior;
    struct summary summary = {.decisions = 1, .revision = 1, .spans = closed->spans};
    closed->verdict = report->verdict;
    closed->class = (struct cohort_class){.condemned = (uint8_t)report->condemned,
                                          .judged = (uint8_t)report->judged,
                                          .is_known = true};
    closed->has_regression = report->evaluation_count > judge->config->ruleset.rule_count;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        closed->outcomes[i] = (uint8_t)report->evaluations[i].outcome;
        closed->is_rule_missing[i] = report->evaluations[i].is_missing;
        closed->class.is_missing |= report->evaluations[i].is_missing;
    }
    if (!summary_take_report(&summary, report, &judge->arena) ||
        !note_without_value(judge, judgement) || !judge_note_rows(judge, judgement))
        return STATUS_FATAL;
    if (!prior) {
        enum status status = judge_select_records(judge, judgement);
        if (status == STATUS_OK)
            status = judge_keep_content(judge, judgement);
        return status == STATUS_OK ? summarize(judge, judgement, &summary) : status;
    }
    bool has_changed =
        prior->verdict != report->verdict || summary_differs(prior->before, &summary);
    summary.decisions = prior->before->decisions + (has_changed || prior->is_counted);
    summary.revision = prior->before->revision + has_changed;
    summary.spans = prior->spans;
    summary.late_spans = prior->late_spans;
    closed->selection.skipped = SKIP_NONE;
    enum status status = STATUS_OK;
    if (has_changed)
        status = judge_select_revision(judge, judgement);
    if (status == STATUS_OK)
        status = judge_keep_content(judge, judgement);
    if (has_changed || prior->moves_cohort) {
        closed->revision->contribution =
            arena_copy(&judgement->effects->arena, prior->contribution);
        closed->revision->met = arena_copy(&judgement->effects->arena, prior->before->met);
    } else {
        summary.contribution = prior->contribution;
        closed->met = arena_copy(&judgement->effects->arena, prior->before->met);
    }
    closed->revision->is_exhausted = summary.decisions > SUMMARY_REVISIONS_MAX;
    return status == STATUS_OK ? summarize(judge, judgement, &summary) : status;
}

struct score_context judge_context(struct judge *judge, const struct judgement *judgement)
{
    return (struct score_context){
        .run = &judge->run,
        .ruleset = &judge->config->ruleset,
        .dimension_values = judgement->closed->dimension_values,
        .arena = &judge->arena,
        .scratch = judge->scratch,
        .redaction = &judge->config->redaction,
    };
}

void judge_score(struct judge *judge, struct judgement *judgement)
{
    struct score_context context = judge_context(judge, judgement);
    struct closed *closed = judgement->closed;
    scorer_run(&context, &judgement->report);
    judge_look_at_rows(judge, judgement, &context);
    if (closed->cost_usd >= 0)
        return;
    /* No cost was recorded: the price table may know. */
    struct measure cost;
    const struct reading *reading = measurements_resolve(BYTES_LITERAL("cost_usd"), &cost, NULL)
                                        ? memo_read(&cost, &context)
                                        : NULL;
    if (reading && reading->has_value)
        closed->cost_usd = judge->run.cost_usd = reading->value;
}

bool judge_begin(struct judge *judge, struct judgement *judgement)
{
    const struct open_trajectory *open = judgement->open;
    struct arena *arena = &judgement->effects->arena;
    struct closed *closed = arena_zalloc(arena, 1, sizeof(*closed));
    uint8_t *outcomes = arena_zalloc(arena, judge->config->ruleset.rule_count + 1, 1);
    bool *is_missing = arena_zalloc(arena, judge->config->ruleset.rule_count + 1, sizeof(bool));
    judgement->met.snapshot = NULL;
    if (!closed || !outcomes || !is_missing)
        return false;
    regex_scratch_begin(judge->scratch); /* a revision from the summary was not read */
    *closed = (struct closed){
        .config = judge->config,
        .trigger = judgement->trigger,
        .verdict = VERDICT_UNSCORED,
        .spans = open->span_count,
        .duplicates = open->accepted_spans - open->span_count,
        .logs = open->accepted_logs,
        .weight = 1,
        .duration_ms = -1,
        .tokens = -1,
        .cost_usd = -1,
        .outcomes = outcomes,
        .is_rule_missing = is_missing,
        .class = {.is_known = true},
        .selection = {.skipped = SKIP_UNSCORED,
                      .hour = budget_hour_of(open->received_ms, open->received_ms)},
        .event_ms = open->received_ms,
    };
    memcpy(closed->trace_id, open->id, TRACE_ID_SIZE);
    memset(outcomes, OUTCOME_NA, judge->config->ruleset.rule_count);
    judgement->closed = closed;
    return true;
}

bool judge_fill(struct judge *judge, struct judgement *judgement)
{
    struct closed *closed = judgement->closed;
    closed->is_judge_only = judge->run.is_judge_only;
    closed->is_candidate = judge->run.row_id.size > 0;
    fill_facts(judge, closed);
    closed->is_unread = !judge->run.is_understood;
    closed->unread_scope = arena_copy(&judgement->effects->arena, judge->run.unread_scope);
    closed->scores_in_vain = closed->is_judge_only ? 0 : scores_in_vain(judge);
    closed->selection.hour = budget_hour_of(closed->event_ms, judgement->open->received_ms);
    return fill_dimensions(judge, judgement->effects, closed) &&
           judge_fill_release(judge, judgement) && judge_feedback_read(judge, judgement);
}

void judge_append(const struct judgement *judgement)
{
    struct effects *effects = judgement->effects;
    if (effects->last)
        effects->last->next = judgement->closed;
    else
        effects->first = judgement->closed;
    effects->last = judgement->closed;
    effects->closed_count++;
}

enum status judge_decide(struct judge *judge, struct judgement *judgement, bool is_unreadable)
{
    enum status status = STATUS_OK;
    if (!judge_begin(judge, judgement))
        return STATUS_FATAL;
    if (is_unreadable) {
        judgement->closed->is_set_aside = judge->is_set_aside;
        if (judge->is_set_aside)
            judge->set_aside->keep(judge->set_aside->context, judgement->open);
        if (judge->arena.no_memory ||
            !fill_unknown_dimensions(judge, judgement->effects, judgement->closed))
            return STATUS_FATAL;
        if (judge->watch)
            judge->watch->look(judge->watch->context, NULL, judgement->closed, NULL);
    } else {
        if (!judge_fill(judge, judgement))
            return STATUS_FATAL;
        judge_score(judge, judgement);
        if (judge->watch) {
            struct score_context context = judge_context(judge, judgement);
            judge->watch->look(judge->watch->context, &context, judgement->closed,
                               &judgement->report);
        }
        status = judge_conclude(judge, judgement);
    }
    judge_append(judgement);
    in_hand_release(judge->slot);
    return status;
}
