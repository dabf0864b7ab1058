/* link: pipelines */
/* The clock of a source: what stops it, what lets it go on, and that it never goes back. */
#include <check.h>

#include "pipelines/run/input_clock.h"

static struct input_clock clock_;

static void setup(void)
{
    input_clock_init(&clock_, 2, 1000);
}

static void look(int64_t now_ms, int64_t given_ms, bool first_stands)
{
    const bool stands[] = {first_stands, false};
    input_clock_look(&clock_, now_ms, given_ms, stands);
}

static void check_lags(int64_t first, int64_t second)
{
    ck_assert_int_eq(clock_.lag_ms[0], first);
    ck_assert_int_eq(clock_.lag_ms[1], second);
}

START_TEST(with_everything_given_it_is_the_time)
{
    look(1500, 1500, false);
    check_lags(0, 0);
}
END_TEST

START_TEST(it_goes_no_further_than_the_event_in_hand)
{
    look(5000, 1200, false);
    check_lags(3800, 3800);
    look(5001, 0, false); /* a notice */
    check_lags(3801, 3801);
    look(5002, 5002, false);
    check_lags(0, 0);
}
END_TEST

START_TEST(it_stands_still_with_its_source_alone)
{
    look(4000, 4000, true);
    check_lags(3000, 0);
    look(4500, 4500, false);
    check_lags(3000, 0);
    look(5500, 5500, true);
    check_lags(4000, 0);
}
END_TEST

START_TEST(after_a_stop_what_was_admitted_before_it_sets_nothing_back)
{
    look(1100, 1100, false);
    look(61100, 1101, true); /* stopped for a minute with a request in the queue */
    check_lags(60000, 59999);
    look(61101, 61101, false);
    check_lags(60000, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("input_clock");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_test(all, with_everything_given_it_is_the_time);
    tcase_add_test(all, it_goes_no_further_than_the_event_in_hand);
    tcase_add_test(all, it_stands_still_with_its_source_alone);
    tcase_add_test(all, after_a_stop_what_was_admitted_before_it_sets_nothing_back);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
