/* link: pipelines */
/* The escape rate by hand, and its interval over simulated releases: 20,000 runs, of which people review
 * what chance chose and they found time for. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/review/escape.h"

enum { PASS, BORDERLINE, FAIL, UNSCORED };

static const struct escape_review base = {.verdict = PASS, .weight = 100, .is_reviewed = true};

START_TEST(without_a_run_nothing_is_known)
{
    const struct escape_runs none = {.runs = {0}};
    struct escape_rate rate = escape_rate_of(&none, NULL, 0, 0.95);
    ck_assert(!rate.is_known);
    ck_assert_int_eq(rate.runs, 0);
}
END_TEST

START_TEST(hits_are_exact_and_add_no_width)
{
    struct escape_review reviews[100];
    const struct escape_runs runs = {.runs = {[FAIL] = 200, [PASS] = 0},
                                     .hits = {[FAIL] = 200, [PASS] = 0}};
    for (int i = 0; i < 100; i++)
        reviews[i] = base;
    struct escape_rate rate = escape_rate_of(&runs, reviews, 0, 0.95);
    ck_assert(rate.is_known);
    ck_assert_double_eq_tol(rate.value, 1, 1e-12);
    ck_assert_double_eq_tol(rate.low, 1, 1e-12);
    ck_assert_double_eq_tol(rate.high, 1, 1e-12);
}
END_TEST

START_TEST(none_of_180_still_means_up_to_two_percent)
{
    struct escape_review reviews[180];
    const struct escape_runs runs = {.runs = {[PASS] = 17600, [FAIL] = 2400},
                                     .hits = {[FAIL] = 2400}};
    for (int i = 0; i < 180; i++)
        reviews[i] = base;
    struct escape_rate rate = escape_rate_of(&runs, reviews, 180, 0.95);
    double hits = 0.12, upper = 3.841459 / (180 + 3.841459); /* Wilson's of 0 of 180 */
    ck_assert_double_eq_tol(rate.value, hits, 1e-9);
    ck_assert_double_eq_tol(rate.low, hits, 1e-9);
    ck_assert_double_eq_tol(rate.high, hits + 0.88 * upper, 1e-6); /* 1.8 points */
    ck_assert_double_eq_tol(rate.high - rate.value, 0.018, 5e-4);
}
END_TEST

START_TEST(a_verdict_without_a_review_widens_it_by_its_whole_share)
{
    struct escape_review reviews[50];
    for (int i = 0; i < 50; i++)
        reviews[i] = base;
    const struct escape_runs few = {.runs = {[PASS] = 96, [UNSCORED] = 4}};
    struct escape_rate rate = escape_rate_of(&few, reviews, 50, 0.95);
    ck_assert(rate.is_known);
    ck_assert_double_eq_tol(rate.unreviewed_share, 0.04, 1e-12);
    ck_assert_double_ge(rate.high, 0.04 + 0.96 * 0.07);
    const struct escape_runs many = {.runs = {[PASS] = 90, [UNSCORED] = 10}};
    rate = escape_rate_of(&many, reviews, 50, 0.95);
    ck_assert(!rate.is_known);
    ck_assert_double_eq_tol(rate.unreviewed_share, 0.10, 1e-12);
}
END_TEST

START_TEST(few_reviews_have_the_exact_interval)
{
    struct escape_review reviews[2] = {base, base};
    const struct escape_runs runs = {.runs = {[PASS] = 100}};
    struct escape_rate rate = escape_rate_of(&runs, reviews, 2, 0.95);
    ck_assert(rate.has_few);
    ck_assert_double_eq_tol(rate.high, 1 - sqrt(0.025), 1e-6); /* Clopper and Pearson, 0 of 2 */
}
END_TEST

