/* link: score */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/score/expression/expression.h"
#include "tests/support/score_fixture.h"

static const struct bytes dimensions[] = {{(const uint8_t *)"intent", 6},
                                          {(const uint8_t *)"locale", 6}};
static const struct expression_names names = {dimensions, 2};

static struct score_fixture *fixture;

static void set_up(void)
{
    fixture = score_fixture_create();
}

static void tear_down(void)
{
    score_fixture_destroy(fixture);
}

static enum tristate is(const char *expression)
{
    return score_fixture_evaluate(fixture, expression);
}

/* The message of a mistake. */
static const char *mistake(const char *text)
{
    static struct error error;
    error = (struct error){0};
    struct expression *expression = expression_parse(bytes_of_text(text), &names, &error);
    ck_assert_msg(expression == NULL, "%s parses", text);
    ck_assert(error.is_set);
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    return error.text;
}

static const char *printed(const char *text)
{
    static char to[4096];
    struct error error = {0};
    struct buffer buffer = {0};
    struct expression *expression = expression_parse(bytes_of_text(text), &names, &error);
    ck_assert_msg(expression != NULL, "%s: %s", text, error.text);
    expression_print(expression, &buffer);
    snprintf(to, sizeof to, "%.*s", (int)buffer.size, (const char *)buffer.data);
    buffer_finish(&buffer);
    expression_destroy(expression);
    return to;
}

START_TEST(numbers_are_compared_with_every_operator)
{
    hand_run_step(&fixture->builder, NO_SPAN, STEP_AGENT, "root");
    hand_run_tool(&fixture->builder, "search", NULL);
    hand_run_tool(&fixture->builder, "search", NULL);
    ck_assert_int_eq(is("steps.tool == 2"), IS_TRUE);
    ck_assert_int_eq(is("steps.tool != 2"), IS_FALSE);
    ck_assert_int_eq(is("steps.tool < 2"), IS_FALSE);
    ck_assert_int_eq(is("steps.tool <= 2.0"), IS_TRUE);
    ck_assert_int_eq(is("steps.tool > 1e0"), IS_TRUE);
    ck_assert_int_eq(is("steps.tool >= 3"), IS_FALSE);
    ck_assert_int_eq(is("-1 < steps.tool"), IS_TRUE);
    ck_assert_int_eq(is("steps.tool in [1, 2]"), IS_TRUE);
    ck_assert_int_eq(is("[3, 4] contains steps.tool"), IS_FALSE);
}
END_TEST

START_TEST(texts_are_compared_searched_and_matched)
{
    fixture->dimension_values[0] = BYTES_LITERAL("mortgage payoff");
    ck_assert_int_eq(is("intent == \"mortgage payoff\""), IS_TRUE);
    ck_assert_int_eq(is("intent != 'mortgage payoff'"), IS_FALSE);
    ck_assert_int_eq(is("intent contains 'gage'"), IS_TRUE);
    ck_assert_int_eq(is("intent contains 'Gage'"), IS_FALSE);
    ck_assert_int_eq(is("intent contains ''"), IS_TRUE);
    ck_assert_int_eq(is("intent in ['refund', 'mortgage payoff']"), IS_TRUE);
    ck_assert_int_eq(is("intent in ['refund']"), IS_FALSE);
    ck_assert_int_eq(is("intent =~ '^mort\\w+ pay'"), IS_TRUE);
    ck_assert_int_eq(is("intent =~ '^pay'"), IS_FALSE);
    ck_assert_int_eq(is("'a\\'b' == \"a'b\""), IS_TRUE);
}
END_TEST

/* A dimension that no attribute set is known to be unknown, and nothing else. */
START_TEST(an_absent_dimension_equals_unknown_and_no_more_is_known)
{
    ck_assert_int_eq(is("intent == 'unknown'"), IS_TRUE);
    ck_assert_int_eq(is("intent in ['refund', 'unknown']"), IS_TRUE);
    ck_assert_int_eq(is("intent == 'refund'"), IS_UNKNOWN);
    ck_assert_int_eq(is("intent != 'refund'"), IS_UNKNOWN);
    ck_assert_int_eq(is("intent in ['refund']"), IS_UNKNOWN);
    ck_assert_int_eq(is("intent =~ '.'"), IS_UNKNOWN);
    ck_assert_int_eq(is("intent contains 'u'"), IS_UNKNOWN);
    ck_assert_int_eq(is("intent == locale"), IS_UNKNOWN);
}
END_TEST

