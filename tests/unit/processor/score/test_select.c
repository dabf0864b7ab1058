/* link: score */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "processor/score/select.h"

static const struct selection_policy defaults = {
    .share = {[VERDICT_FAIL] = 1, [VERDICT_BORDERLINE] = 1, [VERDICT_PASS] = 0.01}};

static void make_id(uint8_t id[TRACE_ID_SIZE], uint32_t n)
{
    put_be64(id, 0x0123456789abcdef);
    put_be64(id + 8, n * (uint64_t)0x9e3779b97f4a7c15);
}

START_TEST(failures_are_always_emitted_by_default)
{
    uint8_t id[TRACE_ID_SIZE];
    for (uint32_t i = 0; i < 1000; i++) {
        make_id(id, i);
        struct selection selection = select_run(&defaults, id, VERDICT_FAIL);
        ck_assert(selection.is_emitted && !selection.is_control && !selection.is_unscored);
        ck_assert_double_eq(selection.probability, 1);
        ck_assert(!select_run(&defaults, id, VERDICT_UNSCORED).is_emitted);
    }
}
END_TEST

START_TEST(the_control_share_is_at_least_what_a_day_should_have)
{
    static const struct selection_policy policy = {.share = {[VERDICT_FAIL] = 1},
                                                   .control_per_day = 10};
    ck_assert_double_eq(select_control(&policy, 0), 0); /* nothing is known */
    ck_assert_double_eq(select_control(&policy, 4), 1);
    ck_assert_double_eq(select_control(&policy, 40), 0.25);
    ck_assert_double_eq(select_control(&defaults, 4), 0); /* off */
    struct selection_limits limits = {1, 1, 0.25};
    uint8_t id[TRACE_ID_SIZE];
    uint32_t chosen = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        make_id(id, i);
        struct selection pass = select_within(&policy, &limits, id, VERDICT_PASS);
        ck_assert_double_eq(pass.probability, 0.25);
        ck_assert(pass.is_emitted == (select_u(id) < 0.25));
        ck_assert(pass.is_emitted || pass.skipped == SKIP_PASS);
        ck_assert(select_within(&policy, &limits, id, VERDICT_UNSCORED).is_emitted ==
                  pass.is_emitted);
        ck_assert(!select_within(&policy, &limits, id, VERDICT_BORDERLINE).is_emitted);
        chosen += pass.is_emitted;
    }
    ck_assert_uint_gt(chosen, 190);
    ck_assert_uint_lt(chosen, 310);
    limits.stratum = 0.125; /* a budget still limits it */
    ck_assert_double_eq(select_within(&policy, &limits, id, VERDICT_PASS).probability, 0.125);
    ck_assert_double_eq(select_share(&defaults, 0.001, VERDICT_PASS), 0.01); /* never lowered */
}
END_TEST

START_TEST(what_is_not_emitted_has_a_reason)
{
    static const struct selection_policy none = {.new_cohort = 0};
    uint8_t id[TRACE_ID_SIZE] = {1};
    ck_assert_int_eq(select_run(&none, id, VERDICT_PASS).skipped, SKIP_PASS);
    ck_assert_int_eq(select_run(&none, id, VERDICT_UNSCORED).skipped, SKIP_UNSCORED);
    ck_assert_int_eq(select_run(&none, id, VERDICT_FAIL).skipped, SKIP_SHARE);
    ck_assert_int_eq(select_run(&none, id, VERDICT_BORDERLINE).skipped, SKIP_SHARE);
    ck_assert(!select_run(&none, id, VERDICT_PASS).is_control);
    ck_assert_str_eq(skip_reason_names[SKIP_PASS], "pass");
    ck_assert_str_eq(skip_reason_names[SKIP_UNSCORED], "unscored");
    ck_assert_str_eq(skip_reason_names[SKIP_SHARE], "share");
    ck_assert_str_eq(skip_reason_names[SKIP_NO_AGENT], "no_agent");
}
END_TEST

