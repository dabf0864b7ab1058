/* link: state base */
#include "state/tables/agreement.h"
#include "tests/support/temp_store.h"

static struct temp_store temp;
static struct store_txn txn;

static void set_up(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
    store_begin(temp.store, true, &txn);
}

static void tear_down(void)
{
    COMMIT(&txn);
    temp_store_finish(&temp);
}

static void add(int64_t day, struct bytes label, uint8_t given, int64_t count)
{
    agreement_add(&txn, &(struct agreement_row){.day = day,
                                                .queue = 5,
                                                .subject = AGREEMENT_LABEL,
                                                .id = label,
                                                .counts = {given, 1},
                                                .count = count});
}

static void sum(void *context, const struct agreement_row *row)
{
    ck_assert_uint_eq(row->queue, 5);
    ck_assert_int_eq(row->subject, AGREEMENT_LABEL);
    ck_assert_uint_eq(row->counts[1], 1);
    *(int64_t *)context = *(int64_t *)context * 100 + row->count;
}

static int64_t scan(int64_t from, int64_t to)
{
    int64_t found = 0;
    agreement_scan(&txn, from, to, sum, &found);
    return found;
}

START_TEST(days_are_read_from_the_first_to_the_last_and_the_total_alone)
{
    add(20000, BYTES_LITERAL("wrong_tool"), 1, 3);
    add(20001, BYTES_LITERAL("wrong_tool"), 1, 4);
    add(20300, BYTES_LITERAL("wrong_tool"), 1, 5);
    add(AGREEMENT_TOTAL, BYTES_LITERAL("wrong_tool"), 1, 12);
    ck_assert_int_eq(scan(20000, 20001), 304);
    ck_assert_int_eq(scan(20001, 20300), 405);
    ck_assert_int_eq(scan(20002, 20299), 0);
    ck_assert_int_eq(scan(AGREEMENT_TOTAL, 0), 12);
}
END_TEST

START_TEST(what_is_taken_back_leaves_no_row)
{
    add(20000, BYTES_LITERAL("wrong_tool"), 1, 2);
    add(20000, BYTES_LITERAL("wrong_tool"), 2, 1);
    add(20000, BYTES_LITERAL("wrong_tool"), 1, -2);
    ck_assert_uint_eq(store_count(&txn, TABLE_AGREEMENT), 1);
    add(20000, BYTES_LITERAL("wrong_tool"), 2, -1);
    ck_assert_uint_eq(store_count(&txn, TABLE_AGREEMENT), 0);
}
END_TEST

static void keep(void *context, const struct agreement_pair *pair)
{
    *(struct agreement_pair *)context = *pair;
}

START_TEST(a_pair_is_one_row_whoever_comes_first)
{
    const uint8_t lesser[AGREEMENT_ACTOR_SIZE] = {1}, greater[AGREEMENT_ACTOR_SIZE] = {2};
    struct agreement_pair pair = {.day = 20000, .subject = AGREEMENT_VERDICT, .count = 1};
    memcpy(pair.actors[0], greater, AGREEMENT_ACTOR_SIZE);
    memcpy(pair.actors[1], lesser, AGREEMENT_ACTOR_SIZE);
    pair.categories[0] = 2;
    pair.categories[1] = 1;
    agreement_add_pair(&txn, &pair);
    memcpy(pair.actors[0], lesser, AGREEMENT_ACTOR_SIZE);
    memcpy(pair.actors[1], greater, AGREEMENT_ACTOR_SIZE);
    pair.categories[0] = 1;
    pair.categories[1] = 2;
    agreement_add_pair(&txn, &pair);
    ck_assert_uint_eq(store_count(&txn, TABLE_PAIR), 1);
    struct agreement_pair found = {.count = 0};
    agreement_scan_pairs(&txn, 20000, 20000, keep, &found);
    ck_assert_int_eq(found.count, 2);
    ck_assert_mem_eq(found.actors[0], lesser, AGREEMENT_ACTOR_SIZE);
    ck_assert_uint_eq(found.categories[0], 1);
    ck_assert_uint_eq(found.categories[1], 2);
}
END_TEST

START_TEST(as_many_are_somebody_as_may_be_and_stay_it_without_a_row_for_another)
{
    uint8_t told[AGREEMENT_ACTOR_SIZE];
    const uint8_t actors[][AGREEMENT_ACTOR_SIZE] = {{1}, {2}};
    agreement_actor(&txn, actors[0], 1, false, told);
    ck_assert_mem_eq(told, agreement_other, AGREEMENT_ACTOR_SIZE);
    agreement_actor(&txn, actors[0], 1, true, told);
    ck_assert_mem_eq(told, actors[0], AGREEMENT_ACTOR_SIZE);
    agreement_actor(&txn, actors[1], 1, true, told);
    ck_assert_mem_eq(told, agreement_other, AGREEMENT_ACTOR_SIZE);
    agreement_actor(&txn, actors[0], 1, false, told);
    ck_assert_mem_eq(told, actors[0], AGREEMENT_ACTOR_SIZE);
    ck_assert_uint_eq(store_count(&txn, TABLE_PAIR), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agreement");
    TCase *cases = tcase_create("agreement");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, days_are_read_from_the_first_to_the_last_and_the_total_alone);
    tcase_add_test(cases, what_is_taken_back_leaves_no_row);
    tcase_add_test(cases, a_pair_is_one_row_whoever_comes_first);
    tcase_add_test(cases, as_many_are_somebody_as_may_be_and_stay_it_without_a_row_for_another);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
