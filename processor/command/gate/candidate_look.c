/* A run against its row, while its texts are at hand: the row's checks, then the rules that count. */
#include <stdlib.h>

#include "processor/base/json/number.h"
#include "processor/base/memory.h"
#include "processor/base/text/utf8.h"
#include "processor/command/gate/candidate_state.h"
#include "processor/normalize/content/content.h"
#include "processor/score/rules.h"

/* What a check asks for and what it failed on, as sentences without texts. */
static const struct {
    const char *failed, *unknown;
} check_words[REGRESSION_CHECKS] = {
    [CHECK_NONE] = {"", ""},
    [CHECK_MUST_NOT_INCLUDE] = {"the answer says what it must not say",
                                "the answer is not whole, so it is not known whether it says what "
                                "it must not say"},
    [CHECK_MUST_INCLUDE] = {"the answer lacks what it must say",
                            "the answer is not whole, so it is not known whether it says what it "
                            "must say"},
    [CHECK_FORBIDDEN_TOOL] = {"a forbidden tool was called",
                              "the run is not whole, so it is not known which tools were called"},
    [CHECK_REQUIRED_TOOL] = {"a required tool was not called",
                             "the run is not whole, so it is not known which tools were called"},
    [CHECK_REFUSAL] = {"it refuses where an answer is expected, or answers where a refusal is",
                       "it is not known whether it refuses"},
    [CHECK_VOLATILE_NUMBERS] = {"its figures do not stand in its documents or tool results",
                                "there is nothing to hold its figures against: no contexts and no "
                                "tool results"},
    [CHECK_GROUND_TRUTH] = {"it does not match the expected response",
                            "it shares less than half of the words of the expected response"},
    [CHECK_IDENTITY] = {"it failed as the row did", ""},
};

static struct bytes first_points(struct bytes text, uint32_t points)
{
    size_t at = 0, next;
    for (uint32_t i = 0; i < points && at < text.size; i++, at = next)
        (void)utf8_decode(text, at, &next);
    return bytes_of(text.data, at);
}

/* What may leave of a text, kept. */
static struct bytes told(struct judging *it, struct score_context *score, struct bytes text)
{
    struct redaction_counts counts = {0};
    enum candidate_texts texts = it->terms->texts;
    if (texts == TEXTS_NONE || !text.data)
        return (struct bytes){0};
    struct bytes masked =
        redact_text(&it->config.redaction, score->scratch, text, score->arena, &counts).text;
    if (!masked.data)
        return masked;
    if (texts == TEXTS_CUT) {
        struct bytes cut = first_points(masked, CUT_TEXT_CODE_POINTS);
        if (cut.size < masked.size) {
            static const char dots[] = "\xe2\x80\xa6";
            uint8_t *longer = arena_alloc(&it->to->arena, cut.size + sizeof dots - 1);
            if (!longer)
                return (struct bytes){0};
            memcpy(longer, cut.data, cut.size);
            memcpy(longer + cut.size, dots, sizeof dots - 1);
            return bytes_of(longer, cut.size + sizeof dots - 1);
        }
    }
    return arena_copy(&it->to->arena, masked);
}

static struct candidate_fault *add_fault(struct judging *it, struct candidate_run *run)
{
    if (!run->faults)
        run->faults =
            memory_need(arena_zalloc(&it->to->arena, CANDIDATE_FAULTS_MAX, sizeof *run->faults));
    run->has_passed = false;
    return run->fault_count++ < CANDIDATE_FAULTS_MAX ? &run->faults[run->fault_count - 1] : NULL;
}

/* --- the row's checks --- */

static struct bytes tools_of(const struct agent_run *run, struct arena *arena)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < run->tools.count; i++) {
        buffer_append_text(&text, i > 0 ? ", " : "");
        buffer_append_bytes(&text, run->tools.items[i]);
    }
    struct bytes kept = arena_copy(arena, buffer_bytes(&text));
    buffer_finish(&text);
    return kept;
}

static void add_check(struct judging *it, struct score_context *score, const struct gate_row *row,
                      const struct regression_hit *hit, struct candidate_run *run)
{
    struct candidate_fault *fault = add_fault(it, run);
    const struct agent_run *answered = score->run;
    bool is_of_tools = hit->check == CHECK_FORBIDDEN_TOOL || hit->check == CHECK_REQUIRED_TOOL;
    struct bytes seen = answered->output, expected = hit->value;
    if (!fault)
        return;
    if (is_of_tools)
        seen = tools_of(answered, score->arena);
    else if (hit->end > hit->start && hit->end <= seen.size)
        seen = bytes_of(seen.data + hit->start, hit->end - hit->start);
    if (hit->check == CHECK_GROUND_TRUTH || hit->check == CHECK_VOLATILE_NUMBERS ||
        hit->check == CHECK_REFUSAL)
        expected = row->expected;
    *fault = (struct candidate_fault){
        .what = bytes_of_text(regression_check_names[hit->check]),
        .expected = told(it, score, expected),
        .seen = told(it, score, seen),
        .message = bytes_of_text(hit->is_fail ? check_words[hit->check].failed
                                              : check_words[hit->check].unknown),
        .is_weak = !hit->is_fail,
    };
}

