/* link: base */
#include <check.h>

#include "processor/base/digest.h"
#include "processor/base/text/text.h"

static struct arena arena;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
    arena_finish(&arena);
}

START_TEST(code_points_are_decoded)
{
    struct bytes text = BYTES_LITERAL("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    static const uint32_t points[] = {'a', 0xe9, 0x20ac, 0x1f600};
    size_t at = 0;
    for (int i = 0; i < 4; i++)
        ck_assert_uint_eq(utf8_decode(text, at, &at), points[i]);
    ck_assert_uint_eq(at, text.size);
    ck_assert(utf8_is_valid(text));
    ck_assert_uint_eq(utf8_length(text), 4);
}
END_TEST

START_TEST(malformed_sequences_advance_by_one_byte)
{
    static const char *const wrong[] = {"\x80",
                                        "\xff",
                                        "\xc0\xaf",
                                        "\xc3",
                                        "\xc3(",
                                        "\xe0\x80\xaf",
                                        "\xed\xa0\x80",
                                        "\xe2\x82",
                                        "\xf0\x80\x80\xaf",
                                        "\xf4\x90\x80\x80",
                                        "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t next = 0;
        ck_assert_uint_eq(utf8_decode(bytes_of_text(wrong[i]), 0, &next), 0xfffd);
        ck_assert_uint_eq(next, 1);
        ck_assert(!utf8_is_valid(bytes_of_text(wrong[i])));
    }
    ck_assert(utf8_is_valid(BYTES_LITERAL("a real \xef\xbf\xbd")));
    ck_assert_uint_eq(utf8_length(BYTES_LITERAL("12345678\xff\xff")), 10);
}
END_TEST

START_TEST(a_cut_never_splits_a_code_point)
{
    struct bytes text = BYTES_LITERAL("a\xe2\x82\xac\xf0\x9f\x98\x80");
    static const size_t sizes[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    for (size_t limit = 0; limit < 10; limit++)
        ck_assert_uint_eq(utf8_cut(text, limit).size, sizes[limit]);
    ck_assert_uint_eq(utf8_cut(BYTES_LITERAL("\x80\x80\x80\x80\x80\x80"), 5).size, 5);
}
END_TEST

START_TEST(white_space_is_trimmed)
{
    ck_assert(bytes_equal_text(text_trim(BYTES_LITERAL(" \t\n a b \r\n")), "a b"));
    ck_assert(bytes_equal_text(text_trim(BYTES_LITERAL("\xc2\xa0\xe3\x80\x80\xc3\xa9\xe2\x80\x8a")),
                               "\xc3\xa9"));
    ck_assert_uint_eq(text_trim(BYTES_LITERAL("   ")).size, 0);
    ck_assert_uint_eq(text_trim((struct bytes){0}).size, 0);
    ck_assert(bytes_equal_text(text_trim(BYTES_LITERAL("\x80 a \x80")), "\x80 a \x80"));
}
END_TEST

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
    ck_assert_uint_eq(hash_of("Payoff"), fnv1a64(BYTES_LITERAL("payoff")));
    ck_assert_uint_eq(hash_of("DON'T"), hash_of("don\u2019t"));
    ck_assert_uint_eq(hash_of("CAF\u00c9"), fnv1a64(BYTES_LITERAL("caf\xc3\xa9")));
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

START_TEST(folding_is_case_blind_and_composed)
{
    ck_assert(bytes_equal_text(text_fold(BYTES_LITERAL("Hello WORLD 1"), &arena), "hello world 1"));
    ck_assert(bytes_equal_text(text_fold(bytes_of_text("STRA\u00dfE \u00c9 E\u0301"), &arena),
                               "strasse \u00e9 \u00e9"));
    ck_assert(bytes_equal_text(text_fold(BYTES_LITERAL("A\xff"
                                                       "B"),
                                         &arena),
                               "a\xef\xbf\xbd"
                               "b"));
    ck_assert_ptr_nonnull(text_fold(BYTES_LITERAL(""), &arena).data);
}
END_TEST

START_TEST(folding_every_code_point_stays_within_its_room)
{
    /* all of the small scripts, and samples of the large blocks that have neither case nor parts */
    for (uint32_t point = 1; point < 0x110000;
         point += point < 0x3400 || (point >= 0xf900 && point < 0x11000) ||
                          (point >= 0x1d100 && point < 0x1d200)
                      ? 1
                      : 61) {
        if (point >= 0xd800 && point < 0xe000)
            continue;
        char raw[8 * 3 + 1];
        struct buffer text = {.data = (uint8_t *)raw, .capacity = sizeof raw, .limit = sizeof raw};
        for (int i = 0; i < 3; i++) {
            if (point < 0x80)
                buffer_append_byte(&text, (uint8_t)point);
            else if (point < 0x800)
                buffer_append(
                    &text,
                    (uint8_t[]){(uint8_t)(0xc0 | point >> 6), (uint8_t)(0x80 | (point & 63))}, 2);
            else if (point < 0x10000)
                buffer_append(&text,
                              (uint8_t[]){(uint8_t)(0xe0 | point >> 12),
                                          (uint8_t)(0x80 | (point >> 6 & 63)),
                                          (uint8_t)(0x80 | (point & 63))},
                              3);
            else
                buffer_append(&text,
                              (uint8_t[]){(uint8_t)(0xf0 | point >> 18),
                                          (uint8_t)(0x80 | (point >> 12 & 63)),
                                          (uint8_t)(0x80 | (point >> 6 & 63)),
                                          (uint8_t)(0x80 | (point & 63))},
                              4);
        }
        size_t wide = point < 0x80 ? 0 : text.size;
        struct bytes folded = text_fold(buffer_bytes(&text), &arena);
        ck_assert_uint_le(folded.size, text.size + 2 * wide);
        ck_assert(utf8_is_valid(folded));
        arena_reset(&arena);
    }
}
END_TEST

START_TEST(stop_words_of_seven_languages_are_known)
{
    static const char *const stops[] = {"the",          "Don\u2019t",  "\u00fcber", "\u00eatre",
                                        "tambi\u00e9n", "perch\u00e9", "s\u00e3o",  "het"};
    static const char *const others[] = {"payoff", "mortgage", "due", "Zins", "1200"};
    for (size_t i = 0; i < 8; i++)
        ck_assert_msg(word_is_stop(hash_of(stops[i])), "%s", stops[i]);
    for (size_t i = 0; i < 5; i++)
        ck_assert_msg(!word_is_stop(hash_of(others[i])), "%s", others[i]);
}
END_TEST

static const char *sentences_of(const char *text)
{
    static char joined[1024];
    struct sentence sentences[32];
    size_t count = text_sentences(bytes_of_text(text), sentences, 32), size = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = sentences[i].end - sentences[i].start;
        memcpy(joined + size, text + sentences[i].start, length);
        size += length;
        joined[size++] = sentences[i].is_question ? '#' : '|';
    }
    joined[size] = 0;
    return joined;
}

START_TEST(sentences_end_at_their_punctuation)
{
    ck_assert_str_eq(sentences_of("One. Two!  Is it three? Four"), "One.|Two!|Is it three?#Four|");
    ck_assert_str_eq(sentences_of("He said \"no.\" Then he left."),
                     "He said \"no.\"|Then he left.|");
    ck_assert_str_eq(sentences_of("Really?! Well... yes"), "Really?!#Well...|yes|");
    ck_assert_str_eq(sentences_of("\u4eca\u65e5\u306f\u3002\u5143\u6c17\uff1fOK"),
                     "\u4eca\u65e5\u306f\u3002|\u5143\u6c17\uff1f#OK|");
    ck_assert_str_eq(sentences_of(""), "");
    ck_assert_str_eq(sentences_of(" ... \n---\n ? "), "");
}
END_TEST

START_TEST(a_dot_in_a_number_or_abbreviation_ends_nothing)
{
    ck_assert_str_eq(sentences_of("It is 1,200.50 at 3.5 percent. See a.example.com today."),
                     "It is 1,200.50 at 3.5 percent.|See a.example.com today.|");
    ck_assert_str_eq(sentences_of("Dr. J. Doe, e.g. here, vs. there. Done."),
                     "Dr. J. Doe, e.g. here, vs. there.|Done.|");
    ck_assert_str_eq(sentences_of("Das ist z.B. wahr bzw. falsch. Ende."),
                     "Das ist z.B. wahr bzw. falsch.|Ende.|");
    ck_assert_str_eq(sentences_of("It costs 5. Next."), "It costs 5.|Next.|");
}
END_TEST

START_TEST(an_abbreviation_may_end_a_sentence)
{
    ck_assert_str_eq(sentences_of("He said no. See No. 5 now."), "He said no.|See No. 5 now.|");
    ck_assert_str_eq(sentences_of("Pears, etc. and more, etc. Then."),
                     "Pears, etc. and more, etc.|Then.|");
}
END_TEST

START_TEST(markdown_marks_are_left_off_the_front)
{
    ck_assert_str_eq(
        sentences_of("## Title\n- first point\n* second. More\n1. third\n> quote\n\u2022 last"),
        "Title|first point|second.|More|third|quote|last|");
    ck_assert_str_eq(sentences_of("-5 degrees\n#tag"), "-5 degrees|#tag|");
}
END_TEST

START_TEST(no_more_sentences_than_asked_for)
{
    struct sentence one[2];
    ck_assert_uint_eq(text_sentences(BYTES_LITERAL("Ab. Cd. Ef."), one, 2), 2);
    ck_assert_uint_eq(one[1].start, 4);
    ck_assert_uint_eq(one[1].end, 7);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, code_points_are_decoded);
    tcase_add_test(tests, malformed_sequences_advance_by_one_byte);
    tcase_add_test(tests, a_cut_never_splits_a_code_point);
    tcase_add_test(tests, white_space_is_trimmed);
    tcase_add_test(tests, words_are_runs_of_letters_and_digits);
    tcase_add_test(tests, words_of_other_scripts_are_found);
    tcase_add_test(tests, ideographs_become_overlapping_pairs);
    tcase_add_test(tests, words_are_hashed_folded);
    tcase_add_test(tests, digits_are_noticed);
    tcase_add_test(tests, a_full_arena_gives_no_words);
    tcase_add_test(tests, folding_is_case_blind_and_composed);
    tcase_add_test(tests, folding_every_code_point_stays_within_its_room);
    tcase_add_test(tests, stop_words_of_seven_languages_are_known);
    tcase_add_test(tests, sentences_end_at_their_punctuation);
    tcase_add_test(tests, a_dot_in_a_number_or_abbreviation_ends_nothing);
    tcase_add_test(tests, an_abbreviation_may_end_a_sentence);
    tcase_add_test(tests, markdown_marks_are_left_off_the_front);
    tcase_add_test(tests, no_more_sentences_than_asked_for);
    tcase_add_checked_fixture(tests, setup, teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
