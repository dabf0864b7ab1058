/* link: normalize otlp nouns base */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/normalize/facts/dimensions.h"
#include "processor/normalize/facts/facts.h"
#include "tests/support/runs.h"

static struct arena arena;
static struct run_builder builder;
static struct agent_run run;

static void setup(void)
{
    arena_init(&arena, 4 << 20);
}

static void teardown(void)
{
    build_free(&builder);
    arena_finish(&arena);
}

static struct bytes read_one(const char *name, const char *source1, const char *source2)
{
    struct dimension dimension = {.name = bytes_of_text(name)};
    struct bytes value;
    if (source1)
        dimension.sources[dimension.source_count++] = bytes_of_text(source1);
    if (source2)
        dimension.sources[dimension.source_count++] = bytes_of_text(source2);
    facts_read(build_done(&builder, &arena), &arena, &run);
    dimensions_read(&run, &dimension, 1, NULL, NULL, &value);
    return value;
}

#define CHECK_TEXT(found, wanted)                                                                  \
    ck_assert_msg(bytes_equal((found), bytes_of_text(wanted)), "wanted <%s> found <%.*s>", wanted, \
                  (int)(found).size, (const char *)(found).data)

START_TEST(the_attribute_counts_before_the_place)
{
    build_resource_text(&builder, "first", "of the resource");
    build_span(&builder, 1, 0, "root", 1, 9);
    build_text(&builder, "second", "of the root");
    CHECK_TEXT(read_one("d", "first", "second"), "of the resource");
}
END_TEST

START_TEST(the_root_counts_before_earlier_spans_and_those_before_the_resource)
{
    build_resource_text(&builder, "a", "resource");
    build_resource_text(&builder, "b", "resource");
    build_resource_text(&builder, "c", "resource");
    build_span(&builder, 1, 0, "root", 5, 9);
    build_text(&builder, "a", "root");
    build_span(&builder, 3, 2, "child", 1, 2);
    build_text(&builder, "a", "child 3");
    build_text(&builder, "b", "child 3");
    build_span(&builder, 2, 1, "child", 1, 2);
    build_text(&builder, "b", "child 2");
    CHECK_TEXT(read_one("d", "a", NULL), "root");
    CHECK_TEXT(read_one("d", "b", NULL), "child 2");
    CHECK_TEXT(read_one("d", "c", NULL), "resource");
}
END_TEST

START_TEST(the_lower_span_id_counts_at_one_start)
{
    build_span(&builder, 1, 0, "root", 5, 9);
    build_span(&builder, 4, 1, "child", 6, 7);
    build_text(&builder, "a", "four");
    build_span(&builder, 3, 4, "grandchild", 6, 7);
    build_text(&builder, "a", "three");
    CHECK_TEXT(read_one("d", "a", NULL), "three");
}
END_TEST

START_TEST(a_star_stands_for_all_known_places)
{
    static const char *const keys[] = {"intent",
                                       "traceloop.association.properties.intent",
                                       "ai.telemetry.metadata.intent",
                                       "langfuse.trace.metadata.intent",
                                       "langsmith.metadata.intent",
                                       "app.intent"};
    static const char *const tags[] = {"eu", "intent:refund"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        build_span(&builder, 1, 0, "root", 1, 9);
        build_text(&builder, keys[i], "refund");
        CHECK_TEXT(read_one("intent", "*", NULL), "refund");
        build_free(&builder);
    }
    build_span(&builder, 1, 0, "root", 1, 9);
    build_text(&builder, "metadata",
               "{\"tier\": \"gold\", \"intent\": [\"refund\", \"x\"], \"n\": 3.5}");
    CHECK_TEXT(read_one("intent", "*", NULL), "refund");
    CHECK_TEXT(read_one("n", "*", NULL), "3.5");
    CHECK_TEXT(read_one("tie", "*", NULL), "unknown");
    build_free(&builder);
    build_span(&builder, 1, 0, "root", 1, 9);
    build_texts(&builder, "tag.tags", tags, 2);
    CHECK_TEXT(read_one("intent", "*", NULL), "refund");
}
END_TEST

