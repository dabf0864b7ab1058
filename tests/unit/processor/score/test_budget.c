/* link: score */
/* How a budget is dealt out: floors, what is left over, signatures. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/score/budget.h"

static const struct selection_policy all = {.share = {1, 1, 1, 1}};

static struct budget_plan allot(const struct selection_policy *policy, double per_hour,
                                uint64_t pass, uint64_t borderline, uint64_t fail,
                                uint64_t unscored)
{
    struct budget budget = {.per_hour = per_hour};
    struct budget_demand demand = {.runs = {[VERDICT_PASS] = pass,
                                            [VERDICT_BORDERLINE] = borderline,
                                            [VERDICT_FAIL] = fail,
                                            [VERDICT_UNSCORED] = unscored}};
    struct budget_plan plan;
    budget_allot(policy, 0, &budget, &demand, &plan);
    return plan;
}

START_TEST(a_full_house_gets_its_floors)
{
    struct budget_plan plan = allot(&all, 100, 10000, 10000, 10000, 10000);
    ck_assert_double_eq_tol(plan.records[VERDICT_FAIL], 70, 1e-9);
    ck_assert_double_eq_tol(plan.records[VERDICT_BORDERLINE], 20, 1e-9);
    ck_assert_double_eq_tol(plan.records[VERDICT_PASS], 10, 1e-9);
    ck_assert_double_eq_tol(plan.records[VERDICT_UNSCORED], 0, 1e-9);
    ck_assert_double_eq_tol(plan.probability[VERDICT_FAIL], 0.007, 1e-9);
    ck_assert_double_eq_tol(plan.probability[VERDICT_BORDERLINE], 0.002, 1e-9);
    ck_assert_double_eq_tol(plan.probability[VERDICT_PASS], 0.001, 1e-9);
}
END_TEST

START_TEST(what_one_does_not_use_goes_to_the_others_failures_first)
{
    struct budget_plan plan = allot(&all, 100, 1000, 5, 80, 1000); /* 15 of borderline are left */
    ck_assert_double_eq_tol(plan.records[VERDICT_FAIL], 80, 1e-9);
    ck_assert_double_eq(plan.probability[VERDICT_FAIL], 1);
    ck_assert_double_eq(plan.probability[VERDICT_BORDERLINE], 1);
    ck_assert_double_eq_tol(plan.records[VERDICT_PASS], 15, 1e-9);
    plan = allot(&all, 100, 20, 20, 20, 1000);
    ck_assert_double_eq_tol(plan.records[VERDICT_UNSCORED], 40, 1e-9);
}
END_TEST

START_TEST(a_budget_that_is_large_enough_changes_nothing)
{
    static const struct selection_policy policy = {
        .share = {[VERDICT_PASS] = 0.01, [VERDICT_BORDERLINE] = 0.5, [VERDICT_FAIL] = 1}};
    struct budget_plan plan = allot(&policy, 500, 20000, 100, 200, 50);
    ck_assert_double_eq(plan.probability[VERDICT_PASS], 0.01);
    ck_assert_double_eq(plan.probability[VERDICT_BORDERLINE], 0.5);
    ck_assert_double_eq(plan.probability[VERDICT_FAIL], 1);
    ck_assert_double_eq(plan.probability[VERDICT_UNSCORED], 0);
    plan = allot(&policy, 0, 20000, 100, 200000, 50);
    ck_assert_double_eq(plan.probability[VERDICT_FAIL], 1);
}
END_TEST

START_TEST(a_stratum_that_brought_nothing_keeps_its_share)
{
    struct budget_plan plan = allot(&all, 10, 0, 0, 100000, 0);
    ck_assert_double_eq_tol(plan.probability[VERDICT_FAIL], 0.0001, 1e-12);
    ck_assert_double_eq(plan.probability[VERDICT_PASS], 1);
    ck_assert_double_eq(plan.probability[VERDICT_BORDERLINE], 1);
}
END_TEST

START_TEST(a_flood_of_one_signature_takes_nothing_from_the_others)
{
    uint64_t flood[] = {10000};
    struct budget budget = {.per_hour = 100, .per_signature = 20};
    struct budget_demand demand = {
        .runs = {[VERDICT_FAIL] = 10040}, .signature_runs = flood, .signature_count = 1};
    struct budget_plan plan;
    budget_allot(&all, 0, &budget, &demand, &plan);
    ck_assert_double_eq(plan.probability[VERDICT_FAIL], 1); /* 20 of the flood and 40 others */
    ck_assert_double_eq_tol(plan.records[VERDICT_FAIL], 60, 1e-9);
    ck_assert_double_eq_tol(budget_signature_probability(&budget, 10000), 0.002, 1e-12);
    ck_assert_double_eq(budget_signature_probability(&budget, 20), 1);
    demand.runs[VERDICT_FAIL] = 10000 + 160; /* too many others: 80 are left for them */
    budget_allot(&all, 0, &budget, &demand, &plan);
    ck_assert_double_eq_tol(plan.probability[VERDICT_FAIL], 0.5, 1e-9);
    ck_assert_double_eq_tol(plan.records[VERDICT_FAIL], 100, 1e-9);
}
END_TEST

START_TEST(instances_divide_the_budget)
{
    struct budget budget = budget_of(500, 20, 4);
    ck_assert_double_eq(budget.per_hour, 125);
    ck_assert_double_eq(budget.per_signature, 5);
    ck_assert_double_eq(budget_of(1, 0, 10).per_hour, 0.1);
    ck_assert_double_eq(budget_of(7, 0, 0).per_hour, 7);
}
END_TEST

/* Whatever is asked: never more than the budget, never below a floor that was asked for, and what
 * is stated follows from what was allotted. */
START_TEST(random_demands_keep_the_promises)
{
    static const double floors[VERDICTS] = {0.1, 0.2, 0.7, 0};
    uint64_t state = 20261123;
    for (int round = 0; round < 20000; round++) {
        uint64_t runs[VERDICTS];
        struct selection_policy policy = {0};
        for (int i = 0; i < VERDICTS; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            runs[i] = (state >> 33) % (uint64_t)(1 << ((state >> 20) % 16));
            policy.share[i] = (double)((state >> 40) % 101) / 100;
        }
        double per_hour = 1 + (double)(state % 1000);
        struct budget_plan plan = allot(&policy, per_hour, runs[0], runs[1], runs[2], runs[3]);
        double sum = 0, asked_sum = 0;
        for (int i = 0; i < VERDICTS; i++) {
            double asked = policy.share[i] * (double)runs[i];
            asked_sum += asked;
            sum += plan.records[i];
            ck_assert_double_ge(plan.records[i] + 1e-9, fmin(asked, floors[i] * per_hour));
            ck_assert_double_le(plan.records[i], asked + 1e-9);
            ck_assert_double_le(plan.probability[i], policy.share[i]);
            ck_assert_double_eq_tol(plan.probability[i] * (double)runs[i], plan.records[i], 1e-6);
        }
        ck_assert_double_eq_tol(sum, fmin(per_hour, asked_sum), 1e-6); /* and nothing is wasted */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("budget");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_full_house_gets_its_floors);
    tcase_add_test(tests, what_one_does_not_use_goes_to_the_others_failures_first);
    tcase_add_test(tests, a_budget_that_is_large_enough_changes_nothing);
    tcase_add_test(tests, a_stratum_that_brought_nothing_keeps_its_share);
    tcase_add_test(tests, a_flood_of_one_signature_takes_nothing_from_the_others);
    tcase_add_test(tests, instances_divide_the_budget);
    tcase_add_test(tests, random_demands_keep_the_promises);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
