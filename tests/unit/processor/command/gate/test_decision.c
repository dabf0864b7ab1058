/* link: command base */
/* Rows that passed, failed or have no run, and what a suite of them comes to. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/command/gate/decision.h"

enum { ROWS_MAX = 2000 };

static struct gate_row_result results[ROWS_MAX], before[ROWS_MAX];
static struct gate_member members[ROWS_MAX];

static struct gate_row_result row_of(enum gate_row_outcome outcome)
{
    return (struct gate_row_result){
        .runs = outcome != GATE_MISSING, .passed = outcome == GATE_PASSED, .outcome = outcome};
}

/* So many of each, in this order, none critical. */
static struct gate_suite_answer decide(uint32_t passed, uint32_t failed, uint32_t missing,
                                       const struct gate_terms *terms)
{
    struct gate_suite_answer answer;
    uint32_t count = passed + failed + missing;
    for (uint32_t i = 0; i < count; i++) {
        results[i] = row_of(i < passed            ? GATE_PASSED
                            : i < passed + failed ? GATE_FAILED
                                                  : GATE_MISSING);
        members[i] = (struct gate_member){.result = &results[i]};
    }
    gate_suite_decide(members, count, terms, &answer);
    return answer;
}

static struct gate_terms terms_of(double target)
{
    return (struct gate_terms){.min_pass_rate = target, .confidence = 0.95};
}

START_TEST(repeats_say_how_many_runs_of_a_row_must_pass)
{
    static const struct {
        uint32_t runs, passed, repeats;
        enum gate_row_outcome outcome;
        bool is_flaky;
    } cases[] = {
        {0, 0, GATE_REPEATS_ALL, GATE_MISSING, false},
        {0, 0, GATE_REPEATS_ANY, GATE_MISSING, false},
        {3, 3, GATE_REPEATS_ALL, GATE_PASSED, false},
        {3, 2, GATE_REPEATS_ALL, GATE_FAILED, true},
        {3, 1, GATE_REPEATS_ANY, GATE_PASSED, true},
        {3, 0, GATE_REPEATS_ANY, GATE_FAILED, false},
        {3, 2, 2, GATE_PASSED, true},
        {3, 1, 2, GATE_FAILED, true},
        {1, 1, 2, GATE_FAILED, false}, /* so many did not run */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gate_row_result result = {.runs = cases[i].runs, .passed = cases[i].passed};
        gate_row_conclude(&result, cases[i].repeats);
        ck_assert_int_eq(result.outcome, cases[i].outcome);
        ck_assert_int_eq(result.is_flaky, cases[i].is_flaky);
    }
}
END_TEST

/* Against whole numbers: passed * 100 >= rows * percent. */
START_TEST(a_frozen_set_is_judged_exactly)
{
    for (uint32_t rows = 1; rows <= 60; rows++)
        for (uint32_t percent = 0; percent <= 100; percent++) {
            struct gate_terms terms = terms_of(percent / 100.0);
            for (uint32_t passed = rows * percent / 100;
                 passed <= rows * percent / 100 + 1 && passed <= rows; passed++) {
                struct gate_suite_answer answer = decide(passed, rows - passed, 0, &terms);
                bool reaches = passed * 100 >= rows * percent;
                ck_assert_msg((answer.outcome == GATE_PASS) == reaches, "%u of %u at %u %%", passed,
                              rows, percent);
            }
        }
}
END_TEST

START_TEST(a_population_is_judged_by_its_bounds)
{
    struct gate_terms terms = terms_of(0.92);
    terms.is_population = true;
    struct gate_suite_answer answer = decide(47, 3, 0, &terms);
    ck_assert_int_eq(answer.outcome, GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.reason, GATE_UNDECIDED);
    ck_assert_double_eq_tol(answer.interval.low, 0.838, 5e-4);
    ck_assert_double_eq_tol(answer.interval.high, 0.979, 5e-4);
    ck_assert_uint_gt(answer.needed, 50);
    ck_assert_int_eq(decide(200, 2, 0, &terms).outcome, GATE_PASS);
    ck_assert_int_eq(decide(80, 20, 0, &terms).outcome, GATE_FAIL);
    ck_assert_int_eq(decide(1, 0, 0, &terms).outcome, GATE_INSUFFICIENT);
    /* Below 50 rows the upper bound is exact: with Wilson's 16 of 20 would fail. */
    answer = decide(16, 4, 0, &terms);
    ck_assert_double_lt(answer.interval.high, 0.92);
    ck_assert_double_gt(answer.high, 0.92);
    ck_assert_int_eq(answer.outcome, GATE_INSUFFICIENT);
    ck_assert_int_eq(decide(14, 6, 0, &terms).outcome, GATE_FAIL);
}
END_TEST

START_TEST(rows_without_a_run_fail_or_wait_where_they_could_decide)
{
    struct gate_terms terms = terms_of(0.8);
    ck_assert_int_eq(decide(3, 0, 1, &terms).outcome, GATE_FAIL);
    ck_assert_int_eq(decide(4, 0, 1, &terms).outcome, GATE_PASS);
    terms.is_missing_insufficient = true;
    ck_assert_int_eq(decide(3, 0, 1, &terms).outcome, GATE_INSUFFICIENT);
    ck_assert_int_eq(decide(3, 0, 1, &terms).reason, GATE_ROWS_MISSING);
    ck_assert_int_eq(decide(4, 0, 1, &terms).outcome, GATE_INSUFFICIENT);
    ck_assert_int_eq(decide(0, 3, 1, &terms).outcome, GATE_FAIL); /* it can't save it */
}
END_TEST

