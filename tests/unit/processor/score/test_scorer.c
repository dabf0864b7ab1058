/* link: score */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/score/expression/expression.h"
#include "processor/score/measurements.h"
#include "processor/score/rules.h"
#include "processor/score/scorer.h"
#include "processor/score/signature.h"
#include "tests/support/score_test.h"

static struct rule *below(const char *name, const char *measure, double fail, double borderline)
{
    struct rule *rule = score_fixture_rule(fixture, name, measure);
    rule->has_fail_below = rule->has_borderline_below = true;
    rule->fail_below = fail;
    rule->borderline_below = borderline;
    return rule;
}

static struct rule *above(const char *name, const char *measure, double borderline, double fail)
{
    struct rule *rule = score_fixture_rule(fixture, name, measure);
    rule->has_fail_above = rule->has_borderline_above = true;
    rule->fail_above = fail;
    rule->borderline_above = borderline;
    return rule;
}

static void label(struct rule *rule, const char *text)
{
    rule->labels[rule->label_count++] = bytes_of_text(text);
}

static enum outcome outcome(uint32_t rule)
{
    return score_fixture_judge(fixture)->evaluations[rule].outcome;
}

START_TEST(a_value_on_a_threshold_is_on_its_better_side)
{
    static const struct {
        double value;
        enum outcome outcome;
    } cases[] = {{0.69, OUTCOME_FAIL},       {0.70, OUTCOME_BORDERLINE}, {0.79, OUTCOME_BORDERLINE},
                 {0.80, OUTCOME_PASS},       {0.90, OUTCOME_PASS},       {0.91, OUTCOME_BORDERLINE},
                 {0.95, OUTCOME_BORDERLINE}, {0.96, OUTCOME_FAIL}};
    struct rule *rule = below("r", "score.A", 0.7, 0.8);
    rule->has_fail_above = rule->has_borderline_above = true;
    rule->borderline_above = 0.9;
    rule->fail_above = 0.95;
    struct score *score = hand_run_score(hand, "A", 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        score->value = cases[i].value;
        ck_assert_msg(outcome(0) == cases[i].outcome, "%g", cases[i].value);
    }
}
END_TEST

START_TEST(margin_is_the_distance_to_fail_and_negative_when_failed)
{
    below("r", "score.A", 0.7, 0.8);
    struct score *score = hand_run_score(hand, "A", 0.5);
    ck_assert_double_eq_tol(score_fixture_judge(fixture)->evaluations[0].margin, -0.2, 1e-9);
    score->value = 0.75;
    ck_assert_double_eq_tol(score_fixture_judge(fixture)->evaluations[0].margin, 0.05, 1e-9);
    fixture->rules[0].has_fail_above = true;
    fixture->rules[0].fail_above = 0.76;
    ck_assert_double_eq_tol(score_fixture_judge(fixture)->evaluations[0].margin, 0.01, 1e-9);
}
END_TEST

START_TEST(what_is_not_a_number_never_passes)
{
    above("r", "score.A", 1, 2);
    struct score *score = hand_run_score(hand, "A", NAN);
    ck_assert_int_eq(outcome(0), OUTCOME_NA);
    ck_assert_str_eq(fixture->report.evaluations[0].na_reason, "not_a_number");
    ck_assert_int_eq(fixture->report.verdict, VERDICT_UNSCORED);
    score->value = -INFINITY;
    ck_assert_int_eq(outcome(0), OUTCOME_NA);
}
END_TEST

