/* link: base m
 * Figures by hand, of tables small enough for it; those of random tables are held against other programs
 * (tests/integration/test_agreement_oracle.py). */
#include "processor/base/agreement.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/statistics.h"

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-9)

/* Ten items of two raters, who agree on the first category six times and on the second twice. */
static const struct rating_pattern ten[] = {{{2, 0}, 6}, {{0, 2}, 2}, {{1, 1}, 2}};

START_TEST(ten_items_of_two_raters)
{
    struct agreement_figures figures;
    agreement_measure(ten, 3, 2, &figures);
    NEAR(figures.items, 10);
    NEAR(figures.doubled, 10);
    NEAR(figures.prevalence[0], 0.7);
    NEAR(figures.raw.value, 0.8);
    NEAR(figures.kappa.value, (0.8 - 0.58) / 0.42); /* pe = 0.7^2 + 0.3^2 */
    NEAR(figures.ac1.value, (0.8 - 0.42) / 0.58);   /* pe = 2 x 0.7 x 0.3 */
    /* Values 14 and 6 of 20: De = 2 x 14 x 6 / (20 x 19), Do = 2 x 2 / 20. */
    NEAR(figures.alpha.value, 1 - (4.0 / 20) / (168.0 / 380));
    ck_assert(figures.alpha.has_interval && figures.kappa.has_interval);
    ck_assert(figures.is_thin);
    struct interval wilson = statistics_wilson(0.8, 10, statistics_z(0.95));
    NEAR(figures.raw.low, wilson.low);
    NEAR(figures.raw.high, wilson.high);
    ck_assert_double_le(figures.ac1.low, (wilson.low - 0.42) / 0.58);
}
END_TEST

START_TEST(an_item_of_one_rater_moves_the_prevalence_alone)
{
    const struct rating_pattern more[] = {{{2, 0}, 6}, {{0, 2}, 2}, {{1, 1}, 2}, {{0, 1}, 10}};
    struct agreement_figures figures, before;
    agreement_measure(ten, 3, 2, &before);
    agreement_measure(more, 4, 2, &figures);
    NEAR(figures.items, 20);
    NEAR(figures.doubled, 10);
    NEAR(figures.raw.value, 0.8);
    NEAR(figures.prevalence[0], 0.35);
    NEAR(figures.alpha.value, before.alpha.value);
    NEAR(figures.alpha.error, before.alpha.error);
    NEAR(figures.kappa.value, (0.8 - 0.545) / 0.455);
}
END_TEST

START_TEST(where_all_agree_only_ac1_and_raw_have_an_interval)
{
    const struct rating_pattern same[] = {{{2, 0}, 9}, {{0, 2}, 3}};
    struct agreement_figures figures;
    agreement_measure(same, 2, 2, &figures);
    NEAR(figures.raw.value, 1);
    NEAR(figures.kappa.value, 1);
    NEAR(figures.alpha.value, 1);
    NEAR(figures.ac1.value, 1);
    ck_assert(!figures.kappa.has_interval && !figures.alpha.has_interval);
    ck_assert(figures.raw.has_interval && figures.ac1.has_interval);
    ck_assert_double_lt(figures.ac1.low, 0.75); /* 12 items are no proof */
    NEAR(figures.ac1.high, 1);
}
END_TEST

START_TEST(one_category_alone_says_nothing_of_chance)
{
    const struct rating_pattern one[] = {{{2, 0, 0}, 40}};
    struct agreement_figures figures;
    agreement_measure(one, 1, 3, &figures);
    ck_assert(!figures.kappa.has_value && !figures.alpha.has_value);
    NEAR(figures.ac1.value, 1);
    ck_assert_double_gt(figures.ac1.low, 0.9);
    ck_assert_double_lt(figures.ac1.low, 1);
    agreement_measure(one, 0, 3, &figures);
    ck_assert(!figures.raw.has_value && !figures.ac1.has_value);
}
END_TEST

START_TEST(a_replicate_of_one_category_counts_as_full_agreement)
{
    /* Without the one item that differs, only the first category is left. */
    const struct rating_pattern patterns[] = {{{2, 0}, 19}, {{1, 1}, 1}};
    struct agreement_figures figures;
    agreement_measure(patterns, 2, 2, &figures);
    /* alpha = 1 - (2/40) / (2 x 39 x 1 / (40 x 39)) = 0; without an agreeing item 1 - (2/38) /
     * (2/38) = 0; replicates: 19 x 0 and 1. */
    NEAR(figures.alpha.value, 0);
    NEAR(figures.alpha.error, sqrt(19.0 / 20 * (1 - 1.0 / 20)));
    ck_assert(figures.alpha.has_interval);
    ck_assert_double_ge(figures.alpha.low, -1);
    NEAR(figures.alpha.high, 1);
}
END_TEST

START_TEST(three_raters_of_whom_two_agree_are_a_third)
{
    const struct rating_pattern patterns[] = {{{2, 1, 0}, 5}, {{0, 0, 3}, 5}};
    struct agreement_figures figures;
    agreement_measure(patterns, 2, 3, &figures);
    NEAR(figures.raw.value, (5.0 / 3 + 5) / 10);
    NEAR(figures.prevalence[2], 0.5);
}
END_TEST

START_TEST(cohens_kappa_of_a_pair)
{
    double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {
        {150, 2, 8}, {10, 8, 2}, {0, 10, 10}};
    struct pair_figures figures;
    agreement_measure_pair(cells, 3, &figures);
    NEAR(figures.items, 200);
    NEAR(figures.raw.value, 0.84);
    double expected = 0.8 * 0.8 + 0.1 * 0.1 + 0.1 * 0.1;
    NEAR(figures.kappa.value, (0.84 - expected) / (1 - expected));
    ck_assert(figures.kappa.has_interval);
    double same[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {{7, 0}, {0, 5}};
    agreement_measure_pair(same, 2, &figures);
    NEAR(figures.kappa.value, 1);
    ck_assert(!figures.kappa.has_interval);
    double constant[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX] = {{0, 3}, {0, 57}};
    agreement_measure_pair(constant, 2, &figures);
    NEAR(figures.kappa.value, 0);
    ck_assert(!figures.kappa.has_interval && figures.raw.has_interval);
}
END_TEST

START_TEST(quantiles_of_t)
{
    ck_assert_double_eq_tol(statistics_t(0.95, 1), 12.706204736, 1e-6);
    ck_assert_double_eq_tol(statistics_t(0.95, 10), 2.228138852, 1e-8);
    ck_assert_double_eq_tol(statistics_t(0.99, 30), 2.749995654, 1e-8);
    ck_assert_double_eq_tol(statistics_t(0.95, 1e7), statistics_z(0.95), 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("agreement");
    TCase *cases = tcase_create("agreement");
    tcase_add_test(cases, ten_items_of_two_raters);
    tcase_add_test(cases, an_item_of_one_rater_moves_the_prevalence_alone);
    tcase_add_test(cases, where_all_agree_only_ac1_and_raw_have_an_interval);
    tcase_add_test(cases, one_category_alone_says_nothing_of_chance);
    tcase_add_test(cases, a_replicate_of_one_category_counts_as_full_agreement);
    tcase_add_test(cases, three_raters_of_whom_two_agree_are_a_third);
    tcase_add_test(cases, cohens_kappa_of_a_pair);
    tcase_add_test(cases, quantiles_of_t);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
