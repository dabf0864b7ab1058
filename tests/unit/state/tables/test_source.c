/* link: state base */
#include "state/store/dictionary.h"
#include "state/tables/counters.h"
#include "state/tables/source.h"
#include "tests/support/temp_store.h"

START_TEST(a_source_keeps_its_id_positions_and_marks)
{
    struct temp_store temp;
    struct store_txn txn;
    struct source_row row, other;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    source_open(&txn, "otlp/grpc", &row);
    source_open(&txn, "kafka/spans/0", &other);
    ck_assert_uint_ne(row.id, other.id);
    row.next_position = 1000;
    row.low_watermark = 900;
    row.marks.shards = 3;
    for (uint32_t i = 0; i < 3; i++)
        row.marks.through[i] = 990 + i;
    source_write(&txn, &row);
    COMMIT(&txn);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    source_open(&txn, "otlp/grpc", &other);
    ck_assert_uint_eq(other.id, row.id);
    ck_assert_uint_eq(other.next_position, 1000);
    ck_assert_uint_eq(other.low_watermark, 900);
    ck_assert_uint_eq(store_count(&txn, TABLE_SOURCE), 2);
    uint64_t through = 0;
    ck_assert(source_mark(&other, 2, 3, &through));
    ck_assert_uint_eq(through, 992);
    ck_assert(source_mark(&other, 2, 4, &through)); /* other shards: the lowest holds for all */
    ck_assert_uint_eq(through, 990);
    store_abort(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_source_keeps_what_is_known_of_a_message_and_rows_of_before_know_none)
{
    struct source_row row = {.id = 1, .name = "kafka/spans/0", .next_position = 9}, read;
    struct buffer value = {0};
    row.known_position = 8;
    memset(row.known, 0xab, sizeof row.known);
    source_row_encode(&row, &value);
    ck_assert_int_eq(source_row_decode(buffer_bytes(&value), &read), STATUS_OK);
    ck_assert_uint_eq(read.known_position, 8);
    ck_assert_mem_eq(read.known, row.known, sizeof row.known);
    value.data[0] = 2; /* the version before, which ends before it */
    value.size -= 8 + sizeof row.known;
    ck_assert_int_eq(source_row_decode(buffer_bytes(&value), &read), STATUS_OK);
    ck_assert_uint_eq(read.next_position, 9);
    ck_assert_uint_eq(read.known_position, 0);
    buffer_finish(&value);
}
END_TEST

START_TEST(a_source_without_marks_says_so)
{
    struct source_row row = {0};
    uint64_t through = 7;
    ck_assert(!source_mark(&row, 0, 1, &through));
    ck_assert_uint_eq(through, 7);
}
END_TEST

START_TEST(counters_show_only_what_is_durable)
{
    struct temp_store temp;
    struct store_txn txn;
    struct counters *counters;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(counters_open(temp.store, &counters), STATUS_OK);
    struct persistent_counter *spans = counters_get(counters, "spans_dropped{reason=\"no_ids\"}");
    ck_assert_ptr_eq(spans, counters_get(counters, "spans_dropped{reason=\"no_ids\"}"));
    store_begin(temp.store, true, &txn);
    counters_add(counters, &txn, spans, 5);
    counters_write(counters, &txn);
    store_abort(&txn);
    ck_assert_uint_eq(counter_get(persistent_counter_value(spans)), 0);
    store_begin(temp.store, true, &txn);
    counters_add(counters, &txn, spans, 5);
    counters_write(counters, &txn);
    counters_add(counters, &txn, spans, 2);
    counters_write(counters, &txn);
    ck_assert_uint_eq(counter_get(persistent_counter_value(spans)), 0);
    COMMIT(&txn);
    ck_assert_uint_eq(counter_get(persistent_counter_value(spans)), 7);
    counters_close(counters);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(counters_open(temp.store, &counters), STATUS_OK);
    spans = counters_at(counters, 0);
    ck_assert_str_eq(persistent_counter_name(spans), "spans_dropped{reason=\"no_ids\"}");
    ck_assert_uint_eq(counter_get(persistent_counter_value(spans)), 7);
    ck_assert_ptr_null(counters_at(counters, 1));
    counters_close(counters);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_text_keeps_its_number_in_its_kind)
{
    struct temp_store temp;
    struct store_txn txn;
    struct bytes text;
    uint16_t id = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    uint16_t intent = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    uint16_t both = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("release,intent"));
    uint16_t rule = dictionary_id(&txn, DICTIONARY_RULE, BYTES_LITERAL("intent"));
    ck_assert_uint_eq(intent, 1);
    ck_assert_uint_eq(both, 2);
    ck_assert_uint_eq(rule, 1);
    COMMIT(&txn);
    store_begin(temp.store, true, &txn);
    ck_assert_uint_eq(dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("release,intent")), 2);
    ck_assert(dictionary_find(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"), &id));
    ck_assert_uint_eq(id, 1);
    ck_assert(!dictionary_find(&txn, DICTIONARY_RULE, BYTES_LITERAL("release,intent"), &id));
    ck_assert(dictionary_text(&txn, DICTIONARY_GROUPING, 2, &text));
    ck_assert(bytes_equal_text(text, "release,intent"));
    store_abort(&txn);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("source");
    TCase *cases = tcase_create("source");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_source_keeps_its_id_positions_and_marks);
    tcase_add_test(cases, a_source_keeps_what_is_known_of_a_message_and_rows_of_before_know_none);
    tcase_add_test(cases, a_source_without_marks_says_so);
    tcase_add_test(cases, counters_show_only_what_is_durable);
    tcase_add_test(cases, a_text_keeps_its_number_in_its_kind);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
