/* A grid of cohorts whose true fail rate is known: crashes that nobody scores, weights that are
 * mixed or depend on the outcome, scores that come for some runs only, verdicts that a late score or a
 * late error revises. How often does the interval hold the truth, and does the mark appear where it
 * can't? */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/cohorts/rates.h"
#include "processor/verdict.h"

enum { COHORTS = 400 };

static uint64_t random_state = 20261130;

static double random_share(void) /* xorshift64* */
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * 2685821657736338717u) >> 11) * 0x1p-53;
}

enum sampling {
    ALL_KEPT,
    MIXED,           /* weight 1, 4 or 16 by chance */
    PASSES_THINNED,  /* errors kept, passes 1/16 */
    FAILURES_THINNED /* passes kept, failures 1/4 */
};
static const char *const sampling_names[] = {"all kept", "mixed", "passes 1/16", "failures 1/4"};

struct world {
    int runs; /* before sampling */
    double crashes, failures, scored;
    double late; /* share of the runs whose first verdict is another */
    enum sampling sampling;
};

static double weight_of(enum sampling sampling, bool is_failed)
{
    if (sampling == MIXED)
        return random_share() < 0.34 ? 1 : random_share() < 0.5 ? 4 : 16;
    if (sampling == PASSES_THINNED && !is_failed)
        return 16;
    return sampling == FAILURES_THINNED && is_failed ? 4 : 1;
}

static void add(struct cohort_bucket *bucket, const struct cohort_class *class, double weight,
                enum cohort_change change)
{
    static const uint8_t verdicts[COHORT_CONDEMNED][COHORT_JUDGED] = {
        [CONDEMNED_NOT] = {COHORT_UNSCORED, COHORT_PASS, COHORT_BORDERLINE, COHORT_FAIL},
        [CONDEMNED_FAIL] = {COHORT_FAIL, COHORT_FAIL, COHORT_FAIL, COHORT_FAIL}};
    struct cohort_contribution one = {.change = change,
                                      .verdict = verdicts[class->condemned][class->judged],
                                      .class = *class,
                                      .weight = weight,
                                      .duration_ms = -1,
                                      .tokens = -1,
                                      .cost_nano_usd = -1};
    if (!cohort_bucket_add(bucket, &one)) /* an assertion that holds is a system call */
        ck_abort_msg("no memory");
}

/* A revision that comes late: the run was counted as one that passed, or whose score was awaited in
 * vain, is taken back and counted again. */
static void add_revised(struct cohort_bucket *bucket, const struct cohort_class *class,
                        double weight)
{
    struct cohort_class before = {
        .condemned = CONDEMNED_NOT, .judged = JUDGED_PASS, .is_known = true};
    if (random_share() < 0.5) {
        before.judged = JUDGED_NOT;
        before.is_missing = true;
    }
    add(bucket, &before, weight, COHORT_CHANGE_FIRST);
    add(bucket, &before, weight, COHORT_CHANGE_REMOVE);
    add(bucket, class, weight, COHORT_CHANGE_AGAIN);
}

static void run_one(const struct world *world, struct cohort_bucket *bucket)
{
    bool is_crashed = random_share() < world->crashes;
    bool is_failed = random_share() < world->failures;
    bool is_scored = !is_crashed && random_share() < world->scored;
    double weight = weight_of(world->sampling, is_crashed || (is_scored && is_failed));
    if (random_share() >= 1 / weight)
        return;
    struct cohort_class class = {.condemned = is_crashed ? CONDEMNED_FAIL : CONDEMNED_NOT,
                                 .judged = !is_scored  ? JUDGED_NOT
                                           : is_failed ? JUDGED_FAIL
                                                       : JUDGED_PASS,
                                 .is_known = true};
    if (random_share() < world->late)
        add_revised(bucket, &class, weight);
    else
        add(bucket, &class, weight, COHORT_CHANGE_FIRST);
}

struct tally {
    int known, covered, truth_above, truth_below;
    int64_t missing;
};