START_TEST(the_first_measure_that_is_not_na_decides)
{
    struct rule *rule = below("r", "score.A", 0.5, 0.5);
    ck_assert(measurements_resolve(BYTES_LITERAL("score.B"), &rule->measures[1], NULL));
    rule->measure_count = 2;
    const struct evaluation *evaluation = score_fixture_judge(fixture)->evaluations;
    ck_assert_str_eq(evaluation->na_reason, "missing");
    ck_assert(bytes_equal_text(evaluation->measurement, "score.A"));
    hand_run_score(hand, "B", 0.1);
    evaluation = score_fixture_judge(fixture)->evaluations;
    ck_assert_int_eq(evaluation->outcome, OUTCOME_FAIL);
    ck_assert_ptr_null(evaluation->na_reason);
    ck_assert(bytes_equal_text(evaluation->measurement, "score.B"));
    hand_run_score(hand, "A", 0.9);
    ck_assert_int_eq(outcome(0), OUTCOME_PASS);
}
END_TEST

START_TEST(a_failed_judge_is_an_error_unless_another_measure_speaks)
{
    struct rule *rule = below("r", "score.A", 0.5, 0.5);
    ck_assert(measurements_resolve(BYTES_LITERAL("score.B"), &rule->measures[1], NULL));
    rule->measure_count = 2;
    hand_run_score(hand, "A", 0)->is_error = true;
    ck_assert_int_eq(outcome(0), OUTCOME_ERROR);
    ck_assert_int_eq(fixture->report.verdict, VERDICT_UNSCORED);
    hand_run_score(hand, "B", 0.9);
    ck_assert_int_eq(outcome(0), OUTCOME_PASS);
}
END_TEST

START_TEST(a_condition_that_does_not_hold_or_is_unknown_makes_na)
{
    struct error error = {0};
    struct rule *rule = below("r", "steps", 100, 100);
    rule->when = expression_parse(BYTES_LITERAL("score.A > 0.5"), NULL, &error);
    ck_assert_int_eq(outcome(0), OUTCOME_NA);
    ck_assert_str_eq(fixture->report.evaluations[0].na_reason, "when_unknown");
    struct score *score = hand_run_score(hand, "A", 0.1);
    ck_assert_int_eq(outcome(0), OUTCOME_NA);
    ck_assert_str_eq(fixture->report.evaluations[0].na_reason, "when_false");
    score->value = 0.9;
    ck_assert_int_eq(outcome(0), OUTCOME_FAIL);
}
END_TEST

START_TEST(the_verdict_is_the_worst_and_a_pass_needs_a_judge)
{
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_UNSCORED);
    below("fast", "steps", 0, 0)->judges = false;
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_UNSCORED);
    below("good", "score.A", 0.5, 0.8);
    struct score *score = hand_run_score(hand, "A", 0.9);
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_PASS);
    score->value = 0.6;
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_BORDERLINE);
    above("slow", "steps", 0, 0)->judges = false;
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_FAIL);
    ck_assert_uint_eq(fixture->report.evaluation_count, 3);
}
END_TEST

/* A pass of a count proves nothing, a fail of it still condemns; a band alone
 * sends runs to people. */
START_TEST(a_rule_judges_by_the_measurement_that_gave_the_value_and_condemns_by_any)
{
    score_fixture_rule(fixture, "few", "steps")->has_fail_above = true;
    fixture->rules[0].fail_above = 100;
    const struct verdict_report *report = score_fixture_judge(fixture);
    ck_assert_int_eq(report->verdict, VERDICT_UNSCORED);
    ck_assert_int_eq(report->judged, JUDGED_NOT);
    fixture->rules[0].fail_above = -1;
    report = score_fixture_judge(fixture);
    ck_assert_int_eq(report->verdict, VERDICT_FAIL);
    ck_assert_int_eq(report->condemned, CONDEMNED_FAIL);
    ck_assert_int_eq(report->judged, JUDGED_NOT);
    struct rule *rule = &fixture->rules[0];
    ck_assert(measurements_resolve(BYTES_LITERAL("score.Quality"), &rule->measures[0], NULL));
    ck_assert(rule_may_judge(rule, 0) && !rule_may_condemn(rule, false));
    rule->has_fail_above = false;
    rule->has_borderline_above = true;
    ck_assert(!rule_may_judge(rule, 0) && !rule_may_condemn(rule, false));
    ck_assert(rule_may_condemn(rule, true));
    rule->has_fail_above = true;
    rule->judges = false;
    ck_assert(!rule_may_judge(rule, 0) && rule_may_condemn(rule, false));
}
END_TEST

