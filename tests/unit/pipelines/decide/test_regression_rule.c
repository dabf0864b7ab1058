/* link: pipelines score */
/* The built-in rule among the others: what a report of the regression set makes of a verdict. */
#include "pipelines/decide/regression_rule.h"

#include <check.h>
#include <stdlib.h>

#include "pipelines/decide/met_rows.h"
#include "pipelines/decide/summary.h"
#include "processor/score/scorer.h"

static const char row_a[] = "6ba7b810-9dad-51d1-80b4-00c000000001";
static const char row_b[] = "6ba7b810-9dad-51d1-80b4-00c000000002";
static const uint8_t id_a[16] = {1}, id_b[16] = {2};

static struct arena arena;
static struct agent_run run;
static struct trajectory trajectory;
static struct ruleset ruleset;
static struct rule rule;
static struct evaluation evaluations[2];
static struct verdict_report report;
static struct score_context context;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    run = (struct agent_run){.trajectory = &trajectory, .arena = &arena};
    run.tool_path = BYTES_LITERAL("lookup");
    rule = (struct rule){.name = BYTES_LITERAL("quality"), .priority = 3, .judges = true};
    ruleset = (struct ruleset){.rules = &rule, .rule_count = 1};
    context = (struct score_context){.run = &run, .ruleset = &ruleset, .arena = &arena};
}

static void teardown(void)
{
    arena_finish(&arena);
}

/* What the rule of the file said; it judges. */
static void say(enum outcome outcome)
{
    evaluations[0] = (struct evaluation){.rule = &rule,
                                         .measurement = BYTES_LITERAL("score.Quality"),
                                         .outcome = outcome,
                                         .has_value = outcome != OUTCOME_NA,
                                         .judges = outcome != OUTCOME_NA};
    report = (struct verdict_report){.evaluations = evaluations, .evaluation_count = 1};
    scorer_conclude(&context, &report);
}

static struct regression_hit hit(const char *row, enum regression_match match,
                                 enum regression_check check, bool is_fail)
{
    return (struct regression_hit){.row_id = row,
                                   .row_id_bytes = row == row_a ? id_a : id_b,
                                   .row_revision = 2,
                                   .match = match,
                                   .check = check,
                                   .is_fail = is_fail,
                                   .value = BYTES_LITERAL("no fee applies"),
                                   .failure_mode = BYTES_LITERAL("unsupported_claim")};
}

static struct regression_report met(uint32_t count, struct regression_hit first,
                                    struct regression_hit second)
{
    struct regression_report report_of = {
        .snapshot = "0123456789abcdef", .hits = {first, second}, .count = count};
    for (uint32_t i = 0; i < count; i++)
        if (report_of.hits[i].check != CHECK_NONE) {
            report_of.failed += report_of.hits[i].is_fail;
            report_of.borderline += !report_of.hits[i].is_fail;
        }
    return report_of;
}

static const struct regression_hit none;

static const struct verdict_case {
    enum outcome said;
    uint32_t met;
    enum regression_match match;
    enum regression_check check;
    bool is_fail;
    enum verdict verdict;
    enum condemned condemned;
    enum judged judged;
    double value;
} verdict_cases[] = {
    {OUTCOME_PASS, 1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true, VERDICT_FAIL, CONDEMNED_NOT,
     JUDGED_FAIL, 0},
    {OUTCOME_FAIL, 1, MATCH_SIGNATURE, CHECK_IDENTITY, true, VERDICT_FAIL, CONDEMNED_FAIL,
     JUDGED_FAIL, 0},
    {OUTCOME_PASS, 1, MATCH_NEAR, CHECK_MUST_INCLUDE, false, VERDICT_BORDERLINE,
     CONDEMNED_BORDERLINE, JUDGED_PASS, 0.5},
    {OUTCOME_FAIL, 1, MATCH_NEAR, CHECK_MUST_INCLUDE, false, VERDICT_FAIL, CONDEMNED_BORDERLINE,
     JUDGED_FAIL, 0.5},
    {OUTCOME_NA, 1, MATCH_EXACT, CHECK_NONE, false, VERDICT_PASS, CONDEMNED_NOT, JUDGED_PASS, 1},
    {OUTCOME_NA, 1, MATCH_NEAR, CHECK_NONE, false, VERDICT_UNSCORED, CONDEMNED_NOT, JUDGED_NOT, 1},
    {OUTCOME_NA, 0, MATCH_NEAR, CHECK_NONE, false, VERDICT_UNSCORED, CONDEMNED_NOT, JUDGED_NOT, 0},
};

