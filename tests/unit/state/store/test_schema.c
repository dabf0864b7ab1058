/* link: state base */
#include <check.h>
#include <stdlib.h>

#include "state/cohorts/cohort.h"
#include "state/store/key_index.h"
#include "state/store/schema.h"
#include "state/tables/journal.h"
#include "state/tables/source.h"

START_TEST(numbers_of_every_width_come_back)
{
    const uint64_t numbers[] = {0, 1, 127, 128, 300, UINT32_MAX, INT64_MAX, UINT64_MAX};
    struct buffer value = {0};
    struct value_reader reader;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        value_put_varint(&value, numbers[i]);
        value_put_signed(&value, (int64_t)numbers[i]);
        value_put_signed(&value, -(int64_t)(numbers[i] >> 1) - 1);
        value_put_be64(&value, numbers[i]);
        value_put_double(&value, (double)numbers[i] / 3);
    }
    value_put_be16(&value, 0xabcd);
    value_put_be32(&value, 0xabcdef01);
    value_put_bytes(&value, BYTES_LITERAL("text"));
    value_reader_init(&reader, buffer_bytes(&value));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ck_assert_uint_eq(value_get_varint(&reader), numbers[i]);
        ck_assert_int_eq(value_get_signed(&reader), (int64_t)numbers[i]);
        ck_assert_int_eq(value_get_signed(&reader), -(int64_t)(numbers[i] >> 1) - 1);
        ck_assert_uint_eq(value_get_be64(&reader), numbers[i]);
        ck_assert_double_eq(value_get_double(&reader), (double)numbers[i] / 3);
    }
    ck_assert_uint_eq(value_get_be16(&reader), 0xabcd);
    ck_assert_uint_eq(value_get_be32(&reader), 0xabcdef01);
    ck_assert(bytes_equal_text(value_get_bytes(&reader), "text"));
    ck_assert_int_eq(value_reader_finish(&reader), STATUS_OK);
    buffer_finish(&value);
}
END_TEST

