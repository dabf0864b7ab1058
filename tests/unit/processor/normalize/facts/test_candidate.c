/* link: normalize otlp nouns base */
/* Runs of the gate's own candidates are told from traffic by the row that their root names. */
#include <check.h>
#include <stdlib.h>

#include "processor/normalize/facts/facts.h"
#include "tests/support/runs.h"

static struct arena arena;
static struct run_builder builder;
static struct agent_run run;

static const char row[] = "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11";
static const char other[] = "00000000-0000-5000-8000-000000000000";

static void setup(void)
{
    arena_init(&arena, 16 << 20);
}

static void teardown(void)
{
    build_free(&builder);
    arena_finish(&arena);
}

static void read_run(void)
{
    facts_read(build_done(&builder, &arena), &arena, &run);
}

static const struct marker {
    const char *key, *value;
    bool is_candidate, is_kept_out;
} markers[] = {
    {"flywheel.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"flywheel.row_id", "order 7", false, false},
    {"langfuse.experiment.item.id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"langfuse.experiment.item.id", "7", false, true},
    {"metadata", "{\"row_id\": \"3FA2C1D0-9E5B-5C77-8A10-2B6F0C9D4E11\"}", true, true},
    {"metadata", "{\"row_id\": \"7\"}", false, false},
    {"langfuse.trace.metadata.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"langfuse.trace.metadata.row_id", "7", false, false},
    {"langfuse.observation.metadata.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"langsmith.metadata.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"ai.telemetry.metadata.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
    {"traceloop.association.properties.row_id", "3fa2c1d0-9e5b-5c77-8a10-2b6f0c9d4e11", true, true},
};

START_TEST(a_run_whose_root_names_a_row_is_a_candidates)
{
    build_span(&builder, 1, 0, "agent", 1, 2);
    build_text(&builder, markers[_i].key, markers[_i].value);
    read_run();
    ck_assert_int_eq(run.row_id.size > 0, markers[_i].is_candidate);
    ck_assert_int_eq(run.is_judge_only, markers[_i].is_kept_out);
}
END_TEST

START_TEST(its_own_word_counts_before_that_of_a_vendor)
{
    build_span(&builder, 1, 0, "candidate", 1, 9);
    build_text(&builder, "langfuse.experiment.item.id", other);
    build_text(&builder, "flywheel.row_id", row);
    build_span(&builder, 2, 1, "llm", 2, 3);
    build_text(&builder, "flywheel.row_id", other);
    read_run();
    ck_assert(bytes_equal_text(run.row_id, row));
}
END_TEST

START_TEST(a_row_named_below_the_root_says_nothing)
{
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_span(&builder, 2, 1, "llm", 2, 3);
    build_text(&builder, "flywheel.row_id", row);
    read_run();
    ck_assert_uint_eq(run.row_id.size, 0);
    ck_assert(!run.is_judge_only);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("candidate");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_run_whose_root_names_a_row_is_a_candidates, 0,
                        (int)(sizeof markers / sizeof *markers));
    tcase_add_test(all, its_own_word_counts_before_that_of_a_vendor);
    tcase_add_test(all, a_row_named_below_the_root_says_nothing);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
