/* link: base */
#include <check.h>

#include "processor/base/condition.h"

START_TEST(a_condition_is_told_when_it_begins_each_minute_and_when_it_ends)
{
    struct condition condition = {0};
    ck_assert_int_eq(condition_over(&condition), CONDITION_SILENT);
    ck_assert_int_eq(condition_met(&condition, 1000), CONDITION_BEGINS);
    int told = 0;
    for (int64_t ms = 1125; ms < 1000 + 150000; ms += 125)
        told += condition_met(&condition, ms) == CONDITION_LASTS;
    ck_assert_int_eq(told, 2);
    ck_assert_uint_eq(condition.count, 1200);
    ck_assert_int_eq(condition_over(&condition), CONDITION_ENDS);
    ck_assert_int_eq(condition_over(&condition), CONDITION_SILENT);
}
END_TEST

START_TEST(a_condition_that_comes_again_begins_again)
{
    struct condition condition = {0};
    (void)condition_met(&condition, 0);
    (void)condition_met(&condition, 1);
    (void)condition_over(&condition);
    ck_assert_int_eq(condition_met(&condition, 3), CONDITION_BEGINS);
    ck_assert_uint_eq(condition.count, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("condition");
    TCase *tests = tcase_create("condition");
    tcase_add_test(tests, a_condition_is_told_when_it_begins_each_minute_and_when_it_ends);
    tcase_add_test(tests, a_condition_that_comes_again_begins_again);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
