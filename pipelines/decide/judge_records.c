/* From a verdict to its records: which are chosen, why, and how they are written; and what is kept to
 * make a revision from. */
#include <math.h>
#include <stdlib.h>

#include "pipelines/decide/judge_state.h"
#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/regression_rule.h"
#include "pipelines/decide/trajectory_codec.h"
#include "processor/base/digest.h"
#include "processor/base/inflate.h"
#include "processor/emit/otlp/record.h"
#include "processor/emit/record/record.h"
#include "processor/normalize/content/content.h"
#include "processor/score/scorer.h"

/* Did negative feedback change the outcome of a rule that reads it? */
static bool is_by_feedback(const struct summary *before, const struct verdict_report *report)
{
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        const struct summary_rule *old = summary_find_rule(before, evaluation->rule->name);
        bool is_worse =
            evaluation->outcome == OUTCOME_FAIL || evaluation->outcome == OUTCOME_BORDERLINE;
        if (is_worse && bytes_equal_text(evaluation->measurement, "feedback.negative") &&
            (!old || old->outcome != evaluation->outcome))
            return true;
    }
    return false;
}

/* Did it fail a row of the regression set? */
static bool is_hit(const struct judgement *judgement)
{
    const struct verdict_report *report = &judgement->report;
    const struct evaluation *last =
        report->evaluation_count > 0 ? &report->evaluations[report->evaluation_count - 1] : NULL;
    return last && (last->outcome == OUTCOME_FAIL || last->outcome == OUTCOME_BORDERLINE) &&
           bytes_equal_text(last->rule->name, REGRESSION_RULE);
}

static enum selection_reason reason_of(const struct judgement *judgement,
                                       const struct selection *selection)
{
    if (judgement->prior && is_by_feedback(judgement->prior->before, &judgement->report))
        return SELECT_FEEDBACK;
    if (judgement->closed->selection.is_hit &&
        (judgement->closed->selection.is_paced || !selection->is_emitted))
        return SELECT_REGRESSION;
    if (selection->is_unscored || judgement->report.verdict == VERDICT_UNSCORED)
        return SELECT_UNSCORED;
    bool is_control = selection->is_control || judgement->report.verdict == VERDICT_PASS;
    return is_control ? SELECT_CONTROL : SELECT_RULE;
}

static void put_prior(const struct prior_verdict *prior, const char *supersedes,
                      struct review_input *input)
{
    input->revision = prior->before->revision + 1;
    input->supersedes = prior->was_emitted ? supersedes : NULL;
    input->late_spans = prior->late_spans;
    input->known_start_ns = prior->known_start_ns;
    input->known_end_ns = prior->known_end_ns;
    input->known_spans = prior->is_partial ? prior->spans : 0;
}

/* The spans beside the record, where an exporter sends those: they must be redacted here, since
 * nothing behind the judge knows what may leave. */
static enum status write_spans(struct judge *judge, const struct review_input *input,
                               const struct review_record *record, struct outgoing *outgoing)
{
    bool is_wanted = false;
    for (uint32_t i = 0; i < judge->config->exporter_count; i++)
        is_wanted = is_wanted || judge->config->exporters[i].encoding == ENCODING_OTLP_PROTO;
    if (!is_wanted)
        return STATUS_OK;
    buffer_clear(&judge->otlp);
    enum status status = otlp_record_write(input, record, &judge->otlp);
    if (judge->otlp.size > 0)
        outgoing->otlp = buffer_bytes(&judge->otlp);
    return status;
}

/* What its item is made of. Who never reviews here pays nothing for it. */
static enum status put_item(struct judge *judge, const struct judgement *judgement,
                            const struct review_record *record, struct selected_record *to)
{
    if (!judge->config->review.is_present)
        return STATUS_OK;
    to->priority = record->priority;
    struct bytes conversation = judge->run.conversation_id;
    to->conversation = conversation.size > 0 ? digest_fnv1a64(conversation) : 0;
    if (!hex_decode(to->content_digest, record->content_digest, sizeof to->content_digest))
        return STATUS_FATAL;
    if (!judge->deflater && !(judge->deflater = deflate_create()))
        return STATUS_FATAL;
    if (deflate_quick(judge->deflater, buffer_bytes(&judge->json), &judge->deflated) != STATUS_OK)
        return STATUS_FATAL;
    to->content = arena_copy(&judgement->effects->arena, buffer_bytes(&judge->deflated));
    return STATUS_OK;
}

