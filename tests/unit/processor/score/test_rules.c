/* link: score */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/nearest.h"
#include "processor/score/expression/expression.h"
#include "processor/score/measurements.h"
#include "processor/score/rules.h"
#include "tests/support/score_fixture.h"

static struct rule rule_on(const char *measure)
{
    struct rule rule = {.name = BYTES_LITERAL("r"), .measure_count = 1};
    ck_assert(measurements_resolve(bytes_of_text(measure), &rule.measures[0], NULL));
    return rule;
}

static struct rule below(double fail, double borderline)
{
    struct rule rule = rule_on("steps");
    rule.has_fail_below = rule.has_borderline_below = true;
    rule.fail_below = fail;
    rule.borderline_below = borderline;
    return rule;
}

START_TEST(rules_over_what_answers_are_judged_by_count_in_a_gate_unless_the_file_says_otherwise)
{
    static const struct {
        const char *measure;
        bool counts;
    } cases[] = {
        {"score.Groundedness", true},
        {"score.ContextRelevance", true},
        {"score.GroundTruthMatch", true},
        {"score.ToolSelectionAccuracy", true},
        {"groundedness.lexical", true},
        {"groundedness.numeric", true},
        {"tool_selection.accuracy", true},
        {"ground_truth.f1", true},
        {"score.Toxicity", false},
        {"duration_ms", false},
        {"refusal", false},
        {"attributes[\"Groundedness\"]", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule rule = rule_on(cases[i].measure);
        ck_assert_msg(rule_counts_in_gate(&rule) == cases[i].counts, "%s", cases[i].measure);
        rule.has_gate = true;
        ck_assert(!rule_counts_in_gate(&rule));
        rule.gate = true;
        ck_assert(rule_counts_in_gate(&rule));
    }
}
END_TEST

START_TEST(bands_in_order_are_accepted)
{
    struct rule rule = below(0.7, 0.8);
    ck_assert_ptr_null(rule_check(&rule));
    rule = below(0.7, 0.7);
    ck_assert_ptr_null(rule_check(&rule));
    rule.has_fail_below = false;
    ck_assert_ptr_null(rule_check(&rule));
    rule.has_borderline_above = rule.has_fail_above = true;
    rule.borderline_above = rule.fail_above = 0.7;
    ck_assert_ptr_null(rule_check(&rule));
}
END_TEST

START_TEST(bands_out_of_order_are_refused)
{
    struct rule rule = below(0.8, 0.7);
    ck_assert_str_eq(rule_check(&rule), "fail_below must not be above borderline_below");
    rule = rule_on("steps");
    rule.has_fail_above = rule.has_borderline_above = true;
    rule.fail_above = 1;
    rule.borderline_above = 2;
    ck_assert_str_eq(rule_check(&rule), "borderline_above must not be above fail_above");
    rule = below(1, 5);
    rule.has_fail_above = true;
    rule.fail_above = 4;
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "no value could pass"));
}
END_TEST

START_TEST(a_rule_needs_a_finite_threshold)
{
    struct rule rule = rule_on("steps");
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "at least one of fail_below"));
    rule = below(NAN, 1);
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "finite"));
    rule = below(0, INFINITY);
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "finite"));
}
END_TEST

START_TEST(a_threshold_on_a_text_is_refused)
{
    struct rule rule = rule_on("label.Tone");
    rule.has_fail_below = true;
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "this measure is a text"));
    rule = rule_on("tool_path");
    rule.has_fail_below = true;
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "this measure is a text"));
}
END_TEST

static struct rule failing_on(const char *name)
{
    struct rule rule = rule_on(name);
    rule.has_fail_below = rule.judges = true;
    return rule;
}

START_TEST(a_pass_proves_something_where_an_answer_or_a_path_was_judged)
{
    static const struct {
        const char *measure;
        bool judges;
    } rows[] = {{"duration_ms", false},
                {"route.fallback", false},
                {"loop", false},
                {"refusal", false},
                {"context_relevance.max", false},
                {"leak", false},
                {"tool_args.valid", false},
                {"feedback.negative", false},
                {"score.X", true},
                {"groundedness.lexical", true},
                {"tool_selection.accuracy", true},
                {"trajectory.exact", true},
                {"ground_truth.f1", true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rule rule = failing_on(rows[i].measure);
        ck_assert_msg(rule_may_judge(&rule, 0) == rows[i].judges, "%s", rows[i].measure);
    }
    struct rule rule = failing_on("duration_ms");
    rule.measure_count = 2;
    ck_assert(measurements_resolve(BYTES_LITERAL("score.X"), &rule.measures[1], NULL));
    ck_assert(!rule_may_judge(&rule, 0) && rule_may_judge(&rule, 1));
}
END_TEST

START_TEST(judges_true_is_an_error_where_a_pass_proves_nothing)
{
    struct rule rule = failing_on("loop");
    rule.is_vouched = true;
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "attributes"));
    rule = failing_on("score.X");
    rule.is_vouched = true;
    ck_assert_ptr_null(rule_check(&rule));
    rule = failing_on("attributes[\"csat\"]");
    ck_assert(!rule_may_judge(&rule, 0));
    rule.is_vouched = true;
    ck_assert_ptr_null(rule_check(&rule));
    ck_assert(rule_may_judge(&rule, 0));
    rule.has_fail_below = false;
    rule.has_borderline_below = true;
    ck_assert_ptr_nonnull(strstr(rule_check(&rule), "band alone"));
}
END_TEST

