/* Rates of all runs from reviewed ones: bounds by known figures, response by a naive model. */
/* link: base m */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/base/poststratify.h"

static struct weighted_count equal(int64_t n, double weight)
{
    return (struct weighted_count){
        .n = n, .weight = (double)n * weight, .weight_squared = (double)n * weight * weight};
}

START_TEST(one_stratum_of_all_traffic_is_wilson)
{
    struct poststratum stratum = {1, equal(200, 50), equal(20, 50)};
    struct poststratified all = poststratify(&stratum, 1, 0.95);
    struct interval wilson = statistics_wilson(0.1, 200, statistics_z(0.95));
    ck_assert(all.rate.is_known && !all.is_few);
    ck_assert_double_eq_tol(all.rate.value, 0.1, 1e-12);
    ck_assert_double_eq_tol(all.rate.low, wilson.low, 1e-12);
    ck_assert_double_eq_tol(all.rate.high, wilson.high, 1e-12);
    ck_assert_int_eq(all.reviewed, 200);
}
END_TEST

START_TEST(shares_of_the_traffic_weigh_and_not_the_shares_of_the_queue)
{
    /* The queue is nearly all fails; the traffic is nearly all passes. */
    struct poststratum strata[] = {{0.9, equal(100, 90), equal(5, 90)},
                                   {0.1, equal(900, 1), equal(720, 1)}};
    struct poststratified all = poststratify(strata, 2, 0.95);
    ck_assert_double_eq_tol(all.rate.value, 0.9 * 0.05 + 0.1 * 0.8, 1e-12);
}
END_TEST

START_TEST(no_bad_review_leaves_an_upper_bound)
{
    struct poststratum stratum = {1, equal(30, 10), {0}};
    struct poststratified all = poststratify(&stratum, 1, 0.95);
    ck_assert_double_eq(all.rate.low, 0);
    ck_assert_double_eq_tol(all.rate.high, 0.1135, 5e-4);
}
END_TEST

START_TEST(few_reviews_have_the_exact_interval_and_are_marked)
{
    struct poststratum stratum = {1, equal(4, 1), equal(1, 1)};
    struct poststratified all = poststratify(&stratum, 1, 0.95); /* scipy: 0.00631, 0.80588 */
    ck_assert(all.is_few);
    ck_assert_double_eq_tol(all.rate.low, 0.006309, 1e-5);
    ck_assert_double_eq_tol(all.rate.high, 0.805880, 1e-5);
}
END_TEST

START_TEST(what_was_not_reviewed_enters_with_its_whole_share_or_there_is_no_rate)
{
    struct poststratum strata[] = {{0.96, equal(400, 1), equal(40, 1)}, {0.04, {0}, {0}}};
    struct poststratified all = poststratify(strata, 2, 0.95);
    struct interval wilson = statistics_wilson(0.1, 400, statistics_z(0.95));
    ck_assert(all.rate.is_known);
    ck_assert_double_eq_tol(all.unreviewed, 0.04, 1e-12);
    ck_assert_double_eq_tol(all.rate.value, 0.96 * 0.1, 1e-12);
    ck_assert_double_eq_tol(all.rate.low, 0.96 * wilson.low, 1e-12);
    ck_assert_double_eq_tol(all.rate.high, 0.96 * wilson.high + 0.04, 1e-12);
    strata[0].share = 0.9;
    strata[1].share = 0.1;
    ck_assert(!poststratify(strata, 2, 0.95).rate.is_known);
    strata[0].share = strata[1].share = 0;
    ck_assert(!poststratify(strata, 2, 0.95).rate.is_known);
}
END_TEST

START_TEST(a_ratio_lies_within_its_limits_and_a_part_within_0_and_1)
{
    const struct estimate none = {true, 0, 0, 0.02}, some = {true, 0.05, 0.03, 0.08},
                          exact = {true, 0.1, 0.1, 0.1};
    struct estimate part = poststratify_part(&some, &none);
    ck_assert_double_eq(part.value, 1);
    ck_assert_double_eq(part.high, 1);
    ck_assert(part.low > 0.5 && part.low < 1);
    part = poststratify_part(&none, &some);
    ck_assert_double_eq(part.value, 0);
    ck_assert_double_eq(part.low, 0);
    ck_assert(part.high > 0 && part.high < 0.5);
    part = poststratify_ratio(&some, &exact); /* nothing of it is uncertain but the numerator */
    ck_assert_double_eq_tol(part.low, 0.3, 1e-9);
    ck_assert_double_eq_tol(part.high, 0.8, 1e-9);
    ck_assert(!poststratify_ratio(&(struct estimate){true, 0, 0, 0.1}, &none).is_known);
}
END_TEST