static struct tally watch(const struct world *world)
{
    struct tally tally = {0};
    double largest = world->sampling == ALL_KEPT ? 1 : world->sampling == FAILURES_THINNED ? 4 : 16;
    struct cohort_rate_terms terms = {
        .confidence = 0.95, .may_condemn = world->crashes > 0, .largest_weight = largest};
    double truth = world->crashes + (1 - world->crashes) * world->failures;
    for (int i = 0; i < COHORTS; i++) {
        struct cohort_bucket bucket = {0};
        for (int run = 0; run < world->runs; run++)
            run_one(world, &bucket);
        cohort_bucket_settle(&bucket);
        struct cohort_rates rates = cohort_rates_of(&bucket, &terms);
        tally.missing += rates.missing;
        tally.known += rates.fail.is_known;
        tally.covered += rates.fail.is_known && rates.low <= truth && truth <= rates.high;
        tally.truth_above += rates.fail.is_known && truth > rates.high;
        tally.truth_below += rates.fail.is_known && truth < rates.low;
        cohort_bucket_finish(&bucket);
    }
    return tally;
}

START_TEST(intervals_hold_the_truth_over_the_grid)
{
    static const double crashes[] = {0, 0.02, 0.2}, failures[] = {0.03, 0.1, 0.3};
    static const double scored[] = {1, 0.5}, late[] = {0, 0.3};
    double sum = 0, least = 1, sum_late = 0;
    int cells = 0, late_cells = 0;
    for (int at = 0; at < 3 * 3 * 2 * 4 * 2; at++) {
        struct world world = {.crashes = crashes[at % 3],
                              .failures = failures[at / 3 % 3],
                              .scored = scored[at / 9 % 2],
                              .sampling = (enum sampling)(at / 18 % 4),
                              .late = late[at / 72]};
        /* So that at least five failures of judged runs are expected to be seen. */
        double kept = world.sampling == MIXED              ? 0.34 + 0.33 / 4 + 0.33 / 16
                      : world.sampling == FAILURES_THINNED ? 0.25
                                                           : 1;
        world.runs = (int)(12 / (kept * world.scored * world.failures * (1 - world.crashes))) + 120;
        struct tally tally = watch(&world);
        ck_assert_int_eq(tally.missing, 0); /* each score came, late or not */
        double coverage = (double)tally.covered / tally.known;
        printf("%-12s crashes %.2f failures %.2f scored %.1f late %.1f runs %4d: %.1f %% (truth "
               "above %.1f, below %.1f)\n",
               sampling_names[world.sampling], world.crashes, world.failures, world.scored,
               world.late, world.runs, 100 * coverage, 100.0 * tally.truth_above / tally.known,
               100.0 * tally.truth_below / tally.known);
        sum += coverage;
        cells++;
        sum_late += world.late > 0 ? coverage : 0;
        late_cells += world.late > 0;
        least = coverage < least ? coverage : least;
    }
    printf("mean %.2f %%, least %.2f %% of %d cells; of those with late revisions %.2f %%\n",
           100 * sum / cells, 100 * least, cells, 100 * sum_late / late_cells);
    ck_assert_double_ge(sum / cells, 0.94);
    ck_assert_double_le(sum / cells, 0.975); /* where failures alone are kept, the guard is wide */
    ck_assert_double_ge(sum_late / late_cells, 0.94);
    ck_assert_double_ge(least, 0.92 - 0.027); /* two standard errors of 400 cohorts */
}
END_TEST

/* An evaluator that answers 95 % of the good and half of the bad runs. */
START_TEST(scores_missing_not_at_random_are_marked_and_bounded)
{
    struct cohort_bucket bucket = {0};
    for (int run = 0; run < 20000; run++) {
        bool is_failed = random_share() < 0.1;
        bool is_scored = random_share() < (is_failed ? 0.5 : 0.95);
        struct cohort_contribution one = {.class = {.judged = !is_scored  ? JUDGED_NOT
                                                              : is_failed ? JUDGED_FAIL
                                                                          : JUDGED_PASS,
                                                    .is_known = true,
                                                    .is_missing = !is_scored},
                                          .weight = 1,
                                          .tokens = -1,
                                          .cost_nano_usd = -1};
        ck_assert(cohort_bucket_add(&bucket, &one));
    }
    struct cohort_rate_terms terms = {.confidence = 0.95};
    struct cohort_rates rates = cohort_rates_of(&bucket, &terms);
    ck_assert_double_lt(rates.high, 0.07); /* the truth is 0.1: no interval tells it */
    ck_assert_double_gt(rates.missing_share, 0.08);
    terms.is_missing_failed = true;
    struct cohort_rates worst = cohort_rates_of(&bucket, &terms);
    ck_assert_double_gt(worst.low, 0.1);
    cohort_bucket_finish(&bucket);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fail_rate");
    TCase *cases = tcase_create("grid");
    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, intervals_hold_the_truth_over_the_grid);
    tcase_add_test(cases, scores_missing_not_at_random_are_marked_and_bounded);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
