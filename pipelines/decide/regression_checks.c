/* Checks in their order, one function each; the first that fails is the row's. What an answer is held
 * against is what a person reads: the run's answer, and the tools that ran. */
#include <string.h>

#include "pipelines/decide/regression_state.h"
#include "processor/normalize/content/content.h"
#include "processor/score/measurements.h"
#include "processor/score/memo.h"

enum finding {
    FOUND_WELL,
    FOUND_FAILED,
    FOUND_WEAK,    /* failed, by what alone proves nothing: at most borderline */
    FOUND_UNKNOWN, /* what it needs did not come in */
};

#define GROUND_TRUTH_MIN 0.5

struct redacted_text regression_mask(struct score_context *context, struct bytes text)
{
    struct redaction_counts ignored = {0};
    const struct redaction_policy *policy = context->redaction;
    if (!text.data || !policy || policy->content != REDACT_REDACTED)
        return (struct redacted_text){.text = text};
    return redact_text(policy, context->scratch, text, context->arena, &ignored);
}

static struct regression_said *read_answer(const struct regression_row *row,
                                           struct regression_answer *answer)
{
    struct regression_said *said = row->has_masked_facts ? &answer->masked : &answer->plain;
    struct bytes output = answer->context->run->output;
    if (!said->is_read && output.size > 0) {
        said->masked = row->has_masked_facts ? regression_mask(answer->context, output)
                                             : (struct redacted_text){.text = output};
        said->text = facts_text_read(said->masked.text, answer->context->arena);
    }
    said->is_read = true;
    return said;
}

/* Of the masked answer a place in the answer as it was. */
static uint32_t unmasked(const struct redacted_text *masked, uint32_t offset, bool is_end)
{
    uint32_t by = 0;
    for (uint32_t i = 0; i < masked->edit_count; i++) {
        const struct redaction_edit *edit = &masked->edits[i];
        if (offset <= edit->new_start)
            break;
        if (offset < edit->new_end)
            return is_end ? edit->end : edit->start;
        by = edit->end - edit->new_end;
    }
    return offset + by;
}

static const struct agent_run *run_of(const struct regression_answer *answer)
{
    return answer->context->run;
}

/* Is what the answer lacks lacking? Not where texts were left out, or where a run that did not break has
 * no answer: none was recorded. */
static enum finding lacking(const struct regression_row *row, struct regression_answer *answer)
{
    const struct agent_run *run = run_of(answer);
    bool is_whole =
        !(agent_run_lost(run) & RUN_TEXT_OUTPUT) &&
        (run->output.size == 0 ? run->has_failed : read_answer(row, answer)->text != NULL);
    return is_whole ? FOUND_FAILED : FOUND_UNKNOWN;
}

static int place_of(const struct regression_demand *demand, const struct regression_said *said,
                    struct arena *arena, struct facts_place *ret_place)
{
    for (uint32_t i = 0; i < demand->count; i++)
        if (facts_find(said->text, demand->phrases[i], arena, ret_place))
            return (int)i;
    return -1;
}

static enum finding must_not_include(const struct regression_row *row,
                                     struct regression_answer *answer, struct regression_hit *hit)
{
    for (uint32_t i = 0; i < row->must_not_include.count; i++) {
        const struct regression_demand *demand = &row->must_not_include.items[i];
        struct facts_place place;
        const struct regression_said *said = read_answer(row, answer);
        int at = place_of(demand, said, answer->context->arena, &place);
        if (at < 0)
            continue;
        hit->value = demand->texts[at];
        hit->start = unmasked(&said->masked, place.start, false);
        hit->end = unmasked(&said->masked, place.end, true);
        return FOUND_FAILED;
    }
    bool is_known = row->must_not_include.count == 0 || lacking(row, answer) == FOUND_FAILED;
    return is_known ? FOUND_WELL : FOUND_UNKNOWN;
}

static enum finding must_include(const struct regression_row *row, struct regression_answer *answer,
                                 struct regression_hit *hit)
{
    for (uint32_t i = 0; i < row->must_include.count; i++) {
        const struct regression_demand *demand = &row->must_include.items[i];
        if (place_of(demand, read_answer(row, answer), answer->context->arena, NULL) >= 0)
            continue;
        hit->value = demand->texts[0];
        return lacking(row, answer);
    }
    return FOUND_WELL;
}

static bool has_run(const struct agent_run *run, struct bytes tool)
{
    for (uint32_t i = 0; i < run->tools.count; i++)
        if (step_tool_is(run->tools.items[i], tool))
            return true;
    return false;
}

static bool are_tools_known(const struct agent_run *run)
{
    return agent_run_is_whole(run) && !(agent_run_lost(run) & RUN_TEXT_TOOLS);
}

static enum finding forbidden_tool(const struct regression_row *row,
                                   struct regression_answer *answer, struct regression_hit *hit)
{
    for (uint32_t i = 0; i < row->forbidden_tools.count; i++)
        if (has_run(run_of(answer), row->forbidden_tools.items[i])) {
            hit->value = row->forbidden_tools.items[i];
            return FOUND_FAILED;
        }
    bool is_known = row->forbidden_tools.count == 0 || are_tools_known(run_of(answer));
    return is_known ? FOUND_WELL : FOUND_UNKNOWN;
}

