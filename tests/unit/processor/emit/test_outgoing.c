/* link: emit base */
#include <check.h>
#include <stdlib.h>

#include "processor/emit/outgoing_form.h"

static struct outgoing sample(void)
{
    struct outgoing record = {.key = BYTES_LITERAL("0123456789abcdef0123456789abcdef"),
                              .payload = BYTES_LITERAL("{\"a\":1}"),
                              .header_count = 3};
    record.headers[0] = (struct outgoing_header){"schema", BYTES_LITERAL("flywheel.review/v1")};
    record.headers[1] = (struct outgoing_header){"queue", BYTES_LITERAL("")};
    record.headers[2] = (struct outgoing_header){"traceparent", BYTES_LITERAL("00-x-y-01")};
    return record;
}

START_TEST(a_frame_reads_back_as_it_was_written)
{
    struct outgoing record = sample(), back;
    struct buffer frame = {0};
    outgoing_encode(&record, &frame);
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_OK);
    ck_assert(bytes_equal(back.key, record.key));
    ck_assert(bytes_equal(back.payload, record.payload));
    ck_assert_uint_eq(back.header_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_str_eq(back.headers[i].name, record.headers[i].name);
        ck_assert(bytes_equal(back.headers[i].value, record.headers[i].value));
    }
    buffer_finish(&frame);
}
END_TEST

START_TEST(spans_beside_a_record_are_the_payload_of_those_who_send_them)
{
    struct outgoing record = sample(), back;
    struct buffer frame = {0}, made = {0};
    record.otlp = BYTES_LITERAL("\x0a\x00");
    outgoing_encode(&record, &frame);
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_OK);
    ck_assert_int_eq(outgoing_form(&back, FORM_JSON, &made), STATUS_OK);
    ck_assert(bytes_equal(back.payload, record.payload));
    ck_assert_int_eq(outgoing_form(&back, FORM_OTLP, &made), STATUS_OK);
    ck_assert(bytes_equal(back.payload, record.otlp));
    ck_assert_str_eq(back.headers[3].name, "otelcol.signal");
    buffer_finish(&frame);
    record.otlp = (struct bytes){0};
    ck_assert_int_eq(outgoing_form(&record, FORM_OTLP, &made), STATUS_MALFORMED);
    buffer_finish(&made);
}
END_TEST

START_TEST(a_frame_cut_anywhere_is_malformed)
{
    struct outgoing record = sample(), back;
    struct buffer frame = {0};
    record.otlp = BYTES_LITERAL("spans");
    outgoing_encode(&record, &frame);
    for (size_t size = 0; size < frame.size; size++) {
        uint8_t *cut = malloc(size ? size : 1); /* so that the sanitizer sees a read past it */
        memcpy(cut, frame.data, size);
        ck_assert_int_eq(outgoing_decode(bytes_of(cut, size), &back), STATUS_MALFORMED);
        free(cut);
    }
    buffer_finish(&frame);
}
END_TEST

START_TEST(a_frame_with_more_behind_it_or_another_version_is_malformed)
{
    struct outgoing record = sample(), back;
    struct buffer frame = {0};
    outgoing_encode(&record, &frame);
    buffer_append_byte(&frame, 0);
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_MALFORMED);
    frame.size--;
    frame.data[0] = 3;
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_MALFORMED);
    buffer_finish(&frame);
}
END_TEST

START_TEST(an_unknown_header_or_too_many_are_malformed)
{
    struct outgoing record = sample(), back;
    struct buffer frame = {0};
    outgoing_encode(&record, &frame);
    size_t count_at = 1 + 2 + record.key.size;
    frame.data[count_at + 1] = 200;
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_MALFORMED);
    frame.data[count_at] = OUTGOING_HEADERS_MAX + 1;
    ck_assert_int_eq(outgoing_decode(buffer_bytes(&frame), &back), STATUS_MALFORMED);
    buffer_finish(&frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outgoing");
    TCase *cases = tcase_create("frame");
    tcase_add_test(cases, a_frame_reads_back_as_it_was_written);
    tcase_add_test(cases, spans_beside_a_record_are_the_payload_of_those_who_send_them);
    tcase_add_test(cases, a_frame_cut_anywhere_is_malformed);
    tcase_add_test(cases, a_frame_with_more_behind_it_or_another_version_is_malformed);
    tcase_add_test(cases, an_unknown_header_or_too_many_are_malformed);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