START_TEST(no_row_is_no_pass)
{
    struct gate_terms terms = terms_of(0);
    struct gate_suite_answer answer = decide(0, 0, 0, &terms);
    ck_assert_int_eq(answer.outcome, GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.reason, GATE_NO_ROWS);
    ck_assert_int_eq(gate_outcome_of(&answer, 1), GATE_INSUFFICIENT);
    ck_assert_int_eq(gate_outcome_of(NULL, 0), GATE_INSUFFICIENT);
}
END_TEST

START_TEST(a_failed_critical_row_blocks_whatever_the_share)
{
    struct gate_terms terms = terms_of(0.5);
    struct gate_suite_answer answer;
    (void)decide(9, 1, 0, &terms);
    members[9].is_critical = true;
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.outcome, GATE_FAIL);
    ck_assert_int_eq(answer.reason, GATE_CRITICAL);
    terms.critical_max = 1;
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.outcome, GATE_PASS);
    results[9] = row_of(GATE_MISSING); /* it fails likewise */
    terms.critical_max = 0;
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.reason, GATE_CRITICAL);
    terms.is_missing_insufficient = true;
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.reason, GATE_ROWS_MISSING);
}
END_TEST

START_TEST(a_critical_row_that_fails_anew_blocks_even_when_it_may_fail)
{
    struct gate_terms terms = terms_of(0.5);
    struct gate_suite_answer answer;
    (void)decide(9, 1, 0, &terms);
    for (uint32_t i = 0; i < 10; i++) {
        before[i] = row_of(GATE_PASSED);
        members[i].baseline = &before[i];
    }
    terms.critical_max = 5;
    members[9].is_critical = true;
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.reason, GATE_NEWLY_CRITICAL);
    before[9] = row_of(GATE_FAILED);
    gate_suite_decide(members, 10, &terms, &answer);
    ck_assert_int_eq(answer.outcome, GATE_PASS);
}
END_TEST

/* Pairs by a second way of counting, over random rows. */
START_TEST(pairs_are_rows_with_a_run_on_both_sides)
{
    unsigned seed = 20251201u + (unsigned)_i;
    struct gate_terms terms = terms_of(0.9);
    struct gate_suite_answer answer;
    uint32_t count = (uint32_t)rand_r(&seed) % 300 + 1, table[3][3] = {{0}};
    terms.is_missing_insufficient = _i % 2;
    for (uint32_t i = 0; i < count; i++) {
        results[i] = row_of((enum gate_row_outcome)(rand_r(&seed) % 3));
        before[i] = row_of((enum gate_row_outcome)(rand_r(&seed) % 3));
        members[i] = (struct gate_member){.result = &results[i], .baseline = &before[i]};
        table[before[i].outcome][results[i].outcome]++;
    }
    gate_suite_decide(members, count, &terms, &answer);
    uint32_t lost = terms.is_missing_insufficient ? 0 : 1; /* a row without a run failed */
    ck_assert_uint_eq(answer.pairs.both, table[GATE_PASSED][GATE_PASSED]);
    ck_assert_uint_eq(answer.pairs.newly_passing, table[GATE_FAILED][GATE_PASSED]);
    ck_assert_uint_eq(answer.pairs.newly_failing,
                      table[GATE_PASSED][GATE_FAILED] + lost * table[GATE_PASSED][GATE_MISSING]);
    ck_assert_uint_eq(answer.pairs.neither,
                      table[GATE_FAILED][GATE_FAILED] + lost * table[GATE_FAILED][GATE_MISSING]);
    ck_assert_uint_eq(answer.pairs.both + answer.pairs.newly_failing + answer.pairs.newly_passing +
                          answer.pairs.neither + answer.pairs.unpaired,
                      count);
    ck_assert(answer.pairs.interval.low <= answer.pairs.difference &&
              answer.pairs.difference <= answer.pairs.interval.high);
}
END_TEST

START_TEST(the_worst_suite_is_the_answer)
{
    struct gate_suite_answer suites[] = {
        {.outcome = GATE_PASS}, {.outcome = GATE_INSUFFICIENT}, {.outcome = GATE_FAIL}};
    ck_assert_int_eq(gate_outcome_of(suites, 1), GATE_PASS);
    ck_assert_int_eq(gate_outcome_of(suites, 2), GATE_INSUFFICIENT);
    ck_assert_int_eq(gate_outcome_of(suites, 3), GATE_FAIL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate decision");
    TCase *tests = tcase_create("decision");
    tcase_add_test(tests, repeats_say_how_many_runs_of_a_row_must_pass);
    tcase_add_test(tests, a_frozen_set_is_judged_exactly);
    tcase_add_test(tests, a_population_is_judged_by_its_bounds);
    tcase_add_test(tests, rows_without_a_run_fail_or_wait_where_they_could_decide);
    tcase_add_test(tests, no_row_is_no_pass);
    tcase_add_test(tests, a_failed_critical_row_blocks_whatever_the_share);
    tcase_add_test(tests, a_critical_row_that_fails_anew_blocks_even_when_it_may_fail);
    tcase_add_loop_test(tests, pairs_are_rows_with_a_run_on_both_sides, 0, 200);
    tcase_add_test(tests, the_worst_suite_is_the_answer);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
