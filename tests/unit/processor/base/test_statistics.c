/* link: state base m */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/statistics.h"
#include "state/cohorts/sketch.h"

START_TEST(z_of_known_confidences)
{
    ck_assert_double_eq_tol(statistics_z(0.95), 1.959963984540054, 1e-9);
    ck_assert_double_eq_tol(statistics_z(0.99), 2.5758293035489004, 1e-9);
    ck_assert_double_eq_tol(statistics_z(0.5), 0.6744897501960817, 1e-9);
}
END_TEST

START_TEST(wilson_of_no_failure_is_not_certain)
{
    struct interval interval = statistics_wilson(0, 30, statistics_z(0.95));
    ck_assert_double_eq(interval.low, 0);
    ck_assert_double_eq_tol(interval.high, 0.1135, 5e-4);
    interval = statistics_wilson(1, 30, statistics_z(0.95));
    ck_assert_double_eq(interval.high, 1);
    interval = statistics_wilson(0.1, 100, statistics_z(0.95)); /* 0.0552 .. 0.1744 */
    ck_assert_double_eq_tol(interval.low, 0.05523, 1e-4);
    ck_assert_double_eq_tol(interval.high, 0.17437, 1e-4);
    interval = statistics_wilson(0.5, 0, 1.96);
    ck_assert_double_eq(interval.low, 0);
    ck_assert_double_eq(interval.high, 1);
}
END_TEST

START_TEST(equal_weights_count_fully_and_one_heavy_weight_counts_as_one)
{
    ck_assert_double_eq_tol(statistics_effective_n(20 * 3.0, 20 * 9.0), 20, 1e-9);
    ck_assert_double_eq_tol(statistics_effective_n(1000 + 9, 1000.0 * 1000 + 9), 1.018, 1e-3);
    ck_assert_double_eq(statistics_effective_n(0, 0), 0);
}
END_TEST

START_TEST(needed_n_is_the_first_that_decides)
{
    double z = statistics_z(0.95);
    /* By bisection elsewhere. */
    ck_assert_uint_eq(statistics_needed_n(0.80, 0.92, z), 20);
    ck_assert_uint_eq(statistics_needed_n(0.85, 0.92, z), 58);
    ck_assert_uint_eq(statistics_needed_n(0.92, 0.92, z), UINT64_MAX);
    uint64_t n = statistics_needed_n(0.97, 0.92, z);
    ck_assert(statistics_wilson(0.97, (double)n, z).low >= 0.92);
    ck_assert(statistics_wilson(0.97, (double)n - 1, z).low < 0.92);
}
END_TEST

/* Table II of Newcombe 1998, method 10, as printed: four decimals. */
START_TEST(newcombe_gives_the_published_intervals)
{
    static const struct {
        double a, n, b, m, low, high;
    } rows[] = {
        {56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090},
        {6, 7, 2, 7, 0.0582, 0.8062},     {5, 56, 0, 29, -0.0381, 0.1926},
        {0, 10, 0, 20, -0.1611, 0.2775},  {0, 10, 0, 10, -0.2775, 0.2775},
        {10, 10, 0, 20, 0.6791, 1.0000},  {10, 10, 0, 10, 0.6075, 1.0000},
    };
    double z = statistics_z(0.95);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double p = rows[i].a / rows[i].n, q = rows[i].b / rows[i].m;
        struct interval interval = statistics_newcombe(p, rows[i].n, q, rows[i].m, z);
        ck_assert_double_eq_tol(interval.low, rows[i].low, 5.1e-5);
        ck_assert_double_eq_tol(interval.high, rows[i].high, 5.1e-5);
        struct interval turned = statistics_newcombe(q, rows[i].m, p, rows[i].n, z);
        ck_assert_double_eq_tol(turned.low, -interval.high, 1e-12);
        ck_assert_double_eq_tol(turned.high, -interval.low, 1e-12);
    }
}
END_TEST