START_TEST(a_run_without_what_is_required_does_not_pass)
{
    below("judge", "score.A", 0.5, 0.8);
    struct rule *required = below("required", "score.B", 0.5, 0.8);
    required->is_required = true;
    struct score *score = hand_run_score(hand, "A", 0.9);
    const struct verdict_report *report = score_fixture_judge(fixture);
    ck_assert_int_eq(report->verdict, VERDICT_UNSCORED);
    ck_assert_int_eq(report->judged, JUDGED_NOT);
    score->value = 0.7;
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_BORDERLINE);
    score->value = 0.1;
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_FAIL);
    score->value = 0.9;
    hand_run_score(hand, "B", 0.9);
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_PASS);
}
END_TEST

START_TEST(a_required_rule_asks_nothing_where_it_does_not_apply)
{
    struct error problem = {0};
    below("judge", "score.A", 0.5, 0.8);
    struct rule *required = below("required", "score.B", 0.5, 0.8);
    required->is_required = true;
    required->when = expression_parse(BYTES_LITERAL("steps.retriever > 0"), NULL, &problem);
    ck_assert_msg(required->when != NULL, "%s", problem.text);
    hand_run_score(hand, "A", 0.9);
    ck_assert_int_eq(score_fixture_judge(fixture)->verdict, VERDICT_PASS);
    expression_destroy(required->when);
    required->when = NULL;
}
END_TEST

START_TEST(a_rule_whose_awaited_score_did_not_come_is_missing)
{
    static const struct bytes awaited[] = {{(const uint8_t *)"quality", 7}};
    score_fixture_rule(fixture, "good", "score.Quality")->has_fail_below = true;
    ck_assert(!score_fixture_judge(fixture)->evaluations[0].is_missing);
    fixture->ruleset.awaited_scores = awaited;
    fixture->ruleset.awaited_count = 1;
    ck_assert(score_fixture_judge(fixture)->evaluations[0].is_missing);
    ck_assert(measurements_resolve(BYTES_LITERAL("steps"), &fixture->rules[0].measures[1], NULL));
    fixture->rules[0].measure_count = 2;
    ck_assert(!score_fixture_judge(fixture)->evaluations[0].is_missing);
}
END_TEST

START_TEST(labels_are_of_the_failed_then_of_the_borderline_rules)
{
    struct rule *first = below("first", "score.A", 0.5, 0.8);
    label(first, "shared");
    label(first, "mild");
    label(above("second", "steps", 0, 0), "severe");
    label(&fixture->rules[1], "shared");
    label(below("third", "steps", 0, 0), "unseen");
    hand_run_score(hand, "A", 0.6);
    const struct verdict_report *report = score_fixture_judge(fixture);
    ck_assert_uint_eq(report->labels.count, 3);
    ck_assert(bytes_equal_text(report->labels.items[0], "severe"));
    ck_assert(bytes_equal_text(report->labels.items[1], "shared"));
    ck_assert(bytes_equal_text(report->labels.items[2], "mild"));
}
END_TEST

START_TEST(the_worst_rule_has_the_lowest_priority_number)
{
    above("a", "steps", 0, 0);
    above("b", "steps", 0, 0)->priority = 2;
    above("c", "steps", 0, 0)->priority = 2;
    below("d", "steps", 0, 0)->priority = 1; /* passes */
    ck_assert_ptr_eq(score_fixture_judge(fixture)->worst, &fixture->rules[1]);
}
END_TEST

