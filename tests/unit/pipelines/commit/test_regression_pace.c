/* link: pipelines state score */
/* The pace of hits: probabilities that the shards see, by hour and row; over a restart, and in storms. */
#include "pipelines/commit/regression_pace.h"
#include "tests/support/temp_store.h"

enum { HOUR_MS = 3600000 };
static const int64_t hour = 480000;

static struct temp_store temp;
static struct regression_pace pace;

static void setup(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
    pace = (struct regression_pace){.hour_count = 0};
    regression_pace_set(&pace, 100, 5, 1);
}

static void teardown(void)
{
    regression_pace_finish(&pace);
    temp_store_finish(&temp);
}

static struct met_rows failing(uint8_t a, uint8_t b)
{
    struct met_rows rows = {.count = b ? 2 : 1};
    rows.rows[0] = (struct met_row){.row_id = {a}, .outcome = OUTCOME_FAIL};
    rows.rows[1] = (struct met_row){.row_id = {b}, .outcome = OUTCOME_FAIL};
    return rows;
}

static double shown(int64_t of_hour, struct met_rows rows)
{
    struct budget_signature room[REGRESSION_PACE_ROWS_MAX];
    struct budget_view view = {.hour_count = 0};
    ck_assert_uint_le(regression_pace_room(&pace), REGRESSION_PACE_ROWS_MAX);
    regression_pace_view(&pace, room, &view);
    return budget_view_hit(&view, of_hour, &rows);
}

/* A transaction with so many hits at that share of the hour. */
static void commit(int64_t of_hour, struct met_rows rows, uint32_t hits, uint32_t emitted,
                   double elapsed)
{
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    for (uint32_t i = 0; i < hits; i++)
        regression_pace_count(&pace, &txn, of_hour, &rows, true, i < emitted);
    regression_pace_write(&pace, &txn, of_hour * HOUR_MS + (int64_t)(elapsed * HOUR_MS));
    COMMIT(&txn);
    regression_pace_shown(&pace);
}

START_TEST(an_hour_begins_with_one_whatever_the_hour_before_brought)
{
    ck_assert_double_eq(shown(hour, failing(1, 0)), 1);
    for (int i = 0; i < 6; i++)
        commit(hour, failing(1, 0), 10, 2, 0.01);
    ck_assert_double_lt(shown(hour, failing(1, 0)), 1);
    ck_assert_double_eq(shown(hour + 1, failing(1, 0)), 1);
}
END_TEST

START_TEST(a_row_in_a_storm_takes_nothing_from_another)
{
    for (int i = 0; i < 4; i++)
        commit(hour, failing(1, 0), 5, 2, 0.01);
    double of_storm = shown(hour, failing(1, 0));
    ck_assert_double_lt(of_storm, 1);
    ck_assert_double_eq(shown(hour, failing(2, 0)), 1);
    ck_assert_double_eq(shown(hour, failing(1, 2)), 1); /* the row that allows most */
}
END_TEST

START_TEST(many_rows_together_keep_the_pace_of_the_hour)
{
    for (uint8_t row = 1; row <= 60; row++)
        commit(hour, failing(row, 0), 1, 1, 0.01);
    ck_assert_double_lt(shown(hour, failing(200, 0)), 1);
}
END_TEST

START_TEST(one_halving_is_shown_before_the_next)
{
    struct store_txn txn;
    struct met_rows rows = failing(1, 0);
    for (int i = 0; i < 5; i++) {
        store_begin(temp.store, true, &txn);
        for (int k = 0; k < 20; k++)
            regression_pace_count(&pace, &txn, hour, &rows, true, true);
        regression_pace_write(&pace, &txn, hour * HOUR_MS);
        COMMIT(&txn);
    }
    ck_assert_double_eq(shown(hour, rows), 0.5);
}
END_TEST

START_TEST(a_restart_goes_on_where_it_was)
{
    struct store_txn txn;
    for (int i = 0; i < 12; i++)
        commit(hour + i % 3, failing((uint8_t)(1 + i % 2), 3), 7, 3, 0.1);
    double before[3];
    for (int i = 0; i < 3; i++)
        before[i] = shown(hour + i, failing(1, 0));
    store_begin(temp.store, false, &txn);
    regression_pace_load(&pace, &txn);
    COMMIT(&txn);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(shown(hour + i, failing(1, 0)), before[i]);
    ck_assert_double_lt(before[0], 1);
}
END_TEST

START_TEST(old_hours_leave_the_store)
{
    struct store_txn txn;
    for (int i = 0; i < 3 * BUDGET_HOURS; i++)
        commit(hour + i, failing(1, 0), 1, 1, 0.5);
    store_begin(temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_HIT), 2 * BUDGET_HOURS);
    COMMIT(&txn);
    ck_assert_double_eq(shown(hour, failing(1, 0)), shown(hour + 2 * BUDGET_HOURS, failing(1, 0)));
}
END_TEST

static uint64_t state = 7;
static double any(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* Hits of many rows, evenly or six-fold for ten minutes; the shards see what a second ago was. */
static double simulate(double per_hour, double burst, double *ret_weights)
{
    double emitted = 0, weights = 0, hits = 0;
    for (int second = 0; second < 3600; second++) {
        double rate = per_hour / 3600 * (second / 600 == 3 ? burst : 1), p[256];
        struct store_txn txn;
        store_begin(temp.store, true, &txn);
        for (int row = 1; row < 256; row++)
            p[row] = -1;
        for (double left = rate; left > 0; left--) {
            if (left < 1 && any() >= left)
                break;
            int row = 1 + (int)(any() * 200);
            struct met_rows rows = failing((uint8_t)row, 0);
            p[row] = p[row] < 0 ? shown(hour, rows) : p[row];
            bool is_emitted = any() < p[row];
            regression_pace_count(&pace, &txn, hour, &rows, true, is_emitted);
            hits++;
            emitted += is_emitted;
            weights += is_emitted ? 1 / p[row] : 0;
        }
        regression_pace_write(&pace, &txn, hour * HOUR_MS + second * 1000);
        store_abort(&txn);
        regression_pace_shown(&pace);
    }
    *ret_weights = weights / hits;
    return emitted;
}

START_TEST(a_storm_of_forty_times_the_budget_comes_to_less_than_twice_of_it)
{
    static const double bursts[] = {1, 6};
    double weights;
    regression_pace_set(&pace, 100, 0, 1);
    double emitted = simulate(4000, bursts[_i], &weights);
    ck_assert_double_gt(emitted, 80);
    ck_assert_double_lt(emitted, 190); /* from 1 down to 1/64 in eighths of the budget, and it */
    ck_assert_double_gt(weights, 0.6); /* one hour's draw; what is stated is what was used */
    ck_assert_double_lt(weights, 1.4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression_pace");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, an_hour_begins_with_one_whatever_the_hour_before_brought);
    tcase_add_test(all, a_row_in_a_storm_takes_nothing_from_another);
    tcase_add_test(all, many_rows_together_keep_the_pace_of_the_hour);
    tcase_add_test(all, one_halving_is_shown_before_the_next);
    tcase_add_test(all, a_restart_goes_on_where_it_was);
    tcase_add_test(all, old_hours_leave_the_store);
    tcase_add_loop_test(all, a_storm_of_forty_times_the_budget_comes_to_less_than_twice_of_it, 0,
                        2);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
