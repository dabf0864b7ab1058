/* link: command */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "processor/command/explain/explain_text.h"

/* Escapes, a CSI of one character and a switch of direction, in whatever came over the network. */
#define EVIL "a\\u001b[2J\\u009b2J\\u202eb\\u007f"

START_TEST(nothing_that_was_sent_moves_the_cursor)
{
    struct buffer to = {0};
    ck_assert_int_eq(
        explain_record(
            BYTES_LITERAL("{\"trajectory_id\":\"00\",\"verdict\":\"fail\",\"labels\":[\"" EVIL
                          "\"],\"agent\":{\"name\":\"" EVIL "\"},\"cohort\":{\"intent\":\"" EVIL
                          "\"},\"input\":\"" EVIL "\",\"output\":\"two\\nlines\","
                          "\"signals\":{\"errors\":[\"" EVIL "\"]}}"),
            NULL, &to),
        STATUS_OK);
    buffer_append_byte(&to, 0);
    const char *text = (const char *)to.data;
    for (size_t i = 0; i + 1 < to.size; i++)
        ck_assert_msg(to.data[i] == '\n' || (to.data[i] >= ' ' && to.data[i] < 0x7f), "%zu: %s", i,
                      text);
    ck_assert_ptr_nonnull(strstr(text, "run       a [2J?2J?b?, closed by"));
    ck_assert_ptr_nonnull(strstr(text, "intent=a [2J?2J?b?\n"));
    ck_assert_ptr_nonnull(strstr(text, "two lines\n"));
    buffer_finish(&to);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("explain_text");
    TCase *tests = tcase_create("explain_text");
    tcase_add_test(tests, nothing_that_was_sent_moves_the_cursor);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
