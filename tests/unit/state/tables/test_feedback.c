/* link: state base */
#include "state/tables/feedback.h"
#include "tests/support/temp_store.h"

enum { HOUR = 3600000, DAY = 24 * HOUR, KINDS = 4, SAID_MAX = 4000, RUNS_MAX = 400 };

static const int64_t t0_ms = 1764500000000;
static const struct feedback_limits week = {7LL * DAY, 1000000};
static struct temp_store temp;

static void set_up(void)
{
    temp_store_open(&temp, TEMP_MAP_BYTES);
}

static void tear_down(void)
{
    temp_store_finish(&temp);
}

static struct feedback_cohort cohort_of(uint16_t grouping, uint8_t value)
{
    struct feedback_cohort cohort = {.grouping = grouping};
    memset(cohort.hash, value, sizeof cohort.hash);
    return cohort;
}

static struct feedback_said said_of(uint64_t id, uint8_t kind, uint32_t number)
{
    struct feedback_said said = {.id = id, .kind = kind};
    put_be32(said.identity, number);
    return said;
}

static void commit(struct store_txn *txn)
{
    ck_assert_int_eq(store_commit(txn), STATUS_OK);
}

static void put_run_in(struct store_txn *txn, uint64_t id, struct feedback_cohort cohort,
                       bool is_ignored, int64_t now_ms)
{
    (void)feedback_put_run(txn, &week, &id, 1, now_ms, &cohort, 1, is_ignored, now_ms);
}

static void put_run(uint64_t id, struct feedback_cohort cohort, bool is_ignored, int64_t now_ms)
{
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    put_run_in(&txn, id, cohort, is_ignored, now_ms);
    commit(&txn);
}

static enum feedback_fate take(struct feedback_said said, int64_t now_ms)
{
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    uint64_t left;
    enum feedback_fate fate = feedback_take(&txn, &week, &said, now_ms, &left);
    ck_assert_uint_eq(left, 0);
    commit(&txn);
    return fate;
}

struct sums {
    uint64_t of_cohort[4], attributed, unattributed;
};

static void sum(void *context, const struct feedback_count *count)
{
    struct sums *sums = context;
    if (count->is_of_cohort)
        sums->of_cohort[count->cohort.hash[0] % 4] += count->count;
    else if (count->is_attributed)
        sums->attributed += count->count;
    else
        sums->unattributed += count->count;
}

static struct sums sums_of(int64_t from_ms)
{
    struct store_txn txn;
    struct sums sums = {.attributed = 0};
    store_begin(temp.store, false, &txn);
    feedback_counts(&txn, from_ms, sum, &sums);
    commit(&txn);
    return sums;
}

START_TEST(feedback_counts_in_the_cohorts_of_its_run)
{
    put_run(7, cohort_of(1, 2), false, t0_ms);
    ck_assert_int_eq(take(said_of(7, 0, 1), t0_ms + HOUR), FEEDBACK_COUNTED);
    ck_assert_int_eq(take(said_of(7, 0, 1), t0_ms + 50 * HOUR), FEEDBACK_DUPLICATE);
    ck_assert_int_eq(take(said_of(7, 1, 2), t0_ms + 6LL * DAY), FEEDBACK_COUNTED);
    struct sums sums = sums_of(t0_ms);
    ck_assert_uint_eq(sums.of_cohort[2], 2);
    ck_assert_uint_eq(sums.attributed, 2);
    ck_assert_uint_eq(sums.unattributed, 0);
}
END_TEST

START_TEST(what_comes_before_its_run_is_nobodys_until_it_comes)
{
    ck_assert_int_eq(take(said_of(7, 0, 1), t0_ms), FEEDBACK_WAITS);
    ck_assert_uint_eq(sums_of(0).unattributed, 1);
    put_run(7, cohort_of(1, 3), false, t0_ms + HOUR);
    struct sums sums = sums_of(0);
    ck_assert_uint_eq(sums.unattributed, 0);
    ck_assert_uint_eq(sums.of_cohort[3], 1);
    ck_assert_int_eq(take(said_of(7, 0, 1), t0_ms + 2 * HOUR), FEEDBACK_DUPLICATE);
}
END_TEST