START_TEST(values_are_first_elements_decimals_trimmed_or_unknown)
{
    static const char *const texts[] = {"one", "two"};
    build_span(&builder, 1, 0, "root", 1, 9);
    build_texts(&builder, "list", texts, 2);
    build_double(&builder, "number", 0.1);
    build_int(&builder, "whole", 42);
    build_bool(&builder, "flag", true);
    build_text(&builder, "spaced", "  de\n");
    build_text(&builder, "empty", " ");
    CHECK_TEXT(read_one("d", "list", NULL), "one");
    CHECK_TEXT(read_one("d", "number", NULL), "0.1");
    CHECK_TEXT(read_one("d", "whole", NULL), "42");
    CHECK_TEXT(read_one("d", "flag", NULL), "true");
    CHECK_TEXT(read_one("d", "spaced", NULL), "de");
    CHECK_TEXT(read_one("d", "empty", NULL), "unknown");
    CHECK_TEXT(read_one("d", "empty", "whole"), "42");
    CHECK_TEXT(read_one("d", "missing", NULL), "unknown");
}
END_TEST

START_TEST(a_long_value_is_cut_and_told_apart_by_its_digest)
{
    char text[301];
    memset(text, 'a', 300);
    text[300] = '\0';
    memcpy(text + 119, "\xc3\xa9", 2); /* must not be cut in two */
    build_span(&builder, 1, 0, "root", 1, 9);
    build_text(&builder, "long", text);
    struct bytes value = read_one("d", "long", NULL);
    ck_assert_uint_eq(value.size, 119 + 9);
    ck_assert_int_eq(value.data[119], '~');
}
END_TEST

static struct bytes shout(void *context, struct bytes value, struct arena *to)
{
    (void)context;
    ck_assert(bytes_equal_text(value, "secret"));
    return arena_copy(to, bytes_of_text("***"));
}

START_TEST(values_are_masked)
{
    struct dimension dimension = {.name = bytes_of_text("d"), .source_count = 1};
    struct bytes value;
    dimension.sources[0] = bytes_of_text("a");
    build_span(&builder, 1, 0, "root", 1, 9);
    build_text(&builder, "a", "secret");
    facts_read(build_done(&builder, &arena), &arena, &run);
    dimensions_read(&run, &dimension, 1, shout, NULL, &value);
    CHECK_TEXT(value, "***");
}
END_TEST

START_TEST(tool_path_and_model_route_are_derived)
{
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_text(&builder, "tool_path", "not this");
    build_span(&builder, 2, 1, "t", 2, 3);
    build_text(&builder, "openinference.span.kind", "TOOL");
    build_text(&builder, "tool.name", "find");
    CHECK_TEXT(read_one("tool_path", NULL, NULL), "find");
    CHECK_TEXT(read_one("tool_path", "*", NULL), "find");
    CHECK_TEXT(read_one("model_route", NULL, NULL), "unknown");
}
END_TEST

START_TEST(many_dimensions_are_read_at_once)
{
    struct dimension dimensions[DIMENSIONS_MAX] = {0};
    struct bytes values[DIMENSIONS_MAX];
    char names[DIMENSIONS_MAX][16], expected[16];
    build_span(&builder, 1, 0, "root", 1, 9);
    for (int i = 0; i < DIMENSIONS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "dim%d", i);
        dimensions[i].name = bytes_of_text(names[i]);
        for (int j = 0; j < DIMENSION_SOURCES_MAX; j++)
            dimensions[i].sources[dimensions[i].source_count++] = BYTES_LITERAL("*");
        build_text(&builder, names[i], names[i] + 3);
    }
    facts_read(build_done(&builder, &arena), &arena, &run);
    dimensions_read(&run, dimensions, DIMENSIONS_MAX, NULL, NULL, values);
    for (int i = 0; i < DIMENSIONS_MAX; i++) {
        snprintf(expected, sizeof expected, "%d", i);
        CHECK_TEXT(values[i], expected);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dimensions");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, the_attribute_counts_before_the_place);
    tcase_add_test(all, the_root_counts_before_earlier_spans_and_those_before_the_resource);
    tcase_add_test(all, the_lower_span_id_counts_at_one_start);
    tcase_add_test(all, a_star_stands_for_all_known_places);
    tcase_add_test(all, values_are_first_elements_decimals_trimmed_or_unknown);
    tcase_add_test(all, a_long_value_is_cut_and_told_apart_by_its_digest);
    tcase_add_test(all, values_are_masked);
    tcase_add_test(all, tool_path_and_model_route_are_derived);
    tcase_add_test(all, many_dimensions_are_read_at_once);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
