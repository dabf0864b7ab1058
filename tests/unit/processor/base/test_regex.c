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

enum { LONG = 1 << 18 };

/* One word without the end that the pattern asks for, which stands behind it: each start of it
 * passes over all the rest, and no limit of PCRE2 counts that. */
static struct bytes long_word(void)
{
    static char text[LONG];
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 8, " @corp b", 8);
    return bytes_of(text, sizeof text);
}

START_TEST(what_one_item_passes_over_is_counted_and_bounded)
{
    static const char *const patterns[] = {"\\w+@corp", "a{0,200}a{0,200}b", "[\\w.]+\\s*@corpus b",
                                           "(?:[a-z]+\\.)+corp"};
    ck_assert_int_eq(search(patterns[_i], long_word(), 0), REGEX_GAVE_UP);
    ck_assert_uint_lt(regex_looked(scratch), 2300ULL * LONG);
}
END_TEST

START_TEST(a_text_that_used_up_what_could_be_spared_leaves_the_others_their_share)
{
    for (int i = 0; i < 14; i++)
        ck_assert_int_eq(search("\\w+@corp", long_word(), 0), REGEX_GAVE_UP);
    ck_assert_uint_le(regex_looked(scratch), 140ULL * LONG);
    ck_assert(found("\\w+@corp", BYTES_LITERAL("mail jo@corp now"), 0));
    regex_scratch_begin(scratch);
    ck_assert_int_eq(search("\\w+@corp", long_word(), 0), REGEX_GAVE_UP);
    ck_assert_uint_gt(regex_looked(scratch), 1000ULL * LONG);
}
END_TEST

START_TEST(all_searches_of_one_text_share_what_it_may_look_at)
{
    static char text[LONG];
    struct error error = {0};
    struct regex *regex = regex_create(BYTES_LITERAL("x(?=(?:y*z)?)"), &error);
    size_t at = 0;
    memset(text, 'y', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 2)
        text[i] = 'x';
    memset(text + LONG / 2, 'y', LONG / 2);
    text[LONG / 2 - 1] = 'x';
    scratch = regex_scratch_create();
    enum regex_result result;
    while ((result = regex_search(regex, scratch, bytes_of(text, sizeof text), at, &start, &end)) ==
           REGEX_FOUND)
        at = end;
    ck_assert_int_eq(result, REGEX_NONE);
    ck_assert_uint_lt(regex_looked(scratch), 2300ULL * LONG);
    ck_assert_uint_gt(regex_looked(scratch), LONG);
    regex_destroy(regex);
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
    tcase_add_loop_test(tests, what_one_item_passes_over_is_counted_and_bounded, 0, 4);
    tcase_add_test(tests, a_text_that_used_up_what_could_be_spared_leaves_the_others_their_share);
    tcase_add_test(tests, all_searches_of_one_text_share_what_it_may_look_at);
    tcase_add_test(tests, a_search_from_inside_a_code_point_begins_at_the_next);
    tcase_add_test(tests, no_match_is_no_limit_hit);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
