/* Admission run by run: first runs of cohorts, hours that overlap, and views in the hands of
 * threads. */
#include <check.h>
#include <pthread.h>

#include "pipelines/commit/budget.h"
#include "pipelines/commit/budget_hours.h"
#include "pipelines/decide/first_seen.h"
#include "tests/support/temp_store.h"

static const uint8_t hash_a[COHORT_HASH_SIZE] = {0xa}, hash_b[COHORT_HASH_SIZE] = {0xb};

struct fixture {
    struct temp_store temp;
    struct pipeline_config config;
    struct review_budget *budget;
};

static struct fixture *begin(uint32_t new_cohort, uint32_t per_hour)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    ck_assert_ptr_nonnull(fixture);
    fixture->config.selection.new_cohort = new_cohort;
    fixture->config.selection.share[VERDICT_FAIL] = 1;
    fixture->config.budget.is_present = per_hour > 0;
    fixture->config.budget.per_hour = per_hour;
    fixture->config.budget.instances = 1;
    temp_store_open(&fixture->temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(budget_open(fixture->temp.store, &fixture->config, 1, &fixture->budget),
                     STATUS_OK);
    return fixture;
}

static void reopen(struct fixture *fixture)
{
    budget_close(fixture->budget);
    temp_store_reopen(&fixture->temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(budget_open(fixture->temp.store, &fixture->config, 1, &fixture->budget),
                     STATUS_OK);
}

static void end(struct fixture *fixture)
{
    budget_close(fixture->budget);
    temp_store_finish(&fixture->temp);
    free(fixture);
}

static struct closed pass(const struct fixture *fixture)
{
    return (struct closed){.config = &fixture->config,
                           .verdict = VERDICT_PASS,
                           .selection = {.skipped = SKIP_PASS,
                                         .hour = 100,
                                         .has_first = true,
                                         .first = {.frame = BYTES_LITERAL("first"),
                                                   .queue = BYTES_LITERAL("control")}}};
}

/* A pass of one cohort that the share does not choose. */
static bool admit_one(struct fixture *fixture, const uint8_t *hash, bool is_new, bool is_committed)
{
    struct store_txn txn;
    struct closed closed = pass(fixture);
    store_begin(fixture->temp.store, true, &txn);
    bool is_first = budget_meet_cohort(&txn, &fixture->config, 1, hash, is_new);
    struct record_emission emission = budget_select(fixture->budget, &txn, &closed, is_first);
    budget_write(fixture->budget, &txn, 0);
    if (is_committed)
        COMMIT(&txn);
    else
        store_abort(&txn);
    ck_assert(emission.skipped == (emission.record ? SKIP_NONE : SKIP_PASS));
    ck_assert(!emission.record || bytes_equal_text(emission.record->frame, "first"));
    return emission.record != NULL;
}

START_TEST(the_first_runs_of_a_new_cohort_are_records_over_a_restart)
{
    struct fixture *fixture = begin(3, 0);
    ck_assert(!admit_one(fixture, hash_b, false, true)); /* known before: not new */
    ck_assert(admit_one(fixture, hash_a, true, false));  /* not durable: it did not happen */
    ck_assert(admit_one(fixture, hash_a, true, true));
    ck_assert(admit_one(fixture, hash_a, false, true));
    reopen(fixture);
    ck_assert(admit_one(fixture, hash_a, false, true));
    ck_assert(!admit_one(fixture, hash_a, false, true));
    ck_assert(!admit_one(fixture, hash_a, false, true));
    struct store_txn txn;
    store_begin(fixture->temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_SELECTION), 0); /* only young ones have a row */
    store_abort(&txn);
    end(fixture);
}
END_TEST

START_TEST(without_the_setting_nothing_is_kept)
{
    struct fixture *fixture = begin(0, 0);
    struct store_txn txn;
    ck_assert(!admit_one(fixture, hash_a, true, true));
    fixture->config.selection.new_cohort = 5; /* a reload: the cohort is not new any more */
    ck_assert(!admit_one(fixture, hash_a, false, true));
    ck_assert(admit_one(fixture, hash_b, true, true));
    store_begin(fixture->temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_SELECTION), 1);
    store_abort(&txn);
    end(fixture);
}
END_TEST