/* A framed record in the effects' arena. */
static enum status write_framed(struct judge *judge, const struct judgement *judgement,
                                enum selection_reason reason, double probability,
                                struct selected_record *ret_record)
{
    const struct pipeline_config *config = judge->config;
    struct arena *arena = &judgement->effects->arena;
    struct review_input input = {
        .run = &judge->run,
        .report = &judgement->report,
        .regressions = judgement->met.snapshot ? &judgement->met : NULL,
        .revision = 1,
        .reason = reason,
        .inclusion_probability = probability,
        .dimensions = config->dimensions,
        .dimension_values = judgement->closed->dimension_values,
        .dimension_count = config->dimension_count,
        .ruleset_sha256 = config->ruleset.sha256,
        .trace_url = config->trace_url,
        .redaction = &config->redaction,
        .scratch = judge->scratch,
        .arena = &judge->arena,
        .bytes_max = judge->record_bytes_max,
    };
    char supersedes[37];
    if (judgement->prior) {
        record_id_write(judgement->prior->record_id, supersedes);
        put_prior(judgement->prior, supersedes, &input);
    }
    struct review_record record;
    buffer_clear(&judge->json);
    buffer_clear(&judge->frame);
    enum status status = review_record_write(&input, &judge->json, &record);
    if (status != STATUS_OK)
        return status;
    struct outgoing outgoing =
        review_record_outgoing(&record, buffer_bytes(&judge->json), judgement->report.verdict);
    status = write_spans(judge, &input, &record, &outgoing);
    if (status != STATUS_OK)
        return status;
    outgoing_encode(&outgoing, &judge->frame);
    ret_record->frame = arena_copy(arena, buffer_bytes(&judge->frame));
    ret_record->queue = arena_copy(arena, record.queue);
    memcpy(ret_record->id, record.record_id, sizeof(record.record_id));
    ret_record->reason = reason;
    ret_record->probability = probability;
    status = put_item(judge, judgement, &record, ret_record);
    if (status != STATUS_OK)
        return status;
    return judge->frame.failed || arena->failed ? STATUS_FATAL : STATUS_OK;
}

/* Its texts are cut, and their readers must not be: the limit of looking is that of judging. */
static enum status write_record(struct judge *judge, const struct judgement *judgement,
                                enum selection_reason reason, double probability,
                                struct selected_record *ret_record)
{
    content_read(&judge->run);
    uint64_t limit = judge->arena.look_limit;
    bool is_too_costly = judge->arena.is_too_costly;
    judge->arena.look_limit = 0;
    judge->arena.is_too_costly = false;
    enum status status = write_framed(judge, judgement, reason, probability, ret_record);
    judge->arena.look_limit = limit;
    judge->arena.is_too_costly = is_too_costly;
    return status;
}

/* The record as one of the first runs of a cohort: certain to be chosen. A rule's stays a rule's;
 * what was not chosen, and control, is there for the cohort alone. */
static enum status select_first(struct judge *judge, const struct judgement *judgement,
                                const struct selection *selection)
{
    bool is_rule = selection->is_emitted && !selection->is_control && !selection->is_unscored;
    enum selection_reason reason =
        judgement->closed->selection.is_paced ? SELECT_REGRESSION : SELECT_RULE;
    judgement->closed->selection.has_first = true;
    return write_record(judge, judgement, is_rule ? reason : SELECT_NEW_COHORT, 1,
                        &judgement->closed->selection.first);
}

/* Beyond the budget, at a pace of its own. What the pace leaves goes its ordinary way, so that a row
 * never keeps a failure from those who would have seen it without the row. */
static struct selection choose_hit(struct judge *judge, const struct judgement *judgement,
                                   struct selection ordinary)
{
    struct record_selection *selected = &judgement->closed->selection;
    struct met_rows rows = {.count = 0};
    if (judgement->closed->met.size > 0 &&
        met_rows_decode(judgement->closed->met, &rows) != STATUS_OK)
        rows.count = 0;
    double p = budget_view_hit(judgement->budget, selected->hour, &rows);
    selected->is_paced = p >= 1 || select_u(judge->trajectory.id) < p;
    selected->probability = fmax(p, ordinary.probability);
    if (selected->is_paced)
        return (struct selection){.is_emitted = true, .probability = p};
    if (ordinary.is_emitted)
        return ordinary;
    return (struct selection){.probability = selected->probability,
                              .skipped = SKIP_REGRESSION_PACE};
}

