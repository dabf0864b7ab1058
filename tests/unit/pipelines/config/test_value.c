/* Durations, sizes, numbers, and where a mistake stands. */
#include <check.h>

#include "pipelines/config/value.h"

START_TEST(durations_are_numbers_with_units)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"500ms", 500},    {"2s", 2000},      {"15m", 900000},
                {"24h", 86400000}, {"7d", 604800000}, {"1h30m", 5400000},
                {"0", 0},          {"0s", 0},         {"106751991167d", 9223372036828800000}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = -1;
        ck_assert_msg(config_value_parse_duration(bytes_of_text(good[i].text), &ms), "%s",
                      good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    static const char *const bad[] = {
        "", "5", "s", "5 s", "5x", "-1s", "1.5s", "1m5", "99999999999999d", "1h-3m", "5S"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = -1;
        ck_assert_msg(!config_value_parse_duration(bytes_of_text(bad[i]), &ms), "%s", bad[i]);
    }
}
END_TEST

START_TEST(sizes_are_bytes_or_numbers_with_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {{"0", 0},           {"512", 512},
                {"64KiB", 65536},   {"16MiB", 16777216},
                {"1GiB", 1u << 30}, {"1KB", 1000},
                {"2MB", 2000000},   {"3GB", 3000000000},
                {"7B", 7},          {"18446744073709551615", UINT64_MAX}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        uint64_t bytes = 1;
        ck_assert_msg(config_value_parse_size(bytes_of_text(good[i].text), &bytes), "%s",
                      good[i].text);
        ck_assert_uint_eq(bytes, good[i].bytes);
    }
    static const char *const bad[] = {"",     "KiB",   "1 KiB",       "1kib",
                                      "1.5K", "1KiB1", "99999999TiB", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t bytes = 1;
        ck_assert_msg(!config_value_parse_size(bytes_of_text(bad[i]), &bytes), "%s", bad[i]);
    }
}
END_TEST

START_TEST(what_is_printed_is_read_back_as_the_same_quantity)
{
    static const int64_t durations[] = {0, 1, 999, 1000, 60000, 90000, 3600000, 86400000, 86400001};
    for (size_t i = 0; i < sizeof durations / sizeof durations[0]; i++) {
        struct buffer text = {0};
        int64_t ms = -1;
        config_value_print_duration(&text, durations[i]);
        ck_assert(config_value_parse_duration(buffer_bytes(&text), &ms));
        ck_assert_int_eq(ms, durations[i]);
        buffer_finish(&text);
    }
    static const uint64_t sizes[] = {0, 1, 1000, 1023, 1024, 1025, 1536, 1u << 20, UINT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer text = {0};
        uint64_t bytes = 7;
        config_value_print_size(&text, sizes[i]);
        ck_assert(config_value_parse_size(buffer_bytes(&text), &bytes));
        ck_assert_uint_eq(bytes, sizes[i]);
        buffer_finish(&text);
    }
}
END_TEST

START_TEST(only_loopback_addresses_are_loopback)
{
    static const char *const inside[] = {"127.0.0.1:1", "127.255.1.2:1", "[::1]:1", "localhost:1"};
    static const char *const outside[] = {"0.0.0.0:1",       "[::]:1",  "10.0.0.1:1",
                                          "127.evil.org:1",  "127.1:1", "localhost.evil.org:1",
                                          "127.0.0.1.org:1", "::1:1",   "128.0.0.1:1"};
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++)
        ck_assert_msg(config_value_is_loopback(inside[i]), "%s", inside[i]);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        ck_assert_msg(!config_value_is_loopback(outside[i]), "%s", outside[i]);
}
END_TEST

START_TEST(an_endpoint_is_a_host_and_a_port)
{
    static const char *const bad[] = {"",     "x",     ":1",    "x:",   "x:65536",   "x:-1",
                                      "x:1a", "a b:1", "::1:1", "[]:1", "http://x:1"};
    struct bytes host;
    uint32_t port = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!config_value_split_endpoint(bad[i], &host, &port), "%s", bad[i]);
    ck_assert(config_value_split_endpoint("[fe80::1]:65535", &host, &port));
    ck_assert(bytes_equal_text(host, "fe80::1"));
    ck_assert_uint_eq(port, 65535);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_value");
    TCase *tests = tcase_create("config_value");
    tcase_add_test(tests, durations_are_numbers_with_units);
    tcase_add_test(tests, sizes_are_bytes_or_numbers_with_units);
    tcase_add_test(tests, what_is_printed_is_read_back_as_the_same_quantity);
    tcase_add_test(tests, only_loopback_addresses_are_loopback);
    tcase_add_test(tests, an_endpoint_is_a_host_and_a_port);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