/* Ten in an hour of which nothing has passed: the first is above an eighth
 * of the control's part. */
START_TEST(what_is_ahead_of_its_pace_is_halved_and_nothing_is_refused)
{
    enum { HOUR_MS = 3600000 };
    struct fixture *fixture = begin(1000, 80);
    const struct budget_view *view = NULL;
    double before = 1;
    for (int i = 0; i < 30; i++) {
        struct store_txn txn;
        struct closed closed = pass(fixture);
        store_begin(fixture->temp.store, true, &txn);
        bool is_first = budget_meet_cohort(&txn, &fixture->config, 1, hash_a, i == 0);
        ck_assert_ptr_nonnull(budget_select(fixture->budget, &txn, &closed, is_first).record);
        budget_write(fixture->budget, &txn, closed.selection.hour * HOUR_MS);
        COMMIT(&txn);
        budget_publish(fixture->budget, 1000 * (i + 1));
        if (i == 20) {
            budget_view_release(view);
            view = NULL;
            reopen(fixture);
        }
        view = budget_take(fixture->budget, 0, view);
        const struct budget_hour_view *hour = &view->hours[0];
        ck_assert_double_le(hour->probability[VERDICT_FAIL], 1);
        ck_assert(hour->probability[VERDICT_PASS] <= before);
        before = hour->probability[VERDICT_PASS];
        (void)hour;
    }
    budget_view_release(view);
    end(fixture);
}
END_TEST

START_TEST(a_pace_is_halved_once_for_each_eighth_too_much)
{
    struct budget_pace pace = {0};
    ck_assert(!budget_is_ahead(80, 0, 10, &pace));
    ck_assert(budget_is_ahead(80, 0, 11, &pace));
    ck_assert(!budget_is_ahead(80, 0.5, 50, &pace));
    ck_assert(budget_is_ahead(80, 0.5, 51, &pace));
    ck_assert(!budget_is_ahead(0, 0, 1000, &pace)); /* no budget */
    pace = (struct budget_pace){.halvings = 1, .emitted = 500};
    ck_assert(!budget_is_ahead(80, 0, 510, &pace)); /* the shards did not know yet */
    ck_assert(budget_is_ahead(80, 0, 511, &pace));
}
END_TEST

static struct closed failed(const struct pipeline_config *config, int64_t hour)
{
    return (struct closed){.config = config,
                           .verdict = VERDICT_FAIL,
                           .selection = {.record = {.frame = BYTES_LITERAL("x")}, .hour = hour}};
}

START_TEST(a_reload_with_another_budget_plans_the_hour_anew)
{
    struct fixture *fixture = begin(0, 50);
    struct pipeline_config *reloaded = calloc(1, sizeof(*reloaded));
    struct store_txn txn;
    ck_assert_ptr_nonnull(reloaded);
    *reloaded = fixture->config;
    reloaded->budget.per_hour = 10;
    store_begin(fixture->temp.store, true, &txn);
    for (int i = 0; i < 201; i++) {
        struct closed closed = failed(i < 200 ? &fixture->config : reloaded, i < 199 ? 100 : 101);
        struct record_emission emission = budget_select(fixture->budget, &txn, &closed, false);
        ck_assert_ptr_nonnull(emission.record);
    }
    budget_write(fixture->budget, &txn, 102 * 3600000LL);
    COMMIT(&txn);
    budget_publish(fixture->budget, 1000);
    const struct budget_view *view = budget_take(fixture->budget, 0, NULL);
    ck_assert_double_eq_tol(budget_view_limits(view, 101, VERDICT_FAIL, 0).stratum, 10.0 / 199,
                            1e-9);
    budget_view_release(view);
    free(reloaded);
    end(fixture);
}
END_TEST

