/* The guard before HTTP/2: what it lets pass and what it cuts, however the bytes are divided. */
#include "processor/net/h2_guard.h"

#include <check.h>
#include <stdlib.h>

#include "processor/base/bytes.h"

enum { DATA = 0, HEADERS = 1, RST = 3, SETTINGS = 4, CONTINUATION = 9, END_HEADERS = 4 };

static void put_frame(struct buffer *to, uint8_t type, uint8_t flags, uint32_t size)
{
    const uint8_t head[9] = {(uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size, type,
                             flags, 0, 0, 0, 1};
    buffer_append(to, head, sizeof head);
    for (uint32_t i = 0; i < size; i++)
        buffer_append_byte(to, 3); /* as if it were the type of a reset */
}

static struct buffer begin(void)
{
    struct buffer bytes = {0};
    buffer_append_text(&bytes, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    put_frame(&bytes, SETTINGS, 0, 18);
    return bytes;
}

/* In pieces of `step` bytes. Frees the bytes. */
static const char *look(struct buffer *bytes, size_t step, int64_t now_ms)
{
    struct h2_guard guard = {.header_block_max = 1000};
    const char *reason = NULL;
    for (size_t at = 0; at < bytes->size && !reason; at += step) {
        size_t size = bytes->size - at < step ? bytes->size - at : step;
        reason = h2_guard_look(&guard, bytes->data + at, size, now_ms);
    }
    buffer_finish(bytes);
    return reason;
}

static const size_t steps[] = {1, 7, 9, 1000, 1 << 20};

START_TEST(a_fast_client_passes)
{
    struct buffer bytes = begin();
    for (int i = 0; i < 2000; i++) {
        put_frame(&bytes, HEADERS, END_HEADERS, 60);
        put_frame(&bytes, DATA, 1, 500);
    }
    for (int i = 0; i < 200; i++)
        put_frame(&bytes, RST, 0, 4);
    ck_assert_ptr_null(look(&bytes, steps[_i], 5));
}
END_TEST

START_TEST(streams_that_are_reset_by_the_hundred_are_cut)
{
    struct buffer bytes = begin();
    for (int i = 0; i < 201; i++) {
        put_frame(&bytes, HEADERS, END_HEADERS, 60);
        put_frame(&bytes, RST, 0, 4);
    }
    ck_assert_str_eq(look(&bytes, steps[_i], 5), "streams opened and reset");
}
END_TEST

START_TEST(a_header_without_end_is_cut_by_bytes_and_by_frames)
{
    struct buffer bytes = begin();
    put_frame(&bytes, HEADERS, 0, 500);
    put_frame(&bytes, CONTINUATION, 0, 501);
    ck_assert_str_eq(look(&bytes, steps[_i], 5), "a header without end");
    bytes = begin();
    put_frame(&bytes, HEADERS, 0, 5);
    for (int i = 0; i < 64; i++)
        put_frame(&bytes, CONTINUATION, 0, 0);
    ck_assert_str_eq(look(&bytes, steps[_i], 5), "a header without end");
}
END_TEST

START_TEST(a_header_in_parts_passes_and_the_next_one_is_counted_anew)
{
    struct buffer bytes = begin();
    for (int i = 0; i < 10; i++) {
        put_frame(&bytes, HEADERS, 0, 500);
        put_frame(&bytes, CONTINUATION, END_HEADERS, 500);
    }
    ck_assert_ptr_null(look(&bytes, steps[_i], 5));
}
END_TEST

START_TEST(settings_without_end_are_cut)
{
    struct buffer bytes = begin();
    for (int i = 0; i < 100; i++)
        put_frame(&bytes, SETTINGS, 0, 0);
    ck_assert_str_eq(look(&bytes, steps[_i], 5), "settings without end");
}
END_TEST

START_TEST(resets_of_many_seconds_pass)
{
    struct h2_guard guard = {.header_block_max = 1000};
    struct buffer bytes = begin();
    for (int i = 0; i < 150; i++)
        put_frame(&bytes, RST, 0, 4);
    ck_assert_ptr_null(h2_guard_look(&guard, bytes.data, bytes.size, 1));
    size_t head = 24 + 9 + 18;
    for (int second = 1; second < 10; second++)
        ck_assert_ptr_null(
            h2_guard_look(&guard, bytes.data + head, bytes.size - head, 1000 * second + 1));
    ck_assert_ptr_nonnull(h2_guard_look(&guard, bytes.data + head, bytes.size - head, 9500));
    buffer_finish(&bytes);
}
END_TEST

START_TEST(what_is_no_http2_passes)
{
    struct buffer bytes = {0};
    for (int i = 0; i < 1000; i++)
        buffer_append_text(&bytes, "PRI * HTTP/1.1\r\n\r\n");
    ck_assert_ptr_null(look(&bytes, steps[_i], 5));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("h2_guard");
    TCase *tests = tcase_create("h2_guard");
    const int count = sizeof steps / sizeof steps[0];
    tcase_add_loop_test(tests, a_fast_client_passes, 0, count);
    tcase_add_loop_test(tests, streams_that_are_reset_by_the_hundred_are_cut, 0, count);
    tcase_add_loop_test(tests, a_header_without_end_is_cut_by_bytes_and_by_frames, 0, count);
    tcase_add_loop_test(tests, a_header_in_parts_passes_and_the_next_one_is_counted_anew, 0, count);
    tcase_add_loop_test(tests, settings_without_end_are_cut, 0, count);
    tcase_add_test(tests, resets_of_many_seconds_pass);
    tcase_add_loop_test(tests, what_is_no_http2_passes, 0, count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
