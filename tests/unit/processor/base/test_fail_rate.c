/* The fail rate, its intervals, and the decision that may be asked again and again. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/beta.h"
#include "processor/base/fail_rate.h"
#include "processor/base/repeated_gate.h"

static const double z = 1.959963984540054;

static struct weighted_count plain(int64_t n)
{
    return (struct weighted_count){n, 0, (double)n, (double)n};
}

static struct fail_rate rate_of(int64_t all, int64_t condemned, int64_t scored, int64_t failed,
                                bool may_condemn)
{
    return fail_rate_of(&(struct fail_rate_sums){plain(all), plain(condemned), plain(scored),
                                                 plain(failed), 1, may_condemn});
}

START_TEST(crashes_and_failures_of_the_judged_add_up)
{
    struct fail_rate rate = rate_of(1000, 200, 400, 40, true);
    ck_assert(rate.is_known && !rate.is_thin);
    ck_assert_double_eq_tol(rate.p, 0.2 + 0.8 * 0.1, 1e-12);
    struct interval c = statistics_wilson(0.2, 1000, z), f = statistics_wilson(0.1, 400, z);
    struct interval interval = fail_rate_interval(&rate, z);
    ck_assert_double_eq_tol(interval.low, 0.28 - hypot(0.9 * (0.2 - c.low), 0.8 * (0.1 - f.low)),
                            1e-12);
    ck_assert_double_eq_tol(interval.high,
                            0.28 + hypot(0.9 * (c.high - 0.2), 0.8 * (f.high - 0.1)), 1e-12);
}
END_TEST

START_TEST(without_a_condemning_rule_it_is_the_interval_of_the_judged)
{
    struct fail_rate rate = rate_of(200, 0, 120, 20, false);
    struct interval interval = fail_rate_interval(&rate, z), f = statistics_wilson(1.0 / 6, 120, z);
    ck_assert_double_eq_tol(interval.low, f.low, 1e-12);
    ck_assert_double_eq_tol(interval.high, f.high, 1e-12);
    ck_assert_double_eq_tol(rate.n_effective, 120, 1e-9);
    rate = rate_of(200, 0, 120, 20, true);
    ck_assert_double_gt(fail_rate_interval(&rate, z).high, f.high);
}
END_TEST

START_TEST(nobody_judged_is_no_rate_unless_all_are_condemned)
{
    ck_assert(!rate_of(100, 20, 0, 0, true).is_known);
    struct fail_rate rate = rate_of(100, 100, 0, 0, true);
    ck_assert(rate.is_known);
    ck_assert_double_eq(rate.p, 1);
    ck_assert_double_eq(fail_rate_interval(&rate, z).high, 1);
    ck_assert_double_gt(fail_rate_interval(&rate, z).low, 0.95);
    ck_assert(!rate_of(0, 0, 0, 0, true).is_known);
}
END_TEST

START_TEST(runs_of_one_weight_are_worth_their_number)
{
    for (int failed = 0; failed <= 30; failed += 5) {
        struct weighted_count all = {30, 30, 120, 480},
                              bad = {failed, failed, 4.0 * failed, 16.0 * failed};
        struct fail_rate_share share = fail_rate_share_of(&all, &bad, 4);
        ck_assert_double_eq_tol(share.n_linear, 30, 1e-9);
        ck_assert(!share.is_thin);
    }
}
END_TEST

START_TEST(kept_errors_and_thinned_passes_are_worth_more_than_kish_says_and_are_guarded)
{
    /* 40 failures kept, 60 passes of weight 16. */
    struct weighted_count all = {100, 60, 1000, 40 + 60 * 256}, bad = {40, 0, 40, 40};
    struct fail_rate_share share = fail_rate_share_of(&all, &bad, 16);
    ck_assert_double_gt(share.n_linear, 5 * statistics_effective_n(1000, 40 + 60 * 256));
    ck_assert(share.is_thin);
    ck_assert_double_lt(share.n, share.n_linear);
}
END_TEST

START_TEST(few_runs_fail_by_the_exact_bound)
{
    struct fail_rate rate = rate_of(20, 0, 20, 1, false);
    /* Clopper and Pearson: the upper bound of 19 of 20. */
    ck_assert_double_eq_tol(1 - fail_rate_low_exact(&rate, 0.95), pow(0.975, 1.0 / 20), 1e-8);
    rate = rate_of(17, 0, 17, 0, false);
    ck_assert_double_eq(fail_rate_low_exact(&rate, 0.95), 0);
    rate = rate_of(200, 0, 200, 20, false);
    ck_assert_double_eq_tol(fail_rate_low_exact(&rate, 0.95), fail_rate_interval(&rate, z).low,
                            1e-12);
}
END_TEST

START_TEST(beta_is_what_tables_say)
{
    ck_assert_double_eq_tol(beta_probability(0.3, 2, 5), 0.579825, 1e-9);
    ck_assert_double_eq_tol(beta_quantile(0.975, 19 + 1, 1), pow(0.975, 1.0 / 20), 1e-8);
    ck_assert_double_eq_tol(beta_log_incomplete(1, 3, 4), log(1.0 / 60), 1e-12);
    ck_assert(isinf(beta_log_incomplete(0, 3, 4)));
    for (double n = 1; n < 1e7; n *= 10)
        ck_assert(!isnan(beta_log_incomplete(0.92, n, 0.5)) &&
                  !isnan(beta_log_incomplete(0.08, n, n / 3)));
}
END_TEST

START_TEST(a_repeated_gate_needs_more_runs_than_one_that_looks_once)
{
    static const struct {
        double target;
        int runs; /* that pass, without a failure */
    } rows[] = {{0.80, 20}, {0.90, 43}, {0.92, 54}, {0.95, 89}, {0.99, 454}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert(!repeated_gate_evidence(rows[i].runs - 1, 0, rows[i].target, 0.95).is_passed);
        ck_assert(repeated_gate_evidence(rows[i].runs, 0, rows[i].target, 0.95).is_passed);
    }
    ck_assert(repeated_gate_evidence(5, 20, 0.92, 0.95).is_failed);
    ck_assert(!repeated_gate_evidence(0, 9, 0.92, 0.95).is_failed); /* too few */
    struct repeated_evidence far = repeated_gate_evidence(100000, 90000, 0.92, 0.95);
    ck_assert(far.is_failed && !far.is_passed && !isnan(far.log_pass));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fail_rate");
    TCase *all = tcase_create("all");
    tcase_add_test(all, crashes_and_failures_of_the_judged_add_up);
    tcase_add_test(all, without_a_condemning_rule_it_is_the_interval_of_the_judged);
    tcase_add_test(all, nobody_judged_is_no_rate_unless_all_are_condemned);
    tcase_add_test(all, runs_of_one_weight_are_worth_their_number);
    tcase_add_test(all, kept_errors_and_thinned_passes_are_worth_more_than_kish_says_and_are_guarded);
    tcase_add_test(all, few_runs_fail_by_the_exact_bound);
    tcase_add_test(all, beta_is_what_tables_say);
    tcase_add_test(all, a_repeated_gate_needs_more_runs_than_one_that_looks_once);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
