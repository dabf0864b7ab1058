/* What CI servers read (the schema of Jenkins' xUnit plug-in). Rows that fail are failures of their
 * cases, also where the suite reaches its target: the answer is the suite's property `outcome`, and the
 * exit code. What XML can't hold becomes U+FFFD; what is invisible is made visible. */
#include "processor/base/text/terminal.h"
#include "processor/base/text/utf8.h"
#include "processor/command/gate/report.h"

static bool is_legal(uint32_t point)
{
    return point == '\t' || point == '\n' || point == '\r' || (point >= 0x20 && point <= 0xd7ff) ||
           (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

static void put_point(struct buffer *to, uint32_t point, struct bytes as_it_is)
{
    if (!is_legal(point) || point == 0xfffd)
        buffer_append_text(to, "\xef\xbf\xbd");
    else if (point == '&')
        buffer_append_text(to, "&amp;");
    else if (point == '<')
        buffer_append_text(to, "&lt;");
    else if (point == '>')
        buffer_append_text(to, "&gt;");
    else if (point == '"')
        buffer_append_text(to, "&quot;");
    else if (point == '\t' || point == '\n' || point == '\r')
        buffer_printf(to, "&#%u;", (unsigned)point);
    else if (terminal_is_hidden(point))
        terminal_append_visible(to, as_it_is);
    else
        buffer_append_bytes(to, as_it_is);
}

static void put_text(struct buffer *to, struct bytes text)
{
    for (size_t at = 0, next; at < text.size; at = next) {
        uint32_t point = utf8_decode(text, at, &next);
        put_point(to, point, bytes_of(text.data + at, next - at));
    }
}

static void put_attribute(struct buffer *to, const char *name, struct bytes value)
{
    buffer_printf(to, " %s=\"", name);
    put_text(to, value);
    buffer_append_byte(to, '"');
}

/* --- cases --- */

static void put_fault(struct buffer *to, const struct candidate_fault *fault)
{
    struct buffer message = {0};
    buffer_append_bytes(&message, fault->what);
    buffer_append_text(&message, ": ");
    buffer_append_bytes(&message, fault->message);
    if (fault->expected.data) {
        buffer_append_text(&message, "; expected: ");
        buffer_append_bytes(&message, fault->expected);
    }
    if (fault->seen.data) {
        buffer_append_text(&message, "; seen: ");
        buffer_append_bytes(&message, fault->seen);
    }
    buffer_append_text(to, "      <failure");
    put_attribute(to, "message", buffer_bytes(&message));
    put_attribute(to, "type", fault->what);
    buffer_append_text(to, "/>\n");
    to->failed |= message.failed;
    buffer_finish(&message);
}

static void put_outcome(struct buffer *to, const struct gate_answer *answer, uint32_t place)
{
    const struct gate_row_result *result = &answer->candidate->results[place];
    const struct candidate_run *run = gate_report_failed_run(answer->candidate, place);
    if (result->outcome == GATE_MISSING) {
        bool is_open = answer->terms.is_missing_insufficient;
        buffer_append_text(to, is_open ? "      <error message=\"no run answers this row\" "
                                         "type=\"missing\"/>\n"
                                       : "      <failure message=\"no run answers this row\" "
                                         "type=\"missing\"/>\n");
        return;
    }
    for (uint32_t i = 0;
         result->outcome == GATE_FAILED && run && i < run->fault_count && i < CANDIDATE_FAULTS_MAX;
         i++)
        put_fault(to, &run->faults[i]);
    if (result->outcome == GATE_FAILED && !run)
        buffer_printf(to, "      <failure message=\"%u of %u runs passed\" type=\"repeats\"/>\n",
                      result->passed, result->runs);
    if (result->is_flaky)
        buffer_printf(to, "      <system-out>flaky: %u of %u runs passed</system-out>\n",
                      result->passed, result->runs);
}

static void put_case(struct buffer *to, const struct gate_answer *answer, uint32_t place)
{
    const struct gate_row *row = &answer->rows->items[place];
    const struct gate_row_result *result = &answer->candidate->results[place];
    buffer_append_text(to, "    <testcase");
    put_attribute(to, "classname",
                  row->failure_mode.size > 0 ? row->failure_mode : BYTES_LITERAL("approved"));
    put_attribute(to, "name", bytes_of_text(row->id_text));
    buffer_append_text(to, " time=\"0\"");
    if (result->outcome == GATE_PASSED && !result->is_flaky) {
        buffer_append_text(to, "/>\n");
        return;
    }
    buffer_append_text(to, ">\n");
    put_outcome(to, answer, place);
    buffer_append_text(to, "    </testcase>\n");
}

/* --- suites --- */

static void put_property(struct buffer *to, const char *name, struct bytes value)
{
    buffer_append_text(to, "      <property");
    put_attribute(to, "name", bytes_of_text(name));
    put_attribute(to, "value", value);
    buffer_append_text(to, "/>\n");
}

static void put_properties(struct buffer *to, const struct gate_answer *answer,
                           const struct gate_suite *suite)
{
    struct buffer text = {0};
    char digest[2 * SHA256_SIZE];
    buffer_append_text(to, "    <properties>\n");
    put_property(to, "outcome", bytes_of_text(gate_outcome_names[suite->answer.outcome]));
    put_property(to, "reason", bytes_of_text(gate_reason_names[suite->answer.reason]));
    gate_report_why(answer, suite, &text);
    put_property(to, "message", buffer_bytes(&text));
    put_property(to, "dataset", answer->rows->dataset);
    buffer_clear(&text);
    buffer_printf(&text, "%llu", (unsigned long long)answer->rows->version);
    put_property(to, "dataset_version", buffer_bytes(&text));
    put_property(to, "snapshot", bytes_of_text(answer->rows->snapshot));
    hex_encode(digest, answer->config->ruleset.sha256, SHA256_SIZE);
    put_property(to, "ruleset", bytes_of(digest, sizeof digest));
    put_property(to, "candidate", bytes_of_text(answer->candidate->digest));
    buffer_append_text(to, "    </properties>\n");
    buffer_finish(&text);
}

struct counts {
    uint32_t tests, failures, errors;
};

static struct counts counts_of(const struct gate_answer *answer, const struct gate_suite *suite)
{
    bool is_open = answer->terms.is_missing_insufficient;
    const struct gate_suite_answer *found = &suite->answer;
    return (struct counts){found->rows, found->failed + (is_open ? 0 : found->missing),
                           is_open ? found->missing : 0};
}

static void put_suite(struct buffer *to, const struct gate_answer *answer,
                      const struct gate_suite *suite)
{
    struct counts counts = counts_of(answer, suite);
    buffer_append_text(to, "  <testsuite");
    put_attribute(to, "name", suite->name);
    buffer_printf(to, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"0\" time=\"0\">\n",
                  counts.tests, counts.failures, counts.errors);
    put_properties(to, answer, suite);
    for (uint32_t i = 0; i < suite->row_count; i++)
        put_case(to, answer, suite->rows[i]);
    buffer_append_text(to, "  </testsuite>\n");
}

void gate_report_junit(const struct gate_answer *answer, struct buffer *to)
{
    struct counts all = {0};
    for (uint32_t i = 0; i < answer->suite_count; i++) {
        struct counts counts = counts_of(answer, &answer->suites[i]);
        all.tests += counts.tests;
        all.failures += counts.failures;
        all.errors += counts.errors;
    }
    buffer_printf(to,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"flywheel gate\" "
                  "tests=\"%u\" failures=\"%u\" errors=\"%u\" time=\"0\">\n",
                  all.tests, all.failures, all.errors);
    for (uint32_t i = 0; i < answer->suite_count; i++)
        put_suite(to, answer, &answer->suites[i]);
    buffer_append_text(to, "</testsuites>\n");
}
