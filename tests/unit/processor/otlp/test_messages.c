/* link: otlp */
#include <check.h>

#include "processor/otlp/messages.h"
#include "processor/otlp/wire.h"

START_TEST(a_full_success_leaves_partial_success_unset)
{
    struct buffer buffer = {0};
    message_export_response(&buffer, WIRE_GATE_TRACES, 0, (struct bytes){0});
    message_export_response(&buffer, WIRE_GATE_LOGS, 0, (struct bytes){0});
    ck_assert_uint_eq(buffer.size, 0);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(a_response_is_read_back)
{
    for (enum wire_gate_signal signal = WIRE_GATE_TRACES; signal <= WIRE_GATE_LOGS; signal++) {
        struct buffer buffer = {0};
        struct arena arena;
        arena_init(&arena, 65536);
        int64_t rejected = -1;
        struct bytes text;
        message_export_response(&buffer, signal, 7, BYTES_LITERAL("bad_trace_id: 7"));
        ck_assert_int_eq(
            message_read_response(buffer_bytes(&buffer), signal, &arena, &rejected, &text),
            STATUS_OK);
        ck_assert_int_eq(rejected, 7);
        ck_assert(bytes_equal_text(text, "bad_trace_id: 7"));
        struct bytes partial = wire_find_bytes(buffer_bytes(&buffer), 1);
        ck_assert_uint_eq(wire_find_number(partial, 1, 0), 7);
        arena_finish(&arena);
        buffer_finish(&buffer);
    }
}
END_TEST

START_TEST(an_empty_response_rejects_nothing)
{
    struct arena arena;
    arena_init(&arena, 65536);
    int64_t rejected = -1;
    struct bytes text;
    ck_assert_int_eq(
        message_read_response(BYTES_LITERAL(""), WIRE_GATE_TRACES, &arena, &rejected, &text),
        STATUS_OK);
    ck_assert_int_eq(rejected, 0);
    ck_assert_uint_eq(text.size, 0);
    ck_assert_int_eq(message_read_response(BYTES_LITERAL("\x0a\xff"), WIRE_GATE_TRACES, &arena,
                                           &rejected, &text),
                     STATUS_MALFORMED);
    arena_finish(&arena);
}
END_TEST

START_TEST(a_long_error_message_is_shortened_between_characters)
{
    struct buffer buffer = {0};
    struct buffer text = {0};
    for (int i = 0; i < 3000; i++)
        buffer_append_text(&text, "\u20ac");
    message_export_response(&buffer, WIRE_GATE_TRACES, 1, buffer_bytes(&text));
    ck_assert_uint_lt(buffer.size, 4096);
    struct bytes sent = wire_find_bytes(wire_find_bytes(buffer_bytes(&buffer), 1), 2);
    ck_assert_uint_gt(sent.size, 3000);
    ck_assert_uint_eq(sent.size % 3, 0);
    buffer_finish(&text);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(a_status_says_when_to_come_back)
{
    struct buffer buffer = {0};
    message_status(&buffer, 14, BYTES_LITERAL("the journal is full"), 1250);
    struct bytes status = buffer_bytes(&buffer);
    ck_assert_uint_eq(wire_find_number(status, 1, 0), 14);
    ck_assert(bytes_equal_text(wire_find_bytes(status, 2), "the journal is full"));
    struct bytes any = wire_find_bytes(status, 3);
    ck_assert(
        bytes_equal_text(wire_find_bytes(any, 1), "type.googleapis.com/google.rpc.RetryInfo"));
    struct bytes delay = wire_find_bytes(wire_find_bytes(any, 2), 1);
    ck_assert_uint_eq(wire_find_number(delay, 1, 0), 1);
    ck_assert_uint_eq(wire_find_number(delay, 2, 0), 250000000);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(a_status_without_delay_has_no_details)
{
    struct buffer buffer = {0};
    message_status(&buffer, 3, BYTES_LITERAL("undecodable"), 0);
    ck_assert_ptr_null(wire_find_bytes(buffer_bytes(&buffer), 3).data);
    ck_assert_uint_eq(wire_find_number(buffer_bytes(&buffer), 1, 0), 3);
    buffer_finish(&buffer);
}
END_TEST

START_TEST(an_unpack_over_its_budget_is_refused)
{
    struct buffer request = {0};
    uint32_t count = 9;
    for (int i = 0; i < 1000; i++)
        wire_put_bytes(&request, 1, BYTES_LITERAL(""));
    ck_assert(message_unpack_request(buffer_bytes(&request), WIRE_GATE_TRACES, 1 << 20, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert(!message_unpack_request(buffer_bytes(&request), WIRE_GATE_TRACES, 4096, &count));
    buffer_finish(&request);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("otlp_messages");
    TCase *tests = tcase_create("otlp_messages");
    tcase_add_test(tests, a_full_success_leaves_partial_success_unset);
    tcase_add_test(tests, a_response_is_read_back);
    tcase_add_test(tests, an_empty_response_rejects_nothing);
    tcase_add_test(tests, a_long_error_message_is_shortened_between_characters);
    tcase_add_test(tests, a_status_says_when_to_come_back);
    tcase_add_test(tests, a_status_without_delay_has_no_details);
    tcase_add_test(tests, an_unpack_over_its_budget_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
