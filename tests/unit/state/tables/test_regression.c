/* link: state base */
#include "state/tables/regression.h"
#include "tests/support/temp_store.h"

static const uint8_t row_a[16] = {1}, row_b[16] = {2};

static struct regression_release release_of(const char *name, int64_t runs)
{
    struct regression_release release = {.runs = {runs, 1, 2, -3},
                                         .hits = {0, 0, 2, 0},
                                         .near = {0, 1, 0, 0},
                                         .first_ms = 5,
                                         .last_ms = 70};
    regression_release_id(bytes_of_text(name), release.id);
    memcpy(release.name, name, strlen(name));
    return release;
}

static struct regression_count count_of(const struct regression_release *release,
                                        const uint8_t row_id[16], int64_t passed)
{
    struct regression_count count = {.passed = passed, .failed = 2, .borderline = 1, .last_ms = 9};
    if (release)
        memcpy(count.release, release->id, sizeof count.release);
    memcpy(count.row_id, row_id, sizeof count.row_id);
    return count;
}

static bool take_count(void *context, const struct regression_count *count)
{
    *(int64_t *)context = *(int64_t *)context * 100 + count->passed;
    return true;
}

static bool take_release(void *context, const struct regression_release *release)
{
    *(int64_t *)context += release->runs[0];
    return true;
}

static void take_hour(void *context, const struct regression_hit_hour *row)
{
    *(uint64_t *)context = *(uint64_t *)context * 100 + row->hits;
}

START_TEST(a_release_is_read_as_it_was_put)
{
    struct temp_store temp;
    struct store_txn txn;
    struct regression_release release = release_of("4.2.0", 100), read;
    int64_t runs = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    regression_put_release(&txn, &release);
    struct regression_release next = release_of("4.2.1", 7);
    regression_put_release(&txn, &next);
    ck_assert(regression_get_release(&txn, BYTES_LITERAL("4.2.0"), &read));
    ck_assert_mem_eq(&read, &release, sizeof read);
    ck_assert(!regression_get_release(&txn, BYTES_LITERAL("4.2"), &read));
    regression_scan_releases(&txn, take_release, &runs);
    ck_assert_int_eq(runs, 107);
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_release_leaves_with_its_rows_and_not_those_of_all)
{
    struct temp_store temp;
    struct store_txn txn;
    struct regression_release old = release_of("1", 1), kept = release_of("2", 1), read;
    struct regression_count counts[] = {count_of(&old, row_a, 3), count_of(&old, row_b, 4),
                                        count_of(&kept, row_a, 5), count_of(NULL, row_a, 8)};
    struct regression_count count;
    int64_t seen = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    regression_put_release(&txn, &old);
    regression_put_release(&txn, &kept);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        regression_put_count(&txn, &counts[i]);
    regression_scan_counts(&txn, old.id, take_count, &seen);
    ck_assert_int_eq(seen, 304);
    ck_assert(regression_get_count(&txn, NULL, row_a, &count));
    ck_assert_int_eq(count.matched, 11);
    ck_assert(!regression_get_count(&txn, NULL, row_b, &count));
    ck_assert_int_eq(count.matched, 0);
    ck_assert_uint_eq(regression_delete_release(&txn, old.id), 2);
    ck_assert(!regression_get_release(&txn, BYTES_LITERAL("1"), &read));
    ck_assert(!regression_get_count(&txn, old.id, row_a, &count));
    ck_assert(regression_get_count(&txn, kept.id, row_a, &count));
    ck_assert_int_eq(count.passed, 5);
    ck_assert(regression_get_count(&txn, NULL, row_a, &count));
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(hours_are_read_in_order_and_leave_as_a_whole)
{
    struct temp_store temp;
    struct store_txn txn;
    struct regression_hit_hour rows[] = {{.hour = 8, .row_id = {2}, .hits = 3},
                                         {.hour = 8, .hits = 2, .emitted = 1, .halvings = 4},
                                         {.hour = 7, .row_id = {9}, .hits = 1}};
    uint64_t seen = 0;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        regression_put_hit_hour(&txn, &rows[i]);
    regression_scan_hit_hours(&txn, take_hour, &seen);
    ck_assert_uint_eq(seen, 10203);
    regression_delete_hit_hour(&txn, 8);
    seen = 0;
    regression_scan_hit_hours(&txn, take_hour, &seen);
    ck_assert_uint_eq(seen, 1);
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_row_that_is_cut_is_refused)
{
    struct temp_store temp;
    struct store_txn txn;
    struct store_cursor cursor;
    struct regression_release release = release_of("4.2.0", 100);
    struct regression_any any;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
    regression_put_release(&txn, &release);
    store_cursor_begin(&txn, TABLE_REGRESSION, (struct bytes){0}, 0, &cursor);
    ck_assert(store_cursor_next(&cursor));
    struct bytes value = store_cursor_value(&cursor);
    for (size_t size = 0; size < value.size; size++)
        ck_assert_int_eq(
            regression_decode(key_bytes(&cursor.key), bytes_of(value.data, size), &any),
            STATUS_MALFORMED);
    ck_assert_int_eq(regression_decode(key_bytes(&cursor.key), value, &any), STATUS_OK);
    store_cursor_finish(&cursor);
    COMMIT(&txn);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression");
    TCase *all = tcase_create("all");
    tcase_add_test(all, a_release_is_read_as_it_was_put);
    tcase_add_test(all, a_release_leaves_with_its_rows_and_not_those_of_all);
    tcase_add_test(all, hours_are_read_in_order_and_leave_as_a_whole);
    tcase_add_test(all, a_row_that_is_cut_is_refused);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
