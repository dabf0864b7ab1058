/* link: base */
#include <check.h>

#include "processor/base/thread.h"

START_TEST(a_thread_has_the_first_15_bytes_of_its_name)
{
    char name[32];
    thread_name(pthread_self(), "shard-%u", 3u);
    ck_assert_int_eq(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    ck_assert_str_eq(name, "shard-3");
    thread_name(pthread_self(), "export-%s", "annotations.jsonl");
    ck_assert_int_eq(pthread_getname_np(pthread_self(), name, sizeof name), 0);
    ck_assert_str_eq(name, "export-annotati");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thread");
    TCase *tests = tcase_create("thread");
    tcase_add_test(tests, a_thread_has_the_first_15_bytes_of_its_name);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