START_TEST(without_samples_nothing_is_known_of_a_difference)
{
    double z = statistics_z(0.95);
    struct interval interval = statistics_newcombe(0, 0, 0, 0, z);
    ck_assert_double_eq(interval.low, -1);
    ck_assert_double_eq(interval.high, 1);
    interval = statistics_newcombe(0, 0, 1, 30, z); /* the second is above 0.886 */
    ck_assert_double_eq(interval.low, -1);
    ck_assert_double_eq_tol(interval.high, 0.1135, 5e-4);
}
END_TEST

START_TEST(newcombe_of_pairs_gives_the_published_intervals)
{
    double z = statistics_z(0.95);
    struct interval interval = statistics_newcombe_paired(&(struct paired_counts){36, 12, 2, 0}, z);
    ck_assert_double_eq_tol(interval.low, 0.0569, 5.1e-5);
    ck_assert_double_eq_tol(interval.high, 0.3404, 5.1e-5);
    interval = statistics_newcombe_paired(&(struct paired_counts){36, 2, 12, 0}, z);
    ck_assert_double_eq_tol(interval.low, -0.3404, 5.1e-5);
    interval = statistics_newcombe_paired(&(struct paired_counts){0, 0, 0, 0}, z);
    ck_assert_double_eq(interval.low, -1);
    ck_assert_double_eq(interval.high, 1);
}
END_TEST

/* Small enough to add up: of five pairs that differ none, or one, is the rarer kind. */
START_TEST(mcnemar_is_the_exact_binomial_test)
{
    ck_assert_double_eq_tol(statistics_mcnemar(5, 0), 2.0 / 32, 1e-12);
    ck_assert_double_eq_tol(statistics_mcnemar(0, 5), 2.0 / 32, 1e-12);
    ck_assert_double_eq_tol(statistics_mcnemar(4, 1), 12.0 / 32, 1e-12);
    ck_assert_double_eq(statistics_mcnemar(2, 2), 1);
    ck_assert_double_eq(statistics_mcnemar(0, 0), 1);
    ck_assert_double_eq_tol(statistics_mcnemar_worse(5, 0), 1.0 / 32, 1e-12);
    ck_assert_double_eq_tol(statistics_mcnemar_worse(4, 1), 6.0 / 32, 1e-12);
    ck_assert_double_eq(statistics_mcnemar_worse(0, 5), 1);
    ck_assert_double_eq(statistics_mcnemar_worse(0, 0), 1);
    ck_assert_double_gt(statistics_mcnemar_worse(1000, 900), 0.0);
}
END_TEST

/* The Site Reliability Workbook, table 5-4: a target of 99.9 % and a 30-day period. */
START_TEST(a_burn_rate_is_a_multiple_of_the_budget)
{
    ck_assert_double_eq_tol(statistics_burn_rate(0.0144, 0.999), 14.4, 1e-9);
    ck_assert_double_eq_tol(statistics_burn_rate(0.08, 0.92), 1, 1e-9);
    ck_assert_double_eq(statistics_burn_rate(0, 0.92), 0);
    ck_assert_double_eq_tol(statistics_burn_rate_max(0.92), 12.5, 1e-9);
}
END_TEST

