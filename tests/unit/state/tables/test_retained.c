/* link: state base */
#include "state/tables/retained.h"
#include "tests/support/temp_store.h"

enum { CONTENT = 150000 };

static uint8_t content[CONTENT];

static void append(struct retained *retained, struct store *store, uint64_t sequence,
                   int64_t committed_ms, size_t size)
{
    struct store_txn txn;
    memset(content, (int)sequence, size);
    store_begin(store, true, &txn);
    retained_append(retained, &txn, sequence, committed_ms, bytes_of(content, size));
    COMMIT(&txn);
}

static uint32_t trim(struct retained *retained, struct store *store, int64_t before_ms,
                     uint64_t bytes_max, uint32_t rows_max)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    uint32_t rows = retained_trim(retained, &txn, before_ms, bytes_max, rows_max);
    COMMIT(&txn);
    return rows;
}

static enum status read_size(struct store *store, uint64_t sequence, size_t *ret_size)
{
    struct store_txn txn;
    struct buffer to = {0};
    store_begin(store, false, &txn);
    enum status status = retained_read(&txn, sequence, &to);
    COMMIT(&txn);
    *ret_size = to.size;
    for (size_t i = 0; i < to.size; i++)
        ck_assert_uint_eq(to.data[i], (uint8_t)sequence);
    buffer_finish(&to);
    return status;
}

START_TEST(content_is_read_whole_and_alone)
{
    struct temp_store temp;
    struct retained *retained;
    size_t size;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(retained_open(temp.store, &retained), STATUS_OK);
    append(retained, temp.store, 3, 1000, CONTENT);
    append(retained, temp.store, 5, 2000, 0);
    append(retained, temp.store, 6, 3000, 70);
    ck_assert_int_eq(read_size(temp.store, 3, &size), STATUS_OK);
    ck_assert_uint_eq(size, CONTENT);
    ck_assert_int_eq(read_size(temp.store, 5, &size), STATUS_OK);
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(read_size(temp.store, 6, &size), STATUS_OK);
    ck_assert_uint_eq(size, 70);
    ck_assert_int_eq(read_size(temp.store, 4, &size), STATUS_NOT_FOUND);
    ck_assert_int_eq(read_size(temp.store, 7, &size), STATUS_NOT_FOUND);
    retained_close(retained);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(what_is_old_or_too_much_leaves_from_the_front)
{
    struct temp_store temp;
    struct retained *retained;
    size_t size;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(retained_open(temp.store, &retained), STATUS_OK);
    for (uint64_t sequence = 1; sequence <= 6; sequence++)
        append(retained, temp.store, sequence, (int64_t)sequence * 1000, CONTENT);
    ck_assert_uint_eq(retained_items(retained), 6);
    ck_assert_uint_eq(trim(retained, temp.store, 1000, UINT32_MAX, 100), 0);
    ck_assert_uint_eq(trim(retained, temp.store, 2001, UINT32_MAX, 100), 6);
    ck_assert_uint_eq(retained_items(retained), 4);
    ck_assert_int_eq(read_size(temp.store, 2, &size), STATUS_NOT_FOUND);
    ck_assert_int_eq(read_size(temp.store, 3, &size), STATUS_OK);
    ck_assert_uint_eq(trim(retained, temp.store, 0, 2 * CONTENT + 1000, 1), 3);
    ck_assert_uint_eq(trim(retained, temp.store, 0, 2 * CONTENT + 1000, 100), 3);
    ck_assert_uint_eq(retained_items(retained), 2);
    ck_assert_uint_le(retained_bytes(retained), 2 * CONTENT + 1000);
    retained_close(retained);
    ck_assert_int_eq(retained_open(temp.store, &retained), STATUS_OK);
    ck_assert_uint_eq(retained_items(retained), 2);
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    ck_assert(retained_delete(retained, &txn, 5));
    ck_assert(!retained_delete(retained, &txn, 5));
    COMMIT(&txn);
    ck_assert_uint_eq(retained_items(retained), 1);
    retained_close(retained);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("retained");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, content_is_read_whole_and_alone);
    tcase_add_test(all, what_is_old_or_too_much_leaves_from_the_front);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