/* A verdict after the first was counted with the first; only its record is new. */
START_TEST(a_later_verdict_is_not_counted_as_another_run)
{
    struct fixture *fixture = begin(0, 5);
    struct revision revision = {0};
    struct store_txn txn;
    store_begin(fixture->temp.store, true, &txn);
    for (int i = 0; i < 20; i++) {
        struct closed closed = failed(&fixture->config, 100);
        closed.revision = i > 0 ? &revision : NULL;
        struct record_emission emission = budget_select(fixture->budget, &txn, &closed, false);
        ck_assert_ptr_nonnull(emission.record);
    }
    budget_write(fixture->budget, &txn, 0);
    COMMIT(&txn);
    budget_publish(fixture->budget, 1000);
    const struct budget_view *view = budget_take(fixture->budget, 0, NULL);
    ck_assert_double_eq(budget_view_limits(view, 101, VERDICT_FAIL, 0).stratum, 1); /* one run */
    budget_view_release(view);
    end(fixture);
}
END_TEST

/* 10 chosen at the pace of hits are beyond the budget; 40 that the pace left are what they are
 * without the row: passes of their own rules, and failures. */
START_TEST(a_hit_counts_in_the_budget_where_its_pace_did_not_choose_it)
{
    struct fixture *fixture = begin(0, 5);
    struct store_txn txn;
    store_begin(fixture->temp.store, true, &txn);
    for (int i = 0; i < 50; i++) {
        struct closed closed = failed(&fixture->config, 100);
        closed.selection.is_hit = true;
        closed.selection.is_paced = i < 10;
        closed.selection.own = i < 30 ? VERDICT_PASS : VERDICT_FAIL;
        ck_assert_ptr_nonnull(budget_select(fixture->budget, &txn, &closed, false).record);
    }
    budget_write(fixture->budget, &txn, 101 * 3600000LL);
    COMMIT(&txn);
    budget_publish(fixture->budget, 1000);
    const struct budget_view *view = budget_take(fixture->budget, 0, NULL);
    ck_assert_double_eq(budget_view_limits(view, 101, VERDICT_FAIL, 0).stratum, 5.0 / 20);
    budget_view_release(view);
    end(fixture);
}
END_TEST

/* Passes of an hour, none chosen. */
static void count_passes(struct fixture *fixture, int64_t hour, int runs, bool is_committed)
{
    struct store_txn txn;
    store_begin(fixture->temp.store, true, &txn);
    for (int i = 0; i < runs; i++) {
        struct closed closed = pass(fixture);
        closed.selection.hour = hour;
        ck_assert_ptr_null(budget_select(fixture->budget, &txn, &closed, false).record);
    }
    budget_write(fixture->budget, &txn, 0);
    if (is_committed)
        COMMIT(&txn);
    else
        store_abort(&txn);
}

/* As the shards see it. */
static double control_of(struct fixture *fixture, int64_t hour)
{
    static int64_t now_ms;
    budget_publish(fixture->budget, now_ms += 1000);
    const struct budget_view *view = budget_take(fixture->budget, 0, NULL);
    double control = budget_view_control(view, &fixture->config.selection, hour);
    budget_view_release(view);
    return control;
}

START_TEST(the_control_share_of_a_day_follows_from_the_day_before_over_a_restart)
{
    enum { DAY = 24 };
    struct fixture *fixture = begin(0, 0);
    fixture->config.selection.control_per_day = 10;
    count_passes(fixture, 100 * DAY, 40, true);
    ck_assert_double_eq(control_of(fixture, 100 * DAY), 0); /* no day before */
    count_passes(fixture, 100 * DAY + 23, 60, false);       /* not durable */
    count_passes(fixture, 100 * DAY + 23, 10, true);
    ck_assert_double_eq(control_of(fixture, 101 * DAY), 0.2); /* 10 of 50, for its first run */
    count_passes(fixture, 101 * DAY, 5, true);
    count_passes(fixture, 100 * DAY + 23, 50, true); /* late: the basis stands */
    ck_assert_double_eq(control_of(fixture, 101 * DAY + 5), 0.2);
    reopen(fixture);
    const struct budget_view *view = budget_take(fixture->budget, 0, NULL);
    ck_assert_double_eq(budget_view_control(view, &fixture->config.selection, 101 * DAY + 23), 0.2);
    ck_assert_double_eq(budget_view_control(view, &fixture->config.selection, 102 * DAY), 1);
    ck_assert_double_eq(budget_view_control(view, &fixture->config.selection, 104 * DAY), 0);
    budget_view_release(view);
    end(fixture);
}
END_TEST

