/* The regression set among the rules: nothing where there is no set, so that records are what they
 * were without one. Runs of evaluators and of the gate's own candidates are not held against it. */
#include "pipelines/decide/judge_state.h"
#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/regression_rule.h"
#include "processor/base/digest.h"
#include "processor/normalize/facts/dimensions.h"

void judge_look_at_rows(struct judge *judge, struct judgement *judgement,
                        struct score_context *context)
{
    struct closed *closed = judgement->closed;
    if (!judge->regressions || closed->is_judge_only)
        return;
    regression_look(judge->regressions, context, &judgement->report, (int64_t)closed->event_ms,
                    &judgement->met);
    for (uint32_t i = 0; i < judgement->met.failed; i++)
        closed->is_critical_hit |= judgement->met.hits[i].is_critical;
    regression_rule_add(context, &judgement->met, &judgement->report);
}

/* --- revisions without content --- */

void judge_keep_rows(struct judge *judge, struct judgement *judgement)
{
    const struct summary *before = judgement->prior->before;
    const struct summary_rule *old = summary_find_rule(before, regression_rule.name);
    struct met_rows rows = {.count = 0};
    struct bytes row_id = {0};
    if (!judge->regressions && !old)
        return;
    if (judge->regressions)
        judgement->met =
            (struct regression_report){.snapshot = regression_set_snapshot(judge->regressions)};
    bool has_failed = before->met.size > 0 && met_rows_decode(before->met, &rows) == STATUS_OK &&
                      met_rows_worst(&rows) == OUTCOME_FAIL;
    char text[UUID_TEXT_SIZE];
    if (has_failed) {
        record_id_write(rows.rows[0].row_id, text);
        row_id = arena_copy(&judge->arena, bytes_of(text, sizeof text - 1));
    }
    regression_rule_add_before(old, row_id, &judgement->report);
}

/* --- counts --- */

bool judge_fill_release(struct judge *judge, struct judgement *judgement)
{
    const struct pipeline_config *config = judge->config;
    struct closed *closed = judgement->closed;
    if (!config->review.is_present || closed->is_judge_only)
        return true;
    struct bytes release = {0};
    for (uint32_t i = 0; i < config->dimension_count && !release.data; i++)
        if (bytes_equal_text(config->dimensions[i].name, "release"))
            release = closed->dimension_values[i];
    if (!release.data && judge->run.release.size > 0) {
        release = judge_mask_dimension(judge, judge->run.release, &judge->arena);
        release = arena_copy(&judgement->effects->arena, dimension_cut(release, &judge->arena));
    }
    closed->release = release.size > 0 ? release : BYTES_LITERAL("unknown");
    return !judgement->effects->arena.failed;
}

bool judge_note_rows(struct judge *judge, const struct judgement *judgement)
{
    struct closed *closed = judgement->closed;
    const struct prior_verdict *prior = judgement->prior;
    struct met_rows rows;
    if (!closed->release.data)
        return true;
    if (prior && prior->is_partial) {
        closed->met = arena_copy(&judgement->effects->arena, prior->before->met);
    } else {
        met_rows_of(&judgement->met, closed->release, &rows);
        buffer_clear(&judge->encoded);
        met_rows_encode(&rows, &judge->encoded);
        closed->met = arena_copy(&judgement->effects->arena, buffer_bytes(&judge->encoded));
    }
    return !judge->encoded.failed && !judgement->effects->arena.failed;
}
