/* link: score */
#include <check.h>
#include <stdlib.h>

#include "processor/score/measure/expected.h"
#include "tests/support/score_fixture.h"

static struct score_fixture *fixture;

static void set_up(void)
{
    fixture = score_fixture_create();
    hand_run_step(&fixture->builder, NO_SPAN, STEP_AGENT, "root");
}

static void tear_down(void)
{
    score_fixture_destroy(fixture);
}

static void expect(const char *expected, const char *answer, const char *name, double value)
{
    fixture->builder.run.expected = bytes_of_text(expected);
    fixture->builder.run.output = bytes_of_text(answer);
    const struct reading *reading = score_fixture_read(fixture, name);
    ck_assert_msg(reading->has_value, "%s is na(%s)", name, reading->na_reason);
    ck_assert_msg(reading->value > value - 1e-9 && reading->value < value + 1e-9,
                  "%s of \"%s\" is %g, not %g", name, answer, reading->value, value);
}

START_TEST(a_sentence_around_the_expected_words_is_right)
{
    static const char *const answer = "The Eiffel Tower was finished in 1889, for a world fair.";
    expect("1889", answer, "ground_truth.recall", 1);
    expect("1889", answer, "ground_truth.contains", 1);
    expect("in March 1889", answer, "ground_truth.recall", 2.0 / 3);
    expect("in March 1889", answer, "ground_truth.contains", 0);
    expect("Eiffel tower", answer, "ground_truth.contains", 1);
    expect("Gustave Eiffel", answer, "ground_truth.recall", 0.5);
    expect("1890", answer, "ground_truth.recall", 0);
}
END_TEST

START_TEST(repeated_words_count_once_and_numbers_by_value)
{
    expect("no no no maybe", "Maybe.", "ground_truth.recall", 0.5);
    expect("1,200.00 dollars", "It is 1200 dollars.", "ground_truth.recall", 1);
    expect("1200 dollars", "It is 1.2 dollars.", "ground_truth.recall", 0.5);
}
END_TEST

START_TEST(of_several_alternatives_the_best_counts)
{
    static const char *const answer = "It is called Big Apple by many.";
    expect("[\"New York City\", \"Big Apple\"]", answer, "ground_truth.contains", 1);
    expect("New York City | Big Apple", answer, "ground_truth.contains", 1);
    expect("New York City/Big Apple", answer, "ground_truth.recall", 1);
    expect("New York City / NYC", answer, "ground_truth.recall", 0);
    expect("New York City | big apple", "Big Apple", "ground_truth.exact", 1);
    expect("New York City | big apple", "Big Apple", "ground_truth.f1", 1);
    expect("Sunset Blvd./West Sunset Boulevard/Sunset Boulevard", "Sunset Boulevard, in 1993.",
           "ground_truth.contains", 1);
    expect("December 1972/14 December 1972", "On 14 December 1972.", "ground_truth.contains", 1);
    expect("60 km/h / 37 mph", "37 mph", "ground_truth.exact", 1);
    expect("[1889, 1890]", "In 1890.", "ground_truth.recall", 1);
}
END_TEST

START_TEST(a_slash_inside_of_one_answer_parts_nothing)
{
    static const char *const whole[] = {
        "60 km/h",        "3/4",     "https://example.com/a/b", "/var/log/mail", "03/05/2026",
        "[not, a, list]", "3/4 cup", "tea and/or coffee",       "{\"a\":\"b\"}", "[{\"a\": 1}, 2]"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        struct expected_answers answers = expected_read(bytes_of_text(whole[i]), &fixture->arena);
        ck_assert_msg(answers.count == 1 && bytes_equal_text(answers.items[0], whole[i]), "%s",
                      whole[i]);
    }
    ck_assert_uint_eq(expected_read(BYTES_LITERAL("  "), &fixture->arena).count, 0);
    ck_assert_uint_eq(expected_read((struct bytes){0}, &fixture->arena).count, 0);
    ck_assert_uint_eq(expected_read(BYTES_LITERAL("a|b||c"), &fixture->arena).count, 3);
}
END_TEST

START_TEST(more_alternatives_than_are_kept_are_left_out)
{
    static char text[4 * (EXPECTED_MAX + 5)];
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 2 ? '|' : 'x';
    ck_assert_uint_eq(expected_read(bytes_of_text(text), &fixture->arena).count, EXPECTED_MAX);
}
END_TEST

START_TEST(nothing_expected_and_nothing_answered_are_na)
{
    fixture->builder.run.output = BYTES_LITERAL("Paris");
    ck_assert_str_eq(score_fixture_read(fixture, "ground_truth.recall")->na_reason, "no_expected");
    fixture->builder.run.expected = BYTES_LITERAL("...");
    ck_assert_str_eq(score_fixture_read(fixture, "ground_truth.contains")->na_reason,
                     "no_expected");
    fixture->builder.run.expected = BYTES_LITERAL("Paris");
    fixture->builder.run.output = (struct bytes){0};
    ck_assert_str_eq(score_fixture_read(fixture, "ground_truth.recall")->na_reason, "no_answer");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ground truth");
    TCase *tests = tcase_create("ground truth");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_sentence_around_the_expected_words_is_right);
    tcase_add_test(tests, repeated_words_count_once_and_numbers_by_value);
    tcase_add_test(tests, of_several_alternatives_the_best_counts);
    tcase_add_test(tests, a_slash_inside_of_one_answer_parts_nothing);
    tcase_add_test(tests, more_alternatives_than_are_kept_are_left_out);
    tcase_add_test(tests, nothing_expected_and_nothing_answered_are_na);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
