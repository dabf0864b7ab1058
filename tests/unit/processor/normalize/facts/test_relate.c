/* link: normalize otlp nouns base */
/* What failed, and what counts once: one short run each. */
#include <check.h>
#include <stdlib.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/facts.h"
#include "tests/support/runs.h"

static struct arena arena;
static struct run_builder builder;
static struct agent_run run;

static void setup(void)
{
    arena_init(&arena, 16 << 20);
    build_span(&builder, 1, 0, "invoke_agent loan", 1, 99);
    build_text(&builder, "gen_ai.operation.name", "invoke_agent");
}

static void teardown(void)
{
    build_free(&builder);
    arena_finish(&arena);
}

static void read_run(void)
{
    facts_read(build_done(&builder, &arena), &arena, &run);
    content_read(&run);
}

static void build_tool(uint8_t id, uint8_t parent, const char *name, uint64_t start, uint64_t end)
{
    build_span(&builder, id, parent, name, start, end);
    build_text(&builder, "gen_ai.operation.name", "execute_tool");
    build_text(&builder, "gen_ai.tool.name", name);
}

static void build_call(uint8_t id, uint8_t parent, uint64_t start, uint64_t end, int64_t tokens)
{
    build_span(&builder, id, parent, "chat m", start, end);
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_text(&builder, "gen_ai.request.model", "m");
    if (tokens >= 0) {
        build_int(&builder, "gen_ai.usage.input_tokens", tokens);
        build_int(&builder, "gen_ai.usage.output_tokens", tokens / 10);
    }
}

static uint32_t counted(enum step_kind kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < run.step_count; i++)
        count += run.steps[i].kind == kind && run.steps[i].is_counted;
    return count;
}

#define CHECK_TEXT(found, wanted)                                                                  \
    ck_assert_msg(bytes_equal((found), bytes_of_text(wanted)), "wanted <%s> found <%.*s>", wanted, \
                  (int)(found).size, (const char *)(found).data)

