/* Both ways end in judge_conclude(): it sees a report, whoever wrote it. */
#include "pipelines/decide/revise.h"

#include "pipelines/decide/judge_state.h"
#include "pipelines/decide/trajectory_codec.h"
#include "processor/score/scorer.h"
#include "state/cohorts/cohort.h"

/* What the cohorts hold of a decided trajectory: the last contribution of its row that was not
 * taken back, else what the summary carries on. Absent: nothing. */
static struct bytes find_contribution(const struct decided_before *before,
                                      struct cohort_contribution *ret_contribution)
{
    struct value_reader reader;
    struct bytes found = {0};
    struct bytes all =
        before->row.contribution.size > 0 ? before->row.contribution : before->summary.contribution;
    value_reader_init(&reader, all);
    while (reader.at < reader.end) {
        const uint8_t *from = reader.at;
        struct cohort_contribution contribution;
        cohort_contribution_decode(&reader, &contribution);
        if (reader.failed)
            return (struct bytes){0};
        if (contribution.change == COHORT_CHANGE_REMOVE)
            continue;
        *ret_contribution = contribution;
        found = bytes_of(from, (size_t)(reader.at - from));
    }
    return found;
}

/* A closed trajectory with what it takes the place of. */
static bool begin(struct judge *judge, struct judgement *judgement,
                  const struct decided_before *before, enum late_fate fate)
{
    struct revision *revision = arena_zalloc(&judgement->effects->arena, 1, sizeof(*revision));
    judgement->trigger = before ? (enum close_trigger)before->row.trigger : CLOSE_IDLE;
    if (!revision || !judge_begin(judge, judgement))
        return false;
    revision->fate = fate;
    if (before) {
        const struct decided_row *row = &before->row;
        revision->verdict = (enum verdict)row->verdict;
        revision->position_count = row->position_count;
        memcpy(revision->positions, row->positions, sizeof(revision->positions));
        revision->record_sequence = row->record_sequence;
        revision->was_emitted = row->flags & DECIDED_EMITTED;
        revision->has_content = row->flags & DECIDED_CONTENT;
    }
    judgement->closed->revision = revision;
    return true;
}

/* --- with content --- */

static bool fits(const struct judge *judge, const struct open_trajectory *late,
                 const struct gated_request *spans, const struct decided_before *before)
{
    const struct assembly_config *limits = &judge->config->assembly;
    return spans->span_count + late->span_count <= limits->max_spans &&
           before->content.size + late->wire_bytes <= limits->max_bytes;
}

/* False: it isn't there, or can't be used. */
static bool read_content(const struct judge *judge, const struct open_trajectory *late,
                         const struct decided_before *before, struct arena *arena,
                         struct gated_request *ret_spans, struct gated_request *ret_logs)
{
    if (!before->content.data || trajectory_decode(before->content, &wire_gate_limits_default,
                                                   arena, ret_spans, ret_logs) != STATUS_OK)
        return false;
    for (uint32_t i = 0; i < ret_spans->span_count; i++)
        if (memcmp(ret_spans->spans[i].trace_id, late->id, TRACE_ID_SIZE) != 0)
            return false;
    return ret_spans->span_count > 0 && fits(judge, late, ret_spans, before);
}

/* What was counted as accepted stays that. */
static enum status add_content(struct in_flight *table, struct open_trajectory *late,
                               const struct gated_request *spans, const struct gated_request *logs)
{
    uint32_t next, accepted_spans = late->accepted_spans, accepted_logs = late->accepted_logs;
    enum status status = in_flight_add_spans(table, late, spans, 0, &next);
    for (uint32_t i = 0; i < logs->log_count && status == STATUS_OK; i++)
        status = in_flight_add_log(table, late, logs, &logs->logs[i].log);
    in_flight_restore_counts(table, late, accepted_spans, accepted_logs);
    return status;
}

static enum status decide_whole(struct judge *judge, struct judgement *judgement)
{
    if (!judge_fill(judge, judgement))
        return STATUS_FATAL;
    judgement->closed->is_judge_only = false; /* A record of it is out. */
    judgement->closed->is_skewed = false;     /* Counted at the first verdict. */
    judge_score(judge, judgement);
    return judge_conclude(judge, judgement);
}

/* --- without --- */

