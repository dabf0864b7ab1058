/* link: state base */
#include <errno.h>

#include "state/store/store_faults.h"
#include "state/tables/journal.h"
#include "tests/support/temp_store.h"

static const struct journal_header HEADER = {.signal = 1, .encoding = 2, .received_ms = 1234567};

/* Content that is a function of the position, so that a reader can tell what belongs where. */
static struct bytes body_of(uint64_t position, size_t size)
{
    static uint8_t body[1 << 20];
    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(position * 31 + i % 251);
    return bytes_of(body, size);
}

static size_t size_of(uint64_t position)
{
    return position % 5 == 0 ? 300000 : (size_t)(position * 97 % 5000);
}

static void append(struct journal *journal, struct store *store, uint16_t source, uint64_t from,
                   uint64_t to)
{
    struct store_txn txn;
    store_begin(store, true, &txn);
    for (uint64_t i = from; i < to; i++)
        journal_append(journal, &txn, source, i, &HEADER, body_of(i, size_of(i)));
    COMMIT(&txn);
}

struct seen {
    uint64_t next, count, stop_at;
};

static bool check_entry(void *context, uint64_t position, const struct journal_header *header,
                        struct bytes body)
{
    struct seen *seen = context;
    ck_assert_uint_eq(position, seen->next++);
    ck_assert_int_eq(header->received_ms, HEADER.received_ms);
    ck_assert_uint_eq(header->encoding, HEADER.encoding);
    ck_assert(bytes_equal(body, body_of(position, size_of(position))));
    seen->count++;
    return seen->stop_at == 0 || seen->count < seen->stop_at;
}

START_TEST(requests_come_back_in_order_and_whole_across_batches)
{
    struct temp_store temp;
    struct journal *journal;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(journal_open(temp.store, &journal), STATUS_OK);
    append(journal, temp.store, 3, 10, 110);
    append(journal, temp.store, 2, 0, 5);
    append(journal, temp.store, 3, 110, 120);
    struct seen seen = {.next = 10};
    ck_assert_int_eq(journal_read(temp.store, 3, 0, check_entry, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 110);
    seen = (struct seen){.next = 57, .stop_at = 7};
    ck_assert_int_eq(journal_read(temp.store, 3, 57, check_entry, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 7);
    seen = (struct seen){0};
    ck_assert_int_eq(journal_read(temp.store, 9, 0, check_entry, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.count, 0);
    journal_close(journal);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(what_is_held_is_exact_after_appends_trims_aborts_and_reopening)
{
    struct temp_store temp;
    struct journal *journal, *again;
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(journal_open(temp.store, &journal), STATUS_OK);
    append(journal, temp.store, 1, 0, 50);
    uint64_t bytes = journal_bytes(journal);
    ck_assert_uint_gt(bytes, 3000000);
    store_begin(temp.store, true, &txn);
    journal_append(journal, &txn, 1, 50, &HEADER, body_of(50, 100));
    journal_trim(journal, &txn, 1, 20, 1000);
    ck_assert_uint_eq(journal_bytes(journal), bytes);
    store_abort(&txn);
    ck_assert_uint_eq(journal_bytes(journal), bytes);
    ck_assert_uint_eq(journal_requests(journal), 50);
    store_begin(temp.store, true, &txn);
    ck_assert_uint_eq(journal_trim(journal, &txn, 1, 20, 1000), 16 + 4 * 5);
    COMMIT(&txn);
    ck_assert_uint_eq(journal_requests(journal), 30);
    ck_assert_int_eq(journal_open(temp.store, &again), STATUS_OK);
    ck_assert_uint_eq(journal_bytes(again), journal_bytes(journal));
    ck_assert_uint_eq(journal_requests(again), 30);
    journal_close(again);
    journal_close(journal);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_trim_is_bounded_and_never_leaves_half_a_request)
{
    struct temp_store temp;
    struct journal *journal;
    struct store_txn txn;
    uint32_t rows;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(journal_open(temp.store, &journal), STATUS_OK);
    append(journal, temp.store, 1, 0, 30);
    do {
        store_begin(temp.store, true, &txn);
        rows = journal_trim(journal, &txn, 1, 25, 3);
        COMMIT(&txn);
        ck_assert_uint_le(rows, 2 + 5);
        struct seen seen = {.next = 30 - journal_requests(journal)};
        ck_assert_int_eq(journal_read(temp.store, 1, 0, check_entry, &seen), STATUS_OK);
    } while (rows >= 3);
    ck_assert_uint_eq(journal_requests(journal), 5);
    journal_close(journal);
    temp_store_finish(&temp);
}
END_TEST

START_TEST(a_full_map_loses_nothing_and_a_trim_makes_room)
{
    struct temp_store temp;
    struct journal *journal;
    struct store_txn txn;
    enum status status = STATUS_OK;
    uint64_t position = 0;
    temp_store_open(&temp, 8 << 20);
    ck_assert_int_eq(journal_open(temp.store, &journal), STATUS_OK);
    while (status == STATUS_OK) {
        store_begin(temp.store, true, &txn);
        journal_append(journal, &txn, 1, position, &HEADER, body_of(position, size_of(position)));
        status = store_commit(&txn);
        position += status == STATUS_OK;
    }
    ck_assert_int_eq(status, STATUS_BUSY);
    ck_assert_uint_eq(journal_requests(journal), position);
    for (int round = 1; round <= 3; round++) {
        store_begin(temp.store, true, &txn);
        journal_trim(journal, &txn, 1, position / 4 * (uint64_t)round, UINT32_MAX);
        COMMIT(&txn);
    }
    append(journal, temp.store, 1, position, position + 5);
    struct seen seen = {.next = position / 4 * 3};
    ck_assert_int_eq(journal_read(temp.store, 1, 0, check_entry, &seen), STATUS_OK);
    ck_assert_uint_eq(seen.next, position + 5);
    journal_close(journal);
    temp_store_finish(&temp);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *cases = tcase_create("journal");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, requests_come_back_in_order_and_whole_across_batches);
    tcase_add_test(cases, what_is_held_is_exact_after_appends_trims_aborts_and_reopening);
    tcase_add_test(cases, a_trim_is_bounded_and_never_leaves_half_a_request);
    tcase_add_test(cases, a_full_map_loses_nothing_and_a_trim_makes_room);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
