/* link: base */
#include <check.h>

#include "processor/base/text/utf8.h"

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

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("utf8");
    tcase_add_test(tests, code_points_are_decoded);
    tcase_add_test(tests, malformed_sequences_advance_by_one_byte);
    tcase_add_test(tests, a_cut_never_splits_a_code_point);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
