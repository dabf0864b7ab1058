/* link: score base */
#include <check.h>

#include "processor/score/language/facts.h"

static struct arena arena;

static bool is_said(const char *text, const char *phrase)
{
    arena_finish(&arena);
    arena_init(&arena, 64 << 20);
    return facts_say(facts_text_read(bytes_of_text(text), &arena), bytes_of_text(phrase), &arena);
}

static const struct {
    const char *text, *phrase;
    bool is_said;
} cases[] = {
    {"No prepayment fee applies to your loan.", "no prepayment fee applies", true},
    {"There is no prepayment fee that applies.", "no prepayment fee applies", true},
    {"A prepayment fee applies.", "no prepayment fee applies", false},
    {"No prepayment fee applies.", "a prepayment fee applies", false},
    {"The prepayment fee applies.", "a prepayment fee applies", true},
    {"A prepayment fee does not apply.", "a prepayment fee does apply", false},
    {"A prepayment fee doesn't apply.", "a prepayment fee does not apply", true},
    {"You can\xe2\x80\x99t repay early.", "you cannot repay early", true},
    {"You can repay early.", "you cannot repay early", false},
    {"I do not know the rest, but a prepayment fee applies.", "a prepayment fee applies", true},
    {"A fee of 2 % in the first three years.", "2 % in the first 3 years", true},
    {"A fee of two percent.", "fee of 2 percent", true},
    {"A fee of 3 %.", "fee of 2 %", false},
    {"The sum is 1,200.00 dollars.", "the sum is 1200 dollars", true},
    {"Payable on 3 May 2026.", "payable on 2026-05-03", true},
    {"The fee, as of our newest terms and conditions here, applies.", "fee applies", false},
    {"The fee always applies.", "fee applies", true},
    {"There is a fee. It applies.", "fee applies", false},
    {"applies the fee", "fee applies", false},
    {"Es fällt keine Gebühr an.", "es fällt eine Gebühr an", false},
    {"Es fällt eine Gebühr an.", "ES FÄLLT GEBÜHR AN", true},
    {"Комиссия не взимается.", "комиссия взимается", false},
    {"No, a prepayment fee applies.", "no prepayment fee applies", false},
    {"No \xe2\x80\x94 a prepayment fee applies.", "no prepayment fee applies", false},
    {"No - a prepayment fee applies.", "a prepayment fee applies", true},
    {"No, a prepayment fee applies.", "No, a prepayment fee applies", true},
    {"No, no prepayment fee applies.", "no prepayment fee applies", true},
    {"The fee is not, however, due.", "fee is not due", true},
    {"No, you may not.", "no", true},
    {"There is no fee.", "no", true},
    {"fee fee x x fee applies now", "fee applies now", true},
    {"", "fee", false},
    {"fee", "", false},
    {"fee", "the", false},
};

START_TEST(a_text_says_what_has_its_words_its_numbers_and_its_negations)
{
    ck_assert_msg(is_said(cases[_i].text, cases[_i].phrase) == cases[_i].is_said,
                  "\"%s\" in \"%s\"", cases[_i].phrase, cases[_i].text);
}
END_TEST

START_TEST(every_sentence_of_a_long_text_is_looked_at)
{
    struct buffer text = {0};
    for (int i = 0; i < 500; i++)
        buffer_printf(&text, "This is sentence %d. ", i);
    buffer_append_text(&text, "No fee applies here.");
    buffer_append_byte(&text, 0);
    ck_assert(is_said((const char *)text.data, "no fee applies"));
    ck_assert(is_said((const char *)text.data, "this is sentence 499"));
    ck_assert(!is_said((const char *)text.data, "this is sentence 500"));
    buffer_finish(&text);
}
END_TEST

START_TEST(work_is_counted_and_ends_at_its_limit)
{
    struct buffer text = {0};
    for (int i = 0; i < 20000; i++)
        buffer_append_text(&text, "fee ");
    arena_finish(&arena);
    arena_init(&arena, 64 << 20);
    const struct facts_text *read = facts_text_read(buffer_bytes(&text), &arena);
    ck_assert_ptr_nonnull(read);
    arena.look_limit = arena.looked + 1000;
    ck_assert(!facts_say(read, BYTES_LITERAL("fee fee fee fee"), &arena));
    ck_assert(arena.is_too_costly);
    buffer_finish(&text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("facts");
    TCase *tests = tcase_create("facts");
    tcase_add_loop_test(tests, a_text_says_what_has_its_words_its_numbers_and_its_negations, 0,
                        (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tests, every_sentence_of_a_long_text_is_looked_at);
    tcase_add_test(tests, work_is_counted_and_ends_at_its_limit);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    arena_finish(&arena);
    return failed != 0;
}