START_TEST(a_day_too_old_counts_as_the_oldest)
{
    struct control_days days = {0};
    int64_t dropped;
    for (int64_t day = 10; day < 10 + CONTROL_DAYS; day++)
        control_days_open(&days, day, &dropped)->seen = (uint64_t)day;
    ck_assert_int_eq(dropped, -1);
    ck_assert_uint_eq(control_days_basis(&days, 11), 10);
    ck_assert_int_eq(control_days_open(&days, 3, &dropped)->day, 10);
    ck_assert_int_eq(control_days_open(&days, 20, &dropped)->day, 20);
    ck_assert_int_eq(dropped, 10);
    ck_assert_uint_eq(control_days_basis(&days, 20), 0); /* a gap */
    ck_assert_uint_eq(control_days_basis(&days, 2), 10); /* of day 11 */
    ck_assert_uint_eq(days.count, CONTROL_DAYS);
}
END_TEST

START_TEST(a_budget_plans_with_the_control_share_of_its_day)
{
    struct budget_hours hours = {
        .policy = {.selection = {.control_per_day = 10}, .budget = {.per_hour = 20}}};
    int64_t dropped;
    control_days_open(&hours.days, 0, &dropped)->seen = 20;
    budget_hours_open(&hours, 23, &dropped)->row.seen[VERDICT_PASS] = 10;
    ck_assert_double_eq(hours.hours[0].plan.probability[VERDICT_PASS], 0);
    control_days_open(&hours.days, 1, &dropped);
    struct budget_hour *opened = budget_hours_open(&hours, 24, &dropped);
    ck_assert_double_eq(opened->plan.probability[VERDICT_PASS], 0.5);
    budget_hours_finish(&hours);
}
END_TEST

START_TEST(an_evaluators_own_trace_uses_no_budget)
{
    struct fixture *fixture = begin(0, 5);
    struct store_txn txn;
    struct closed closed = {.config = &fixture->config,
                            .verdict = VERDICT_UNSCORED,
                            .is_judge_only = true,
                            .selection = {.skipped = SKIP_NO_AGENT, .hour = 100}};
    store_begin(fixture->temp.store, true, &txn);
    struct record_emission emission = budget_select(fixture->budget, &txn, &closed, false);
    budget_write(fixture->budget, &txn, 0);
    ck_assert_uint_eq(store_count(&txn, TABLE_SELECTION), 0);
    COMMIT(&txn);
    ck_assert_int_eq(emission.skipped, SKIP_NO_AGENT);
    end(fixture);
}
END_TEST

static const struct budget_policy policy = {
    .selection = {.share = {0, 0, 1, 0}},
    .budget = {.per_hour = 10, .per_signature = 2},
};