/* Values known before stay; those that were unknown may come from the late spans. */
static bool keep_known_dimensions(const struct judge *judge, const struct summary *summary,
                                  struct effects *effects, struct closed *closed)
{
    bool has_changed = false;
    if (summary->dimension_count != judge->config->dimension_count)
        return true; /* Other dimensions than then. */
    for (uint32_t i = 0; i < summary->dimension_count; i++) {
        struct bytes known = summary->dimension_values[i];
        if (!bytes_equal_text(known, "unknown"))
            closed->dimension_values[i] = arena_copy(&effects->arena, known);
        else
            has_changed |= !bytes_equal(known, closed->dimension_values[i]);
    }
    return has_changed;
}

/* What late spans alone do not know. */
static void keep_known_facts(const struct cohort_contribution *held,
                             const struct open_trajectory *late, struct closed *closed)
{
    closed->is_judge_only = closed->is_skewed = false;
    closed->event_ms = (uint64_t)held->event_ms;
    closed->duration_ms = held->duration_ms;
    closed->weight = held->weight;
    closed->tokens = held->tokens;
    closed->cost_usd = held->cost_nano_usd < 0 ? -1 : (double)held->cost_nano_usd / 1e9;
    closed->selection.hour = budget_hour_of(closed->event_ms, late->received_ms);
}

static bool is_from_outside(const struct evaluation *evaluation)
{
    return bytes_starts_with(evaluation->measurement, BYTES_LITERAL("score.")) ||
           bytes_starts_with(evaluation->measurement, BYTES_LITERAL("label.")) ||
           bytes_equal_text(evaluation->measurement, "feedback.negative");
}

/* Measurements that more spans can only raise: what the late ones alone come to, all come to. */
static bool can_only_grow(struct bytes measurement)
{
    static const char *const names[] = {
        "spans",        "steps",    "duration_ms", "tokens.input",        "tokens.output",
        "tokens.total", "cost_usd", "llm.calls",   "tool.calls",          "tool.errors",
        "tool.repeats", "errors",   "agents",      "retriever.documents", "leak",
        "route.retries"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (bytes_equal_text(measurement, names[i]))
            return true;
    return bytes_starts_with(measurement, BYTES_LITERAL("steps."));
}

/* Does what the late spans say of a rule take the place of what was said before? */
static bool is_overriding(const struct summary_rule *old, const struct evaluation *late)
{
    if (late->outcome == OUTCOME_NA || old->is_when_false)
        return false;
    if (is_from_outside(late))
        return true;
    bool is_worse = late->outcome == OUTCOME_FAIL ||
                    (late->outcome == OUTCOME_BORDERLINE && old->outcome != OUTCOME_FAIL);
    return is_worse && late->has_value && (!old->has_value || late->value > old->value) &&
           can_only_grow(late->measurement);
}

/* The rules without their conditions: whether those held is known from before. */
static const struct ruleset *without_conditions(const struct ruleset *ruleset, struct arena *arena)
{
    struct ruleset *copy = arena_zalloc(arena, 1, sizeof(*copy));
    struct rule *rules = arena_alloc(arena, (ruleset->rule_count + 1) * sizeof(*rules));
    if (!copy || !rules)
        return NULL;
    *copy = *ruleset;
    copy->rules = rules;
    for (uint32_t i = 0; i < ruleset->rule_count; i++) {
        rules[i] = ruleset->rules[i];
        rules[i].when = NULL;
    }
    return copy;
}

static enum status decide_from_summary(struct judge *judge, struct judgement *judgement,
                                       const struct decided_before *before)
{
    struct verdict_report *report = &judgement->report;
    struct score_context context = judge_context(judge, judgement);
    const struct ruleset *ruleset = context.ruleset;
    context.ruleset = without_conditions(ruleset, &judge->arena);
    if (!context.ruleset)
        return STATUS_FATAL;
    scorer_run(&context, report);
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        struct evaluation *evaluation = &report->evaluations[i];
        const struct rule *rule = &ruleset->rules[i];
        const struct summary_rule *old = summary_find_rule(&before->summary, rule->name);
        evaluation->rule = rule;
        if (!old) {
            scorer_from_before(rule, 0, OUTCOME_NA, NULL, false, "not_retained", evaluation);
        } else if (!is_overriding(old, evaluation)) {
            bool is_missing = old->is_missing && evaluation->is_missing;
            scorer_from_before(rule, old->measure, old->outcome,
                               old->has_value ? &old->value : NULL, old->judges,
                               old->is_when_false ? "when_false" : "not_retained", evaluation);
            evaluation->is_missing = is_missing;
        }
    }
    judge_keep_rows(judge, judgement);
    scorer_conclude(&context, report);
    return judge_conclude(judge, judgement);
}

