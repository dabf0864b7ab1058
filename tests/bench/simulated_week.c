/* The simulated week at full length: simulated_week [RUNS [SEED [LATE_SHARE]]], 10^6, 1 and 0 unless
 * told. */
#include <check.h>
#include <stdlib.h>

#include "tests/support/simulated_week.h"

static struct week_plan plan = {.runs = 1000000, .seed = 1, .tick_minutes = 5};

START_TEST(a_week)
{
    struct week_report report;
    week_run(&plan, &report);
    week_print(&report, stdout);
}
END_TEST

/* The steps of the week assert by libcheck, which wants to be running a test. */
int main(int argc, char **argv)
{
    plan.runs = argc > 1 ? strtoull(argv[1], NULL, 10) : plan.runs;
    plan.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : plan.seed;
    plan.late_share = argc > 3 ? strtod(argv[3], NULL) : 0;
    Suite *suite = suite_create("simulated_week");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_week);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_MINIMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