START_TEST(a_verdict_is_raised_and_never_lowered)
{
    const struct verdict_case *at = &verdict_cases[_i];
    struct regression_report of = met(at->met, hit(row_a, at->match, at->check, at->is_fail), none);
    say(at->said);
    regression_rule_add(&context, &of, &report);
    ck_assert_uint_eq(report.evaluation_count, 2);
    ck_assert_int_eq(report.verdict, at->verdict);
    ck_assert_int_eq(report.condemned, at->condemned);
    ck_assert_int_eq(report.judged, at->judged);
    ck_assert_int_eq(evaluations[1].has_value, at->met > 0);
    ck_assert_double_eq(evaluations[1].value, at->value);
    ck_assert_int_eq(evaluations[1].evaluator_type, EVALUATOR_HUMAN);
}
END_TEST

START_TEST(a_hit_is_urgent_and_names_the_row_and_its_mode)
{
    struct regression_report of = met(2, hit(row_b, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true),
                                      hit(row_a, MATCH_NEAR, CHECK_FORBIDDEN_TOOL, false));
    of.hits[1].failure_mode = BYTES_LITERAL("wrong_tool");
    of.hits[0].start = 4, of.hits[0].end = 9;
    say(OUTCOME_PASS);
    regression_rule_add(&context, &of, &report);
    ck_assert_uint_eq(report.worst->priority, 1);
    ck_assert_uint_eq(report.labels.count, 2);
    ck_assert(bytes_equal_text(report.labels.items[0], "unsupported_claim"));
    ck_assert(bytes_equal_text(report.labels.items[1], "wrong_tool"));
    ck_assert(bytes_equal_text(evaluations[1].evaluator_id, row_b));
    ck_assert(bytes_equal_text(evaluations[1].evaluator_version, "2"));
    ck_assert(bytes_equal_text(
        evaluations[1].explanation,
        "The answer says \"no fee applies\", which row 6ba7b810 forbids; 1 more row failed"));
    ck_assert_uint_eq(evaluations[1].evidence_count, 1);
    ck_assert_uint_eq(evaluations[1].evidence[0].start, 4);
}
END_TEST

START_TEST(a_failure_keeps_the_signature_that_rows_are_met_by)
{
    struct regression_report of = met(1, hit(row_a, MATCH_EXACT, CHECK_MUST_INCLUDE, true), none);
    char before[17];
    say(OUTCOME_FAIL);
    memcpy(before, report.signature, sizeof before);
    regression_rule_add(&context, &of, &report);
    ck_assert_str_eq(report.signature, before);
}
END_TEST

START_TEST(what_fails_by_a_row_alone_is_told_apart_by_the_row)
{
    struct regression_report a = met(1, hit(row_a, MATCH_EXACT, CHECK_MUST_INCLUDE, true), none);
    struct regression_report b = met(1, hit(row_b, MATCH_EXACT, CHECK_MUST_INCLUDE, true), none);
    char by_a[17];
    say(OUTCOME_PASS);
    regression_rule_add(&context, &a, &report);
    memcpy(by_a, report.signature, sizeof by_a);
    say(OUTCOME_PASS);
    regression_rule_add(&context, &b, &report);
    ck_assert_str_ne(report.signature, by_a);
    say(OUTCOME_PASS);
    regression_rule_add(&context, &a, &report);
    ck_assert_str_eq(report.signature, by_a);
}
END_TEST

