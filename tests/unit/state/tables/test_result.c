/* link: state base */
#include "state/tables/result.h"
#include "tests/support/temp_store.h"

static struct temp_store temp;
static struct results *results;
static struct arena arena;

static void begin(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(results_open(temp.store, &results), STATUS_OK);
    arena_init(&arena, 1 << 22);
}

static void end(void)
{
    arena_finish(&arena);
    results_close(results);
    temp_store_finish(&temp);
}

static struct result_row row_of(uint64_t item, const char *principal)
{
    return (struct result_row){.item = item,
                               .principal_hash = item_row_hash(bytes_of_text(principal)),
                               .principal = bytes_of_text(principal),
                               .reviewer = bytes_of_text(principal),
                               .result_id = BYTES_LITERAL("r-1"),
                               .is_given = true,
                               .is_blind = true,
                               .verdict = 1,
                               .labels = {BYTES_LITERAL("wrong_tool")},
                               .label_count = 1,
                               .received_ms = 1234,
                               .texts = BYTES_LITERAL("texts")};
}

START_TEST(a_result_replaces_the_one_of_the_same_person_and_nobody_elses)
{
    struct store_txn txn;
    struct result_row row = row_of(5, "asha"), other = row_of(5, "lee"), read;
    uint64_t principals[RESULT_KEYS_MAX];
    static uint8_t long_text[200000];
    begin();
    store_begin(temp.store, true, &txn);
    results_put(results, &txn, &row);
    results_put(results, &txn, &other);
    row.verdict = 0;
    row.texts = bytes_of(long_text, sizeof long_text);
    results_put(results, &txn, &row);
    COMMIT(&txn);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(result_principals(&txn, 5, principals), 2);
    ck_assert_uint_eq(result_principals(&txn, 6, principals), 0);
    ck_assert(result_row_read(&txn, 5, row.principal_hash, &arena, &read));
    ck_assert_uint_eq(read.verdict, 0);
    ck_assert_uint_eq(read.texts.size, sizeof long_text);
    ck_assert(read.is_given && read.is_blind && !read.is_chosen);
    ck_assert(bytes_equal_text(read.labels[0], "wrong_tool"));
    ck_assert(result_row_read(&txn, 5, other.principal_hash, &arena, &read));
    ck_assert_uint_eq(read.verdict, 1);
    COMMIT(&txn);
    uint64_t bytes = results_bytes(results);
    results_close(results);
    ck_assert_int_eq(results_open(temp.store, &results), STATUS_OK);
    ck_assert_uint_eq(results_bytes(results), bytes);
    end();
}
END_TEST

START_TEST(an_id_is_known_by_whoever_used_it_until_its_time_is_over)
{
    struct store_txn txn;
    uint8_t asha[RESULT_ID_HASH_BYTES], lee[RESULT_ID_HASH_BYTES];
    struct result_note note = {.item = 5, .received_ms = 1000}, read;
    begin();
    result_id_hash(BYTES_LITERAL("asha"), BYTES_LITERAL("r"), asha);
    result_id_hash(BYTES_LITERAL("lee"), BYTES_LITERAL("r"), lee);
    store_begin(temp.store, true, &txn);
    result_note_put(&txn, asha, &note);
    ck_assert(result_note_read(&txn, asha, &read));
    ck_assert_uint_eq(read.item, 5);
    ck_assert(!result_note_read(&txn, lee, &read));
    result_notes_sweep(results, &txn, 1000, 10);
    ck_assert(result_note_read(&txn, asha, &read));
    result_notes_sweep(results, &txn, 1001, 10);
    ck_assert(!result_note_read(&txn, asha, &read));
    COMMIT(&txn);
    end();
}
END_TEST

START_TEST(pending_results_are_counted_with_the_transaction_and_read_in_their_order)
{
    struct store_txn txn;
    struct buffer body = {0};
    begin();
    store_begin(temp.store, true, &txn);
    uint64_t first = result_pending_append(results, &txn, BYTES_LITERAL("one"));
    uint64_t second = result_pending_append(results, &txn, BYTES_LITERAL("two"));
    ck_assert_uint_eq(result_pending_count(results), 2);
    COMMIT(&txn);
    store_begin(temp.store, true, &txn);
    result_pending_delete(results, &txn, first);
    ck_assert_uint_eq(result_pending_count(results), 1);
    store_abort(&txn);
    ck_assert_uint_eq(result_pending_count(results), 2);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(result_pending_next(&txn, 0), first);
    ck_assert_uint_eq(result_pending_next(&txn, first + 1), second);
    ck_assert_int_eq(result_pending_read(&txn, second, &body), STATUS_OK);
    ck_assert(bytes_equal_text(buffer_bytes(&body), "two"));
    COMMIT(&txn);
    buffer_finish(&body);
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("result");
    TCase *tcase = tcase_create("result");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_result_replaces_the_one_of_the_same_person_and_nobody_elses);
    tcase_add_test(tcase, an_id_is_known_by_whoever_used_it_until_its_time_is_over);
    tcase_add_test(tcase, pending_results_are_counted_with_the_transaction_and_read_in_their_order);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed > 0;
}