/* Without what was decided before. */
static enum status decide_rest(struct judge *judge, struct judgement *judgement,
                               const struct decided_before *before,
                               const struct cohort_contribution *held, struct prior_verdict *prior)
{
    double start_ms = held->duration_ms < 0 ? 0 : (double)held->event_ms - held->duration_ms;
    struct effects *effects = judgement->effects;
    if (!judge_fill(judge, judgement))
        return STATUS_FATAL;
    prior->moves_cohort =
        keep_known_dimensions(judge, &before->summary, effects, judgement->closed);
    keep_known_facts(held, judgement->open, judgement->closed);
    prior->known_end_ns = (uint64_t)held->event_ms * 1000000;
    prior->is_partial = true;
    prior->known_start_ns = start_ms > 0 ? (uint64_t)start_ms * 1000000 : 0;
    return effects->arena.failed ? STATUS_FATAL : decide_from_summary(judge, judgement, before);
}

/* --- both --- */

/* BUSY: what there is does not fit into the scratch memory. */
static enum status decide(struct judge *judge, struct judgement *judgement, struct in_flight *table,
                          struct open_trajectory *late, const struct decided_before *before,
                          struct arena *arena)
{
    struct gated_request spans, logs;
    struct closed *closed = judgement->closed;
    struct cohort_contribution held = {
        .event_ms = before->row.event_ms, .duration_ms = -1, .tokens = -1, .cost_nano_usd = -1};
    const struct summary *summary = &before->summary;
    bool is_as_first = before->row.flags & DECIDED_AS_FIRST;
    struct prior_verdict prior = {
        .before = summary,
        .verdict = (enum verdict)before->row.verdict,
        .was_emitted = closed->revision->was_emitted && summary->has_record_id[is_as_first],
        .contribution = find_contribution(before, &held),
        .probability = is_as_first && closed->revision->was_emitted ? 1 : summary->probability,
    };
    memcpy(prior.record_id, summary->record_ids[is_as_first], RECORD_ID_SIZE);
    bool is_whole = read_content(judge, late, before, arena, &spans, &logs);
    if (arena->no_memory)
        return STATUS_FATAL;
    if (is_whole && add_content(table, late, &spans, &logs) != STATUS_OK)
        return STATUS_FATAL;
    closed->spans = late->span_count - (is_whole ? spans.span_count : 0);
    closed->duplicates = late->accepted_spans - closed->spans;
    prior.spans = summary->spans + closed->spans;
    prior.late_spans = summary->late_spans + closed->spans;
    prior.moves_cohort = closed->spans > 0 || closed->logs > 0;
    prior.is_counted = !is_whole || prior.moves_cohort;
    if (!judge_read(judge, late, closed->trigger))
        return judge->arena.no_memory ? STATUS_FATAL : STATUS_BUSY;
    judgement->prior = &prior;
    enum status status = is_whole ? decide_whole(judge, judgement)
                                  : decide_rest(judge, judgement, before, &held, &prior);
    judgement->prior = NULL;
    return status;
}

enum status revise(struct judge *judge, struct judgement *judgement, struct in_flight *table,
                   struct open_trajectory *late, const struct decided_before *before,
                   struct arena *arena)
{
    judgement->open = late;
    if (!begin(judge, judgement, before, LATE_MERGED))
        return STATUS_FATAL;
    enum status status = decide(judge, judgement, table, late, before, arena);
    if (status == STATUS_BUSY)
        return revise_refuse(judge, judgement, before, LATE_REFUSED);
    judge_append(judgement);
    return status;
}

enum status revise_refuse(struct judge *judge, struct judgement *judgement,
                          const struct decided_before *before, enum late_fate fate)
{
    struct arena *arena = &judgement->effects->arena;
    if (!begin(judge, judgement, before, fate))
        return STATUS_FATAL;
    struct closed *closed = judgement->closed;
    closed->spans = judgement->open->accepted_spans;
    closed->duplicates = 0;
    if (before) {
        closed->verdict = (enum verdict)before->row.verdict;
        closed->event_ms = (uint64_t)before->row.event_ms;
        closed->summary = arena_copy(arena, before->row.extension);
    }
    closed->revision->is_exhausted = fate == LATE_REFUSED;
    closed->is_judge_only = fate == LATE_EVALUATION;
    judge_append(judgement);
    return arena->failed ? STATUS_FATAL : STATUS_OK;
}