static void check_row(struct judging *it, struct score_context *score, const struct gate_row *row,
                      struct candidate_run *run)
{
    struct regression_hit hit;
    content_read(score->run);
    regression_row_check(row->demands, score, &hit);
    run->is_judged = regression_row_demands(row->demands);
    if (hit.check != CHECK_NONE)
        add_check(it, score, row, &hit, run);
    if (score->run->output.size > 0 || hit.check != CHECK_NONE)
        return;
    struct candidate_fault *fault = add_fault(it, run);
    run->is_judged = true;
    if (fault)
        *fault = (struct candidate_fault){.what = BYTES_LITERAL("no_answer"),
                                          .message = BYTES_LITERAL("the run has no answer")};
}

/* --- rules --- */

static void put_number(struct buffer *to, double value)
{
    char text[NUMBER_TEXT_SIZE];
    number_format(text, value);
    buffer_append_text(to, text);
}

static void add_rule(struct judging *it, struct score_context *score,
                     const struct evaluation *evaluation, struct candidate_run *run)
{
    const struct rule *rule = evaluation->rule;
    struct candidate_fault *fault = add_fault(it, run);
    struct buffer name = {0}, message = {0};
    bool is_below = rule->has_fail_below && evaluation->value < rule->fail_below;
    if (!fault)
        return;
    buffer_append_text(&name, "rule ");
    buffer_append_bytes(&name, rule->name);
    buffer_append_bytes(&message, evaluation->measurement);
    buffer_append_byte(&message, ' ');
    put_number(&message, evaluation->value);
    buffer_append_text(&message, is_below ? " is below " : " is above ");
    put_number(&message, is_below ? rule->fail_below : rule->fail_above);
    *fault = (struct candidate_fault){
        .what = arena_copy(&it->to->arena, buffer_bytes(&name)),
        .seen = told(it, score, evaluation->explanation),
        .message = arena_copy(&it->to->arena, buffer_bytes(&message)),
        .is_rule = true,
    };
    buffer_finish(&name);
    buffer_finish(&message);
}

static void look_at_rules(struct judging *it, struct score_context *score,
                          const struct verdict_report *report, struct candidate_run *run)
{
    const struct ruleset *ruleset = &it->config.ruleset;
    for (uint32_t i = 0; i < report->evaluation_count && i < ruleset->rule_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        if (!rule_counts_in_gate(&ruleset->rules[i]))
            continue;
        run->is_judged = run->is_judged || evaluation->has_value;
        it->to->rule_judged[i] += evaluation->has_value;
        it->to->rule_failed[i] += evaluation->outcome == OUTCOME_FAIL;
        if (evaluation->outcome == OUTCOME_FAIL)
            add_rule(it, score, evaluation, run);
    }
}

/* --- a run --- */

static struct candidate_run *add_run(struct candidate *to)
{
    if (to->run_count == to->run_capacity) {
        to->run_capacity = to->run_capacity ? 2 * to->run_capacity : 256;
        to->runs = memory_need(realloc(to->runs, to->run_capacity * sizeof *to->runs));
    }
    return &to->runs[to->run_count++];
}

void candidate_name(struct candidate *candidate, struct candidate_names *names, struct bytes name)
{
    if (names->count < CANDIDATE_NAMES_MAX)
        names->items[names->count] =
            arena_copy(&candidate->arena, utf8_cut(name, CANDIDATE_NAME_BYTES_MAX));
    names->count++;
}

void candidate_look(void *context, struct score_context *score, const struct closed *closed,
                    const struct verdict_report *report)
{
    struct judging *it = context;
    struct candidate *to = it->to;
    uint8_t id[16];
    char trace[2 * TRACE_ID_SIZE];
    hex_encode(trace, closed->trace_id, TRACE_ID_SIZE);
    if (!score || !row_id_parse(score->run->row_id, id)) {
        candidate_name(to, score ? &to->unnamed : &to->unreadable, bytes_of(trace, sizeof trace));
        return;
    }
    const struct gate_row *row = gate_rows_find(it->terms->rows, id);
    if (!row || !row->demands || row->state != GATE_ROW_LIVE) {
        candidate_name(to, row ? &to->idle : &to->unknown, score->run->row_id);
        return;
    }
    struct candidate_run *run = add_run(to);
    *run =
        (struct candidate_run){.row = (uint32_t)(row - it->terms->rows->items), .has_passed = true};
    memcpy(run->trace_id, closed->trace_id, sizeof run->trace_id);
    check_row(it, score, row, run);
    look_at_rules(it, score, report, run);
}
