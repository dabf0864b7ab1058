/* link: emit otlp base */
/* The golden record as a message. What each field says is held against the JSON by
 * tests/integration/test_encodings.py, with protobuf's own reader; here, what a unit can see. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/emit/record/protobuf.h"
#include "processor/otlp/wire.h"
#include "tests/support/corpus.h"

static struct arena arena;
static struct buffer made;
static uint8_t golden[65536];
static size_t golden_size;

static void setup(void)
{
    FILE *file = fopen(TEST_DATA "/golden/review_record.json", "rb");
    ck_assert_ptr_nonnull(file);
    golden_size = fread(golden, 1, sizeof golden, file);
    fclose(file);
    ck_assert_uint_lt(golden_size, sizeof golden);
    arena_init(&arena, 4 << 20);
}

static void teardown(void)
{
    buffer_finish(&made);
    arena_finish(&arena);
}

static enum status convert(struct bytes json)
{
    buffer_clear(&made);
    arena_reset(&arena);
    return review_protobuf_write(json, &arena, &made);
}

/* Every nested message of the golden record is well-formed down to `depth`. */
static void walk(struct bytes message, const uint32_t *path, int depth)
{
    struct wire wire = wire_of(message);
    struct wire_field field;
    while (wire_next(&wire, &field))
        if (depth > 0 && field.number == *path && field.type == WIRE_BYTES)
            walk(field.bytes, path + 1, depth - 1);
    ck_assert(!wire.broken);
}

START_TEST(a_record_becomes_the_same_message_each_time)
{
    static const uint32_t evidence[] = {21, 11}, tokens[] = {18, 13}, links[] = {7, 6};
    ck_assert_int_eq(convert(bytes_of(golden, golden_size)), STATUS_OK);
    ck_assert_uint_lt(made.size, golden_size);
    struct bytes message = buffer_bytes(&made);
    walk(message, evidence, 2);
    walk(message, tokens, 2);
    walk(message, links, 2);
    ck_assert(bytes_equal_text(wire_find_bytes(message, 1), "flywheel.review/v1"));
    ck_assert_uint_eq(wire_find_bytes(message, 8).size, 16);
    ck_assert_uint_eq(wire_find_bytes(message, 23).size, 32);
    struct buffer before = made;
    made = (struct buffer){0};
    ck_assert_int_eq(convert(bytes_of(golden, golden_size)), STATUS_OK);
    ck_assert(bytes_equal(buffer_bytes(&before), buffer_bytes(&made)));
    buffer_finish(&before);
}
END_TEST

START_TEST(rows_that_failed_are_messages_of_their_own)
{
    static const char json[] =
        "{\"regressions\":[{\"row_id\":\"6ba7b810-9dad-51d1-80b4-00c000000001\","
        "\"row_revision\":2,\"match\":\"exact\",\"check\":\"must_not_include\","
        "\"value\":\"no fee\",\"severity\":\"critical\"}]}";
    ck_assert_int_eq(convert(bytes_of_text(json)), STATUS_OK);
    struct bytes row = wire_find_bytes(buffer_bytes(&made), 31);
    ck_assert(bytes_equal_text(wire_find_bytes(row, 1), "6ba7b810-9dad-51d1-80b4-00c000000001"));
    ck_assert_uint_eq(wire_find_number(row, 2, 0), 2);
    ck_assert(bytes_equal_text(wire_find_bytes(row, 4), "must_not_include"));
    ck_assert(bytes_equal_text(wire_find_bytes(row, 6), "critical"));
}
END_TEST

