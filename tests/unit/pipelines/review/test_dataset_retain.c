/* Rows that are older than `dataset.retain` retire, and what they said is deleted. */
#include "state/tables/row.h"
#include "tests/support/review_rows.h"

static const int64_t decided_ms = 1700000000000, day_ms = 86400000;

static void turn(struct rows_fixture *it, int64_t wall_ms, int turns)
{
    for (int i = 0; i < turns; i++) {
        struct store_txn txn;
        store_begin(it->temp.store, true, &txn);
        dataset_turn(it->dataset, &txn, &it->settings, wall_ms);
        COMMIT(&txn);
    }
}

struct found_rows {
    uint32_t live, erased, texts; /* texts: chunks of row_version that hold the question */
    char reason[ROW_REASON_BYTES_MAX + 1];
};

static struct found_rows find_rows(struct rows_fixture *it, const char *question)
{
    struct store_txn txn;
    struct store_cursor cursor;
    struct row_entry entry;
    struct found_rows found = {0};
    store_begin(it->temp.store, false, &txn);
    store_cursor_begin(&txn, TABLE_ROW, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        enum status status =
            row_entry_decode(key_bytes(&cursor.key), store_cursor_value(&cursor), &entry);
        ck_assert_int_eq(status, STATUS_OK);
        found.live += entry.state == ROW_STATE_LIVE;
        found.erased += entry.is_erased;
        memcpy(found.reason, entry.reason.data, entry.reason.size);
        found.reason[entry.reason.size] = 0;
    }
    store_cursor_finish(&cursor);
    store_cursor_begin(&txn, TABLE_ROW_VERSION, bytes_of("", 0), 0, &cursor);
    while (store_cursor_next(&cursor)) {
        struct bytes value = store_cursor_value(&cursor);
        found.texts += memmem(value.data, value.size, question, strlen(question)) != NULL;
    }
    store_cursor_finish(&cursor);
    COMMIT(&txn);
    return found;
}

static const struct decided_case a_fail = {.number = 1,
                                           .input = "Is my Zanzibar transfer free?",
                                           .must_include = "a fee of 250",
                                           .verdict = REVIEW_FAIL};

START_TEST(a_row_retires_at_its_age_and_not_before)
{
    struct rows_fixture it;
    rows_set_up(&it);
    it.settings.retain_ms = 30 * day_ms;
    (void)rows_decide(&it, &a_fail);
    turn(&it, decided_ms + 30 * day_ms, 2);
    struct found_rows found = find_rows(&it, "Zanzibar");
    ck_assert_uint_eq(found.live, 1);
    ck_assert_uint_ge(found.texts, 1);
    uint64_t version = dataset_version(it.dataset);
    turn(&it, decided_ms + 30 * day_ms + 1, 2);
    found = find_rows(&it, "Zanzibar");
    ck_assert_uint_eq(found.live, 0);
    ck_assert_uint_eq(found.erased, 1);
    ck_assert_uint_eq(found.texts, 0);
    ck_assert_str_eq(found.reason, "retired(age)");
    ck_assert_uint_eq(dataset_version(it.dataset), version + 1);
    turn(&it, decided_ms + 60 * day_ms, 2); /* once */
    ck_assert_uint_eq(dataset_version(it.dataset), version + 1);
    rows_tear_down(&it);
}
END_TEST

START_TEST(every_revision_of_an_old_row_is_forgotten)
{
    struct rows_fixture it;
    rows_set_up(&it);
    struct decided_case one = a_fail, other = a_fail;
    other.number = 2;
    other.input = "Where is Ouagadougou?";
    (void)rows_decide(&it, &one);
    one.must_not_include = "no prepayment fee";
    (void)rows_decide(&it, &one);
    (void)rows_decide(&it, &other);
    one.must_include = NULL;
    (void)rows_decide(&it, &one);
    ck_assert_uint_eq(find_rows(&it, "Zanzibar").texts, 3);
    it.settings.retain_ms = 30 * day_ms;
    turn(&it, decided_ms + 31 * day_ms, 1);
    ck_assert_uint_eq(find_rows(&it, "Zanzibar").texts, 0);
    ck_assert_uint_eq(find_rows(&it, "Ouagadougou").texts, 0);
    ck_assert_uint_eq(find_rows(&it, "").live, 0);
    rows_tear_down(&it);
}
END_TEST

START_TEST(without_an_age_rows_stay)
{
    struct rows_fixture it;
    rows_set_up(&it);
    (void)rows_decide(&it, &a_fail);
    turn(&it, decided_ms + 100000 * day_ms, 2);
    ck_assert_uint_eq(find_rows(&it, "Zanzibar").live, 1);
    rows_tear_down(&it);
}
END_TEST

START_TEST(every_old_row_is_met_however_many_there_are)
{
    enum { ROWS = 140 };
    struct rows_fixture it;
    rows_set_up(&it);
    it.settings.retain_ms = day_ms;
    it.settings.cluster_rows_max = ROWS;
    struct store_txn txn;
    store_begin(it.temp.store, true, &txn);
    for (uint32_t i = 1; i <= ROWS; i++) {
        char question[64];
        struct decided_case one = a_fail;
        snprintf(question, sizeof question, "Zanzibar %u %u %u?", i * 7919, i * 104729, i);
        one.number = i;
        one.input = question;
        (void)rows_decide_in(&it, &txn, &one);
    }
    COMMIT(&txn);
    turn(&it, decided_ms + 2 * day_ms, 8);
    struct found_rows found = find_rows(&it, "Zanzibar");
    ck_assert_uint_eq(found.live, 0);
    ck_assert_uint_eq(found.erased, ROWS);
    ck_assert_uint_eq(found.texts, 0);
    rows_tear_down(&it);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dataset_retain");
    TCase *tests = tcase_create("dataset_retain");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_row_retires_at_its_age_and_not_before);
    tcase_add_test(tests, every_revision_of_an_old_row_is_forgotten);
    tcase_add_test(tests, without_an_age_rows_stay);
    tcase_add_test(tests, every_old_row_is_met_however_many_there_are);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
