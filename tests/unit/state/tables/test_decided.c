/* link: state base */
#include "state/store/store_faults.h"
#include "state/store/value.h"
#include "state/tables/decided.h"
#include "state/tables/source.h"
#include "tests/support/temp_store.h"

static struct decided_row row_of(uint32_t id, int64_t decided_ms)
{
    struct decided_row row = {.position_count = 1,
                              .positions = {{.source = 1, .position = id}},
                              .decided_ms = decided_ms,
                              .event_ms = decided_ms - 5,
                              .verdict = (uint8_t)(id % 4),
                              .trigger = 2,
                              .flags = id,
                              .spans = id % 100,
                              .record_sequence = id * 3,
                              .contribution = BYTES_LITERAL("contribution"),
                              .extension = BYTES_LITERAL("later")};
    put_be32(row.trace_id, id);
    return row;
}

static void append(struct decided *decided, struct store *store, uint32_t from, uint32_t count,
                   int64_t decided_ms)
{
    static struct decided_row rows[4096];
    struct store_txn txn;
    for (uint32_t i = 0; i < count; i++)
        rows[i] = row_of(from + i, decided_ms);
    uint64_t expected = decided_next_sequence(decided);
    store_begin(store, true, &txn);
    ck_assert_uint_eq(decided_append(decided, &txn, rows, count), count ? expected : 0);
    COMMIT(&txn);
}

struct seen {
    uint32_t next;
    uint64_t rows, last_sequence;
};

static bool see(void *context, uint64_t sequence, const struct decided_row *row)
{
    struct seen *seen = context;
    ck_assert_uint_ge(sequence, seen->last_sequence);
    seen->last_sequence = sequence;
    struct decided_row expected = row_of(seen->next++, row->decided_ms);
    ck_assert_mem_eq(row->trace_id, expected.trace_id, 16);
    ck_assert_uint_eq(row->positions[0].position, expected.positions[0].position);
    ck_assert_int_eq(row->event_ms, expected.event_ms);
    ck_assert_uint_eq(row->flags, expected.flags);
    ck_assert_uint_eq(row->spans, expected.spans);
    ck_assert_uint_eq(row->record_sequence, expected.record_sequence);
    ck_assert(bytes_equal(row->contribution, expected.contribution));
    ck_assert(bytes_equal(row->extension, expected.extension));
    seen->rows++;
    return true;
}

