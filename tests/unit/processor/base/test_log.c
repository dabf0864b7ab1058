/* link: base */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "processor/base/bytes.h"
#include "processor/base/clock.h"
#include "processor/base/log.h"

static int read_end, saved_stderr;
static char captured[32 * 1024];

static void capture_begin(void)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    read_end = ends[0];
}

static const char *capture_end(void)
{
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    ssize_t size = read(read_end, captured, sizeof captured - 1);
    captured[size > 0 ? size : 0] = 0;
    close(read_end);
    return captured;
}

static int count_lines(const char *text)
{
    int count = 0;
    for (; *text; text++)
        count += *text == '\n';
    return count;
}

START_TEST(a_line_is_logfmt_with_time_level_and_event)
{
    log_configure(LOG_INFO, LOG_LOGFMT);
    capture_begin();
    log_warn("span_dropped", "reason=%s count=%d", "malformed", 12);
    const char *line = capture_end();
    ck_assert_int_eq(strncmp(line, "ts=20", 5), 0);
    ck_assert_int_eq(line[3 + 23], 'Z');
    ck_assert_str_eq(line + 3 + 24, " level=warn event=span_dropped reason=malformed count=12\n");
    int64_t ms;
    ck_assert(clock_parse_rfc3339(bytes_of(line + 3, 24), &ms) == STATUS_OK);
    ck_assert_int_le(clock_realtime_ms() - ms, 60000);
}
END_TEST

START_TEST(lines_below_the_level_are_not_written)
{
    log_configure(LOG_WARN, LOG_LOGFMT);
    capture_begin();
    log_info("quiet", "n=%d", 1);
    log_set_level(LOG_DEBUG);
    log_debug("loud", "n=%d", 2);
    const char *lines = capture_end();
    ck_assert_ptr_null(strstr(lines, "quiet"));
    ck_assert_ptr_nonnull(strstr(lines, "event=loud n=2\n"));
}
END_TEST

START_TEST(as_json_the_pairs_are_members)
{
    log_configure(LOG_INFO, LOG_JSON);
    capture_begin();
    log_error("connect_failed",
              "port=%d peer=\"a \\\"b\\\"\" id=1234567890123456 ok=yes note=", 4317);
    const char *line = strstr(capture_end(), "\"level\"");
    ck_assert_str_eq(
        line,
        "\"level\":\"error\",\"event\":\"connect_failed\",\"port\":4317,"
        "\"peer\":\"a \\\"b\\\"\",\"id\":\"1234567890123456\",\"ok\":\"yes\",\"note\":\"\"}\n");
}
END_TEST

START_TEST(a_value_can_not_forge_a_second_line)
{
    log_configure(LOG_INFO, LOG_LOGFMT);
    capture_begin();
    log_info("odd", "peer=\"%s\"", "x\nts=1 level=error event=forged");
    ck_assert_int_eq(count_lines(capture_end()), 1);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_cut_to_one_line)
{
    static char filler[4000];
    memset(filler, '\x01', sizeof filler - 1);
    for (int format = LOG_LOGFMT; format <= LOG_JSON; format++) {
        log_configure(LOG_INFO, (enum log_format)format);
        capture_begin();
        log_info("long", "a=\"%s\"", filler);
        ck_assert_int_eq(count_lines(capture_end()), 1);
    }
}
END_TEST

START_TEST(a_flood_is_held_back_and_counted)
{
    static struct log_site site;
    log_configure(LOG_INFO, LOG_LOGFMT);
    capture_begin();
    for (int i = 0; i < 25; i++)
        log_write(&site, LOG_INFO, "flood", "i=%d", i);
    const char *lines = capture_end();
    ck_assert_int_eq(count_lines(lines), 10);
    ck_assert_ptr_null(strstr(lines, "suppressed"));

    site.window_start_ms -= 1000; /* a second later */
    capture_begin();
    log_write(&site, LOG_INFO, "flood", "i=%d", 25);
    log_write(&site, LOG_INFO, "flood", "i=%d", 26);
    lines = capture_end();
    ck_assert_ptr_nonnull(strstr(lines, "i=25 suppressed=15\n"));
    ck_assert_ptr_nonnull(strstr(lines, "i=26\n"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");
    tcase_add_test(tests, a_line_is_logfmt_with_time_level_and_event);
    tcase_add_test(tests, lines_below_the_level_are_not_written);
    tcase_add_test(tests, as_json_the_pairs_are_members);
    tcase_add_test(tests, a_value_can_not_forge_a_second_line);
    tcase_add_test(tests, a_line_that_is_too_long_is_cut_to_one_line);
    tcase_add_test(tests, a_flood_is_held_back_and_counted);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