START_TEST(after_the_window_the_run_is_not_known_any_more)
{
    struct store_txn txn;
    put_run(7, cohort_of(1, 1), false, t0_ms);
    ck_assert_int_eq(take(said_of(7, 0, 1), t0_ms + 8LL * DAY), FEEDBACK_WAITS);
    store_begin(temp.store, true, &txn);
    ck_assert_uint_eq(
        feedback_sweep(&txn, week.window_ms, t0_ms - 35LL * DAY, 100, t0_ms + 16LL * DAY), 2);
    commit(&txn);
    ck_assert_uint_eq(sums_of(0).unattributed, 1); /* it stays counted */
    put_run(7, cohort_of(1, 1), false, t0_ms + 16LL * DAY);
    ck_assert_uint_eq(sums_of(0).unattributed, 1);
    store_begin(temp.store, true, &txn);
    (void)feedback_sweep(&txn, 0, t0_ms + 60LL * DAY, 1000, t0_ms + 60LL * DAY);
    ck_assert_uint_eq(store_count(&txn, TABLE_FEEDBACK),
                      2); /* the number of the cohort, and back */
    commit(&txn);
}
END_TEST

START_TEST(what_is_said_of_a_candidate_counts_nowhere)
{
    put_run(9, cohort_of(1, 1), true, t0_ms);
    ck_assert_int_eq(take(said_of(9, 0, 1), t0_ms), FEEDBACK_IGNORED);
    ck_assert_int_eq(take(said_of(9, 0, 1), t0_ms), FEEDBACK_DUPLICATE);
    ck_assert_int_eq(take(said_of(8, 0, 2), t0_ms), FEEDBACK_WAITS);
    put_run(8, cohort_of(1, 1), true, t0_ms);
    struct sums sums = sums_of(0);
    ck_assert_uint_eq(sums.attributed + sums.unattributed + sums.of_cohort[1], 0);
}
END_TEST

START_TEST(above_its_limit_the_oldest_runs_leave)
{
    const struct feedback_limits small = {7LL * DAY, 40};
    struct feedback_cohort cohort = cohort_of(1, 1);
    uint64_t left = 0;
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    for (uint64_t id = 1; id <= 200; id++)
        left += feedback_put_run(&txn, &small, &id, 1, t0_ms, &cohort, 1, false,
                                 t0_ms + (int64_t)id * HOUR / 4);
    ck_assert_uint_le(store_count(&txn, TABLE_FEEDBACK), 41);
    commit(&txn);
    ck_assert_uint_gt(left, 150);
    ck_assert_int_eq(take(said_of(200, 0, 1), t0_ms + 50 * HOUR), FEEDBACK_COUNTED);
    ck_assert_int_eq(take(said_of(1, 0, 2), t0_ms + 50 * HOUR), FEEDBACK_WAITS);
}
END_TEST

START_TEST(what_is_said_of_nobody_stays_within_the_limit_and_tells_what_leaves)
{
    const struct feedback_limits small = {7LL * DAY, 40};
    uint64_t left = 0;
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    for (uint32_t number = 1; number <= 200; number++) {
        struct feedback_said said = said_of(number, 0, number);
        uint64_t now_left;
        enum feedback_fate fate =
            feedback_take(&txn, &small, &said, t0_ms + number * HOUR / 4, &now_left);
        ck_assert_int_eq(fate, FEEDBACK_WAITS);
        left += now_left;
    }
    ck_assert_uint_le(store_count(&txn, TABLE_FEEDBACK), 41);
    commit(&txn);
    ck_assert_uint_gt(left, 150);
}
END_TEST

/* --- any order of runs and feedbacks, against a model that knows the pairs alone --- */

struct model {
    bool is_there[RUNS_MAX], is_ignored[RUNS_MAX];
    uint8_t cohort[RUNS_MAX];
    struct {
        uint64_t id;
        bool was_said;
    } said[SAID_MAX];
};

static struct sums sums_of_model(const struct model *model)
{
    struct sums sums = {.attributed = 0};
    for (uint32_t i = 0; i < SAID_MAX; i++) {
        uint64_t id = model->said[i].id;
        if (!model->said[i].was_said || (model->is_there[id] && model->is_ignored[id]))
            continue;
        if (!model->is_there[id]) {
            sums.unattributed++;
            continue;
        }
        sums.attributed++;
        sums.of_cohort[model->cohort[id]]++;
    }
    return sums;
}

