/* Sentences that all forms share. */
#include "processor/command/gate/report.h"

#include <stdio.h>
#include <string.h>

#include "processor/base/text/terminal.h"

enum { NAMES_TOLD_MAX = 3 };

const struct candidate_run *gate_report_failed_run(const struct candidate *candidate, uint32_t row)
{
    for (uint32_t i = candidate->first_run[row]; i < candidate->first_run[row + 1]; i++)
        if (!candidate->runs[i].has_passed)
            return &candidate->runs[i];
    return NULL;
}

void gate_report_rate(struct buffer *to, double rate)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%.4f", rate);
    while (text[size - 1] == '0') /* as far as the point */
        size--;
    buffer_append(to, text, (size_t)size - (text[size - 1] == '.'));
}

static void put_share(const struct gate_answer *answer, const struct gate_suite_answer *suite,
                      struct buffer *to)
{
    buffer_printf(to, "%u of %u rows pass: ", suite->passed, suite->rows);
    gate_report_rate(to, suite->pass_rate);
    if (!answer->terms.is_population)
        return;
    buffer_append_text(to, " [");
    gate_report_rate(to, suite->interval.low);
    buffer_append_text(to, ", ");
    gate_report_rate(to, suite->interval.high);
    buffer_printf(to, "] at %g", answer->terms.confidence);
}

static void put_need(const struct gate_suite_answer *suite, struct buffer *to)
{
    if (suite->needed == UINT64_MAX)
        buffer_append_text(to, "; no number of rows within reach would decide it");
    else if (suite->needed > 0)
        buffer_printf(to, "; about %llu rows in all would decide it at this rate",
                      (unsigned long long)suite->needed);
}

void gate_report_why(const struct gate_answer *answer, const struct gate_suite *suite,
                     struct buffer *to)
{
    const struct gate_suite_answer *found = &suite->answer;
    char target[32];
    struct buffer rate = {0};
    gate_report_rate(&rate, answer->terms.min_pass_rate);
    snprintf(target, sizeof target, "%.*s", (int)rate.size, (const char *)buffer_bytes(&rate).data);
    buffer_finish(&rate);
    if (found->reason == GATE_NO_ROWS) {
        buffer_append_text(to, suite->is_all ? "the dataset has no row to be held against"
                                             : "the dataset has no live row of this cohort");
        return;
    }
    put_share(answer, found, to);
    switch (found->reason) {
    case GATE_REACHED:
        buffer_printf(to, ", %s is reached", target);
        break;
    case GATE_BELOW:
        buffer_printf(to, ", below %s", target);
        break;
    case GATE_CRITICAL:
        buffer_printf(to, "; %u critical rows failed, %u allowed", found->critical_failed,
                      answer->terms.critical_max);
        break;
    case GATE_NEWLY_CRITICAL:
        buffer_printf(to, "; %u critical rows fail that the baseline passed",
                      found->pairs.newly_failing_critical);
        break;
    case GATE_ROWS_MISSING:
        buffer_printf(to, "; %u rows have no run, and could decide it", found->missing);
        break;
    case GATE_UNDECIDED:
        buffer_printf(to, ", %s lies within", target);
        put_need(found, to);
        break;
    case GATE_NO_ROWS:
    case GATE_REASONS:
        break;
    }
}

/* --- notes --- */

struct notes {
    const char *line_begin, *whose;
    struct buffer *to;
};

static void put_names(const struct notes *notes, const struct candidate_names *names,
                      const char *what)
{
    struct buffer *to = notes->to;
    if (names->count == 0)
        return;
    buffer_printf(to, "%s%s%llu %s:", notes->line_begin, notes->whose,
                  (unsigned long long)names->count, what);
    for (uint32_t i = 0; i < names->count && i < NAMES_TOLD_MAX; i++) {
        buffer_append_byte(to, ' ');
        terminal_append_visible(to, names->items[i]);
    }
    buffer_append_text(to, names->count > NAMES_TOLD_MAX ? " ...\n" : "\n");
}

static void put_candidate(const struct notes *notes, const struct candidate *candidate)
{
    put_names(notes, &candidate->unknown, "answers to rows that the dataset does not have");
    put_names(notes, &candidate->idle, "answers to rows that are stale, retired or held");
    put_names(notes, &candidate->unnamed, "runs whose root names no row");
    put_names(notes, &candidate->unreadable, "runs that could not be read");
    put_names(notes, &candidate->other_snapshots, "answers that were made for another snapshot");
}

void gate_report_notes(const struct gate_answer *answer, const char *line_begin, struct buffer *to)
{
    const struct gate_rows *rows = answer->rows;
    for (int state = GATE_ROW_STALE; state < GATE_ROW_STATES; state++)
        if (rows->states[state] > 0)
            buffer_printf(to, "%s%u rows are %s and do not count\n", line_begin,
                          rows->states[state], gate_row_state_names[state]);
    if (rows->is_other_than_manifest)
        buffer_printf(to, "%sthe manifest beside the dataset is about another content\n",
                      line_begin);
    put_candidate(&(struct notes){line_begin, "", to}, answer->candidate);
    if (answer->baseline)
        put_candidate(&(struct notes){line_begin, "baseline: ", to}, answer->baseline);
    for (uint32_t i = 0; i < answer->suite_count; i++) {
        const struct gate_suite_answer *suite = &answer->suites[i].answer;
        if (suite->unjudged > 0) {
            buffer_append_text(to, line_begin);
            terminal_append_visible(to, answer->suites[i].name);
            buffer_printf(to, ": %u rows passed because nothing was held against them\n",
                          suite->unjudged);
        }
    }
}