START_TEST(an_emitted_pass_is_control)
{
    struct selection_policy all = {.share = {1, 1, 1, 1}};
    uint8_t id[TRACE_ID_SIZE] = {1};
    ck_assert(select_run(&all, id, VERDICT_PASS).is_control);
    ck_assert(!select_run(&all, id, VERDICT_BORDERLINE).is_control);
    ck_assert(select_run(&all, id, VERDICT_UNSCORED).is_unscored);
    all.share[VERDICT_FAIL] = NAN;
    ck_assert(!select_run(&all, id, VERDICT_FAIL).is_emitted);
    all.share[VERDICT_FAIL] = 7;
    ck_assert_double_eq(select_run(&all, id, VERDICT_FAIL).probability, 1);
}
END_TEST

START_TEST(the_share_is_about_p_and_larger_shares_contain_smaller_ones)
{
    static const double shares[] = {0.01, 0.05, 0.25, 0.5, 0.9};
    enum { RUNS = 20000 };
    uint32_t counts[5] = {0};
    uint8_t id[TRACE_ID_SIZE];
    for (uint32_t i = 0; i < RUNS; i++) {
        make_id(id, i);
        bool was_emitted = false;
        for (int s = 0; s < 5; s++) {
            struct selection_policy policy = {.share = {[VERDICT_PASS] = shares[s]}};
            bool is_emitted = select_run(&policy, id, VERDICT_PASS).is_emitted;
            ck_assert(is_emitted || !was_emitted);
            was_emitted = is_emitted;
            counts[s] += is_emitted;
        }
    }
    for (int s = 0; s < 5; s++) {
        double sigma = sqrt(RUNS * shares[s] * (1 - shares[s]));
        ck_assert_double_eq_tol(counts[s], RUNS * shares[s], 4 * sigma);
    }
}
END_TEST

/* (first 64 bits of SHA-256("00000000000000000000000000000001") >> 11) / 2^53 */
START_TEST(u_is_computed_from_the_id_as_records_state_it)
{
    uint8_t id[TRACE_ID_SIZE] = {[15] = 1};
    ck_assert_double_eq_tol(select_u(id), 0.8781224839231422, 1e-15);
}
END_TEST

START_TEST(a_limit_lowers_the_probability_and_names_what_held_it_back)
{
    struct selection_policy policy = {.share = {[VERDICT_FAIL] = 0.8}};
    struct selection_limits limits = {0.4, 0.1, 0};
    uint8_t id[TRACE_ID_SIZE];
    uint32_t reasons[SKIP_REASONS] = {0}, emitted = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        make_id(id, i);
        double u = select_u(id);
        struct selection selection = select_within(&policy, &limits, id, VERDICT_FAIL);
        ck_assert_double_eq(selection.probability, 0.1);
        ck_assert(selection.is_emitted == (u < 0.1));
        ck_assert(selection.skipped == (u < 0.1   ? SKIP_NONE
                                        : u < 0.4 ? SKIP_SIGNATURE_BUDGET
                                        : u < 0.8 ? SKIP_BUDGET
                                                  : SKIP_SHARE));
        reasons[selection.skipped]++;
        emitted += selection.is_emitted;
    }
    ck_assert(reasons[SKIP_SHARE] > 0 && reasons[SKIP_BUDGET] > 0 && emitted > 0);
    ck_assert_str_eq(skip_reason_names[SKIP_BUDGET], "budget");
    ck_assert_str_eq(skip_reason_names[SKIP_SIGNATURE_BUDGET], "signature_budget");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("select");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, failures_are_always_emitted_by_default);
    tcase_add_test(tests, the_control_share_is_at_least_what_a_day_should_have);
    tcase_add_test(tests, what_is_not_emitted_has_a_reason);
    tcase_add_test(tests, an_emitted_pass_is_control);
    tcase_add_test(tests, the_share_is_about_p_and_larger_shares_contain_smaller_ones);
    tcase_add_test(tests, u_is_computed_from_the_id_as_records_state_it);
    tcase_add_test(tests, a_limit_lowers_the_probability_and_names_what_held_it_back);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