static int compare_doubles(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void add(struct sketch *sketch, double value, int64_t count)
{
    ck_assert(sketch_reserve(sketch, 1));
    sketch_add(sketch, value, count);
}

START_TEST(few_values_keep_one_percent)
{
    struct sketch sketch = {0};
    double value = 0;
    ck_assert(!sketch_quantile(&sketch, 0.5, &value));
    for (int i = 1; i <= 100; i++)
        add(&sketch, i * 7, 1);
    ck_assert_uint_eq(sketch.level, 0);
    ck_assert(sketch_quantile(&sketch, 0.5, &value));
    ck_assert_double_eq_tol(value, 50 * 7, 50 * 7 * 0.0101);
    ck_assert(sketch_quantile(&sketch, 0.99, &value));
    ck_assert_double_eq_tol(value, 99 * 7, 99 * 7 * 0.0101);
    ck_assert(sketch_quantile(&sketch, 1, &value));
    ck_assert_double_eq_tol(value, 700, 7.01);
    sketch_finish(&sketch);
}
END_TEST

START_TEST(a_wide_spread_keeps_every_quantile)
{
    /* Agent runs: median 20 s, log-normal with sigma 1.5, a thousandfold between short and long. */
    static double values[20000];
    struct sketch sketch = {0};
    srand(7);
    for (size_t i = 0; i < 20000; i++) {
        double sum = -6;
        for (int k = 0; k < 12; k++)
            sum += rand() / (double)RAND_MAX;
        values[i] = 20000 * exp(1.5 * sum);
        add(&sketch, values[i], 1);
    }
    qsort(values, 20000, sizeof *values, compare_doubles);
    ck_assert_uint_le(sketch.bin_count, SKETCH_BINS_MAX);
    ck_assert_uint_le(sketch.level, 3);
    double error = tanh(0.010000333 * (1 << sketch.level)) + 1e-6, value = 0;
    const double quantiles[] = {0.01, 0.5, 0.95, 0.99};
    for (size_t i = 0; i < 4; i++) {
        double exact = values[(size_t)(quantiles[i] * 19999)];
        ck_assert(sketch_quantile(&sketch, quantiles[i], &value));
        ck_assert_double_eq_tol(value, exact, exact * error);
    }
    sketch_finish(&sketch);
}
END_TEST

START_TEST(merging_in_any_order_gives_the_same_bins)
{
    struct sketch whole = {0}, parts[7] = {0}, merged = {0};
    srand(11);
    for (int i = 0; i < 5000; i++) {
        double value = exp(rand() % 2000 / 150.0);
        add(&whole, value, 1);
        add(&parts[rand() % 7], value, 1);
    }
    for (int i = 6; i >= 0; i--) {
        ck_assert(sketch_reserve(&merged, parts[i].bin_count));
        sketch_merge(&merged, &parts[i]);
        sketch_finish(&parts[i]);
    }
    ck_assert_uint_eq(whole.level, merged.level);
    ck_assert_uint_eq(whole.bin_count, merged.bin_count);
    for (uint16_t i = 0; i < whole.bin_count; i++) {
        ck_assert_int_eq(whole.bins[i].index, merged.bins[i].index);
        ck_assert_int_eq(whole.bins[i].count, merged.bins[i].count);
    }
    sketch_finish(&whole);
    sketch_finish(&merged);
}
END_TEST

START_TEST(what_is_taken_back_is_gone)
{
    struct sketch sketch = {0}, back = {0};
    for (int i = 1; i <= 50; i++) {
        add(&sketch, i * 100, 1);
        add(&back, i * 100, -1);
    }
    add(&sketch, 0, 1);
    add(&sketch, NAN, 1);
    ck_assert(sketch_reserve(&sketch, back.bin_count));
    sketch_merge(&sketch, &back);
    ck_assert_uint_eq(sketch.bin_count, 0);
    ck_assert_int_eq(sketch_count(&sketch), 2);
    sketch_finish(&sketch);
    sketch_finish(&back);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("statistics");
    TCase *cases = tcase_create("statistics");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, z_of_known_confidences);
    tcase_add_test(cases, wilson_of_no_failure_is_not_certain);
    tcase_add_test(cases, equal_weights_count_fully_and_one_heavy_weight_counts_as_one);
    tcase_add_test(cases, needed_n_is_the_first_that_decides);
    tcase_add_test(cases, newcombe_gives_the_published_intervals);
    tcase_add_test(cases, newcombe_of_pairs_gives_the_published_intervals);
    tcase_add_test(cases, mcnemar_is_the_exact_binomial_test);
    tcase_add_test(cases, without_samples_nothing_is_known_of_a_difference);
    tcase_add_test(cases, a_burn_rate_is_a_multiple_of_the_budget);
    tcase_add_test(cases, few_values_keep_one_percent);
    tcase_add_test(cases, a_wide_spread_keeps_every_quantile);
    tcase_add_test(cases, merging_in_any_order_gives_the_same_bins);
    tcase_add_test(cases, what_is_taken_back_is_gone);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
