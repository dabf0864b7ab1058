/* Texts come from a server, so they are shown as a terminal may have them. */
#include "processor/command/results/summary.h"

#include <stdio.h>

#include "processor/base/text/terminal.h"

static void print_text(const char *before, const char *text)
{
    struct buffer shown = {0};
    if (!text[0])
        return;
    terminal_append(&shown, bytes_of_text(text));
    buffer_append_byte(&shown, 0);
    fprintf(stderr, "%s%s", before, shown.failed ? "" : (const char *)shown.data);
    buffer_finish(&shown);
}

void results_summary_refused_at(struct results_summary *summary, uint32_t index,
                                const char *outcome, const char *field, const char *reason)
{
    results_summary_refused(summary, summary->places ? &summary->places[index] : NULL, outcome,
                            field, reason);
}

void results_summary_refused(struct results_summary *summary, const struct results_place *place,
                             const char *outcome, const char *field, const char *reason)
{
    summary->refused++;
    if (place && place->file) {
        print_text("", place->file);
        fprintf(stderr, ":%llu: ", (unsigned long long)place->line);
    }
    print_text("refused: ", outcome);
    print_text(", ", field);
    print_text(": ", reason);
    fputs("\n", stderr);
}

void results_summary_say(const struct results_summary *summary, bool has_failed)
{
    bool is_first = true;
    for (int i = 0; i < RESULT_OUTCOMES; i++) {
        if (summary->counts[i] == 0)
            continue;
        printf("%s%llu %s", is_first ? "" : ", ", (unsigned long long)summary->counts[i],
               review_outcome_names[i]);
        is_first = false;
    }
    if (!is_first || !has_failed)
        printf("%s\n", is_first ? "no results" : "");
}
