/* For the page of a CI job. Texts stand in code spans whose fence is longer than any in them, on one
 * line, and no line begins with what a runner takes for a command (`::`). */
#include "processor/base/text/terminal.h"
#include "processor/command/gate/report.h"

enum { ROWS_TOLD_MAX = 50 };

static size_t longest_fence(struct bytes text)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < text.size; i++) {
        run = text.data[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void put_code(struct buffer *to, struct bytes text)
{
    struct buffer visible = {0};
    size_t fence = longest_fence(text) + 1;
    terminal_append_visible(&visible, text); /* line ends too: it is one line */
    for (size_t i = 0; i < fence; i++)
        buffer_append_byte(to, '`');
    buffer_append_byte(to, ' ');
    buffer_append_bytes(to, visible.size > 0 ? buffer_bytes(&visible) : BYTES_LITERAL("(empty)"));
    buffer_append_byte(to, ' ');
    for (size_t i = 0; i < fence; i++)
        buffer_append_byte(to, '`');
    to->failed |= visible.failed;
    buffer_finish(&visible);
}

static void put_fault(struct buffer *to, const struct candidate_fault *fault)
{
    buffer_append_text(to, "  - ");
    put_code(to, fault->what);
    buffer_append_byte(to, ' ');
    put_code(to, fault->message);
    if (fault->expected.data) {
        buffer_append_text(to, ", expected ");
        put_code(to, fault->expected);
    }
    if (fault->seen.data) {
        buffer_append_text(to, ", seen ");
        put_code(to, fault->seen);
    }
    buffer_append_byte(to, '\n');
}

static void put_row(struct buffer *to, const struct gate_answer *answer, uint32_t place)
{
    const struct gate_row *row = &answer->rows->items[place];
    const struct gate_row_result *result = &answer->candidate->results[place];
    const struct candidate_run *run = gate_report_failed_run(answer->candidate, place);
    buffer_printf(to, "- %s%s%s `%s`", gate_row_outcome_names[result->outcome],
                  row->is_critical ? ", critical" : "", result->is_flaky ? ", flaky" : "",
                  row->id_text);
    if (row->failure_mode.data) {
        buffer_append_byte(to, ' ');
        put_code(to, row->failure_mode);
    }
    if (result->runs > 1)
        buffer_printf(to, " (%u of %u runs passed)", result->passed, result->runs);
    buffer_append_byte(to, '\n');
    for (uint32_t i = 0; run && i < run->fault_count && i < CANDIDATE_FAULTS_MAX; i++)
        put_fault(to, &run->faults[i]);
}

static void put_pairs(struct buffer *to, const struct gate_pairs *pairs)
{
    buffer_printf(to,
                  "Against the baseline: %u newly failing, %u newly passing, %u both, %u neither",
                  pairs->newly_failing, pairs->newly_passing, pairs->both, pairs->neither);
    buffer_append_text(to, "; difference ");
    gate_report_rate(to, pairs->difference);
    buffer_append_text(to, ", interval ");
    gate_report_rate(to, pairs->interval.low);
    buffer_append_text(to, " to ");
    gate_report_rate(to, pairs->interval.high);
    buffer_printf(to, "; McNemar p %.4g, worse p %.4g\n\n", pairs->p, pairs->p_worse);
}

static void put_suite(struct buffer *to, const struct gate_answer *answer,
                      const struct gate_suite *suite)
{
    uint32_t told = 0, left = 0;
    buffer_printf(to, "### %s: ", gate_outcome_names[suite->answer.outcome]);
    put_code(to, suite->name);
    buffer_append_text(to, "\n\n");
    gate_report_why(answer, suite, to);
    buffer_append_text(to, ".\n\n");
    if (suite->answer.has_pairs)
        put_pairs(to, &suite->answer.pairs);
    for (uint32_t i = 0; i < suite->row_count; i++) {
        const struct gate_row_result *result = &answer->candidate->results[suite->rows[i]];
        if (result->outcome == GATE_PASSED && !result->is_flaky)
            continue;
        if (told++ < ROWS_TOLD_MAX)
            put_row(to, answer, suite->rows[i]);
        else
            left++;
    }
    if (left > 0)
        buffer_printf(to, "- and %u more\n", left);
    if (told > 0)
        buffer_append_byte(to, '\n');
}

static void put_notes(struct buffer *to, const struct gate_answer *answer)
{
    struct buffer notes = {0};
    gate_report_notes(answer, "", &notes);
    struct bytes rest = buffer_bytes(&notes);
    while (rest.size > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.size);
        size_t size = end ? (size_t)(end - rest.data) : rest.size;
        buffer_append_text(to, "- note: ");
        put_code(to, bytes_of(rest.data, size));
        buffer_append_byte(to, '\n');
        rest = bytes_of(rest.data + size, rest.size - size);
        if (rest.size > 0)
            rest = bytes_of(rest.data + 1, rest.size - 1);
    }
    if (notes.size > 0)
        buffer_append_byte(to, '\n');
    buffer_finish(&notes);
}

void gate_report_markdown(const struct gate_answer *answer, struct buffer *to)
{
    char digest[2 * SHA256_SIZE];
    hex_encode(digest, answer->config->ruleset.sha256, SHA256_SIZE);
    buffer_printf(to, "## Release gate on the dataset: %s\n\n",
                  gate_outcome_names[answer->outcome]);
    for (uint32_t i = 0; i < answer->suite_count; i++)
        put_suite(to, answer, &answer->suites[i]);
    put_notes(to, answer);
    buffer_append_text(to, "Dataset ");
    put_code(to, answer->rows->dataset);
    buffer_printf(to, " version %llu, snapshot `%s`, ruleset `%.12s`, candidate `%.16s`.\n",
                  (unsigned long long)answer->rows->version, answer->rows->snapshot, digest,
                  answer->candidate->digest);
}