START_TEST(an_hour_too_old_counts_as_the_oldest)
{
    struct budget_hours hours = {.policy = policy};
    int64_t dropped;
    for (int64_t hour = 100; hour < 100 + BUDGET_HOURS; hour++) {
        struct budget_hour *opened = budget_hours_open(&hours, hour, &dropped);
        ck_assert_int_eq(opened->row.hour, hour);
        ck_assert_int_eq(dropped, -1);
        opened->row.seen[VERDICT_FAIL] = 1000;
    }
    ck_assert_int_eq(budget_hours_open(&hours, 50, &dropped)->row.hour, 100);
    ck_assert_int_eq(budget_hours_open(&hours, 104, &dropped)->row.hour, 104);
    ck_assert_int_eq(dropped, -1);
    ck_assert_int_eq(budget_hours_open(&hours, 300, &dropped)->row.hour, 300);
    ck_assert_int_eq(dropped, 100);
    ck_assert_int_eq(budget_hours_open(&hours, 100, &dropped)->row.hour, 101);
    struct budget_signature *room;
    struct budget_view *view = budget_hours_view(&hours, 0, &room);
    ck_assert_ptr_nonnull(view);
    atomic_init(&view->holders, 1);
    ck_assert_double_eq(budget_view_limits(view, 101, VERDICT_FAIL, 0).stratum, 0.01);
    ck_assert_double_eq(budget_view_limits(view, 108, VERDICT_FAIL, 0).stratum,
                        0.01);                                                      /* may follow */
    ck_assert_double_eq(budget_view_limits(view, 109, VERDICT_FAIL, 0).stratum, 1); /* a gap */
    ck_assert_double_eq(budget_view_limits(view, 300, VERDICT_FAIL, 0).stratum, 1);
    ck_assert_double_eq(budget_view_limits(view, 7, VERDICT_FAIL, 0).stratum, 0.01);
    ck_assert_double_eq(budget_view_limits(NULL, 7, VERDICT_FAIL, 0).stratum, 1);
    budget_view_release(view);
    budget_hours_finish(&hours);
}
END_TEST

START_TEST(the_basis_of_an_hour_stands)
{
    struct budget_hours hours = {.policy = policy};
    int64_t dropped;
    struct budget_hour *first = budget_hours_open(&hours, 1, &dropped);
    first->row.seen[VERDICT_FAIL] = 100;
    budget_hour_signature(first, 77)->row.seen = 50;
    budget_hour_signature(first, 78)->row.seen = 2;
    struct budget_hour *second = budget_hours_open(&hours, 2, &dropped);
    ck_assert_uint_eq(second->row.basis[VERDICT_FAIL], 100);
    ck_assert_uint_eq(second->index.count, 1);    /* 78 is within its budget */
    hours.hours[0].row.seen[VERDICT_FAIL] = 5000; /* late ones */
    struct budget_signature *room;
    struct budget_view *view = budget_hours_view(&hours, 0, &room);
    ck_assert_ptr_nonnull(view);
    atomic_init(&view->holders, 1);
    struct selection_limits limits = budget_view_limits(view, 2, VERDICT_FAIL, 77);
    ck_assert_double_eq_tol(limits.signature, 0.04, 1e-12);
    ck_assert_double_eq_tol(limits.stratum, 8.0 / 50, 1e-9); /* 2 of 77 and 8 of 50 others */
    ck_assert_double_eq(budget_view_limits(view, 2, VERDICT_FAIL, 78).signature, 1);
    ck_assert_double_eq(budget_view_limits(view, 2, VERDICT_PASS, 77).signature, 1);
    budget_view_release(view);
    budget_hours_finish(&hours);
}
END_TEST

START_TEST(signatures_of_an_hour_are_bounded)
{
    struct budget_hours hours = {.policy = policy};
    int64_t dropped;
    struct budget_hour *hour = budget_hours_open(&hours, 1, &dropped);
    for (uint64_t id = 0; id < BUDGET_SIGNATURES_MAX + 10; id++)
        ck_assert((budget_hour_signature(hour, id) != NULL) == (id < BUDGET_SIGNATURES_MAX));
    ck_assert_ptr_nonnull(budget_hour_signature(hour, 5));
    budget_hours_finish(&hours);
}
END_TEST

START_TEST(a_clock_that_runs_ahead_opens_no_hour)
{
    ck_assert_int_eq(budget_hour_of(3600000, 3600000), 1);
    ck_assert_int_eq(budget_hour_of(3600000 + 1, 3600000 - 1), 0);
    ck_assert_int_eq(budget_hour_of(3600000 - 1, 9000000), 0);
}
END_TEST

