/* link: base */
#include <check.h>
#include <stdio.h>
#include <time.h>

#include "processor/base/clock.h"

static int64_t parsed(const char *text)
{
    int64_t ms = -1;
    ck_assert_msg(clock_parse_rfc3339(bytes_of_text(text), &ms) == STATUS_OK, "%s", text);
    return ms;
}

START_TEST(times_are_written_with_nine_digits)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(text, 0);
    ck_assert_str_eq(text, "1970-01-01T00:00:00.000000000Z");
    clock_format_rfc3339(text, 1795424160123456789);
    ck_assert_str_eq(text, "2026-11-23T08:56:00.123456789Z");
    clock_format_rfc3339(text, 951782400000000000);
    ck_assert_str_eq(text, "2000-02-29T00:00:00.000000000Z");
}
END_TEST

START_TEST(the_largest_time_stays_within_the_text)
{
    char text[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(text, UINT64_MAX);
    ck_assert_str_eq(text, "2554-07-21T23:34:33.709551615Z");
}
END_TEST

START_TEST(dates_agree_with_the_c_library)
{
    for (int64_t second = 0; second < 8000000000; second += 86400 * 3 + 3607) {
        char ours[CLOCK_RFC3339_SIZE], theirs[64];
        time_t time = (time_t)second;
        struct tm broken_down;
        gmtime_r(&time, &broken_down);
        ck_assert_uint_gt(
            strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S.000000000Z", &broken_down), 0);
        clock_format_rfc3339(ours, (uint64_t)second * 1000000000);
        ck_assert_str_eq(ours, theirs);
        ck_assert_int_eq(parsed(ours), second * 1000);
    }
}
END_TEST

START_TEST(offsets_and_fractions_are_read)
{
    ck_assert_int_eq(parsed("2026-11-23T08:56:00Z"), 1795424160000);
    ck_assert_int_eq(parsed("2026-11-23T10:26:00.5+01:30"), 1795424160500);
    ck_assert_int_eq(parsed("2026-11-23t00:56:00.1239-08:00"), 1795424160123);
    ck_assert_int_eq(parsed("2026-11-23 08:56:00.000000001z"), 1795424160000);
    ck_assert_int_eq(parsed("1969-12-31T23:59:59.999Z"), -1);
    ck_assert_int_eq(parsed("0001-01-01T00:00:00Z"), -62135596800000);
}
END_TEST

START_TEST(whole_seconds_are_read)
{
    ck_assert_int_eq(parsed("0"), 0);
    ck_assert_int_eq(parsed("1795424160"), 1795424160000);
}
END_TEST

START_TEST(what_is_no_time_is_malformed)
{
    static const char *const wrong[] = {
        "",
        "now",
        "2026-11-23",
        "2026-11-23T08:56Z",
        "2026-11-23T08:56:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00Zx",
        "-5",
        "1.5",
        "9999999999999",
        "0000-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t ms = 42;
        ck_assert_msg(clock_parse_rfc3339(bytes_of_text(wrong[i]), &ms) == STATUS_MALFORMED, "%s",
                      wrong[i]);
        ck_assert_int_eq(ms, 42);
    }
}
END_TEST

START_TEST(the_monotonic_clock_does_not_go_back)
{
    int64_t before = clock_monotonic_ms();
    ck_assert_int_ge(clock_monotonic_ms(), before);
    ck_assert_int_gt(clock_realtime_ms(), 1600000000000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");
    tcase_add_test(tests, times_are_written_with_nine_digits);
    tcase_add_test(tests, the_largest_time_stays_within_the_text);
    tcase_add_test(tests, dates_agree_with_the_c_library);
    tcase_add_test(tests, offsets_and_fractions_are_read);
    tcase_add_test(tests, whole_seconds_are_read);
    tcase_add_test(tests, what_is_no_time_is_malformed);
    tcase_add_test(tests, the_monotonic_clock_does_not_go_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
