/* link: base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/regex.h"

static struct regex_scratch *scratch;
static size_t start, end;

static enum regex_result search(const char *pattern, struct bytes subject, size_t offset)
{
    struct error error = {0};
    if (!scratch)
        scratch = regex_scratch_create();
    struct regex *regex = regex_create(bytes_of_text(pattern), &error);
    ck_assert_msg(regex != NULL, "%s", error.text);
    enum regex_result result = regex_search(regex, scratch, subject, offset, &start, &end);
    regex_destroy(regex);
    return result;
}

static bool found(const char *pattern, struct bytes subject, size_t offset)
{
    return search(pattern, subject, offset) == REGEX_FOUND;
}

START_TEST(a_match_has_its_byte_range)
{
    ck_assert(found("\\d+", BYTES_LITERAL("caf\xc3\xa9 42 and 7"), 0));
    ck_assert_uint_eq(start, 6);
    ck_assert_uint_eq(end, 8);
    ck_assert(found("\\d+", BYTES_LITERAL("caf\xc3\xa9 42 and 7"), 8));
    ck_assert_uint_eq(start, 13);
    ck_assert(!found("\\d+", BYTES_LITERAL("none"), 0));
    ck_assert(found("^$", (struct bytes){0}, 0));
}
END_TEST

START_TEST(a_dot_is_a_code_point)
{
    ck_assert(found("^.$", BYTES_LITERAL("\xe2\x82\xac"), 0));
    ck_assert_uint_eq(end, 3);
}
END_TEST

START_TEST(invalid_text_can_be_searched)
{
    ck_assert(found("secret", BYTES_LITERAL("\xff\xfe secret \xc3"), 0));
    ck_assert_uint_eq(start, 3);
    ck_assert(found("b",
                    BYTES_LITERAL("\xed\xa0\x80"
                                  "b"),
                    0));
}
END_TEST

START_TEST(a_wrong_pattern_is_explained)
{
    struct error error = {0};
    ck_assert_ptr_null(regex_create(BYTES_LITERAL("ab(c"), &error));
    ck_assert(error.is_set);
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.text, "at character"));
    ck_assert_ptr_nonnull(strstr(error.text, "parenthesis"));
}
END_TEST

START_TEST(a_search_that_runs_away_gives_up)
{
    char subject[4001];
    memset(subject, 'a', 4000);
    subject[4000] = 'b';
    uint64_t before = regex_limit_hits();
    ck_assert_int_eq(search("(a+)+$", bytes_of(subject, sizeof subject), 0), REGEX_GAVE_UP);
    ck_assert_uint_gt(regex_limit_hits(), before);
}
END_TEST

START_TEST(a_search_from_inside_a_code_point_begins_at_the_next)
{
    ck_assert_int_eq(search("x", BYTES_LITERAL("\xe2\x82\xac x"), 1), REGEX_FOUND);
    ck_assert_uint_eq(start, 4);
    ck_assert_int_eq(search("x", BYTES_LITERAL("ab\x80\x80"), 2), REGEX_NONE);
}
END_TEST

START_TEST(no_match_is_no_limit_hit)
{
    uint64_t before = regex_limit_hits();
    ck_assert(!found("xyz", BYTES_LITERAL("abc"), 0));
    ck_assert_uint_eq(regex_limit_hits(), before);
    regex_scratch_destroy(scratch);
    scratch = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regex");
    TCase *tests = tcase_create("regex");
    tcase_add_test(tests, a_match_has_its_byte_range);
    tcase_add_test(tests, a_dot_is_a_code_point);
    tcase_add_test(tests, invalid_text_can_be_searched);
    tcase_add_test(tests, a_wrong_pattern_is_explained);
    tcase_add_test(tests, a_search_that_runs_away_gives_up);
    tcase_add_test(tests, a_search_from_inside_a_code_point_begins_at_the_next);
    tcase_add_test(tests, no_match_is_no_limit_hit);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
