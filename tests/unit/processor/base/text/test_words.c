/* link: base */
#include <check.h>

#include "processor/base/digest.h"
#include "processor/base/text/words.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_finish(&arena);
}

/* Words as the source text between bars. */
static const char *words_of(const char *text)
{
    static char joined[1024];
    struct words words = text_words(bytes_of_text(text), &arena);
    size_t size = 0;
    for (size_t i = 0; i < words.count; i++) {
        size_t length = words.items[i].end - words.items[i].start;
        ck_assert_uint_lt(size + length + 2, sizeof joined);
        memcpy(joined + size, text + words.items[i].start, length);
        size += length;
        joined[size++] = '|';
    }
    joined[size] = 0;
    return joined;
}

static uint64_t hash_of(const char *text)
{
    struct words words = text_words(bytes_of_text(text), &arena);
    ck_assert_uint_eq(words.count, 1);
    return words.items[0].hash;
}

START_TEST(words_are_runs_of_letters_and_digits)
{
    ck_assert_str_eq(words_of("The payoff, as of 3rd-May: don't!"),
                     "The|payoff|as|of|3rd|May|don't|");
    ck_assert_str_eq(words_of("1,200.00 1.5. a.b 'quoted' x,1 1,x"),
                     "1,200.00|1.5|a|b|quoted|x|1|1|x|");
    ck_assert_str_eq(words_of("snake_case"), "snake|case|");
    ck_assert_str_eq(words_of(""), "");
    ck_assert_str_eq(words_of(" .,' "), "");
}
END_TEST

START_TEST(words_of_other_scripts_are_found)
{
    ck_assert_str_eq(words_of("caf\u00e9 \u00fcber na\u00efve-\u00e9t\u00e9"),
                     "caf\u00e9|\u00fcber|na\u00efve|\u00e9t\u00e9|");
    ck_assert_str_eq(words_of("\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440"),
                     "\u041f\u0440\u0438\u0432\u0435\u0442|\u043c\u0438\u0440|");
    ck_assert_str_eq(words_of("don\u2019t \u2018a\u2019"), "don\u2019t|a|");
    ck_assert_str_eq(words_of("a\u2014b\u00a0c\xff"
                              "d"),
                     "a|b|c|d|");
}
END_TEST

START_TEST(ideographs_become_overlapping_pairs)
{
    ck_assert_str_eq(words_of("\u6771\u4eac\u90fdis\u65e5"),
                     "\u6771\u4eac|\u4eac\u90fd|is|\u65e5|");
    ck_assert_str_eq(words_of("\ud55c\uad6d\uc5b4\u3002"), "\ud55c\uad6d|\uad6d\uc5b4|");
}
END_TEST

START_TEST(words_are_hashed_folded)
{
    ck_assert_uint_eq(hash_of("Payoff"), digest_fnv1a64(BYTES_LITERAL("payoff")));
    ck_assert_uint_eq(hash_of("DON'T"), hash_of("don\u2019t"));
    ck_assert_uint_eq(hash_of("CAF\u00c9"), digest_fnv1a64(BYTES_LITERAL("caf\xc3\xa9")));
    ck_assert_uint_eq(hash_of("cafe\u0301"), hash_of("caf\u00e9"));
    ck_assert_uint_eq(hash_of("STRASSE"), hash_of("Stra\u00dfe"));
    ck_assert_uint_eq(hash_of("soft\u00adhyphen"), hash_of("softhyphen"));
    ck_assert_uint_eq(hash_of("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2"),
                      hash_of("\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"));
    ck_assert_uint_ne(hash_of("payoff"), hash_of("payof"));
}
END_TEST

START_TEST(digits_are_noticed)
{
    struct words words = text_words(BYTES_LITERAL("abc 4x 1,5 \xd9\xa3 \xc3\xa9"
                                                  "1"),
                                    &arena);
    ck_assert_uint_eq(words.count, 5);
    ck_assert(!words.items[0].has_digit);
    for (size_t i = 1; i < 5; i++)
        ck_assert(words.items[i].has_digit);
}
END_TEST

START_TEST(a_full_arena_gives_no_words)
{
    struct arena tiny;
    arena_init(&tiny, 100);
    ck_assert_uint_eq(text_words(BYTES_LITERAL("a b c d e f g h i j k l m n o p q"), &tiny).count,
                      0);
    ck_assert(tiny.failed);
    arena_finish(&tiny);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    tcase_add_test(tests, words_are_runs_of_letters_and_digits);
    tcase_add_test(tests, words_of_other_scripts_are_found);
    tcase_add_test(tests, ideographs_become_overlapping_pairs);
    tcase_add_test(tests, words_are_hashed_folded);
    tcase_add_test(tests, digits_are_noticed);
    tcase_add_test(tests, a_full_arena_gives_no_words);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