/* --- response --- */

START_TEST(a_class_without_a_review_is_borne_by_its_days_then_its_priorities_then_its_queues)
{
    struct response_class classes[] = {
        {.verdict = 2, .queue = 1, .priority = 1, .day = 10, .eligible = 10, .reviewed = 5},
        {.verdict = 2, .queue = 1, .priority = 1, .day = 11, .eligible = 10, .reviewed = 0},
        {.verdict = 2, .queue = 1, .priority = 5, .day = 10, .eligible = 30, .reviewed = 0},
        {.verdict = 2, .queue = 2, .priority = 5, .day = 10, .eligible = 50, .reviewed = 0},
        {.verdict = 0, .queue = 1, .priority = 1, .day = 10, .eligible = 7, .reviewed = 7},
        {.verdict = 3, .queue = 1, .priority = 1, .day = 10, .eligible = 9, .reviewed = 0},
    };
    for (int i = 0; i < 6; i++) {
        classes[i].eligible_weight = 3.0 * (double)classes[i].eligible;
        classes[i].reviewed_weight = 3.0 * (double)classes[i].reviewed;
    }
    poststratify_response(classes, 6);
    const struct response_class passed = {.verdict = 0, .queue = 1, .priority = 1, .day = 10},
                                failed = {.verdict = 2, .queue = 1, .priority = 1, .day = 10},
                                nobody = {.verdict = 3, .queue = 1, .priority = 1, .day = 10};
    ck_assert_double_eq_tol(poststratify_find(classes, 6, &passed)->factor, 1, 1e-12);
    ck_assert_double_eq_tol(poststratify_find(classes, 6, &failed)->factor, 100.0 / 5, 1e-12);
    ck_assert_double_eq(poststratify_find(classes, 6, &nobody)->factor, 0);
}
END_TEST

/* Whatever the classes: of a verdict with a review, all that was eligible is borne. */
START_TEST(reviewed_ones_stand_for_all_that_are_eligible)
{
    srand48(7);
    for (int round = 0; round < 500; round++) {
        struct response_class classes[40];
        double eligible[4] = {0}, borne[4] = {0};
        int64_t reviewed[4] = {0};
        size_t count = (size_t)(1 + lrand48() % 40);
        for (size_t i = 0; i < count; i++) {
            classes[i] = (struct response_class){.verdict = (uint8_t)(lrand48() % 4),
                                                 .queue = (uint64_t)(lrand48() % 2),
                                                 .priority = (uint8_t)(lrand48() % 3),
                                                 .day = (int64_t)i,
                                                 .eligible = 1 + lrand48() % 20};
            if (lrand48() % 2)
                classes[i].reviewed = lrand48() % (classes[i].eligible + 1);
            classes[i].reviewed_weight = (double)classes[i].reviewed * (1 + drand48());
            classes[i].eligible_weight =
                classes[i].reviewed_weight +
                (double)(classes[i].eligible - classes[i].reviewed) * (1 + drand48());
            eligible[classes[i].verdict] += classes[i].eligible_weight;
            reviewed[classes[i].verdict] += classes[i].reviewed;
        }
        poststratify_response(classes, count);
        for (size_t i = 0; i < count; i++) {
            ck_assert(classes[i].reviewed == 0 || classes[i].factor >= 1);
            borne[classes[i].verdict] += classes[i].factor * classes[i].reviewed_weight;
        }
        for (int v = 0; v < 4; v++)
            ck_assert_double_eq_tol(borne[v], reviewed[v] > 0 ? eligible[v] : 0, 1e-6);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("poststratify");
    tcase_add_test(tcase, one_stratum_of_all_traffic_is_wilson);
    tcase_add_test(tcase, shares_of_the_traffic_weigh_and_not_the_shares_of_the_queue);
    tcase_add_test(tcase, no_bad_review_leaves_an_upper_bound);
    tcase_add_test(tcase, few_reviews_have_the_exact_interval_and_are_marked);
    tcase_add_test(tcase, what_was_not_reviewed_enters_with_its_whole_share_or_there_is_no_rate);
    tcase_add_test(tcase, a_ratio_lies_within_its_limits_and_a_part_within_0_and_1);
    tcase_add_test(
        tcase, a_class_without_a_review_is_borne_by_its_days_then_its_priorities_then_its_queues);
    tcase_add_test(tcase, reviewed_ones_stand_for_all_that_are_eligible);
    Suite *suite = suite_create("poststratify");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
