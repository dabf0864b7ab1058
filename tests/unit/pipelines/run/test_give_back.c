/* link: pipelines */
/* When memory is given back to the system. */
#include <check.h>

#include "pipelines/run/give_back.h"

enum { MIB = 1 << 20 };

START_TEST(at_rest_it_is_given_back_once)
{
    struct give_back state = {0};
    ck_assert(!give_back_at_rest(&state, 1000, 0)); /* nothing was done yet */
    ck_assert(!give_back_at_rest(&state, 9000, 0));
    ck_assert(!give_back_at_rest(&state, 10000, 7));
    ck_assert(!give_back_at_rest(&state, 11000, 8));
    ck_assert(!give_back_at_rest(&state, 12900, 8));
    ck_assert(give_back_at_rest(&state, 13000, 8));
    ck_assert(!give_back_at_rest(&state, 20000, 8));
    ck_assert(!give_back_at_rest(&state, 21000, 9));
    ck_assert(give_back_at_rest(&state, 23000, 9));
}
END_TEST

START_TEST(without_rest_it_is_looked_at_every_ten_seconds)
{
    struct give_back state = {0};
    ck_assert(give_back_is_time(&state, 10000));
    ck_assert(!give_back_is_time(&state, 19999));
    ck_assert(give_back_is_time(&state, 20000));
}
END_TEST

START_TEST(much_is_more_than_what_is_in_use_explains)
{
    ck_assert(!give_back_is_much(0, 0)); /* not known */
    ck_assert(!give_back_is_much((size_t)15 * MIB, 0));
    ck_assert(!give_back_is_much((size_t)140 * MIB, (size_t)100 * MIB));
    ck_assert(give_back_is_much((size_t)142 * MIB, (size_t)100 * MIB));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("give_back");
    TCase *all = tcase_create("all");
    tcase_add_test(all, at_rest_it_is_given_back_once);
    tcase_add_test(all, without_rest_it_is_looked_at_every_ten_seconds);
    tcase_add_test(all, much_is_more_than_what_is_in_use_explains);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