START_TEST(a_signature_ignores_what_changes_from_run_to_run)
{
    char first[17];
    above("slow", "steps", 0, 0);
    hand->run.tool_path = BYTES_LITERAL("search>pay");
    hand_run_error(hand, "Timeout after 300 ms for order 7f3a9c21-0b4d-4e5f-abcd-1234567890ab");
    memcpy(first, score_fixture_judge(fixture)->signature, sizeof first);
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), 16);
    hand->errors[0] =
        BYTES_LITERAL("timeout after 45 ms for order 00112233-4455-6677-8899-aabbccddeeff");
    ck_assert_str_eq(score_fixture_judge(fixture)->signature, first);
    hand->run.tool_path = BYTES_LITERAL("search");
    ck_assert_str_ne(score_fixture_judge(fixture)->signature, first);
    hand->run.tool_path = BYTES_LITERAL("search>pay");
    hand->errors[0] = BYTES_LITERAL("connection refused");
    ck_assert_str_ne(score_fixture_judge(fixture)->signature, first);
}
END_TEST

static void check_normalized(const char *error, const char *expected)
{
    char to[NORMALIZED_ERROR_MAX];
    size_t size = signature_normalize_error(to, bytes_of_text(error));
    ck_assert_msg(bytes_equal_text(bytes_of(to, size), expected), "%s: %.*s", error, (int)size, to);
}

START_TEST(errors_are_normalized)
{
    check_normalized("HTTP 503 at 0x7FFE12", "http # at #");
    check_normalized("a bad cafe added", "a bad cafe added");
    check_normalized("user42 on 2026-11-23", "user# on #");
    check_normalized("id deadbeef", "id #");
    check_normalized("", "");
    static char text[5000];
    memset(text, 'x', sizeof text - 1);
    char to[NORMALIZED_ERROR_MAX];
    ck_assert_uint_eq(signature_normalize_error(to, bytes_of_text(text)), 200);
}
END_TEST

START_TEST(refusal_is_reported_when_it_was_looked_for)
{
    hand->run.output = BYTES_LITERAL("I cannot help with that.");
    ck_assert(!score_fixture_judge(fixture)->refusal);
    above("refused", "refusal", 0, 2);
    ck_assert(score_fixture_judge(fixture)->refusal);
    ck_assert_int_eq(fixture->report.verdict, VERDICT_BORDERLINE);
}
END_TEST

START_TEST(a_full_arena_leaves_the_run_unscored)
{
    above("slow", "steps", 0, 0);
    score_fixture_reset(fixture);
    rules_prepare(&fixture->ruleset);
    fixture->arena.limit = 1;
    scorer_run(&fixture->context, &fixture->report);
    ck_assert_int_eq(fixture->report.verdict, VERDICT_UNSCORED);
    ck_assert_uint_eq(fixture->report.evaluation_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scorer");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_value_on_a_threshold_is_on_its_better_side);
    tcase_add_test(tests, margin_is_the_distance_to_fail_and_negative_when_failed);
    tcase_add_test(tests, what_is_not_a_number_never_passes);
    tcase_add_test(tests, the_first_measure_that_is_not_na_decides);
    tcase_add_test(tests, a_failed_judge_is_an_error_unless_another_measure_speaks);
    tcase_add_test(tests, a_condition_that_does_not_hold_or_is_unknown_makes_na);
    tcase_add_test(tests, the_verdict_is_the_worst_and_a_pass_needs_a_judge);
    tcase_add_test(tests, a_rule_judges_by_the_measurement_that_gave_the_value_and_condemns_by_any);
    tcase_add_test(tests, a_run_without_what_is_required_does_not_pass);
    tcase_add_test(tests, a_required_rule_asks_nothing_where_it_does_not_apply);
    tcase_add_test(tests, a_rule_whose_awaited_score_did_not_come_is_missing);
    tcase_add_test(tests, labels_are_of_the_failed_then_of_the_borderline_rules);
    tcase_add_test(tests, the_worst_rule_has_the_lowest_priority_number);
    tcase_add_test(tests, a_signature_ignores_what_changes_from_run_to_run);
    tcase_add_test(tests, errors_are_normalized);
    tcase_add_test(tests, refusal_is_reported_when_it_was_looked_for);
    tcase_add_test(tests, a_full_arena_leaves_the_run_unscored);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
