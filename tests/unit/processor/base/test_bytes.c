/* link: base */
#include <check.h>

#include "processor/base/bytes.h"
#include "processor/base/error.h"

START_TEST(a_prefix_sorts_before_the_longer_text)
{
    ck_assert_int_lt(bytes_compare(BYTES_LITERAL("ab"), BYTES_LITERAL("abc")), 0);
    ck_assert_int_gt(bytes_compare(BYTES_LITERAL("\xff"), BYTES_LITERAL("a\xff")), 0);
    ck_assert_int_eq(bytes_compare((struct bytes){0}, BYTES_LITERAL("")), 0);
}
END_TEST

START_TEST(a_buffer_grows_as_it_is_appended_to)
{
    struct buffer buffer = {0};
    for (int i = 0; i < 1000; i++)
        buffer_append_byte(&buffer, (uint8_t)i);
    buffer_append_text(&buffer, "text");
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.size, 1004);
    ck_assert_uint_eq(buffer.data[999], (uint8_t)999);
    ck_assert_mem_eq(buffer.data + 1000, "text", 4);
    buffer_finish(&buffer);
    ck_assert_ptr_null(buffer.data);
}
END_TEST

START_TEST(a_buffer_over_its_limit_fails_once_and_stays_failed)
{
    struct buffer buffer = {.limit = 10};
    buffer_append_text(&buffer, "12345678");
    buffer_append_text(&buffer, "abc");
    ck_assert(buffer.failed);
    buffer_append_byte(&buffer, 'x');
    ck_assert_uint_eq(buffer.size, 8);
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "1234567890");
    ck_assert(!buffer.failed);
    ck_assert_uint_eq(buffer.size, 10);
    ck_assert_uint_le(buffer.capacity, 10);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(a_reservation_that_overflows_fails)
{
    struct buffer buffer = {0};
    buffer_append_text(&buffer, "x");
    ck_assert(!buffer_reserve(&buffer, SIZE_MAX));
    ck_assert(buffer.failed);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(printf_writes_short_and_long_texts)
{
    struct buffer buffer = {0};
    char filler[600];
    memset(filler, 'y', sizeof filler - 1);
    filler[sizeof filler - 1] = 0;
    buffer_printf(&buffer, "%d,", 7);
    buffer_printf(&buffer, "%s", filler);
    ck_assert_uint_eq(buffer.size, 2 + sizeof filler - 1);
    ck_assert_mem_eq(buffer.data, "7,yyy", 5);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(an_empty_buffer_is_present_and_empty)
{
    struct buffer buffer = {0};
    ck_assert_ptr_nonnull(buffer_bytes(&buffer).data);
    ck_assert_uint_eq(buffer_bytes(&buffer).size, 0);
}
END_TEST

START_TEST(big_endian_numbers_survive_a_round_trip)
{
    uint8_t raw[8];
    put_be64(raw, 0x0123456789abcdef);
    ck_assert_uint_eq(raw[0], 0x01);
    ck_assert_uint_eq(raw[7], 0xef);
    ck_assert_uint_eq(get_be64(raw), 0x0123456789abcdef);
    ck_assert_uint_eq(get_be32(raw), 0x01234567);
    ck_assert_uint_eq(get_be16(raw + 6), 0xcdef);
}
END_TEST

START_TEST(hexadecimal_reads_both_cases_and_refuses_the_rest)
{
    char text[4];
    uint8_t raw[2];
    hex_encode(text, (const uint8_t *)"\x0f\xa0", 2);
    ck_assert_mem_eq(text, "0fa0", 4);
    ck_assert(hex_decode(raw, "0FaB", 2));
    ck_assert_mem_eq(raw, "\x0f\xab", 2);
    ck_assert(!hex_decode(raw, "0g", 1));
    ck_assert(!hex_decode(raw, " 1", 1));
}
END_TEST

START_TEST(the_first_error_stays)
{
    struct error error = {0};
    error_set(&error, EXIT_CONFIG, "%s:%d: wrong", "a.yaml", 3);
    error_set(&error, EXIT_USAGE, "later");
    ck_assert(error.is_set);
    ck_assert_int_eq(error.exit_code, EXIT_CONFIG);
    ck_assert_str_eq(error.text, "a.yaml:3: wrong");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bytes");
    TCase *tests = tcase_create("bytes");
    tcase_add_test(tests, a_prefix_sorts_before_the_longer_text);
    tcase_add_test(tests, a_buffer_grows_as_it_is_appended_to);
    tcase_add_test(tests, a_buffer_over_its_limit_fails_once_and_stays_failed);
    tcase_add_test(tests, a_reservation_that_overflows_fails);
    tcase_add_test(tests, printf_writes_short_and_long_texts);
    tcase_add_test(tests, an_empty_buffer_is_present_and_empty);
    tcase_add_test(tests, big_endian_numbers_survive_a_round_trip);
    tcase_add_test(tests, hexadecimal_reads_both_cases_and_refuses_the_rest);
    tcase_add_test(tests, the_first_error_stays);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
