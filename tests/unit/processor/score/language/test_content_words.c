/* link: score base */
#include <check.h>
#include <stdlib.h>

#include "processor/score/language/content_words.h"

static struct arena arena;

static void set_up(void)
{
    arena_init(&arena, 1 << 20);
}

static void tear_down(void)
{
    arena_finish(&arena);
}

static uint64_t stem(const char *word)
{
    struct words words = content_words(bytes_of_text(word), &arena);
    ck_assert_msg(words.count == 1, "%s: %zu", word, words.count);
    return words.items[0].hash;
}

START_TEST(forms_of_a_word_have_one_stem)
{
    static const char *const pairs[][2] = {
        {"payment", "Payments"},      {"loan", "loans"},       {"bank", "bank's"},
        {"Calculated", "calculates"}, {"платежей", "Платежи"}, {"τράπεζας", "τράπεζα"},
        {"evlerinden", "evlerin"},    {"والبنوك", "بنوك"},     {"Zahlungsfrist", "Zahlung"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_msg(stem(pairs[i][0]) == stem(pairs[i][1]), "%s", pairs[i][0]);
}
END_TEST

START_TEST(other_words_have_others)
{
    static const char *const pairs[][2] = {{"loan", "lean"}, {"class", "clas"},
                                           {"gas", "gaps"},  {"AB1234567", "AB1234568"},
                                           {"1200", "120"},  {"банк", "банан"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        ck_assert_msg(stem(pairs[i][0]) != stem(pairs[i][1]), "%s", pairs[i][0]);
}
END_TEST

START_TEST(places_are_those_of_the_text)
{
    static const char text[] = "The payments of the lender";
    struct words words = content_words(bytes_of_text(text), &arena);
    ck_assert_uint_eq(words.count, 2);
    ck_assert_uint_eq(words.items[0].start, 4);
    ck_assert_uint_eq(words.items[1].end, sizeof text - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("content words");
    TCase *tests = tcase_create("content words");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, forms_of_a_word_have_one_stem);
    tcase_add_test(tests, other_words_have_others);
    tcase_add_test(tests, places_are_those_of_the_text);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