START_TEST(rows_of_a_big_commit_come_back_in_order_from_any_sequence)
{
    struct temp_store temp;
    struct decided *decided;
    struct store_txn txn;
    struct seen seen = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    append(decided, temp.store, 0, 4000, 100);
    append(decided, temp.store, 4000, 0, 100);
    append(decided, temp.store, 4000, 1, 100);
    ck_assert_uint_eq(decided_count(decided), 4001);
    ck_assert_uint_eq(decided_next_sequence(decided), 3);
    ck_assert_int_eq(decided_load(temp.store, 0, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.rows, 4001);
    seen = (struct seen){.next = 4000};
    store_begin(temp.store, false, &txn);
    decided_scan(&txn, 2, see, &seen);
    struct decided_row wanted = row_of(1234, 100), found;
    ck_assert(decided_find(&txn, 1, wanted.trace_id, &found));
    ck_assert_uint_eq(found.flags, 1234);
    ck_assert(!decided_find(&txn, 2, wanted.trace_id, &found));
    COMMIT(&txn);
    ck_assert_uint_eq(seen.rows, 1);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(many_commits_load_in_several_transactions)
{
    struct temp_store temp;
    struct decided *decided;
    struct seen seen = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    for (uint32_t i = 0; i < 300; i++)
        append(decided, temp.store, i * 3, 3, i);
    ck_assert_int_eq(decided_load(temp.store, 1, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.rows, 900);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

static uint64_t expire(struct decided *decided, struct store *store, uint64_t low_watermark,
                       uint64_t folded, int64_t before_ms, uint32_t rows_max)
{
    struct store_txn txn;
    struct source_row source;
    store_begin(store, true, &txn);
    source_open(&txn, "otlp", &source);
    ck_assert_uint_eq(source.id, 1);
    source.low_watermark = low_watermark;
    source.next_position = 1000;
    source_write(&txn, &source);
    store_put_number(&txn, "folded_sequence", folded);
    uint64_t left = decided_expire(decided, &txn, before_ms, rows_max, NULL, NULL);
    COMMIT(&txn);
    return left;
}

START_TEST(a_row_stays_until_it_is_old_trimmed_and_folded)
{
    struct temp_store temp;
    struct decided *decided;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    for (uint32_t i = 0; i < 10; i++)
        append(decided, temp.store, i * 2, 2, 100 + i);
    ck_assert_uint_eq(expire(decided, temp.store, 20, 10, 100, 99), 0); /* too young */
    ck_assert_uint_eq(expire(decided, temp.store, 1, 10, 1000, 99), 0); /* position 1 is needed */
    ck_assert_uint_eq(expire(decided, temp.store, 20, 0, 1000, 99), 0); /* not folded */
    ck_assert_uint_eq(expire(decided, temp.store, 5, 10, 1000, 99), 4); /* two sequences */
    ck_assert_uint_eq(expire(decided, temp.store, 20, 5, 1000, 99), 6); /* up to sequence 5 */
    ck_assert_uint_eq(expire(decided, temp.store, 20, 10, 1000, 2), 4); /* bounded work */
    ck_assert_uint_eq(expire(decided, temp.store, 20, 10, 109, 99), 4); /* by time */
    ck_assert_uint_eq(decided_count(decided), 2);
    struct seen seen = {.next = 18};
    ck_assert_int_eq(decided_load(temp.store, 0, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.rows, 2);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

static uint64_t expire_of(struct decided *decided, struct store *store,
                          const struct source_row *source)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    source_write(&txn, source);
    store_put_number(&txn, "folded_sequence", 99);
    uint64_t left = decided_expire(decided, &txn, 1000, 99, NULL, NULL);
    COMMIT(&txn);
    return left;
}

START_TEST(a_row_does_not_wait_for_positions_that_its_source_will_not_give_again)
{
    struct temp_store temp;
    struct decided *decided;
    struct source_row source;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    store_begin(temp.store, true, &txn);
    source_open(&txn, "kafka/spans/0", &source);
    COMMIT(&txn);
    append(decided, temp.store, 0, 10, 100); /* positions 0 to 9 */
    source.low_watermark = 3;
    source.next_position = 10;
    ck_assert_uint_eq(expire_of(decided, temp.store, &source), 0);
    source.is_handed_over = true; /* another instance reads it now */
    ck_assert_uint_eq(expire_of(decided, temp.store, &source), 10);
    append(decided, temp.store, 10, 10, 100);
    source.is_handed_over = false;
    source.low_watermark = source.next_position = 1; /* the topic was made anew */
    ck_assert_uint_eq(expire_of(decided, temp.store, &source), 10);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(sequences_go_on_after_everything_has_left)
{
    struct temp_store temp;
    struct decided *decided;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    append(decided, temp.store, 0, 5, 100);
    append(decided, temp.store, 5, 5, 100);
    ck_assert_uint_eq(expire(decided, temp.store, 100, 2, 1000, 99), 10);
    decided_close(decided);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    ck_assert_uint_eq(decided_next_sequence(decided), 3);
    ck_assert_uint_eq(decided_count(decided), 0);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_aborted_commit_uses_no_sequence)
{
    struct temp_store temp;
    struct decided *decided;
    struct store_txn txn;
    struct decided_row row = row_of(1, 1);
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    struct store_faults faults = {.writes_until_failure = 2, .write_error = 28};
    store_set_faults(temp.store, &faults);
    store_begin(temp.store, true, &txn);
    decided_append(decided, &txn, &row, 1);
    ck_assert_int_eq(store_commit(&txn), STATUS_BUSY);
    ck_assert_uint_eq(decided_next_sequence(decided), 1);
    ck_assert_uint_eq(decided_count(decided), 0);
    store_begin(temp.store, true, &txn);
    ck_assert_uint_eq(decided_append(decided, &txn, &row, 1), 1);
    COMMIT(&txn);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(fields_appended_by_a_later_version_are_passed_over)
{
    struct buffer row = {0}, value = {0};
    struct decided_row wanted = row_of(9, 4), found;
    struct value_reader reader;
    decided_row_encode(&wanted, &row);
    buffer_append_text(&row, "a field of the future");
    value_put_bytes(&value, buffer_bytes(&row));
    value_put_bytes(&value, buffer_bytes(&row));
    value_reader_init(&reader, buffer_bytes(&value));
    decided_row_decode(&reader, &found);
    decided_row_decode(&reader, &found);
    ck_assert_int_eq(value_reader_finish(&reader), STATUS_OK);
    ck_assert_uint_eq(found.flags, 9);
    buffer_finish(&row);
    buffer_finish(&value);
}
END_TEST

START_TEST(the_next_row_of_a_trace_is_found_from_any_sequence)
{
    struct temp_store temp;
    struct decided *decided;
    struct store_txn txn;
    struct decided_row found;
    uint64_t sequence;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(decided_open(temp.store, &decided), STATUS_OK);
    append(decided, temp.store, 1, 3000, 1000);
    append(decided, temp.store, 3001, 10, 2000);
    append(decided, temp.store, 2500, 1, 3000);
    store_begin(temp.store, false, &txn);
    uint8_t trace_id[16] = {0};
    put_be32(trace_id, 2500);
    ck_assert(decided_search(&txn, 0, trace_id, &sequence, &found));
    ck_assert_uint_eq(sequence, 1);
    ck_assert_int_eq(found.decided_ms, 1000);
    ck_assert(decided_search(&txn, 2, trace_id, &sequence, &found));
    ck_assert_uint_eq(sequence, 3);
    ck_assert_int_eq(found.decided_ms, 3000);
    ck_assert(bytes_equal_text(found.extension, "later"));
    ck_assert(!decided_search(&txn, 4, trace_id, &sequence, &found));
    put_be32(trace_id, 9999);
    ck_assert(!decided_search(&txn, 0, trace_id, &sequence, &found));
    COMMIT(&txn);
    decided_close(decided);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decided");
    TCase *cases = tcase_create("decided");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, rows_of_a_big_commit_come_back_in_order_from_any_sequence);
    tcase_add_test(cases, many_commits_load_in_several_transactions);
    tcase_add_test(cases, a_row_stays_until_it_is_old_trimmed_and_folded);
    tcase_add_test(cases, a_row_does_not_wait_for_positions_that_its_source_will_not_give_again);
    tcase_add_test(cases, sequences_go_on_after_everything_has_left);
    tcase_add_test(cases, an_aborted_commit_uses_no_sequence);
    tcase_add_test(cases, fields_appended_by_a_later_version_are_passed_over);
    tcase_add_test(cases, the_next_row_of_a_trace_is_found_from_any_sequence);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