START_TEST(after_a_field_that_is_cut_off_everything_reads_as_zero)
{
    const uint8_t cut[] = {5, 'a', 'b', 1, 2, 3};
    struct value_reader reader;
    value_reader_init(&reader, bytes_of(cut, 3));
    ck_assert_uint_eq(value_get_bytes(&reader).size, 0);
    ck_assert_uint_eq(value_get_u8(&reader), 0);
    ck_assert_uint_eq(value_get_be64(&reader), 0);
    ck_assert_int_eq(value_reader_finish(&reader), STATUS_MALFORMED);
    const uint8_t endless[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    value_reader_init(&reader, bytes_of(endless, sizeof endless));
    ck_assert_uint_eq(value_get_varint(&reader), 0);
    ck_assert(reader.failed);
}
END_TEST

START_TEST(bytes_left_over_are_malformed)
{
    struct buffer value = {0};
    uint64_t number = 9;
    schema_number_encode(77, &value);
    ck_assert_int_eq(schema_number_decode(buffer_bytes(&value), &number), STATUS_OK);
    ck_assert_uint_eq(number, 77);
    buffer_append_byte(&value, 0);
    number = 9;
    ck_assert_int_eq(schema_number_decode(buffer_bytes(&value), &number), STATUS_MALFORMED);
    ck_assert_uint_eq(number, 9);
    buffer_finish(&value);
}
END_TEST

START_TEST(another_version_of_a_value_is_malformed)
{
    struct buffer value = {0};
    struct journal_header header = {1, 2, 3};
    journal_header_encode(&header, &value);
    ck_assert_int_eq(journal_header_decode(buffer_bytes(&value), &header), STATUS_OK);
    value.data[0]++;
    ck_assert_int_eq(journal_header_decode(buffer_bytes(&value), &header), STATUS_MALFORMED);
    buffer_finish(&value);
}
END_TEST

START_TEST(key_order_is_numeric_order)
{
    struct state_key low = {.size = 0}, high = {.size = 0};
    struct cohort_key key = {.grouping = 1, .ring = RING_HOUR, .start_ms = 255}, back;
    cohort_key_encode(&key, &low);
    key.start_ms = 256;
    cohort_key_encode(&key, &high);
    ck_assert_int_lt(bytes_compare(key_bytes(&low), key_bytes(&high)), 0);
    ck_assert_int_eq(cohort_key_decode(key_bytes(&high), &back), STATUS_OK);
    ck_assert_int_eq(back.start_ms, 256);
    ck_assert_int_eq(back.ring, RING_HOUR);
    ck_assert_int_eq(cohort_key_decode(bytes_of(high.data, high.size - 1), &back),
                     STATUS_MALFORMED);
}
END_TEST

/* As schema 1 wrote it: its counts stay, and none of its runs is in a class. */
START_TEST(a_bucket_of_schema_1_keeps_its_counts_and_is_in_no_class)
{
    struct buffer value = {0};
    struct cohort_bucket bucket = {0};
    const int64_t verdicts[] = {5, 1, 2, 3};
    buffer_append_byte(&value, 1);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 4; i++)
            value_put_signed(&value, verdicts[i]);
    for (int i = 0; i < 4; i++)
        value_put_double(&value, 8);
    for (int i = 0; i < 5; i++)
        value_put_signed(&value, 7);
    sketch_encode(&bucket.duration_ms, &value);
    value_put_varint(&value, 1);
    value_put_varint(&value, 9);
    for (int i = 0; i < COHORT_OUTCOMES; i++)
        value_put_signed(&value, i);
    ck_assert_int_eq(cohort_bucket_decode(buffer_bytes(&value), &bucket), STATUS_OK);
    ck_assert_mem_eq(bucket.verdicts, verdicts, sizeof verdicts);
    ck_assert_int_eq(cohort_bucket_unclassed(&bucket), 11);
    ck_assert_int_eq(bucket.tokens, 7);
    ck_assert_int_eq(bucket.rules[0].outcomes[4], 4);
    ck_assert_int_eq(bucket.rules[0].outcomes[COHORT_MISSING], 0);
    /* Taken back as it was added: without a class. */
    struct cohort_contribution old = {.change = COHORT_CHANGE_REMOVE,
                                      .verdict = COHORT_FAIL,
                                      .weight = 1,
                                      .tokens = -1,
                                      .cost_nano_usd = -1};
    buffer_clear(&value);
    cohort_contribution_encode(&old, &value);
    ck_assert_uint_eq(value.data[0], 1);
    ck_assert(cohort_bucket_add(&bucket, &old));
    ck_assert_int_eq(bucket.verdicts[COHORT_FAIL], 1);
    ck_assert_int_eq(cohort_bucket_unclassed(&bucket), 10);
    struct cohort_classes none = {0};
    ck_assert_mem_eq(&bucket.classes, &none, sizeof none);
    cohort_bucket_finish(&bucket);
    buffer_finish(&value);
}
END_TEST

START_TEST(a_contribution_comes_back_and_several_follow_each_other)
{
    struct buffer value = {0};
    struct value_reader reader;
    struct cohort_contribution one = {.change = COHORT_CHANGE_REMOVE,
                                      .event_ms = 1234567890123,
                                      .verdict = COHORT_FAIL,
                                      .class = {2, 3, true, true},
                                      .weight = 2.5,
                                      .duration_ms = 0.25,
                                      .tokens = -1,
                                      .cost_nano_usd = cohort_nano_usd(0.00123),
                                      .group_count = 2,
                                      .rule_count = 1};
    one.groups[1].grouping = 7;
    one.groups[1].hash[15] = 9;
    one.rules[0].rule = 300;
    one.rules[0].outcome = 4;
    struct cohort_contribution back = {0};
    cohort_contribution_encode(&one, &value);
    cohort_contribution_encode(&one, &value);
    value_reader_init(&reader, buffer_bytes(&value));
    for (int i = 0; i < 2; i++) {
        cohort_contribution_decode(&reader, &back);
        ck_assert_int_eq(back.change, one.change);
        ck_assert_int_eq(back.event_ms, one.event_ms);
        ck_assert_double_eq(back.weight, 2.5);
        ck_assert(back.class.is_known && back.class.is_missing);
        ck_assert_uint_eq(back.class.condemned, 2);
        ck_assert_uint_eq(back.class.judged, 3);
        ck_assert_int_eq(back.tokens, -1);
        ck_assert_int_eq(back.cost_nano_usd, 1230000);
        ck_assert_uint_eq(back.groups[1].grouping, 7);
        ck_assert_uint_eq(back.groups[1].hash[15], 9);
        ck_assert_uint_eq(back.rules[0].rule, 300);
        ck_assert_uint_eq(back.rules[0].outcome, 4);
    }
    ck_assert_int_eq(value_reader_finish(&reader), STATUS_OK);
    buffer_finish(&value);
}
END_TEST