START_TEST(any_order_within_the_window_comes_to_the_same)
{
    static struct model model;
    memset(&model, 0, sizeof model);
    unsigned seed = 20261201u + (unsigned)_i;
    int64_t now_ms = t0_ms;
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    for (int step = 0; step < 1500; step++) {
        uint64_t id = (uint64_t)(rand_r(&seed) % RUNS_MAX);
        now_ms += rand_r(&seed) % (HOUR / 4); /* some eight days would be too long */
        if (now_ms > t0_ms + 6LL * DAY)
            now_ms = t0_ms + 6LL * DAY;
        if (rand_r(&seed) % 3 == 0) {
            if (model.is_there[id])
                continue;
            model.is_there[id] = true;
            model.is_ignored[id] = rand_r(&seed) % 8 == 0;
            model.cohort[id] = (uint8_t)(rand_r(&seed) % 4);
            put_run_in(&txn, id, cohort_of(3, model.cohort[id]), model.is_ignored[id], now_ms);
            continue;
        }
        uint32_t number = (uint32_t)(rand_r(&seed) % SAID_MAX);
        if (model.said[number].was_said)
            id = model.said[number].id;
        enum feedback_fate wanted = model.said[number].was_said ? FEEDBACK_DUPLICATE
                                    : !model.is_there[id]       ? FEEDBACK_WAITS
                                    : model.is_ignored[id]      ? FEEDBACK_IGNORED
                                                                : FEEDBACK_COUNTED;
        struct feedback_said said = said_of(id, (uint8_t)(number % KINDS), number);
        uint64_t left;
        ck_assert_msg(feedback_take(&txn, &week, &said, now_ms, &left) == wanted,
                      "seed %d, step %d", _i, step);
        model.said[number].was_said = true;
        model.said[number].id = id;
    }
    commit(&txn);
    struct sums found = sums_of(0), expected = sums_of_model(&model);
    ck_assert_msg(memcmp(&found, &expected, sizeof found) == 0, "seed %d", _i);
}
END_TEST

START_TEST(a_row_that_is_none_is_refused)
{
    struct feedback_row row;
    uint8_t key[] = {'r', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2}, value[] = {1, 0, 5, 1, 9};
    ck_assert_int_eq(
        feedback_row_decode(bytes_of(key, sizeof key), bytes_of(value, sizeof value), &row),
        STATUS_OK);
    ck_assert_int_eq(row.hour, 1);
    ck_assert_uint_eq(row.id, 2);
    ck_assert_uint_eq(row.cohort_count, 1);
    for (size_t size = 0; size < sizeof value; size++)
        ck_assert_int_eq(
            feedback_row_decode(bytes_of(key, sizeof key), bytes_of(value, size), &row),
            STATUS_MALFORMED);
    for (size_t size = 0; size < sizeof key; size++)
        ck_assert_int_eq(
            feedback_row_decode(bytes_of(key, size), bytes_of(value, sizeof value), &row),
            STATUS_MALFORMED);
    key[0] = 'x';
    ck_assert_int_eq(
        feedback_row_decode(bytes_of(key, sizeof key), bytes_of(value, sizeof value), &row),
        STATUS_MALFORMED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("feedback");
    TCase *cases = tcase_create("all");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, feedback_counts_in_the_cohorts_of_its_run);
    tcase_add_test(cases, what_comes_before_its_run_is_nobodys_until_it_comes);
    tcase_add_test(cases, after_the_window_the_run_is_not_known_any_more);
    tcase_add_test(cases, what_is_said_of_a_candidate_counts_nowhere);
    tcase_add_test(cases, above_its_limit_the_oldest_runs_leave);
    tcase_add_test(cases, what_is_said_of_nobody_stays_within_the_limit_and_tells_what_leaves);
    tcase_add_loop_test(cases, any_order_within_the_window_comes_to_the_same, 0, 5);
    tcase_add_test(cases, a_row_that_is_none_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
