/* link: base */
#include <check.h>

#include "processor/base/text/sentences.h"

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
    Suite *suite = suite_create("sentences");
    TCase *tests = tcase_create("sentences");
    tcase_add_test(tests, sentences_end_at_their_punctuation);
    tcase_add_test(tests, a_dot_in_a_number_or_abbreviation_ends_nothing);
    tcase_add_test(tests, an_abbreviation_may_end_a_sentence);
    tcase_add_test(tests, markdown_marks_are_left_off_the_front);
    tcase_add_test(tests, no_more_sentences_than_asked_for);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