START_TEST(a_failure_is_heard_in_every_vocabulary)
{
    static const struct {
        const char *key, *value;
        enum span_status status;
        const char *error; /* NULL: it has not failed */
    } cases[] = {
        {"error.type", "TimeoutError", SPAN_STATUS_UNSET, "TimeoutError"},
        {"error.type", "TimeoutError", SPAN_STATUS_OK, NULL},
        {"langfuse.observation.level", "ERROR", SPAN_STATUS_OK, "error"},
        {"langfuse.observation.level", "WARNING", SPAN_STATUS_OK, NULL},
        {"gen_ai.task.status", "failure", SPAN_STATUS_UNSET, "error"},
        {"genkit:state", "error", SPAN_STATUS_UNSET, "error"},
        {"genkit:state", "success", SPAN_STATUS_UNSET, NULL},
        {"haystack.tool.error", "no such loan", SPAN_STATUS_UNSET, "no such loan"},
        {"haystack.tool.error", "False", SPAN_STATUS_UNSET, NULL},
        {"gen_ai.response.finish_reasons", "[\"error\"]", SPAN_STATUS_OK, "error"},
        {"gen_ai.tool.call.result",
         "{\"content\":[{\"type\":\"text\",\"text\":\"no\"}],\"isError\":true}", SPAN_STATUS_OK,
         "no"},
        {"gen_ai.tool.call.result", "{\"content\":[],\"isError\":false}", SPAN_STATUS_OK, NULL},
        {"gen_ai.tool.call.result", "{\"isError\":true,\"rows\":3}", SPAN_STATUS_OK, NULL},
        {"output.value", "{\"content\":\"no\",\"status\":\"error\",\"tool_call_id\":\"c\"}",
         SPAN_STATUS_OK, "no"},
        {"output.value", "content='no' name='f' tool_call_id='c' status='error'", SPAN_STATUS_OK,
         "error"},
        {"output.value", "{\"content\":\"no\",\"status\":\"error\"}", SPAN_STATUS_OK, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        build_tool(2, 1, "lookup", 2, 3);
        build_text(&builder, cases[i].key, cases[i].value);
        build_status(&builder, cases[i].status, NULL);
        read_run();
        ck_assert_msg(step_has_failed(&run.steps[1]) == (cases[i].error != NULL), "%s=%s",
                      cases[i].key, cases[i].value);
        if (cases[i].error)
            CHECK_TEXT(run.steps[1].error, cases[i].error);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(an_exception_counts_where_the_exporter_always_writes_ok)
{
    build_tool(2, 1, "lookup", 2, 3);
    build_status(&builder, SPAN_STATUS_OK, NULL);
    build_event(&builder, "exception", 3, "exception.type", "ValueError", "exception.message",
                "no");
    build_tool(3, 1, "lookup", 4, 5);
    build_text(&builder, "langsmith.span.kind", "tool");
    build_status(&builder, SPAN_STATUS_OK, NULL);
    build_event(&builder, "exception", 5, "exception.type", "ValueError", "exception.message",
                "no");
    read_run();
    ck_assert(!step_has_failed(&run.steps[1]));
    CHECK_TEXT(run.steps[2].error, "no");
}
END_TEST

START_TEST(exceptions_that_steer_are_no_failure)
{
    static const char *const messages[] = {"GraphInterrupt((Interrupt(value='ok?'),))",
                                           "langgraph.errors.ParentCommand(x)",
                                           "CallDeferred('')",
                                           "CancelledError: ",
                                           "<class 'asyncio.exceptions.CancelledError'>",
                                           "ApprovalRequired"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        build_tool(2, 1, "lookup", 2, 3);
        build_status(&builder, SPAN_STATUS_ERROR, messages[i]);
        read_run();
        ck_assert_msg(!step_has_failed(&run.steps[1]) && run.steps[1].is_control_flow, "%s",
                      messages[i]);
        ck_assert_uint_eq(run.error_count, 0);
        teardown();
        setup();
    }
    build_tool(2, 1, "lookup", 2, 3);
    build_status(&builder, SPAN_STATUS_ERROR, "Interrupt line 7 is stuck");
    read_run();
    ck_assert(step_has_failed(&run.steps[1]));
}
END_TEST

START_TEST(a_repeat_hands_over_what_it_alone_knows)
{
    build_tool(2, 1, "mcp__loans__lookup", 2, 5);
    build_tool(3, 2, "lookup", 3, 4);
    build_text(&builder, "gen_ai.tool.call.arguments", "{\"id\":1}");
    build_text(&builder, "gen_ai.tool.call.result", "5");
    build_status(&builder, SPAN_STATUS_ERROR, "timeout");
    read_run();
    ck_assert_uint_eq(counted(STEP_TOOL), 1);
    CHECK_TEXT(run.tool_path, "mcp__loans__lookup");
    CHECK_TEXT(run.steps[1].error, "timeout");
    CHECK_TEXT(run.steps[1].arguments, "{\"id\":1}");
    CHECK_TEXT(run.steps[1].output, "5");
    ck_assert_uint_eq(run.error_count, 1);
}
END_TEST

START_TEST(a_tool_inside_another_with_a_like_name_is_a_call_of_its_own)
{
    build_tool(2, 1, "fast_lookup", 2, 5);
    build_tool(3, 2, "lookup", 3, 4);
    read_run();
    ck_assert_uint_eq(counted(STEP_TOOL), 2);
}
END_TEST

START_TEST(one_response_is_one_call_and_two_responses_are_two)
{
    build_call(2, 1, 2, 9, 100);
    build_text(&builder, "gen_ai.response.id", "msg_1");
    build_call(3, 1, 3, 8, 100);
    build_text(&builder, "gen_ai.response.id", "msg_1");
    build_call(4, 1, 3, 8, 100);
    build_text(&builder, "gen_ai.response.id", "msg_2");
    read_run();
    ck_assert_uint_eq(counted(STEP_LLM), 2);
    ck_assert_int_eq(run.tokens_input, 200);
    ck_assert_int_eq(run.tokens_output, 20);
}
END_TEST

START_TEST(a_call_by_evidence_alone_beside_a_declared_one_is_a_repeat)
{
    build_span(&builder, 2, 1, "POST", 2, 9);
    build_text(&builder, "gen_ai.request.model", "m");
    build_int(&builder, "gen_ai.usage.input_tokens", 100);
    build_call(3, 1, 3, 8, 100);
    read_run();
    ck_assert_uint_eq(counted(STEP_LLM), 1);
    ck_assert_int_eq(run.tokens_input, 100);
    ck_assert(run.steps[1].is_repeat);
}
END_TEST

START_TEST(equal_calls_of_one_library_side_by_side_are_two)
{
    build_call(2, 1, 2, 9, 100);
    build_call(3, 1, 3, 8, 100);
    read_run();
    ck_assert_uint_eq(counted(STEP_LLM), 2);
    ck_assert_int_eq(run.tokens_input, 200);
}
END_TEST

START_TEST(a_partial_sum_loses_against_the_agents_total)
{
    build_int(&builder, "gen_ai.usage.input_tokens", 300);
    build_int(&builder, "gen_ai.usage.output_tokens", 30);
    build_call(2, 1, 2, 3, 100);
    build_call(3, 1, 4, 5, -1);
    read_run();
    ck_assert_int_eq(run.tokens_input, 300);
    ck_assert_int_eq(run.tokens_output, 30);
}
END_TEST

START_TEST(a_failed_call_without_a_count_leaves_the_sum_whole)
{
    build_int(&builder, "gen_ai.usage.input_tokens", 300);
    build_call(2, 1, 2, 3, 100);
    build_call(3, 1, 4, 5, -1);
    build_status(&builder, SPAN_STATUS_ERROR, "429");
    read_run();
    ck_assert_int_eq(run.tokens_input, 100);
}
END_TEST

START_TEST(nothing_read_and_nothing_written_is_not_known)
{
    build_call(2, 1, 2, 3, 0);
    read_run();
    ck_assert_int_eq(run.tokens_input, -1);
    ck_assert_int_eq(run.tokens_output, -1);
}
END_TEST

START_TEST(buckets_that_exclude_each_other_add_up)
{
    build_call(2, 1, 2, 3, -1);
    build_text(&builder, "langfuse.observation.usage_details",
               "{\"input\":5,\"input_cached_tokens\":1000,\"output\":10,\"total\":1015}");
    build_text(&builder, "langfuse.observation.cost_details", "{\"input\":0.25,\"output\":0.5}");
    build_call(3, 1, 4, 5, -1); /* here the details are parts of the two */
    build_text(&builder, "langfuse.observation.usage_details",
               "{\"input\":100,\"input_cached_tokens\":60,\"output\":10,\"total\":110}");
    read_run();
    ck_assert_int_eq(run.tokens_input, 1105);
    ck_assert_int_eq(run.tokens_output, 20);
    ck_assert(run.cost_usd > 0.749 && run.cost_usd < 0.751);
}
END_TEST

START_TEST(arguments_and_results_are_found_by_the_id_of_the_call)
{
    build_call(2, 1, 2, 3, 100);
    build_text(&builder, "gen_ai.output.messages",
               "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"id\":\"c1\","
               "\"name\":\"lookup\",\"arguments\":{\"id\":7}}]}]");
    build_tool(3, 1, "lookup", 4, 5);
    build_text(&builder, "gen_ai.tool.call.id", "c1");
    build_call(4, 1, 6, 7, 100);
    build_text(&builder, "gen_ai.input.messages",
               "[{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\",\"id\":\"c1\","
               "\"response\":\"182450.17\"}]}]");
    read_run();
    CHECK_TEXT(run.steps[2].arguments, "{\"id\":7}");
    CHECK_TEXT(run.steps[2].output, "182450.17");
}
END_TEST

START_TEST(what_begins_after_the_root_has_ended_answers_nobody)
{
    build_call(2, 1, 2, 3, 100);
    build_text(&builder, "gen_ai.output.messages",
               "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"5.\"}]}]");
    build_call(3, 1, 100, 105, 100);
    build_text(&builder, "gen_ai.output.messages",
               "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"title\"}]}]");
    read_run();
    CHECK_TEXT(run.output, "5.");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("relate");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_failure_is_heard_in_every_vocabulary);
    tcase_add_test(all, an_exception_counts_where_the_exporter_always_writes_ok);
    tcase_add_test(all, exceptions_that_steer_are_no_failure);
    tcase_add_test(all, a_repeat_hands_over_what_it_alone_knows);
    tcase_add_test(all, a_tool_inside_another_with_a_like_name_is_a_call_of_its_own);
    tcase_add_test(all, one_response_is_one_call_and_two_responses_are_two);
    tcase_add_test(all, a_call_by_evidence_alone_beside_a_declared_one_is_a_repeat);
    tcase_add_test(all, equal_calls_of_one_library_side_by_side_are_two);
    tcase_add_test(all, a_partial_sum_loses_against_the_agents_total);
    tcase_add_test(all, a_failed_call_without_a_count_leaves_the_sum_whole);
    tcase_add_test(all, nothing_read_and_nothing_written_is_not_known);
    tcase_add_test(all, buckets_that_exclude_each_other_add_up);
    tcase_add_test(all, arguments_and_results_are_found_by_the_id_of_the_call);
    tcase_add_test(all, what_begins_after_the_root_has_ended_answers_nobody);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
