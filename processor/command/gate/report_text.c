/* Short: one line a suite, then the rows that do not pass, as many as a person reads. */
#include "processor/base/text/terminal.h"
#include "processor/command/gate/report.h"

enum { ROWS_TOLD_MAX = 20 };

static void put_text(struct buffer *to, const char *what, struct bytes text)
{
    if (!text.data)
        return;
    buffer_printf(to, "; %s \"", what);
    terminal_append_visible(to, text);
    buffer_append_byte(to, '"');
}

static void put_fault(struct buffer *to, const struct candidate_fault *fault)
{
    buffer_append_text(to, "      ");
    terminal_append_visible(to, fault->what);
    buffer_append_text(to, ": ");
    terminal_append_visible(to, fault->message);
    put_text(to, "expected", fault->expected);
    put_text(to, "seen", fault->seen);
    buffer_append_byte(to, '\n');
}

static void put_row(const struct gate_answer *answer, uint32_t place, struct buffer *to)
{
    const struct gate_row *row = &answer->rows->items[place];
    const struct gate_row_result *result = &answer->candidate->results[place];
    const struct candidate_run *run = gate_report_failed_run(answer->candidate, place);
    buffer_printf(to, "    %s %s%s%s", gate_row_outcome_names[result->outcome], row->id_text,
                  row->is_critical ? " critical" : "", result->is_flaky ? " flaky" : "");
    if (row->failure_mode.data) {
        buffer_append_byte(to, ' ');
        terminal_append_visible(to, row->failure_mode);
    }
    if (result->runs > 1)
        buffer_printf(to, ", %u of %u runs passed", result->passed, result->runs);
    buffer_append_byte(to, '\n');
    for (uint32_t i = 0; run && i < run->fault_count && i < CANDIDATE_FAULTS_MAX; i++)
        put_fault(to, &run->faults[i]);
}

static void put_rows(const struct gate_answer *answer, const struct gate_suite *suite,
                     struct buffer *to)
{
    uint32_t told = 0, left = 0;
    for (uint32_t i = 0; i < suite->row_count; i++) {
        const struct gate_row_result *result = &answer->candidate->results[suite->rows[i]];
        if (result->outcome == GATE_PASSED && !result->is_flaky)
            continue;
        if (told++ < ROWS_TOLD_MAX)
            put_row(answer, suite->rows[i], to);
        else
            left++;
    }
    if (left > 0)
        buffer_printf(to, "    and %u more (--format json names them all)\n", left);
}

static void put_pairs(const struct gate_pairs *pairs, struct buffer *to)
{
    buffer_printf(to, "  baseline: %u newly failing, %u newly passing, %u both, %u neither",
                  pairs->newly_failing, pairs->newly_passing, pairs->both, pairs->neither);
    if (pairs->unpaired > 0)
        buffer_printf(to, ", %u without a pair", pairs->unpaired);
    buffer_append_text(to, "; difference ");
    gate_report_rate(to, pairs->difference);
    buffer_append_text(to, " [");
    gate_report_rate(to, pairs->interval.low);
    buffer_append_text(to, ", ");
    gate_report_rate(to, pairs->interval.high);
    buffer_printf(to, "], McNemar p %.4g, worse p %.4g\n", pairs->p, pairs->p_worse);
}

void gate_report_text(const struct gate_answer *answer, struct buffer *to)
{
    const struct gate_rows *rows = answer->rows;
    for (uint32_t i = 0; i < answer->suite_count; i++) {
        const struct gate_suite *suite = &answer->suites[i];
        buffer_printf(to, "%s: ", gate_outcome_names[suite->answer.outcome]);
        terminal_append_visible(to, suite->name);
        buffer_append_text(to, ": ");
        gate_report_why(answer, suite, to);
        buffer_append_byte(to, '\n');
        if (suite->answer.missing > 0 || suite->answer.flaky > 0)
            buffer_printf(to, "  %u without a run, %u flaky\n", suite->answer.missing,
                          suite->answer.flaky);
        if (suite->answer.has_pairs)
            put_pairs(&suite->answer.pairs, to);
        put_rows(answer, suite, to);
    }
    gate_report_notes(answer, "  note: ", to);
    buffer_append_text(to, "  dataset ");
    terminal_append_visible(to, rows->dataset.data ? rows->dataset : BYTES_LITERAL("(empty)"));
    buffer_printf(to, " version %llu snapshot %s, ruleset %02x%02x%02x%02x, candidate %.16s\n",
                  (unsigned long long)rows->version, rows->snapshot,
                  answer->config->ruleset.sha256[0], answer->config->ruleset.sha256[1],
                  answer->config->ruleset.sha256[2], answer->config->ruleset.sha256[3],
                  answer->candidate->digest);
}
