/* link: score base */
#include <check.h>

#include "processor/base/text/words.h"
#include "processor/score/language/stop_words.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_finish(&arena);
}

static uint64_t hash_of(const char *text)
{
    struct words words = text_words(bytes_of_text(text), &arena);
    ck_assert_uint_eq(words.count, 1);
    return words.items[0].hash;
}

START_TEST(stop_words_are_known_in_their_languages_and_in_either_case)
{
    static const char *const stops[] = {
        "the", "Don\u2019t", "\u00fcber", "\u00eatre", "tambi\u00e9n", "perch\u00e9", "s\u00e3o",
        "het", "Который",    "który",     "dacă",      "också",        "değil",       "ΤΗΣ",
        "της", "التي",       "है",         "những",     "Что"};
    static const char *const others[] = {"payoff", "mortgage", "due",     "Zins",
                                         "1200",   "банк",     "τράπεζα", "ऋण"};
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
        ck_assert_msg(stop_words_hold(hash_of(stops[i])), "%s", stops[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!stop_words_hold(hash_of(others[i])), "%s", others[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stop_words");
    TCase *tests = tcase_create("stop_words");
    tcase_add_test(tests, stop_words_are_known_in_their_languages_and_in_either_case);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
