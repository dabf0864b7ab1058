/* link: command */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "processor/base/status.h"
#include "processor/command/dispatch.h"
#include "processor/command/options.h"

static const char *config, *format;
static bool all;
static const struct command_option options[] = {
    {"config", 'c', NULL, &config}, {"format", 0, NULL, &format}, {"all", 'a', &all, NULL}};

static int parse(int argc, char **argv)
{
    config = format = NULL;
    all = false;
    return options_parse(argc, argv, options, 3);
}

START_TEST(options_and_operands_may_be_mixed)
{
    char *argv[] = {"x", "one", "-c", "f", "two", "--all", "-", "--format=json", NULL};
    ck_assert_int_eq(parse(8, argv), 5);
    ck_assert_str_eq(config, "f");
    ck_assert_str_eq(format, "json");
    ck_assert(all);
    ck_assert_str_eq(argv[5], "one");
    ck_assert_str_eq(argv[6], "two");
    ck_assert_str_eq(argv[7], "-");
}
END_TEST

START_TEST(a_value_may_be_joined_to_its_option)
{
    char *argv[] = {"x", "-cfile", "--format=", NULL};
    ck_assert_int_eq(parse(3, argv), 3);
    ck_assert_str_eq(config, "file");
    ck_assert_str_eq(format, "");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
    char *argv[] = {"x", "one", "--all", "--", "--config", "-c", NULL};
    ck_assert_int_eq(parse(6, argv), 3);
    ck_assert(all);
    ck_assert_ptr_null(config);
    ck_assert_str_eq(argv[3], "one");
    ck_assert_str_eq(argv[4], "--config");
    ck_assert_str_eq(argv[5], "-c");
}
END_TEST

START_TEST(a_wrong_option_is_refused)
{
    char *unknown[] = {"x", "--confg", "f", NULL};
    char *missing[] = {"x", "--config", NULL};
    char *surplus[] = {"x", "--all=1", NULL};
    char *letter[] = {"x", "-z", NULL};
    ck_assert_int_eq(parse(3, unknown), -1);
    ck_assert_int_eq(parse(2, missing), -1);
    ck_assert_int_eq(parse(2, surplus), -1);
    ck_assert_int_eq(parse(2, letter), -1);
}
END_TEST

START_TEST(an_option_that_may_come_again_keeps_its_values)
{
    struct option_values lists[] = {{.name = "path", .is_greedy = true}, {.name = "suite"}};
    char *argv[] = {"x",   "--path", "a",        "b", "-",           "--suite",
                    "one", "--all",  "--path=c", "d", "--suite=two", NULL};
    all = false;
    ck_assert_int_eq(options_parse_values(11, argv, options, 3, lists, 2), 11);
    ck_assert(all);
    ck_assert_int_eq(lists[0].count, 5);
    static const char *const paths[] = {"a", "b", "-", "c", "d"};
    for (int i = 0; i < 5; i++)
        ck_assert_str_eq(lists[0].items[i], paths[i]);
    ck_assert_int_eq(lists[1].count, 2);
    ck_assert_str_eq(lists[1].items[1], "two");
    char *bare[] = {"x", "--path", NULL}, *wrong[] = {"x", "--paths", "a", NULL};
    ck_assert_int_eq(options_parse_values(2, bare, options, 3, lists, 2), -1);
    ck_assert_int_eq(options_parse_values(3, wrong, options, 3, lists, 2), -1);
    char *operand[] = {"x", "--suite", "one", "two", NULL};
    ck_assert_int_eq(options_parse_values(4, operand, options, 3, lists, 2), 3);
    option_values_finish(&lists[0]);
    option_values_finish(&lists[1]);
}
END_TEST

START_TEST(a_command_without_operands_refuses_them)
{
    char *argv[] = {"x", "--all", "one", NULL};
    ck_assert(!options_only(3, argv, options, 3));
    ck_assert(options_only(2, argv, options, 3));
}
END_TEST

START_TEST(what_is_no_command_is_a_mistake_of_usage)
{
    char *nothing[] = {"flywheel", NULL};
    char *unknown[] = {"flywheel", "chekc", NULL};
    char *topic[] = {"flywheel", "help", "chekc", NULL};
    ck_assert_int_eq(dispatch(1, nothing), EXIT_USAGE);
    ck_assert_int_eq(dispatch(2, unknown), EXIT_USAGE);
    ck_assert_int_eq(dispatch(3, topic), EXIT_USAGE);
}
END_TEST

START_TEST(each_command_has_a_help_text_that_names_it)
{
    for (size_t i = 0; i < dispatch_table.count; i++) {
        char start[64];
        snprintf(start, sizeof start, "flywheel %s - ", dispatch_table.rows[i].name);
        ck_assert_msg(strncmp(dispatch_table.rows[i].help, start, strlen(start)) == 0, "%s", start);
        ck_assert_ptr_nonnull(strstr(dispatch_table.rows[i].help, "\nusage: flywheel "));
        ck_assert_ptr_nonnull(strstr(dispatch_table.rows[i].help, "\nexit codes: 0 "));
    }
}
END_TEST

START_TEST(check_says_by_its_exit_code_what_is_wrong)
{
    char *good[] = {"flywheel", "check", "-c", SOURCE_ROOT "/pipelines/banking-support.yaml", NULL};
    char *bad[] = {"flywheel", "check", "-c", SOURCE_ROOT "/README-that-is-not-there", NULL};
    char *surplus[] = {"flywheel", "check", "file", NULL};
    ck_assert_int_eq(dispatch(4, good), EXIT_DONE);
    ck_assert_int_eq(dispatch(4, bad), EXIT_CONFIG);
    ck_assert_int_eq(dispatch(3, surplus), EXIT_USAGE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tests = tcase_create("options");
    tcase_add_test(tests, options_and_operands_may_be_mixed);
    tcase_add_test(tests, a_value_may_be_joined_to_its_option);
    tcase_add_test(tests, two_dashes_end_the_options);
    tcase_add_test(tests, a_wrong_option_is_refused);
    tcase_add_test(tests, an_option_that_may_come_again_keeps_its_values);
    tcase_add_test(tests, a_command_without_operands_refuses_them);
    tcase_add_test(tests, what_is_no_command_is_a_mistake_of_usage);
    tcase_add_test(tests, each_command_has_a_help_text_that_names_it);
    tcase_add_test(tests, check_says_by_its_exit_code_what_is_wrong);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
