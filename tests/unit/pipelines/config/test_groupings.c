/* The text by which the store knows a grouping, and the limits by which the wire gate checks: both
 * follow from the file alone. */
#include <check.h>
#include <stdlib.h>

#include "pipelines/config/groupings.h"
#include "pipelines/config/limits.h"
#include "pipelines/config/load.h"

static struct pipeline_config *load(const char *text)
{
    struct error error = {0};
    struct pipeline_config *config = config_load_text("p.yaml", bytes_of_text(text), &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    return config;
}

START_TEST(a_grouping_is_known_by_its_dimensions_in_the_order_of_group_by)
{
    struct pipeline_config *config =
        load("cohorts: { dimensions: { intent: ['*'], release: [service.version] },\n"
             "           group_by: [[release, intent], [intent]] }\n");
    struct buffer text = {0};
    config_groupings_text(config, 0, &text);
    ck_assert(bytes_equal_text(buffer_bytes(&text), "release,intent"));
    buffer_clear(&text);
    config_groupings_text(config, 1, &text);
    ck_assert(bytes_equal_text(buffer_bytes(&text), "intent"));
    buffer_finish(&text);
    config_destroy(config);
}
END_TEST

START_TEST(what_a_file_limits_is_what_the_wire_gate_checks)
{
    struct pipeline_config *config =
        load("limits: { request_spans: 11, request_depth: 12, span_attributes: 13,\n"
             "          attribute_bytes: 1KiB, span_bytes: 2KiB }\n");
    struct wire_gate_limits limits = config_limits_wire_gate(config);
    ck_assert_uint_eq(limits.spans_max, 11);
    ck_assert_uint_eq(limits.depth_max, 12);
    ck_assert_uint_eq(limits.attributes_max, 13);
    ck_assert_uint_eq(limits.attribute_bytes_max, 1024);
    ck_assert_uint_eq(limits.span_bytes_max, 2048);
    config_destroy(config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_groupings");
    TCase *tests = tcase_create("config_groupings");
    tcase_add_test(tests, a_grouping_is_known_by_its_dimensions_in_the_order_of_group_by);
    tcase_add_test(tests, what_a_file_limits_is_what_the_wire_gate_checks);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