static enum finding required_tool(const struct regression_row *row,
                                  struct regression_answer *answer, struct regression_hit *hit)
{
    for (uint32_t i = 0; i < row->required_tools.count; i++)
        if (!has_run(run_of(answer), row->required_tools.items[i])) {
            hit->value = row->required_tools.items[i];
            return are_tools_known(run_of(answer)) ? FOUND_FAILED : FOUND_UNKNOWN;
        }
    return FOUND_WELL;
}

/* Without an answer there is neither; the facts say so. */
static enum finding refusal(const struct regression_row *row, struct regression_answer *answer,
                            struct regression_hit *hit)
{
    if (!row->expects_answer && !row->expects_refusal)
        return FOUND_WELL;
    const struct reading *reading = memo_read_named("refusal", answer->context);
    if (!reading->has_value)
        return FOUND_UNKNOWN;
    if ((reading->value > 0) == row->expects_refusal)
        return FOUND_WELL;
    if (reading->evidence_count > 0) {
        hit->start = reading->evidence[0].start;
        hit->end = reading->evidence[0].end;
    }
    return FOUND_FAILED;
}

/* A customer's own figure is another one here: it has to be there, and come from somewhere. */
static enum finding volatile_numbers(const struct regression_row *row,
                                     struct regression_answer *answer, struct regression_hit *hit)
{
    if (!row->has_volatile_numbers)
        return FOUND_WELL;
    const struct reading *reading = memo_read_named("groundedness.numeric", answer->context);
    if (reading->has_value) {
        if (reading->value >= 1)
            return FOUND_WELL;
        if (reading->evidence_count > 0) {
            hit->start = reading->evidence[0].start;
            hit->end = reading->evidence[0].end;
        }
        return FOUND_FAILED;
    }
    const char *reason = reading->na_reason ? reading->na_reason : "";
    if (strcmp(reason, "no_numbers") == 0)
        return lacking(row, answer);
    /* Nothing to hold them against was recorded: not shown, and not shown false either. */
    return strcmp(reason, "no_contexts") == 0 ? FOUND_WEAK : FOUND_UNKNOWN;
}

/* A judge's word, if there is one; else the share of the expected words, which proves nothing alone. */
static enum finding ground_truth(const struct regression_row *row, struct regression_answer *answer,
                                 struct regression_hit *hit)
{
    struct measure judged;
    struct score_context *context = answer->context;
    (void)hit;
    if (row->expected.size == 0)
        return FOUND_WELL;
    if (measurements_resolve(BYTES_LITERAL("score.GroundTruthMatch"), &judged, NULL)) {
        const struct reading *reading = memo_read(&judged, context);
        if (reading->has_value)
            return reading->value >= GROUND_TRUTH_MIN ? FOUND_WELL : FOUND_FAILED;
    }
    struct agent_run run = *context->run; /* the same, but for what was expected */
    struct score_context own = {.run = &run, .arena = context->arena, .scratch = context->scratch};
    run.expected = row->expected;
    const struct reading *reading = memo_read_named("ground_truth.recall", &own);
    if (!reading->has_value)
        return FOUND_UNKNOWN;
    return reading->value >= GROUND_TRUTH_MIN ? FOUND_WELL : FOUND_WEAK;
}

typedef enum finding check_fn(const struct regression_row *row, struct regression_answer *answer,
                              struct regression_hit *hit);

static const struct {
    enum regression_check check;
    check_fn *look;
} checks[] = {
    {CHECK_MUST_NOT_INCLUDE, must_not_include},
    {CHECK_MUST_INCLUDE, must_include},
    {CHECK_FORBIDDEN_TOOL, forbidden_tool},
    {CHECK_REQUIRED_TOOL, required_tool},
    {CHECK_REFUSAL, refusal},
    {CHECK_VOLATILE_NUMBERS, volatile_numbers},
    {CHECK_GROUND_TRUTH, ground_truth},
};

void regression_hit_begin(const struct regression_row *row, struct regression_hit *ret_hit)
{
    *ret_hit = (struct regression_hit){.row_id = row->row_id_text,
                                       .row_id_bytes = row->row_id,
                                       .row_revision = row->revision,
                                       .is_critical = row->is_critical,
                                       .failure_mode = row->failure_mode};
}

bool regression_checks_run(const struct regression_row *row, struct regression_answer *answer,
                           bool is_lenient, struct regression_hit *ret_hit)
{
    bool is_known = true;
    regression_hit_begin(row, ret_hit);
    content_read(answer->context->run);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        enum finding finding = checks[i].look(row, answer, ret_hit);
        if (finding == FOUND_WELL)
            continue;
        if (finding == FOUND_UNKNOWN && is_lenient) {
            is_known = false;
            ret_hit->value = (struct bytes){0};
            continue;
        }
        ret_hit->check = checks[i].check;
        ret_hit->is_fail = finding == FOUND_FAILED;
        return true;
    }
    return is_known;
}

bool regression_row_demands(const struct regression_row *row)
{
    return row->must_include.count > 0 || row->must_not_include.count > 0 ||
           row->required_tools.count > 0 || row->forbidden_tools.count > 0 || row->expects_answer ||
           row->expects_refusal || row->has_volatile_numbers || row->expected.size > 0;
}

void regression_row_check(const struct regression_row *row, struct score_context *context,
                          struct regression_hit *ret_hit)
{
    struct regression_answer answer = {.context = context};
    (void)regression_checks_run(row, &answer, false, ret_hit);
    ret_hit->match = MATCH_EXACT;
}