START_TEST(a_class_without_a_review_goes_to_the_next_coarser_one)
{
    /* Day 1: one of two reviewed. Day 2: nobody came to its one. Another queue: its own. */
    struct escape_review reviews[] = {
        {.verdict = PASS, .queue = 1, .day = 1, .weight = 10, .is_reviewed = true},
        {.verdict = PASS, .queue = 1, .day = 1, .weight = 30},
        {.verdict = PASS, .queue = 1, .day = 2, .weight = 40},
        {.verdict = PASS, .queue = 2, .day = 1, .weight = 5, .is_reviewed = true},
        {.verdict = FAIL, .queue = 1, .day = 1, .weight = 7},
    };
    double sum = 0, first = 0, second = 0;
    ck_assert(escape_respond(reviews, 5));
    for (int i = 0; i < 5; i++)
        if (reviews[i].is_reviewed) {
            sum += reviews[i].weight;
            *(reviews[i].queue == 1 ? &first : &second) += reviews[i].weight;
        }
    ck_assert_double_eq_tol(first, 80, 1e-9); /* for all three in its queue, by weight */
    ck_assert_double_eq_tol(second, 5, 1e-9);
    ck_assert_double_eq_tol(sum, 85, 1e-9); /* of the failed nobody was reviewed: not known */
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

struct world {
    const char *name;
    double share[ESCAPE_VERDICTS], hits[ESCAPE_VERDICTS], q[ESCAPE_VERDICTS];
    double p[ESCAPE_VERDICTS]; /* of being chosen */
    double response[2], bias;  /* by priority; escapes are more often of priority 0 */
};

static const struct world worlds[] = {
    {"1 % control",
     {.88, .05, .06, .01},
     {0, .02, .4, 0},
     {.01, .1, .2, .05},
     {.01, .3, .5, .5},
     {1, 1},
     0},
    {"rare",
     {.90, .04, .05, .01},
     {0, 0, .3, 0},
     {.002, .02, .05, .01},
     {.02, .5, 1, .5},
     {1, 1},
     0},
    {"none escapes", {.90, .05, .05, 0}, {0, 0, .5, 0}, {0, 0, 0, 0}, {.01, .3, .5, 0}, {1, 1}, 0},
    {"urgent ones first",
     {.80, .10, .09, .01},
     {0, .05, .3, 0},
     {.02, .15, .3, .1},
     {.02, .4, .5, .5},
     {.9, .35},
     .3},
    {"half is reviewed",
     {.70, .15, .14, .01},
     {0, .1, .5, 0},
     {.03, .1, .2, .1},
     {.03, .3, .3, .5},
     {.5, .5},
     0},
};
enum { RUNS = 20000, RELEASES = 400 };

/* One release; does the interval hold the truth? */
static bool holds(const struct world *world, double *ret_width)
{
    static struct escape_review reviews[RUNS];
    struct escape_runs runs = {.runs = {0}};
    size_t count = 0;
    uint64_t escaped = 0, hits = 0;
    for (int i = 0; i < RUNS; i++) {
        double u = uniform();
        int v = 0;
        while (v < ESCAPE_VERDICTS - 1 && u >= world->share[v])
            u -= world->share[v++];
        runs.runs[v]++;
        if (uniform() < world->hits[v]) {
            runs.hits[v]++;
            hits++;
            continue;
        }
        bool is_escaped = uniform() < world->q[v];
        escaped += is_escaped;
        uint8_t priority = uniform() < 0.5 + (is_escaped ? -world->bias : 0);
        if (uniform() >= world->p[v])
            continue;
        reviews[count++] =
            (struct escape_review){.verdict = (uint8_t)v,
                                   .priority = priority,
                                   .day = i % 7,
                                   .weight = 1 / world->p[v],
                                   .is_escaped = is_escaped,
                                   .is_reviewed = uniform() < world->response[priority]};
    }
    ck_assert(escape_respond(reviews, count));
    struct escape_rate rate = escape_rate_of(&runs, reviews, count, 0.95);
    double truth = (double)(hits + escaped) / RUNS;
    *ret_width += rate.high - rate.low;
    return rate.low <= truth && truth <= rate.high;
}

START_TEST(nineteen_of_twenty_intervals_hold_the_truth)
{
    const struct world *world = &worlds[_i];
    double held = 0, width = 0;
    state = 0x9E3779B97F4A7C15u + (uint64_t)_i;
    for (int i = 0; i < RELEASES; i++)
        held += holds(world, &width);
    printf("%-20s covered %.3f, width %.4f\n", world->name, held / RELEASES, width / RELEASES);
    ck_assert_msg(held / RELEASES >= 0.92, "%s: %.3f", world->name, held / RELEASES);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, without_a_run_nothing_is_known);
    tcase_add_test(cases, hits_are_exact_and_add_no_width);
    tcase_add_test(cases, none_of_180_still_means_up_to_two_percent);
    tcase_add_test(cases, a_verdict_without_a_review_widens_it_by_its_whole_share);
    tcase_add_test(cases, few_reviews_have_the_exact_interval);
    tcase_add_test(cases, a_class_without_a_review_goes_to_the_next_coarser_one);
    tcase_add_loop_test(cases, nineteen_of_twenty_intervals_hold_the_truth, 0,
                        sizeof worlds / sizeof *worlds);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