START_TEST(a_shard_asks_about_the_first_runs_of_each_cohort)
{
    struct pipeline_config *config = calloc(1, sizeof(*config));
    ck_assert_ptr_nonnull(config);
    struct first_seen seen = {0};
    struct bytes values[2] = {BYTES_LITERAL("refund"), BYTES_LITERAL("en")};
    config->selection.new_cohort = 2;
    config->grouping_count = 2;
    config->groupings[0] = (struct grouping_config){.dimensions = {0}, .count = 1};
    config->groupings[1] = (struct grouping_config){.dimensions = {0, 1}, .count = 2};
    ck_assert(first_seen_note(&seen, config, values));
    ck_assert(first_seen_note(&seen, config, values));
    ck_assert(!first_seen_note(&seen, config, values));
    values[1] = BYTES_LITERAL("de");
    ck_assert(first_seen_note(&seen, config, values));
    ck_assert(first_seen_note(&seen, config, values));
    ck_assert(!first_seen_note(&seen, config, values));
    first_seen_finish(&seen);
    free(config);
}
END_TEST

/* --- views in the hands of threads --- */

enum { TAKERS = 3, VIEWS = 2000 };

struct taker {
    struct budget_board *board;
    uint32_t shard;
    _Atomic bool *is_over;
};

static void *take_views(void *argument)
{
    struct taker *taker = argument;
    const struct budget_view *view = NULL;
    int64_t last = 0;
    while (!atomic_load(taker->is_over)) {
        view = budget_board_take(taker->board, taker->shard, view);
        if (!view)
            continue;
        ck_assert_int_ge(view->hours[0].hour, last);
        last = view->hours[0].hour;
    }
    view = budget_board_take(taker->board, taker->shard, view);
    ck_assert_int_eq(view->hours[0].hour, VIEWS);
    budget_view_release(view);
    return NULL;
}

START_TEST(views_reach_every_thread_and_leave_with_the_last)
{
    struct budget_board board;
    pthread_t threads[TAKERS];
    struct taker takers[TAKERS];
    _Atomic bool is_over = false;
    budget_board_init(&board, TAKERS);
    for (uint32_t i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){&board, i, &is_over};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_views, &takers[i]), 0);
    }
    for (int64_t i = 1; i <= VIEWS; i++) {
        struct budget_view *view = calloc(1, sizeof(*view));
        ck_assert_ptr_nonnull(view);
        view->hour_count = 1;
        view->hours[0].hour = i;
        budget_board_publish(&board, view);
    }
    atomic_store(&is_over, true);
    for (uint32_t i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    budget_board_finish(&board);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("budget");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, the_first_runs_of_a_new_cohort_are_records_over_a_restart);
    tcase_add_test(tests, without_the_setting_nothing_is_kept);
    tcase_add_test(tests, what_is_ahead_of_its_pace_is_halved_and_nothing_is_refused);
    tcase_add_test(tests, a_pace_is_halved_once_for_each_eighth_too_much);
    tcase_add_test(tests, a_reload_with_another_budget_plans_the_hour_anew);
    tcase_add_test(tests, a_later_verdict_is_not_counted_as_another_run);
    tcase_add_test(tests, a_hit_counts_in_the_budget_where_its_pace_did_not_choose_it);
    tcase_add_test(tests, the_control_share_of_a_day_follows_from_the_day_before_over_a_restart);
    tcase_add_test(tests, a_day_too_old_counts_as_the_oldest);
    tcase_add_test(tests, a_budget_plans_with_the_control_share_of_its_day);
    tcase_add_test(tests, an_evaluators_own_trace_uses_no_budget);
    tcase_add_test(tests, an_hour_too_old_counts_as_the_oldest);
    tcase_add_test(tests, the_basis_of_an_hour_stands);
    tcase_add_test(tests, signatures_of_an_hour_are_bounded);
    tcase_add_test(tests, a_clock_that_runs_ahead_opens_no_hour);
    tcase_add_test(tests, a_shard_asks_about_the_first_runs_of_each_cohort);
    tcase_add_test(tests, views_reach_every_thread_and_leave_with_the_last);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
