/* The chart that watches a proportion: its steps, its limits and its run lengths. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/cusum.h"

static struct cusum_table table;

static void setup(void)
{
    cusum_table_init(&table, 2, 1e5);
}

START_TEST(each_run_weighs_its_likelihood_ratio)
{
    for (double p0 = 0.003; p0 < 1; p0 += 0.09)
        for (int is_worse = 0; is_worse < 2; is_worse++) {
            const struct cusum_design *design = cusum_table_find(&table, p0, is_worse);
            double failure = log(design->p1 / design->p0);
            double success = log((1 - design->p1) / (1 - design->p0));
            ck_assert_double_eq_tol(design->on_failure * design->step / failure, 1, 0.0051);
            ck_assert_double_eq_tol(design->on_success * design->step / success, 1, 0.0051);
            ck_assert((design->p1 > design->p0) == is_worse);
            double small = fmin(p0, 1 - p0), node = fmin(design->p0, 1 - design->p0);
            ck_assert_double_eq_tol(node / small, 1, 0.05);
        }
}
END_TEST

START_TEST(the_limit_is_the_smallest_that_keeps_false_alarms_rare)
{
    static const double rates[] = {0.002, 0.01, 0.05, 0.2, 0.5, 0.9};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        for (int is_worse = 0; is_worse < 2; is_worse++) {
            struct cusum_design design = *cusum_table_find(&table, rates[i], is_worse);
            ck_assert_double_ge(cusum_run_length(&design, design.p0), 1e5);
            design.limit_steps--;
            ck_assert_double_lt(cusum_run_length(&design, design.p0), 1e5);
            ck_assert_double_lt(design.limit, log(1e5));
        }
}
END_TEST

static uint64_t random_state = 20261123;

static double random_share(void) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * 2685821657736338717u) >> 11) * 0x1p-53;
}

static int run_once(const struct cusum_design *design, double p)
{
    double s = 0;
    int n = 0;
    for (; s <= design->limit * (1 + 1e-9); n++)
        s = cusum_next(design, s, random_share() < p);
    return n;
}

START_TEST(charts_run_as_long_as_the_chain_says)
{
    enum { RUNS = 400 };
    static const double rates[] = {0.02, 0.08, 0.3, 0.7};
    struct cusum_table quick;
    cusum_table_init(&quick, 2, 1000);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        const struct cusum_design *design = cusum_table_find(&quick, rates[i], true);
        double quiet = 0, loud = 0;
        for (int run = 0; run < RUNS; run++) {
            quiet += run_once(design, design->p0) / (double)RUNS;
            loud += run_once(design, design->p1) / (double)RUNS;
        }
        /* Run lengths are nearly exponential: five standard errors are a quarter. */
        ck_assert_double_eq_tol(quiet / cusum_run_length(design, design->p0), 1, 0.25);
        ck_assert_double_eq_tol(loud / cusum_run_length(design, design->p1), 1, 0.25);
        ck_assert_double_lt(loud, quiet / 4);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cusum");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_test(all, each_run_weighs_its_likelihood_ratio);
    tcase_add_test(all, the_limit_is_the_smallest_that_keeps_false_alarms_rare);
    tcase_add_test(all, charts_run_as_long_as_the_chain_says);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
