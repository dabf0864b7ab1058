/* link: pipelines */
/* Raw and adjusted lift by hand, and how often the adjusted one's interval holds the truth. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/lift.h"
#include "processor/base/statistics.h"

static struct lift_arm arm_of(int64_t passed, int64_t n)
{
    struct lift_arm arm = {.is_known = n > 0, .n = n, .weight = (double)n};
    if (n == 0)
        return arm;
    arm.p = (double)passed / (double)n;
    struct interval interval = statistics_wilson(arm.p, (double)n, statistics_z(0.95));
    arm.low = interval.low;
    arm.high = interval.high;
    return arm;
}

START_TEST(the_difference_of_two_releases_has_newcombes_interval)
{
    struct lift_arm before = arm_of(56, 70), after = arm_of(48, 80);
    struct lift_difference lift = lift_of(&after, &before);
    struct interval wanted = statistics_newcombe(56.0 / 70, 70, 48.0 / 80, 80, statistics_z(0.95));
    ck_assert_double_eq_tol(lift.value, 0.2, 1e-12);
    ck_assert_double_eq_tol(lift.low, wanted.low, 1e-12);
    ck_assert_double_eq_tol(lift.high, wanted.high, 1e-12);
    ck_assert_double_eq_tol(lift.low, 0.0524, 1e-4); /* Newcombe 1998, table II, (a), method 10 */
    ck_assert_double_eq_tol(lift.high, 0.3339, 1e-4);
}
END_TEST

START_TEST(a_friendlier_sample_is_no_lift)
{
    struct lift_cell cells[] = {{arm_of(475, 500), arm_of(570, 600)},  /* easy */
                                {arm_of(305, 500), arm_of(244, 400)}}; /* hard */
    struct lift_arm before = arm_of(780, 1000), after = arm_of(814, 1000);
    ck_assert_double_eq_tol(lift_of(&before, &after).value, 0.034, 1e-12);
    struct lift_adjusted adjusted = lift_adjust(cells, 2);
    ck_assert(adjusted.lift.is_known);
    ck_assert_double_eq_tol(adjusted.lift.value, 0, 1e-12);
    ck_assert(adjusted.lift.low < 0 && adjusted.lift.high > 0);
    ck_assert_double_eq_tol(adjusted.covered, 1, 1e-12);
}
END_TEST

START_TEST(cells_of_few_runs_do_not_count_and_below_four_fifths_there_is_no_lift)
{
    struct lift_cell cells[] = {{arm_of(90, 100), arm_of(90, 100)},
                                {arm_of(10, 20), arm_of(4, 4)},
                                {arm_of(3, 4), arm_of(90, 100)}};
    struct lift_adjusted adjusted = lift_adjust(cells, 3);
    ck_assert_uint_eq(adjusted.cells, 3);
    ck_assert_uint_eq(adjusted.cells_counted, 1);
    ck_assert_double_eq_tol(adjusted.covered, 100.0 / 124, 1e-12);
    ck_assert(adjusted.lift.is_known);
    cells[1].before = arm_of(20, 40);
    adjusted = lift_adjust(cells, 3);
    ck_assert_double_eq_tol(adjusted.covered, 100.0 / 144, 1e-12);
    ck_assert(!adjusted.lift.is_known);
    ck_assert(!lift_adjust(NULL, 0).lift.is_known);
}
END_TEST

/* --- coverage --- */

static uint64_t state;

static double uniform(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

static int64_t passes(int64_t n, double p)
{
    int64_t passed = 0;
    for (int64_t i = 0; i < n; i++)
        passed += uniform() < p;
    return passed;
}

enum { CELLS = 6, COMPARISONS = 2000 };
static const double p_before[CELLS] = {.97, .92, .85, .7, .99, .6};
static const double better[CELLS] = {0, .02, .05, .1, -.02, 0};
static const int64_t n_before[CELLS] = {300, 200, 100, 60, 30, 10};
static const int64_t n_after[CELLS] = {500, 100, 150, 20, 60, 20};

START_TEST(nineteen_of_twenty_adjusted_intervals_hold_the_truth)
{
    double held = 0, truth = 0, all = 0;
    state = 20261201;
    for (int i = 0; i < CELLS; i++)
        all += (double)n_before[i];
    for (int i = 0; i < CELLS; i++)
        truth += (double)n_before[i] / all * better[i];
    for (int k = 0; k < COMPARISONS; k++) {
        struct lift_cell cells[CELLS];
        for (int i = 0; i < CELLS; i++)
            cells[i] =
                (struct lift_cell){arm_of(passes(n_before[i], p_before[i]), n_before[i]),
                                   arm_of(passes(n_after[i], p_before[i] + better[i]), n_after[i])};
        struct lift_adjusted adjusted = lift_adjust(cells, CELLS);
        held += adjusted.lift.low <= truth && truth <= adjusted.lift.high;
    }
    printf("adjusted lift covered %.3f\n", held / COMPARISONS);
    ck_assert_double_ge(held / COMPARISONS, 0.93);
    ck_assert_double_le(held / COMPARISONS, 0.985);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lift");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, the_difference_of_two_releases_has_newcombes_interval);
    tcase_add_test(cases, a_friendlier_sample_is_no_lift);
    tcase_add_test(cases, cells_of_few_runs_do_not_count_and_below_four_fifths_there_is_no_lift);
    tcase_add_test(cases, nineteen_of_twenty_adjusted_intervals_hold_the_truth);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
