/* The verdict as one sentence: what the rules that decided it say, the most urgent first.
 *
 *   lookup_payoff was not called; groundedness 0.31 is below 0.70
 *
 * A measurement whose explanation is the finding speaks by it; any other, and all where texts don't
 * leave, by value and threshold. */
#include "processor/emit/record/summary.h"

#include <math.h>
#include <stdio.h>

#include "processor/base/text/utf8.h"
#include "processor/emit/record/direction.h"

enum { CLAUSES_MAX = 3, CLAUSE_MAX = 240, NUMBER_SIZE = 48, DECIMALS_MAX = 9 };

/* Their explanations say what happened. */
static const char *const telling[] = {
    "citation.validity",
    "errors",
    "feedback.negative",
    "ground_truth.contains",
    "ground_truth.exact",
    "groundedness.numeric",
    "leak",
    "loop",
    "output.contract",
    "refusal",
    "regression.check",
    "tool.errors",
    "tool.errors.reported",
    "tool.repeats",
    "tool_args.valid",
    "tool_selection.accuracy",
};

/* What people call the others. */
static const struct word {
    const char *measurement, *name, *unit;
} words[] = {
    {"groundedness.lexical", "groundedness", ""},
    {"duration_ms", "duration", " ms"},
    {"ttft_ms", "time to the first token", " ms"},
    {"cost_usd", "cost", " USD"},
};

/* Openings of explanations that are written small inside a sentence. */
static const char *const openings[] = {"A ", "All ", "No ", "None ", "Nothing ", "The "};

struct clauses {
    struct record_writer *record;
    struct buffer text;
    uint32_t count;
};

static bool is_telling(struct bytes measurement)
{
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        if (bytes_equal_text(measurement, telling[i]))
            return true;
    return false;
}

static struct word word_of(struct bytes measurement)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (bytes_equal_text(measurement, words[i].measurement))
            return words[i];
    return (struct word){NULL, NULL, ""};
}

/* Two decimals, or as many as tell the two apart; none of whole numbers. */
static void write_pair(double value, double limit, char ret_value[NUMBER_SIZE],
                       char ret_limit[NUMBER_SIZE])
{
    bool is_large = fabs(value) >= 1e15 || fabs(limit) >= 1e15;
    int decimals = value == floor(value) && limit == floor(limit) ? 0 : 2;
    do {
        const char *format = is_large ? "%.*g" : "%.*f";
        int digits = is_large ? decimals + 6 : decimals;
        (void)snprintf(ret_value, NUMBER_SIZE, format, digits, value);
        (void)snprintf(ret_limit, NUMBER_SIZE, format, digits, limit);
    } while (value != limit && strcmp(ret_value, ret_limit) == 0 && ++decimals <= DECIMALS_MAX);
}

/* groundedness 0.31 is below 0.70 */
static void append_numbers(struct buffer *to, const struct evaluation *evaluation)
{
    struct direction direction = direction_of(evaluation);
    bool is_borderline = evaluation->outcome == OUTCOME_BORDERLINE;
    bool is_pass = evaluation->outcome == OUTCOME_PASS;
    double limit = direction.has_fail && !is_borderline ? direction.fail : direction.borderline;
    char value_text[NUMBER_SIZE], limit_text[NUMBER_SIZE];
    struct word word = word_of(evaluation->measurement);
    struct bytes name = word.name ? bytes_of_text(word.name) : evaluation->measurement;
    if (bytes_starts_with(name, BYTES_LITERAL("score.")))
        name = bytes_of(name.data + strlen("score."), name.size - strlen("score."));
    static const char *const sides[2][2] = {{"is below", "is above"},
                                            {"is at least", "is at most"}};
    write_pair(evaluation->value, limit, value_text, limit_text);
    buffer_append_bytes(to, utf8_cut(name, CLAUSE_MAX));
    buffer_printf(to, " %s%s %s %s%s%s", value_text, word.unit, sides[is_pass][direction.is_above],
                  limit_text, word.unit, is_borderline ? " (borderline)" : "");
}

