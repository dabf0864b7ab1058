/* link: state base */
#include "state/tables/outbox.h"
#include "state/tables/outbox_slots.h"
#include "tests/support/temp_store.h"

static void append(struct outbox *outbox, struct store *store, uint8_t exporter, uint64_t sequence,
                   size_t size)
{
    static uint8_t frame[900000];
    struct store_txn txn;
    memset(frame, (int)sequence, size);
    store_begin(store, true, &txn);
    outbox_append(outbox, &txn, exporter, sequence, 1000 + (int64_t)sequence,
                  bytes_of(frame, size));
    COMMIT(&txn);
}

struct seen {
    uint64_t sequences[32];
    size_t count, bytes;
};

static bool see(void *context, uint64_t sequence, int64_t committed_ms, struct bytes frame)
{
    struct seen *seen = context;
    ck_assert_int_eq(committed_ms, 1000 + (int64_t)sequence);
    for (size_t i = 0; i < frame.size; i++)
        ck_assert_uint_eq(frame.data[i], (uint8_t)sequence);
    seen->sequences[seen->count++] = sequence;
    seen->bytes += frame.size;
    return true;
}

START_TEST(a_record_of_800_kb_takes_thirteen_rows_and_comes_back_whole)
{
    struct temp_store temp;
    struct outbox *outbox;
    struct seen seen = {0};
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    append(outbox, temp.store, 0, 1, 800000);
    append(outbox, temp.store, 0, 2, 0);
    append(outbox, temp.store, 1, 2, 10);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_OUTBOX), 13 + 2);
    COMMIT(&txn);
    ck_assert_int_eq(outbox_scan(temp.store, 0, 0, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_eq(seen.bytes, 800000);
    ck_assert_uint_eq(outbox_held(outbox, 0).records, 2);
    ck_assert_uint_eq(outbox_held_all(outbox).records, 3);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(deleting_twice_counts_once_and_sequences_never_start_again)
{
    struct temp_store temp;
    struct outbox *outbox;
    struct store_txn txn;
    uint64_t sequence;
    int64_t committed_ms;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    ck_assert_uint_eq(outbox_next_sequence(outbox), 1);
    for (uint64_t i = 1; i <= 5; i++)
        append(outbox, temp.store, 4, i, 100);
    store_begin(temp.store, true, &txn);
    ck_assert(outbox_delete(outbox, &txn, 4, 3));
    ck_assert(!outbox_delete(outbox, &txn, 4, 3));
    ck_assert_uint_eq(outbox_delete_through(outbox, &txn, 4, 2, 100), 2);
    COMMIT(&txn);
    ck_assert_uint_eq(outbox_held(outbox, 4).records, 2);
    store_begin(temp.store, true, &txn);
    ck_assert(outbox_first(&txn, 4, &sequence, &committed_ms));
    ck_assert_uint_eq(sequence, 4);
    ck_assert_int_eq(committed_ms, 1004);
    ck_assert(outbox_last(&txn, 4, &sequence));
    ck_assert_uint_eq(sequence, 5);
    outbox_delete_through(outbox, &txn, 4, 5, 100);
    ck_assert(!outbox_last(&txn, 4, &sequence));
    COMMIT(&txn);
    ck_assert_uint_eq(outbox_held(outbox, 4).bytes, 0);
    outbox_close(outbox);
    temp_store_reopen(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    ck_assert_uint_eq(outbox_next_sequence(outbox), 6);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_aborted_append_gives_its_sequence_back)
{
    struct temp_store temp;
    struct outbox *outbox;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    store_begin(temp.store, true, &txn);
    outbox_append(outbox, &txn, 0, outbox_next_sequence(outbox), 1, BYTES_LITERAL("x"));
    outbox_append(outbox, &txn, 0, outbox_next_sequence(outbox), 1, BYTES_LITERAL("y"));
    ck_assert_uint_eq(outbox_next_sequence(outbox), 3);
    store_abort(&txn);
    ck_assert_uint_eq(outbox_next_sequence(outbox), 1);
    ck_assert_uint_eq(outbox_held(outbox, 0).records, 0);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_file_keeps_its_inode_and_length)
{
    struct temp_store temp;
    struct store_txn txn;
    struct outbox_file file = {0};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    ck_assert(!outbox_file_read(&txn, 2, &file));
    outbox_file_write(&txn, 2, &(struct outbox_file){.inode = 77, .length = 1ull << 40});
    ck_assert(outbox_file_read(&txn, 2, &file));
    COMMIT(&txn);
    ck_assert_uint_eq(file.inode, 77);
    ck_assert_uint_eq(file.length, 1ull << 40);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_frame_in_place_of_another_keeps_sequence_and_time)
{
    static uint8_t shorter[70000];
    struct temp_store temp;
    struct outbox *outbox;
    struct seen seen = {0};
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    append(outbox, temp.store, 0, 1, 800000);
    append(outbox, temp.store, 0, 2, 10);
    append(outbox, temp.store, 1, 1, 10);
    memset(shorter, 1, sizeof shorter);
    store_begin(temp.store, true, &txn);
    ck_assert(outbox_replace(outbox, &txn, 0, 1, bytes_of(shorter, sizeof shorter)));
    ck_assert(!outbox_replace(outbox, &txn, 0, 3, bytes_of(shorter, 1)));
    COMMIT(&txn);
    ck_assert_int_eq(outbox_scan(temp.store, 0, 0, see, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 2);
    ck_assert_uint_eq(seen.sequences[0], 1);
    ck_assert_uint_eq(seen.bytes, sizeof shorter + 10);
    ck_assert_uint_eq(outbox_held(outbox, 0).records, 2);
    ck_assert_uint_lt(outbox_held(outbox, 0).bytes, 80000);
    ck_assert_uint_eq(outbox_held(outbox, 1).records, 1);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

static void assign(struct store *store, const char *const *names, uint32_t count)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    ck_assert(outbox_slots_assign(&txn, names, count));
    COMMIT(&txn);
}

static size_t count_rows(struct store *store, uint8_t exporter)
{
    struct seen seen = {0};
    ck_assert_int_eq(outbox_scan(store, exporter, 0, see, &seen), STATUS_OK);
    return seen.count;
}

START_TEST(records_wait_for_the_exporter_of_their_name_wherever_the_file_has_it)
{
    struct temp_store temp;
    struct outbox *outbox;
    struct store_txn txn;
    struct outbox_file file = {7, 70};
    temp_store_open(&temp, TEMP_MAP_BYTES);
    assign(temp.store, (const char *const[]){"file/a", "kafka/b"}, 2);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    append(outbox, temp.store, 1, 1, 10);
    append(outbox, temp.store, 1, 2, 10);
    store_begin(temp.store, true, &txn);
    outbox_file_write(&txn, 0, &file);
    COMMIT(&txn);

    assign(temp.store, (const char *const[]){"kafka/b", "file/a"}, 2);
    ck_assert_uint_eq(count_rows(temp.store, 0), 2);
    ck_assert_uint_eq(count_rows(temp.store, 1), 0);
    store_begin(temp.store, true, &txn);
    ck_assert(outbox_file_read(&txn, 1, &file));
    ck_assert_uint_eq(file.length, 70);
    ck_assert(!outbox_file_read(&txn, 0, &file));
    ck_assert(outbox_delete(outbox, &txn, 0, 1));
    COMMIT(&txn);

    assign(temp.store, (const char *const[]){"file/a"}, 1); /* what waits is nobody's now */
    ck_assert_uint_eq(count_rows(temp.store, 0), 0);
    assign(temp.store, (const char *const[]){"file/a", "kafka/c"}, 2);
    ck_assert_uint_eq(count_rows(temp.store, 1), 0);
    assign(temp.store, (const char *const[]){"kafka/c", "file/a", "kafka/b"}, 3);
    ck_assert_uint_eq(count_rows(temp.store, 2), 1);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(an_exporter_that_is_renamed_at_its_place_keeps_its_records)
{
    struct temp_store temp;
    struct outbox *outbox;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(outbox_open(temp.store, &outbox), STATUS_OK);
    append(outbox, temp.store, 1, 1, 10); /* of a version that kept no names */
    assign(temp.store, (const char *const[]){"file/a", "kafka/b"}, 2);
    ck_assert_uint_eq(count_rows(temp.store, 1), 1);
    assign(temp.store, (const char *const[]){"file/a", "kafka/new"}, 2);
    ck_assert_uint_eq(count_rows(temp.store, 1), 1);
    outbox_close(outbox);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox");
    TCase *cases = tcase_create("outbox");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_record_of_800_kb_takes_thirteen_rows_and_comes_back_whole);
    tcase_add_test(cases, deleting_twice_counts_once_and_sequences_never_start_again);
    tcase_add_test(cases, an_aborted_append_gives_its_sequence_back);
    tcase_add_test(cases, a_frame_in_place_of_another_keeps_sequence_and_time);
    tcase_add_test(cases, a_file_keeps_its_inode_and_length);
    tcase_add_test(cases, records_wait_for_the_exporter_of_their_name_wherever_the_file_has_it);
    tcase_add_test(cases, an_exporter_that_is_renamed_at_its_place_keeps_its_records);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
