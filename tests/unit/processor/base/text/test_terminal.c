/* link: base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/text/terminal.h"

static void shows(struct bytes text, const char *shown)
{
    struct buffer to = {0};
    terminal_append(&to, text);
    ck_assert_msg(bytes_equal_text(buffer_bytes(&to), shown), "%.*s", (int)to.size,
                  (const char *)to.data);
    buffer_finish(&to);
}

START_TEST(what_moves_the_cursor_is_a_question_mark)
{
    shows(BYTES_LITERAL("a\x1b[2Jb\r\n\tc\x7f"), "a?[2Jb???c?");
    shows(BYTES_LITERAL("\xc2\x9b"
                        "2J"),
          "?2J"); /* CSI in one character */
    shows(BYTES_LITERAL("x\0y"), "x?y");
    shows(BYTES_LITERAL("\xe2\x80\xa8\xe2\x80\xa9"), "??"); /* separators */
}
END_TEST

START_TEST(what_turns_or_hides_text_is_a_question_mark)
{
    shows(BYTES_LITERAL("\xe2\x80\xae"
                        "exe\xe2\x80\xac"),
          "?exe?");                                                      /* right to left */
    shows(BYTES_LITERAL("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf"), "???"); /* isolate, width 0 */
}
END_TEST

START_TEST(what_is_no_utf8_is_a_question_mark)
{
    shows(BYTES_LITERAL("a\xff\xc3"), "a??");
}
END_TEST

START_TEST(what_is_hidden_can_be_made_visible)
{
    struct buffer to = {0};
    terminal_append_visible(&to, BYTES_LITERAL("a\x1b\xe2\x80\xae\xff\xef\xbf\xbe\xc3\xbc"));
    ck_assert_msg(bytes_equal_text(buffer_bytes(&to), "a\xe2\x80\xb9U+001B\xe2\x80\xba"
                                                      "\xe2\x80\xb9U+202E\xe2\x80\xba"
                                                      "\xe2\x80\xb9U+FFFD\xe2\x80\xba"
                                                      "\xe2\x80\xb9U+FFFE\xe2\x80\xba\xc3\xbc"),
                  "%.*s", (int)to.size, (const char *)to.data);
    buffer_finish(&to);
}
END_TEST

START_TEST(all_else_stays)
{
    shows(BYTES_LITERAL(""), "");
    shows(BYTES_LITERAL("Zahlung \xc3\xbc"
                        "ber 5 \xe2\x82\xac \xf0\x9f\x98\x80"),
          "Zahlung \xc3\xbc"
          "ber 5 \xe2\x82\xac \xf0\x9f\x98\x80");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("terminal");
    TCase *tests = tcase_create("terminal");
    tcase_add_test(tests, what_moves_the_cursor_is_a_question_mark);
    tcase_add_test(tests, what_turns_or_hides_text_is_a_question_mark);
    tcase_add_test(tests, what_is_no_utf8_is_a_question_mark);
    tcase_add_test(tests, what_is_hidden_can_be_made_visible);
    tcase_add_test(tests, all_else_stays);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