START_TEST(logic_is_three_valued)
{
    /* t, f and u as conditions */
    static const char *const operands[] = {"1 == 2", "1 == 1", "score.Missing > 0"};
    static const enum tristate and_table[3][3] = {{IS_FALSE, IS_FALSE, IS_FALSE},
                                                  {IS_FALSE, IS_TRUE, IS_UNKNOWN},
                                                  {IS_FALSE, IS_UNKNOWN, IS_UNKNOWN}};
    static const enum tristate or_table[3][3] = {{IS_FALSE, IS_TRUE, IS_UNKNOWN},
                                                 {IS_TRUE, IS_TRUE, IS_TRUE},
                                                 {IS_UNKNOWN, IS_TRUE, IS_UNKNOWN}};
    static const enum tristate not_table[3] = {IS_TRUE, IS_FALSE, IS_UNKNOWN};
    char text[200];
    for (int a = 0; a < 3; a++) {
        snprintf(text, sizeof text, "not %s", operands[a]);
        ck_assert_int_eq(is(text), not_table[a]);
        for (int b = 0; b < 3; b++) {
            snprintf(text, sizeof text, "%s and %s", operands[a], operands[b]);
            ck_assert_msg(is(text) == and_table[a][b], "%s", text);
            snprintf(text, sizeof text, "%s or %s", operands[a], operands[b]);
            ck_assert_msg(is(text) == or_table[a][b], "%s", text);
        }
    }
}
END_TEST

START_TEST(missing_data_is_unknown)
{
    ck_assert_int_eq(is("tokens.total > 0"), IS_UNKNOWN);
    ck_assert_int_eq(is("attributes[\"tier\"] == 'gold'"), IS_UNKNOWN);
    ck_assert_int_eq(is("attributes['tier']"), IS_UNKNOWN);
    ck_assert_int_eq(is("'gold' in attributes['tiers']"), IS_UNKNOWN);
    ck_assert_int_eq(is("label.Tone == 'ok'"), IS_UNKNOWN);
    struct score *score = hand_run_score(&fixture->builder, "Tone", NAN);
    score->label = BYTES_LITERAL("ok");
    ck_assert_int_eq(is("label.Tone == 'ok'"), IS_TRUE);
    ck_assert_int_eq(is("score.Tone < 1 or score.Tone >= 1"), IS_UNKNOWN);
}
END_TEST

START_TEST(and_binds_closer_than_or_and_not_closer_than_both)
{
    ck_assert_int_eq(is("1 == 1 or 1 == 1 and 1 == 2"), IS_TRUE);
    ck_assert_int_eq(is("(1 == 1 or 1 == 1) and 1 == 2"), IS_FALSE);
    ck_assert_int_eq(is("not 1 == 2 and 1 == 2"), IS_FALSE);
    ck_assert_int_eq(is("not (1 == 2 and 1 == 2)"), IS_TRUE);
    ck_assert_int_eq(is("not not 1 == 1"), IS_TRUE);
    ck_assert_int_eq(is("true and not false"), IS_TRUE);
}
END_TEST

START_TEST(printing_is_canonical)
{
    ck_assert_str_eq(printed("  steps.tool>0  and(((intent=='a')))"),
                     "steps.tool > 0 and intent == \"a\"");
    ck_assert_str_eq(printed("(true or false) and not (true and false)"),
                     "(true or false) and not (true and false)");
    ck_assert_str_eq(printed("(true and (true and false)) or (true or false)"),
                     "true and true and false or true or false");
    ck_assert_str_eq(printed("intent in ['a',\"b\"] or attributes['k'] =~ '\\d\"'"),
                     "intent in [\"a\", \"b\"] or attributes[\"k\"] =~ \"\\\\d\\\"\"");
    ck_assert_str_eq(printed("not(score.Answer-Relevance<0.50)"),
                     "not score.Answer-Relevance < 0.5");
}
END_TEST

START_TEST(a_mistake_names_its_column_and_what_was_expected)
{
    ck_assert_str_eq(mistake("steps.tols > 0"),
                     "column 1: expected a measurement or a dimension, found `steps.tols`; "
                     "nearest: `steps.tool`");
    ck_assert_str_eq(mistake("true and intnet == 'x'"),
                     "column 10: expected a measurement or a dimension, found `intnet`; nearest: "
                     "`intent`");
    ck_assert_str_eq(mistake("steps.tool = 1"), "column 12: expected `==`, not `=`");
    ck_assert_str_eq(mistake("steps.tool >"),
                     "column 13: expected a measurement, a dimension, an attribute or a value, "
                     "found the end");
    ck_assert_str_eq(mistake("(steps > 1"),
                     "column 11: expected and, or, an operator or `)`, found the end");
    ck_assert_str_eq(mistake("steps > 1 steps"),
                     "column 11: expected and, or or the end, found `steps`");
    ck_assert_str_eq(mistake("'ä' == 'x"),
                     "column 8: the text that starts here has no closing quote");
    ck_assert_ptr_nonnull(strstr(mistake(""), "found the end"));
    ck_assert_ptr_nonnull(strstr(mistake("intent == 'a' && true"), "expected `and`"));
    ck_assert_ptr_nonnull(strstr(mistake("intent =~ '('"), "column 11: expected a regex"));
    ck_assert_ptr_nonnull(strstr(mistake("1.2.3 > 1"), "expected a number"));
    ck_assert_ptr_nonnull(strstr(mistake("1e999 > 1"), "expected a number"));
}
END_TEST