START_TEST(a_verdict_without_content_says_what_was_said_before)
{
    struct regression_report a = met(1, hit(row_a, MATCH_EXACT, CHECK_MUST_INCLUDE, true), none);
    struct summary summary = {.decisions = 1, .revision = 1}, read;
    struct met_rows rows;
    struct buffer encoded = {0}, of_rows = {0};
    say(OUTCOME_PASS);
    regression_rule_add(&context, &a, &report);
    struct verdict_report first = report;
    ck_assert(summary_take_report(&summary, &report, &arena));
    met_rows_of(&a, BYTES_LITERAL("4.2.1"), &rows);
    met_rows_encode(&rows, &of_rows);
    summary.met = buffer_bytes(&of_rows);
    summary_encode(&summary, &encoded);
    ck_assert_int_eq(summary_decode(buffer_bytes(&encoded), &arena, &read), STATUS_OK);
    ck_assert_int_eq(met_rows_decode(read.met, &rows), STATUS_OK);
    ck_assert_int_eq(met_rows_worst(&rows), OUTCOME_FAIL);
    ck_assert_mem_eq(rows.rows[0].row_id, id_a, 16);
    say(OUTCOME_PASS);
    regression_rule_add_before(summary_find_rule(&read, regression_rule.name), bytes_of_text(row_a),
                               &report);
    scorer_conclude(&context, &report);
    ck_assert_int_eq(report.verdict, first.verdict);
    ck_assert_int_eq(report.judged, first.judged);
    ck_assert_str_eq(report.signature, first.signature);
    buffer_finish(&encoded);
    buffer_finish(&of_rows);
}
END_TEST

START_TEST(a_summary_without_rows_is_what_it_was)
{
    struct summary summary = {.decisions = 1, .revision = 1}, with = summary;
    struct buffer encoded = {0}, longer = {0};
    summary_encode(&summary, &encoded);
    ck_assert_uint_eq(encoded.data[0], 2); /* its version */
    with.met = BYTES_LITERAL("0123456789abcdef\0");
    summary_encode(&with, &longer);
    ck_assert_mem_eq(encoded.data + 1, longer.data + 1, encoded.size - 1);
    buffer_finish(&encoded);
    buffer_finish(&longer);
}
END_TEST

START_TEST(met_rows_that_are_cut_are_refused)
{
    struct regression_report a = met(1, hit(row_a, MATCH_EXACT, CHECK_MUST_INCLUDE, true), none);
    struct met_rows rows, read;
    struct buffer encoded = {0};
    met_rows_of(&a, BYTES_LITERAL("4.2.1"), &rows);
    met_rows_encode(&rows, &encoded);
    for (size_t size = 0; size < encoded.size; size++)
        ck_assert_int_eq(met_rows_decode(bytes_of(encoded.data, size), &read), STATUS_MALFORMED);
    ck_assert_int_eq(met_rows_decode(buffer_bytes(&encoded), &read), STATUS_OK);
    encoded.data[encoded.size - 1] = OUTCOME_NA;
    ck_assert_int_eq(met_rows_decode(buffer_bytes(&encoded), &read), STATUS_MALFORMED);
    buffer_finish(&encoded);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression_rule");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_verdict_is_raised_and_never_lowered, 0,
                        (int)(sizeof verdict_cases / sizeof *verdict_cases));
    tcase_add_test(all, a_hit_is_urgent_and_names_the_row_and_its_mode);
    tcase_add_test(all, a_failure_keeps_the_signature_that_rows_are_met_by);
    tcase_add_test(all, what_fails_by_a_row_alone_is_told_apart_by_the_row);
    tcase_add_test(all, a_verdict_without_content_says_what_was_said_before);
    tcase_add_test(all, a_summary_without_rows_is_what_it_was);
    tcase_add_test(all, met_rows_that_are_cut_are_refused);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