START_TEST(nanoseconds_survive)
{
    static const char json[] = "{\"time\":{\"start\":\"2026-11-23T08:56:00.123456789Z\","
                               "\"end\":\"2026-11-23T08:56:01.000000001Z\","
                               "\"duration_ms\":876.543212,\"ttft_ms\":0},"
                               "\"steps\":[{\"start_ms\":-0.000001,\"duration_ms\":12}]}";
    ck_assert_int_eq(convert(bytes_of_text(json)), STATUS_OK);
    struct bytes time = wire_find_bytes(buffer_bytes(&made), 11);
    ck_assert_uint_eq(wire_find_number(time, 1, 0), 1795424160123456789u);
    ck_assert_uint_eq(wire_find_number(time, 2, 0), 1795424161000000001u);
    ck_assert_uint_eq(wire_find_number(time, 3, 0), 876543212);
    ck_assert_uint_eq(wire_find_number(time, 4, 7), 0); /* there, and zero */
    struct bytes step = wire_find_bytes(buffer_bytes(&made), 18);
    ck_assert_uint_eq(wire_find_number(step, 5, 0), 1); /* zigzag of -1 */
    ck_assert_uint_eq(wire_find_number(step, 6, 0), 12000000);
}
END_TEST

START_TEST(a_time_that_is_not_known_differs_from_zero)
{
    static const char json[] = "{\"time\":{\"duration_ms\":0},\"steps\":[{\"start_ms\":0}]}";
    ck_assert_int_eq(convert(bytes_of_text(json)), STATUS_OK);
    struct bytes time = wire_find_bytes(buffer_bytes(&made), 11);
    ck_assert_uint_eq(wire_find_number(time, 1, 7), 7);
    ck_assert_uint_eq(wire_find_number(time, 3, 7), 0);
    struct bytes step = wire_find_bytes(buffer_bytes(&made), 18);
    ck_assert_uint_eq(wire_find_number(step, 5, 7), 0);
    ck_assert_uint_eq(wire_find_number(step, 6, 7), 7);
}
END_TEST

START_TEST(what_is_no_record_is_refused)
{
    static const char *const texts[] = {"",
                                        "[]",
                                        "7",
                                        "{\"unknown\":1}",
                                        "{\"revision\":-1}",
                                        "{\"revision\":1.5}",
                                        "{\"trajectory_id\":\"xyz\"}",
                                        "{\"verdict\":\"maybe\"}",
                                        "{\"steps\":{}}",
                                        "{\"steps\":[7]}",
                                        "{\"time\":{\"start\":\"yesterday\"}}",
                                        "{\"time\":{\"duration_ms\":1e9}}",
                                        "{\"input\":\"a\"",
                                        "{\"labels\":[1]}",
                                        "{\"steps\":[{\"start_ms\":99999999999999999999}]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(convert(bytes_of_text(texts[i])) == STATUS_MALFORMED, "%s", texts[i]);
}
END_TEST

START_TEST(a_record_cut_or_damaged_anywhere_is_harmless)
{
    struct random random = random_from_environment();
    uint8_t *copy = malloc(golden_size);
    for (size_t size = 0; size < golden_size - 1; size++) {
        uint8_t *exact = malloc(size ? size : 1);
        memcpy(exact, golden, size);
        ck_assert_int_eq(convert(bytes_of(exact, size)), STATUS_MALFORMED);
        free(exact);
    }
    for (int i = 0; i < 3000; i++) {
        memcpy(copy, golden, golden_size);
        for (size_t edits = 1 + random_below(&random, 4); edits-- > 0;)
            copy[random_below(&random, golden_size)] = (uint8_t)random_next(&random);
        (void)!convert(bytes_of(copy, golden_size));
    }
    free(copy);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("review_protobuf");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_record_becomes_the_same_message_each_time);
    tcase_add_test(tcase, rows_that_failed_are_messages_of_their_own);
    tcase_add_test(tcase, nanoseconds_survive);
    tcase_add_test(tcase, a_time_that_is_not_known_differs_from_zero);
    tcase_add_test(tcase, what_is_no_record_is_refused);
    tcase_add_test(tcase, a_record_cut_or_damaged_anywhere_is_harmless);
    Suite *suite = suite_create("review_protobuf");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