START_TEST(types_are_checked_when_parsed)
{
    ck_assert_ptr_nonnull(strstr(mistake("steps"), "expected a condition, found a number"));
    ck_assert_ptr_nonnull(strstr(mistake("intent and true"), "found a text"));
    ck_assert_ptr_nonnull(strstr(mistake("steps == 'a'"), "expected a number"));
    ck_assert_ptr_nonnull(strstr(mistake("intent == 1"), "expected a text"));
    ck_assert_ptr_nonnull(strstr(mistake("intent < 'b'"), "numbers on both sides"));
    ck_assert_ptr_nonnull(strstr(mistake("intent in 'ab'"), "a [list] after it"));
    ck_assert_ptr_nonnull(strstr(mistake("intent in [1, 2]"), "expected a text"));
    ck_assert_ptr_nonnull(strstr(mistake("intent in ['a', 2]"), "have one type"));
    ck_assert_ptr_nonnull(strstr(mistake("intent in []"), "found `]`"));
    ck_assert_ptr_nonnull(strstr(mistake("steps contains 1"), "before `contains`"));
    ck_assert_ptr_nonnull(strstr(mistake("intent =~ locale"), "a regex in quotes"));
    ck_assert_ptr_nonnull(strstr(mistake("tool_path > 3"), "numbers on both sides"));
    ck_assert_ptr_nonnull(strstr(mistake("(steps > 1) == true"), "found a condition"));
    ck_assert_ptr_nonnull(strstr(mistake("1 < 2 < 3"), "expected and, or or the end"));
    ck_assert_ptr_nonnull(strstr(mistake("attributes == 'x'"), "after attributes"));
    ck_assert_ptr_nonnull(strstr(mistake("attributes[key] == 'x'"), "in quotes"));
}
END_TEST

static const char *repeated(const char *head, const char *part, int count, const char *tail)
{
    static char text[16384];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", head);
    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", part);
    snprintf(text + used, sizeof text - used, "%s", tail);
    return text;
}

START_TEST(size_and_depth_are_bounded)
{
    ck_assert_ptr_nonnull(strstr(mistake(repeated("", "(", 2000, "")), "nests deeper than 32"));
    ck_assert_ptr_nonnull(strstr(mistake(repeated("", "not ", 500, "true")), "nests deeper"));
    ck_assert_ptr_nonnull(strstr(mistake(repeated("true", " and true", 400, "")), "256 parts"));
    ck_assert_int_eq(is(repeated("true", " and true", 200, "")), IS_TRUE);
    ck_assert_int_eq(is(repeated("", "not ", 30, "true")), IS_TRUE);
}
END_TEST

START_TEST(content_is_needed_where_a_measurement_reads_it)
{
    struct error error = {0};
    struct expression *with =
        expression_parse(BYTES_LITERAL("steps > 1 or refusal > 0"), &names, &error);
    struct expression *without =
        expression_parse(BYTES_LITERAL("score.A > 1 or steps > 0"), &names, &error);
    ck_assert(expression_needs_content(with));
    ck_assert(!expression_needs_content(without));
    ck_assert(bytes_equal_text(expression_measure(without, 0)->name, "score.A"));
    ck_assert(bytes_equal_text(expression_measure(without, 1)->name, "steps"));
    ck_assert_ptr_null(expression_measure(without, 2));
    expression_destroy(with);
    expression_destroy(without);
    expression_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, numbers_are_compared_with_every_operator);
    tcase_add_test(tests, texts_are_compared_searched_and_matched);
    tcase_add_test(tests, an_absent_dimension_equals_unknown_and_no_more_is_known);
    tcase_add_test(tests, logic_is_three_valued);
    tcase_add_test(tests, missing_data_is_unknown);
    tcase_add_test(tests, and_binds_closer_than_or_and_not_closer_than_both);
    tcase_add_test(tests, printing_is_canonical);
    tcase_add_test(tests, a_mistake_names_its_column_and_what_was_expected);
    tcase_add_test(tests, types_are_checked_when_parsed);
    tcase_add_test(tests, size_and_depth_are_bounded);
    tcase_add_test(tests, content_is_needed_where_a_measurement_reads_it);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