static void append_explanation(struct buffer *to, struct bytes text, bool is_first)
{
    bool is_small = false;
    for (size_t i = 0; i < sizeof openings / sizeof *openings && !is_first; i++)
        is_small = is_small || bytes_starts_with(text, bytes_of_text(openings[i]));
    struct bytes cut = utf8_cut(text, CLAUSE_MAX);
    if (is_small)
        buffer_append_byte(to, (uint8_t)(cut.data[0] | 0x20));
    buffer_append_bytes(to, bytes_of(cut.data + is_small, cut.size - is_small));
    if (cut.size < text.size)
        buffer_append_text(to, "…");
}

static void append_clause(struct clauses *clauses, const struct evaluation *evaluation)
{
    const struct review_input *input = clauses->record->input;
    struct redacted_text told = {0};
    struct redaction_counts ignored = {0}; /* it was counted where it is written whole */
    if (clauses->count++ > 0)
        buffer_append_text(&clauses->text, "; ");
    if (evaluation->explanation.size && is_telling(evaluation->measurement))
        told = redact_text(input->redaction, input->scratch, evaluation->explanation, input->arena,
                           &ignored);
    if (told.text.size)
        append_explanation(&clauses->text, told.text, clauses->count == 1);
    else
        append_numbers(&clauses->text, evaluation);
}

/* Did it decide the verdict? A pass that proves nothing does not. */
static bool has_decided(const struct verdict_report *report, const struct evaluation *evaluation)
{
    static const enum outcome deciding[VERDICTS] = {[VERDICT_PASS] = OUTCOME_PASS,
                                                    [VERDICT_BORDERLINE] = OUTCOME_BORDERLINE,
                                                    [VERDICT_FAIL] = OUTCOME_FAIL,
                                                    [VERDICT_UNSCORED] = OUTCOMES};
    return evaluation->has_value && evaluation->outcome == deciding[report->verdict] &&
           (evaluation->outcome != OUTCOME_PASS || evaluation->judges);
}

/* The next after `last` by priority, then file order; NULL: none. */
static const struct evaluation *next_decided(const struct verdict_report *report,
                                             const struct evaluation *last)
{
    const struct evaluation *best = NULL;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *at = &report->evaluations[i];
        bool is_after = !last || at->rule->priority > last->rule->priority ||
                        (at->rule->priority == last->rule->priority && at > last);
        if (is_after && has_decided(report, at) &&
            (!best || at->rule->priority < best->rule->priority))
            best = at;
    }
    return best;
}

/* Why nobody knows. */
static void append_unscored(struct clauses *clauses)
{
    const struct verdict_report *report = clauses->record->input->report;
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        const struct evaluation *evaluation = &report->evaluations[i];
        if (!evaluation->lacks_required || evaluation->is_missing)
            continue;
        buffer_append_text(&clauses->text, "The rule ");
        buffer_append_bytes(&clauses->text, evaluation->rule->name);
        buffer_append_text(&clauses->text, " is required and had no value");
        return;
    }
    buffer_append_text(&clauses->text, "No rule that can pass this run had a value");
    for (uint32_t i = 0; i < report->evaluation_count; i++) {
        if (!report->evaluations[i].is_missing)
            continue;
        buffer_append_text(&clauses->text, ": the awaited ");
        buffer_append_bytes(&clauses->text,
                            utf8_cut(report->evaluations[i].measurement, CLAUSE_MAX));
        buffer_append_text(&clauses->text, " did not come");
        return;
    }
}

void record_summary(struct record_writer *record)
{
    const struct verdict_report *report = record->input->report;
    struct clauses clauses = {.record = record};
    uint32_t more = 0;
    const struct evaluation *at = NULL;
    while ((at = next_decided(report, at)) != NULL)
        if (clauses.count < CLAUSES_MAX)
            append_clause(&clauses, at);
        else
            more++;
    if (more > 0)
        buffer_printf(&clauses.text, "; and %u more", more);
    if (clauses.count == 0 && report->verdict == VERDICT_UNSCORED)
        append_unscored(&clauses);
    else if (clauses.count == 0)
        buffer_printf(&clauses.text, "The verdict is %s", verdict_name(report->verdict));
    record->failed = record->failed || clauses.text.failed;
    json_key(&record->json, "summary");
    record_string(record, TEXT_REASON, buffer_bytes(&clauses.text),
                  (struct text_field){"summary", NO_INDEX, NULL});
    buffer_finish(&clauses.text);
}
