/* link: normalize otlp nouns base */
/* What a run knew: what it retrieved, and where it retrieved nothing what its tools said. */
#include <check.h>
#include <stdlib.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/facts.h"
#include "tests/support/runs.h"

static struct arena arena;
static struct run_builder builder;
static struct agent_run run;

static void set_up(void)
{
    arena_init(&arena, 16 << 20);
    build_span(&builder, 1, 0, "invoke_agent loan", 1, 99);
    build_text(&builder, "gen_ai.operation.name", "invoke_agent");
}

static void tear_down(void)
{
    build_free(&builder);
    arena_finish(&arena);
}

static void build_tool(uint8_t id, const char *result)
{
    build_span(&builder, id, 1, "execute_tool lookup", id, id + 1u);
    build_text(&builder, "gen_ai.operation.name", "execute_tool");
    build_text(&builder, "gen_ai.tool.name", "lookup");
    if (result)
        build_text(&builder, "gen_ai.tool.call.result", result);
}

static void read_run(void)
{
    facts_read(build_done(&builder, &arena), &arena, &run);
    content_read(&run);
}

START_TEST(results_of_tools_are_the_documents_where_no_retriever_ran)
{
    build_tool(2, "The balance is 1,200.");
    build_tool(4, "The balance is 1,200.");
    build_tool(6, NULL);
    build_tool(8, "It was closed in May.");
    read_run();
    ck_assert_uint_eq(run.document_count, 2); /* one text counts once, none not at all */
    ck_assert(run.documents[0].is_tool_result && run.documents[1].is_tool_result);
    ck_assert(bytes_equal_text(run.documents[0].text, "The balance is 1,200."));
    ck_assert(bytes_equal_text(run.documents[1].text, "It was closed in May."));
    ck_assert_uint_eq(run.documents[1].span, 4);
}
END_TEST

START_TEST(beside_a_retriever_they_are_none)
{
    build_tool(2, "The balance is 1,200.");
    build_span(&builder, 4, 1, "retrieve", 4, 5);
    build_text(&builder, "openinference.span.kind", "RETRIEVER");
    build_text(&builder, "retrieval.documents.0.document.content", "Fees are waived.");
    read_run();
    ck_assert_uint_eq(run.document_count, 1);
    ck_assert(!run.documents[0].is_tool_result);
}
END_TEST

START_TEST(a_retriever_that_found_nothing_leaves_nothing)
{
    build_tool(2, "The balance is 1,200.");
    build_span(&builder, 4, 1, "retrieve", 4, 5);
    build_text(&builder, "openinference.span.kind", "RETRIEVER");
    read_run();
    ck_assert_uint_eq(run.document_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("documents");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, results_of_tools_are_the_documents_where_no_retriever_ran);
    tcase_add_test(all, beside_a_retriever_they_are_none);
    tcase_add_test(all, a_retriever_that_found_nothing_leaves_nothing);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
