/* link: base */
#include <check.h>

#include "processor/base/text/text.h"

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

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tests = tcase_create("text");
    tcase_add_test(tests, white_space_is_trimmed);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
