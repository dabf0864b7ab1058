/* link: base */
#include <check.h>
#include <signal.h>
#include <stdlib.h>

#include "processor/base/memory.h"

START_TEST(what_was_allocated_is_handed_on)
{
    int value = 0;
    ck_assert_ptr_eq(memory_need(&value), &value);
}
END_TEST

START_TEST(no_memory_ends_the_process)
{
    (void)memory_need(NULL);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, what_was_allocated_is_handed_on);
    tcase_add_test_raise_signal(tests, no_memory_ends_the_process, SIGABRT);
    Suite *suite = suite_create("memory");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