/* By share and budgets. u never changes, so what a record states is the largest p so far. */
static struct selection choose(struct judge *judge, const struct judgement *judgement)
{
    const struct pipeline_config *config = judge->config;
    struct record_selection *selected = &judgement->closed->selection;
    const struct verdict_report *report = &judgement->report;
    enum verdict verdict = report->verdict;
    struct selection_limits limits = {1, 1, 0};
    selected->is_hit = is_hit(judgement);
    if (selected->is_hit)
        verdict = selected->own = scorer_verdict_of(report, report->evaluation_count - 1);
    selected->signature = strtoull(report->signature, NULL, 16);
    if (config->budget.is_present)
        limits =
            budget_view_limits(judgement->budget, selected->hour, verdict, selected->signature);
    limits.control = budget_view_control(judgement->budget, &config->selection, selected->hour);
    struct selection selection =
        select_within(&config->selection, &limits, judge->trajectory.id, verdict);
    selected->probability = selection.probability;
    if (selected->is_hit)
        selection = choose_hit(judge, judgement, selection);
    double before = judgement->prior ? judgement->prior->probability : 0;
    selected->probability = fmax(before, selected->probability);
    selection.probability = fmax(before, selection.probability);
    return selection;
}

enum status judge_select_records(struct judge *judge, const struct judgement *judgement)
{
    const struct pipeline_config *config = judge->config;
    const struct closed *closed = judgement->closed;
    struct record_selection *selected = &judgement->closed->selection;
    struct selection selection = choose(judge, judgement);
    /* A conversation of which no part can be read has nothing to show. */
    bool is_empty =
        judge->trajectory.span_count == 0 && !(judgement->prior && judgement->prior->is_partial);
    bool is_first = config->selection.new_cohort > 0 && !closed->is_judge_only && !is_empty &&
                    !judgement->prior &&
                    first_seen_note(&judge->first_seen, config, closed->dimension_values);
    if (closed->is_judge_only || is_empty)
        selection = (struct selection){.skipped = SKIP_NO_AGENT, .probability = 1};
    selected->skipped = selection.skipped;
    enum status status = STATUS_OK;
    if (selection.is_emitted || (judge->is_emitting_all && !is_empty))
        status = write_record(judge, judgement, reason_of(judgement, &selection),
                              selection.probability, &selected->record);
    if (status == STATUS_OK && is_first && selection.probability < 1)
        status = select_first(judge, judgement, &selection);
    return status;
}

/* No rule but that of the regression set had failed it, so it is out for the rows. */
static bool was_for_rows(const struct summary *before)
{
    bool was_hit = false;
    for (uint32_t i = 0; i < before->rule_count; i++) {
        const struct summary_rule *rule = &before->rules[i];
        bool was_bad = rule->outcome == OUTCOME_FAIL || rule->outcome == OUTCOME_BORDERLINE;
        if (was_bad && rule->name != summary_rule_name(regression_rule.name))
            return false;
        was_hit = was_hit || was_bad;
    }
    return was_hit;
}

/* A record that is out is followed by another one when something has changed; without one the
 * selection decides as always. */
enum status judge_select_revision(struct judge *judge, const struct judgement *judgement)
{
    if (!judgement->prior->was_emitted)
        return judge_select_records(judge, judgement);
    struct selection selection = choose(judge, judgement);
    struct record_selection *selected = &judgement->closed->selection;
    selected->is_paced |= selected->is_hit && was_for_rows(judgement->prior->before);
    enum verdict verdict = selected->is_hit ? selected->own : judgement->report.verdict;
    /* In its own right a pass would be control, whether or not the share would have chosen it. */
    selection.is_control = verdict == VERDICT_PASS;
    selection.is_unscored = verdict == VERDICT_UNSCORED;
    return write_record(judge, judgement, reason_of(judgement, &selection), selection.probability,
                        &judgement->closed->selection.record);
}

/* What a revision can be made from, while a record of it may be out. */
enum status judge_keep_content(struct judge *judge, const struct judgement *judgement)
{
    struct arena *arena = &judgement->effects->arena;
    struct closed *closed = judgement->closed;
    const struct prior_verdict *prior = judgement->prior;
    bool may_be_out = closed->selection.record.frame.size > 0 || closed->selection.has_first ||
                      (prior && prior->was_emitted);
    if (!judgement->keeps_content || !may_be_out || !judge->config->late_retain_records ||
        judge->config->late_window_ms == 0 || (prior && prior->is_partial))
        return STATUS_OK;
    buffer_clear(&judge->encoded);
    if (!trajectory_encode_view(&judge->trajectory, &judge->arena, &judge->encoded))
        return STATUS_FATAL;
    closed->content = arena_copy(arena, buffer_bytes(&judge->encoded));
    return arena->failed ? STATUS_FATAL : STATUS_OK;
}
