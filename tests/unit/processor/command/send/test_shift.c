/* link: command otlp base */
/* Moving the times of recorded requests: all of them, by the same amount, and nothing else. */
#include <check.h>

#include "processor/command/replay/input.h"
#include "processor/command/send/shift.h"
#include "processor/otlp/wire.h"

static void nest(struct buffer *to, uint32_t field, struct buffer *inner)
{
    wire_put_bytes(to, field, buffer_bytes(inner));
    buffer_finish(inner);
}

static struct buffer make_trace(uint64_t start, uint64_t end, uint64_t event_time)
{
    struct buffer event = {0}, span = {0}, scope = {0}, resource = {0}, request = {0};
    wire_put_fixed64(&event, 1, event_time);
    wire_put_bytes(&event, 2, bytes_of_text("token"));
    wire_put_bytes(&span, 5, bytes_of_text("chat"));
    wire_put_fixed64(&span, 7, start);
    wire_put_fixed64(&span, 8, end);
    nest(&span, 11, &event);
    nest(&scope, 2, &span);
    wire_put_bytes(&scope, 3, bytes_of_text("https://schema"));
    nest(&resource, 2, &scope);
    nest(&request, 1, &resource);
    return request;
}

START_TEST(start_end_and_events_of_a_span_move_alike)
{
    struct buffer request = make_trace(1000, 5000, 3000), expected = make_trace(1700, 5700, 3700);
    ck_assert_uint_eq(shift_latest_ns(buffer_bytes(&request), WIRE_GATE_TRACES), 5000);
    shift_times(&request, WIRE_GATE_TRACES, 700);
    ck_assert(bytes_equal(buffer_bytes(&request), buffer_bytes(&expected)));
    shift_times(&request, WIRE_GATE_TRACES, -700);
    ck_assert_uint_eq(shift_latest_ns(buffer_bytes(&request), WIRE_GATE_TRACES), 5000);
    buffer_finish(&request);
    buffer_finish(&expected);
}
END_TEST

START_TEST(a_time_that_is_not_set_stays_unset)
{
    struct buffer request = make_trace(1000, 0, 0), expected = make_trace(1700, 0, 0);
    ck_assert_uint_eq(shift_latest_ns(buffer_bytes(&request), WIRE_GATE_TRACES), 0);
    shift_times(&request, WIRE_GATE_TRACES, 700);
    ck_assert(bytes_equal(buffer_bytes(&request), buffer_bytes(&expected)));
    buffer_finish(&request);
    buffer_finish(&expected);
}
END_TEST

START_TEST(both_times_of_a_log_record_move)
{
    struct buffer record = {0}, scope = {0}, resource = {0}, request = {0};
    wire_put_fixed64(&record, 1, 40);
    wire_put_fixed64(&record, 11, 50);
    nest(&scope, 2, &record);
    nest(&resource, 2, &scope);
    nest(&request, 1, &resource);
    ck_assert_uint_eq(shift_latest_ns(buffer_bytes(&request), WIRE_GATE_LOGS), 50);
    shift_times(&request, WIRE_GATE_LOGS, 1000);
    ck_assert_uint_eq(shift_latest_ns(buffer_bytes(&request), WIRE_GATE_LOGS), 1050);
    struct bytes moved =
        wire_find_bytes(wire_find_bytes(wire_find_bytes(buffer_bytes(&request), 1), 2), 2);
    ck_assert_uint_eq(wire_find_number(moved, 1, 0), 1040);
    buffer_finish(&request);
}
END_TEST

START_TEST(broken_bytes_do_no_harm)
{
    struct buffer whole = make_trace(1000, 5000, 3000);
    for (size_t size = 0; size < whole.size; size++) {
        struct buffer cut = {0};
        buffer_append(&cut, whole.data, size);
        (void)shift_latest_ns(buffer_bytes(&cut), WIRE_GATE_TRACES);
        shift_times(&cut, WIRE_GATE_TRACES, 700);
        shift_times(&cut, WIRE_GATE_LOGS, 700);
        ck_assert_uint_eq(cut.size, size);
        buffer_finish(&cut);
    }
    buffer_finish(&whole);
}
END_TEST

static enum status shift_there_and_back(void *context, const struct input_request *request,
                                        struct error *ret_error)
{
    (void)ret_error;
    uint64_t *latest = context;
    uint64_t before = shift_latest_ns(request->body, request->signal);
    struct buffer copy = {0};
    buffer_append_bytes(&copy, request->body);
    shift_times(&copy, request->signal, 123456789);
    uint64_t after = shift_latest_ns(buffer_bytes(&copy), request->signal);
    ck_assert_uint_eq(after, before ? before + 123456789 : 0);
    shift_times(&copy, request->signal, -123456789);
    ck_assert(bytes_equal(buffer_bytes(&copy), request->body));
    buffer_finish(&copy);
    *latest = before > *latest ? before : *latest;
    return STATUS_OK;
}

START_TEST(the_recorded_corpus_shifts_there_and_back)
{
    char path[] = TEST_DATA "/corpus";
    char *paths[] = {path};
    struct error error = {0};
    uint64_t latest = 0;
    ck_assert_msg(input_read(paths, 1, shift_there_and_back, &latest, &error) == STATUS_OK, "%s",
                  error.text);
    ck_assert_uint_gt(latest, 1700000000000000000u);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shift");
    TCase *tests = tcase_create("shift");
    tcase_add_test(tests, start_end_and_events_of_a_span_move_alike);
    tcase_add_test(tests, a_time_that_is_not_set_stays_unset);
    tcase_add_test(tests, both_times_of_a_log_record_move);
    tcase_add_test(tests, broken_bytes_do_no_harm);
    tcase_add_test(tests, the_recorded_corpus_shifts_there_and_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