START_TEST(names_resolve_to_rows_scores_and_labels)
{
    struct measure measure;
    ck_assert(measurements_resolve(BYTES_LITERAL("steps.retriever"), &measure, NULL));
    ck_assert_str_eq(measure.measurement->name, "steps.retriever");
    ck_assert(measurements_resolve(BYTES_LITERAL("score.Ground Truth"), &measure, NULL));
    ck_assert_ptr_null(measure.measurement);
    ck_assert(bytes_equal_text(measure.imported, "Ground Truth"));
    ck_assert(!measure.is_label);
    ck_assert(measurements_resolve(BYTES_LITERAL("label.Tone"), &measure, NULL));
    ck_assert(measure.is_label);
    ck_assert(measurements_resolve(BYTES_LITERAL("attributes[\"csat.v2\"]"), &measure, NULL));
    ck_assert(measure.is_attribute && bytes_equal_text(measure.imported, "csat.v2"));
    ck_assert(measurements_resolve(BYTES_LITERAL("attributes['csat']"), &measure, NULL));
    static const char *const wrong[] = {"attributes",       "attributes[]",
                                        "attributes[csat]", "attributes[\"\"]",
                                        "attributes[\"a']", "attributes[\"a\"b\"]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        ck_assert_msg(!measurements_resolve(bytes_of_text(wrong[i]), &measure, NULL), "%s",
                      wrong[i]);
}
END_TEST

START_TEST(an_unknown_name_is_answered_with_the_nearest)
{
    struct measure measure;
    const char *nearest = "untouched";
    ck_assert(!measurements_resolve(BYTES_LITERAL("duration"), &measure, &nearest));
    ck_assert_str_eq(nearest, "duration_ms");
    ck_assert(!measurements_resolve(BYTES_LITERAL("groundedness.lexcial"), &measure, &nearest));
    ck_assert_str_eq(nearest, "groundedness.lexical");
    ck_assert(!measurements_resolve(BYTES_LITERAL("zzzzzzzzzzz"), &measure, &nearest));
    ck_assert_ptr_null(nearest);
    ck_assert(!measurements_resolve(BYTES_LITERAL("score."), &measure, NULL));
    ck_assert(!measurements_resolve(BYTES_LITERAL(""), &measure, NULL));
}
END_TEST

START_TEST(a_swap_of_neighbors_is_one_edit)
{
    ck_assert_uint_eq(nearest_distance(BYTES_LITERAL("lexcial"), BYTES_LITERAL("lexical")), 1);
    ck_assert_uint_eq(nearest_distance(BYTES_LITERAL("ABC"), BYTES_LITERAL("abc")), 0);
    ck_assert_uint_eq(nearest_distance(BYTES_LITERAL("kitten"), BYTES_LITERAL("sitting")), 3);
    ck_assert_uint_eq(nearest_distance(BYTES_LITERAL(""), BYTES_LITERAL("abc")), 3);
}
END_TEST

START_TEST(a_prepared_ruleset_numbers_each_score_once)
{
    struct score_fixture *fixture = score_fixture_create();
    struct error error = {0};
    struct rule *first = score_fixture_rule(fixture, "a", "score.GroundTruth");
    struct rule *second = score_fixture_rule(fixture, "b", "score.ground-truth");
    struct rule *third = score_fixture_rule(fixture, "c", "label.GroundTruth");
    struct rule *fourth = score_fixture_rule(fixture, "d", "steps");
    fourth->when = expression_parse(BYTES_LITERAL("score.ground_truth > 0"), NULL, &error);
    rules_prepare(&fixture->ruleset);
    ck_assert_uint_eq(first->measures[0].slot, second->measures[0].slot);
    ck_assert_uint_eq(first->measures[0].slot, expression_measure(fourth->when, 0)->slot);
    ck_assert_uint_ne(first->measures[0].slot, third->measures[0].slot);
    ck_assert_uint_eq(fixture->ruleset.slot_count, measurement_count + 3);
    ck_assert(!fixture->ruleset.needs_content);
    score_fixture_rule(fixture, "e", "refusal");
    rules_prepare(&fixture->ruleset);
    ck_assert(fixture->ruleset.needs_content);
    score_fixture_destroy(fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rules");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, bands_in_order_are_accepted);
    tcase_add_test(tests, bands_out_of_order_are_refused);
    tcase_add_test(tests, a_rule_needs_a_finite_threshold);
    tcase_add_test(tests, a_threshold_on_a_text_is_refused);
    tcase_add_test(tests, a_pass_proves_something_where_an_answer_or_a_path_was_judged);
    tcase_add_test(tests, judges_true_is_an_error_where_a_pass_proves_nothing);
    tcase_add_test(tests, names_resolve_to_rows_scores_and_labels);
    tcase_add_test(tests, an_unknown_name_is_answered_with_the_nearest);
    tcase_add_test(tests, a_swap_of_neighbors_is_one_edit);
    tcase_add_test(tests, a_prepared_ruleset_numbers_each_score_once);
    tcase_add_test(
        tests,
        rules_over_what_answers_are_judged_by_count_in_a_gate_unless_the_file_says_otherwise);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