START_TEST(a_source_row_with_the_most_shards_fits_a_value)
{
    struct source_row row = {.name = "kafka/topic/1", .marks = {.shards = SOURCE_SHARDS_MAX}};
    struct source_row back;
    struct buffer value = {0};
    row.marks.through[SOURCE_SHARDS_MAX - 1] = 42;
    source_row_encode(&row, &value);
    ck_assert_uint_le(value.size, STORE_VALUE_BYTES_MAX);
    ck_assert_int_eq(source_row_decode(buffer_bytes(&value), &back), STATUS_OK);
    ck_assert_uint_eq(back.marks.through[SOURCE_SHARDS_MAX - 1], 42);
    ck_assert_str_eq(back.name, "kafka/topic/1");
    buffer_finish(&value);
}
END_TEST

START_TEST(the_largest_bucket_fits_a_value)
{
    struct cohort_bucket bucket = {0}, back = {0};
    struct buffer value = {0};
    struct cohort_contribution one = {.weight = 1, .tokens = INT64_MAX, .cost_nano_usd = INT64_MAX};
    for (uint32_t i = 0; i < 1200; i += COHORT_RULES_MAX) {
        one.rule_count = COHORT_RULES_MAX;
        one.duration_ms = i + 1;
        for (uint32_t k = 0; k < COHORT_RULES_MAX; k++) {
            one.rules[k].rule = (uint16_t)(UINT16_MAX - i - k);
            one.rules[k].outcome = (uint8_t)(k % COHORT_OUTCOMES);
        }
        ck_assert(cohort_bucket_add(&bucket, &one));
    }
    for (uint32_t i = 0; i < bucket.rule_count; i++)
        for (size_t k = 0; k < COHORT_OUTCOMES; k++)
            bucket.rules[i].outcomes[k] = INT64_MIN;
    ck_assert_uint_eq(bucket.rule_count, COHORT_BUCKET_RULES_MAX);
    for (int i = 1; i < 4000; i++) {
        one.rule_count = 0;
        one.duration_ms = i * 100;
        ck_assert(cohort_bucket_add(&bucket, &one));
    }
    cohort_bucket_encode(&bucket, &value);
    ck_assert_uint_le(value.size, STORE_VALUE_BYTES_MAX);
    ck_assert_int_eq(cohort_bucket_decode(buffer_bytes(&value), &back), STATUS_OK);
    ck_assert_uint_eq(back.rule_count, bucket.rule_count);
    ck_assert_uint_eq(back.duration_ms.bin_count, bucket.duration_ms.bin_count);
    cohort_bucket_finish(&bucket);
    cohort_bucket_finish(&back);
    buffer_finish(&value);
}
END_TEST

START_TEST(an_index_of_keys_forgets_only_its_end)
{
    struct key_index index = {.key_size = 4};
    uint8_t key[4];
    for (uint32_t i = 0; i < 5000; i++) {
        put_be32(key, i * 2654435761u);
        ck_assert_uint_eq(key_index_find(&index, key), KEY_INDEX_NONE);
        ck_assert_uint_eq(key_index_add(&index, key), i);
    }
    key_index_truncate(&index, 2500);
    for (uint32_t i = 0; i < 5000; i++) {
        put_be32(key, i * 2654435761u);
        ck_assert_uint_eq(key_index_find(&index, key), i < 2500 ? i : KEY_INDEX_NONE);
    }
    key_index_finish(&index);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schema");
    TCase *cases = tcase_create("schema");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, numbers_of_every_width_come_back);
    tcase_add_test(cases, after_a_field_that_is_cut_off_everything_reads_as_zero);
    tcase_add_test(cases, bytes_left_over_are_malformed);
    tcase_add_test(cases, another_version_of_a_value_is_malformed);
    tcase_add_test(cases, key_order_is_numeric_order);
    tcase_add_test(cases, a_bucket_of_schema_1_keeps_its_counts_and_is_in_no_class);
    tcase_add_test(cases, a_contribution_comes_back_and_several_follow_each_other);
    tcase_add_test(cases, a_source_row_with_the_most_shards_fits_a_value);
    tcase_add_test(cases, the_largest_bucket_fits_a_value);
    tcase_add_test(cases, an_index_of_keys_forgets_only_its_end);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
