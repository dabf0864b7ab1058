/* A tenth of the simulated week: what the long one prints is held here with room for chance. The
 * long one is tests/bench/simulated_week.c. */
#include <check.h>
#include <stdlib.h>

#include "tests/support/simulated_week.h"

static struct week_report run_week(struct week_plan plan)
{
    struct week_report report;
    const char *seed = getenv("SEED");
    if (seed)
        plan.seed = strtoull(seed, NULL, 10);
    week_run(&plan, &report);
    printf("seed %llu\n", (unsigned long long)plan.seed);
    week_print(&report, stdout);
    fflush(stdout);
    return report;
}

static void hold_rates(const struct week_report *report, double most)
{
    double covered = (double)report->covered / (double)report->intervals;
    ck_assert_uint_gt(report->intervals, 300);
    ck_assert_msg(covered > 0.92 && covered < most, "%g", covered);
    ck_assert_uint_eq(report->quiet_records, 0);
    for (int i = 0; i < WEEK_STRATA; i++) {
        const struct week_stratum *stratum = &report->strata[i];
        ck_assert_uint_gt(stratum->emitted, 100);
        double off = stratum->estimate - stratum->truth;
        ck_assert_msg(off * off <= 16 * stratum->deviation * stratum->deviation + 1e-6, "%s: %g",
                      stratum->name, off);
    }
}

START_TEST(a_week_of_known_rates_is_told_as_it_is)
{
    struct week_report report =
        run_week((struct week_plan){.runs = 100000, .seed = 20261123, .tick_minutes = 15});
    hold_rates(&report, 0.98);
    for (int i = 0; i < WEEK_REGRESSIONS; i++) {
        ck_assert(report.regressions[i].is_noticed);
        ck_assert_uint_lt(report.regressions[i].delay_runs, 1500);
    }
    for (int kind = 0; kind < ALERT_KINDS; kind++)
        ck_assert_uint_eq(report.false_alarms[kind], 0);
}
END_TEST

/* A change is looked for in first verdicts, so it is noticed later where a fifth of them say nothing
 * (printed, not held); rates and queue know what came. */
START_TEST(rates_and_queue_of_a_week_whose_scores_come_late_are_right)
{
    struct week_report report = run_week((struct week_plan){
        .runs = 100000, .seed = 20261123, .tick_minutes = 15, .late_share = 0.2});
    ck_assert_uint_gt(report.revised, 15000);
    hold_rates(&report, 0.995);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("week");
    TCase *cases = tcase_create("week");
    tcase_set_timeout(cases, 240);
    tcase_add_test(cases, a_week_of_known_rates_is_told_as_it_is);
    tcase_add_test(cases, rates_and_queue_of_a_week_whose_scores_come_late_are_right);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
