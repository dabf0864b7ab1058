/* link: normalize otlp nouns base */
/* Conventions that no recording shows, by hand-made spans: what matters of each in one short
 * run. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/normalize/content/content.h"
#include "processor/normalize/facts/facts.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/normalize/semconv/semconv_table.h"
#include "tests/support/runs.h"

static struct arena arena;
static struct run_builder builder;
static struct agent_run run;

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
    content_read(&run);
}

#define CHECK_TEXT(found, wanted)                                                                  \
    ck_assert_msg(bytes_equal((found), bytes_of_text(wanted)), "wanted <%s> found <%.*s>", wanted, \
                  (int)(found).size, (const char *)(found).data)

START_TEST(every_known_name_is_found_and_no_other)
{
    for (uint32_t i = 0; i < semconv_row_count; i++)
        ck_assert_ptr_eq(semconv_find(bytes_of_text(semconv_rows[i].name)), &semconv_rows[i]);
    ck_assert_ptr_null(semconv_find(bytes_of_text("gen_ai.usage.input_token")));
    ck_assert_ptr_null(semconv_find(bytes_of_text("gen_ai.usage.input_tokens2")));
    ck_assert_ptr_null(semconv_find(bytes_of_text("x")));
    ck_assert_ptr_null(semconv_find(bytes_of("gen_ai.system\0more", 18)));
}
END_TEST

START_TEST(langfuse_observations_are_read)
{
    build_span(&builder, 1, 0, "chat-handler", 1, 9);
    build_text(&builder, "langfuse.observation.type", "agent");
    build_text(&builder, "langfuse.observation.input", "{\"question\":\"Where is it?\"}");
    build_text(&builder, "langfuse.observation.output", "\"Here.\"");
    build_text(&builder, "langfuse.session.id", "s-1");
    build_text(&builder, "langfuse.user.id", "u-1");
    build_text(&builder, "langfuse.release", "v7");
    build_span(&builder, 2, 1, "llm", 2, 4);
    build_text(&builder, "langfuse.observation.type", "generation");
    build_text(&builder, "langfuse.observation.model.name", "m-1");
    build_text(&builder, "langfuse.observation.usage_details", "{\"input\": 12, \"output\": 5}");
    build_text(&builder, "langfuse.observation.cost_details", "{\"total\": 0.25}");
    build_text(&builder, "langfuse.observation.completion_start_time",
               "\"1970-01-01T00:00:02.500Z\"");
    build_span(&builder, 3, 1, "lookup", 5, 6);
    build_text(&builder, "langfuse.observation.type", "tool");
    build_text(&builder, "langfuse.observation.input", "{\"id\": 7}");
    build_text(&builder, "langfuse.observation.level", "ERROR");
    build_text(&builder, "langfuse.observation.status_message", "not found");
    build_span(&builder, 4, 1, "search", 7, 8);
    build_text(&builder, "langfuse.observation.type", "retriever");
    build_text(&builder, "langfuse.observation.output",
               "[{\"pageContent\":\"doc a\",\"metadata\":{\"score\":0.5}},{\"pageContent\":\"doc "
               "a\"},{\"pageContent\":\"doc b\"}]");
    read_run();
    CHECK_TEXT(run.input, "Where is it?");
    CHECK_TEXT(run.output, "Here.");
    CHECK_TEXT(run.conversation_id, "s-1");
    CHECK_TEXT(run.user_id, "u-1");
    CHECK_TEXT(run.release, "v7");
    ck_assert_int_eq(run.tokens_input, 12);
    ck_assert_int_eq(run.tokens_output, 5);
    ck_assert(fabs(run.cost_usd - 0.25) < 1e-9);
    ck_assert_int_eq(run.ttft_ns, 500000000);
    CHECK_TEXT(run.model_route, "m-1");
    CHECK_TEXT(run.tool_path, "lookup");
    CHECK_TEXT(run.steps[2].arguments, "{\"id\": 7}");
    CHECK_TEXT(run.steps[2].error, "not found");
    ck_assert_uint_eq(run.error_count, 1);
    ck_assert_uint_eq(run.errors_recovered, 1);
    ck_assert_uint_eq(run.document_count, 2);
    ck_assert(run.documents[0].has_score);
}
END_TEST

START_TEST(a_first_token_needs_a_start_that_it_follows)
{
    static const struct {
        const char *first;
        uint64_t start, end;
        int64_t ttft_ns;
    } cases[] = {{"1970-01-01T00:00:02.500Z", 2, 4, 500000000},
                 {"1970-01-01T00:00:02.500Z", 2, 0, 500000000},
                 {"1970-01-01T00:00:02.500Z", 0, 4, -1},
                 {"1970-01-01T00:00:00Z", 0, 4, -1},
                 {"1970-01-01T00:00:01Z", 2, 4, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        teardown();
        setup();
        build_span(&builder, 1, 0, "llm", cases[i].start, cases[i].end);
        build_text(&builder, "langfuse.observation.type", "generation");
        build_text(&builder, "langfuse.observation.completion_start_time", cases[i].first);
        read_run();
        ck_assert_int_eq(run.ttft_ns, cases[i].ttft_ns);
    }
}
END_TEST

START_TEST(langsmith_spans_are_read)
{
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "langsmith.span.kind", "chain");
    build_text(&builder, "langsmith.trace.session_id", "a-project");
    build_text(&builder, "langsmith.metadata.thread_id", "t-1");
    build_text(&builder, "gen_ai.prompt",
               "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}");
    build_text(&builder, "gen_ai.completion",
               "{\"messages\":[{\"type\":\"human\",\"content\":\"Hi\"},{\"type\":\"ai\","
               "\"content\":\"Hello\"}]}");
    build_span(&builder, 2, 1, "ChatOpenAI", 2, 4);
    build_text(&builder, "langsmith.span.kind", "llm");
    build_int(&builder, "gen_ai.usage.input_tokens", 3);
    build_span(&builder, 3, 1, "search", 5, 6);
    build_text(&builder, "langsmith.span.kind", "tool");
    read_run();
    CHECK_TEXT(run.conversation_id, "t-1");
    CHECK_TEXT(run.input, "Hi");
    CHECK_TEXT(run.output, "Hello");
    CHECK_TEXT(run.tool_path, "search");
    ck_assert_int_eq(run.tokens_input, 3);
    ck_assert_int_eq(run.tokens_output, -1);
}
END_TEST

START_TEST(strands_agents_tell_their_messages_in_events)
{
    build_span(&builder, 1, 0, "invoke_agent Helper", 1, 9);
    build_text(&builder, "gen_ai.operation.name", "invoke_agent");
    build_text(&builder, "gen_ai.agent.name", "Helper");
    build_int(&builder, "gen_ai.usage.input_tokens", 100);
    build_event(&builder, "gen_ai.user.message", 1, "content", "[{\"text\": \"Add 1 and 2\"}]",
                NULL, NULL);
    build_event(&builder, "gen_ai.choice", 9, "message", "The sum is 3.", "finish_reason",
                "end_turn");
    build_span(&builder, 2, 1, "execute_event_loop_cycle", 2, 8);
    build_text(&builder, "gen_ai.operation.name", "execute_event_loop_cycle");
    build_span(&builder, 3, 2, "chat", 2, 3);
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_int(&builder, "gen_ai.usage.prompt_tokens", 40);
    build_event(&builder, "gen_ai.choice", 3, "message",
                "[{\"toolUse\": {\"name\": \"add\", \"input\": {}}}]", NULL, NULL);
    build_span(&builder, 4, 2, "execute_tool add", 4, 5);
    build_text(&builder, "gen_ai.operation.name", "execute_tool");
    build_text(&builder, "gen_ai.tool.name", "add");
    read_run();
    CHECK_TEXT(run.input, "Add 1 and 2");
    CHECK_TEXT(run.output, "The sum is 3.");
    CHECK_TEXT(run.tool_path, "add");
    CHECK_TEXT(run.agent_name, "Helper");
    ck_assert_int_eq(run.tokens_input, 40);
    ck_assert_int_eq(run.steps[1].kind, STEP_CHAIN);
    ck_assert(!run.steps[2].output.data);
}
END_TEST

START_TEST(smolagents_write_their_steps_as_openinference)
{
    build_span(&builder, 1, 0, "CodeAgent.run", 1, 9);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_text(&builder, "input.value",
               "{\"task\": \"How old is the bridge?\", \"stream\": false, \"reset\": true}");
    build_text(&builder, "output.value", "140 years");
    build_int(&builder, "llm.token_count.prompt", 900);
    build_span(&builder, 2, 1, "Step 1", 2, 8);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_span(&builder, 3, 2, "InferenceClientModel.generate", 3, 4);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_text(&builder, "llm.model_name", "q");
    build_int(&builder, "llm.token_count.prompt", 500);
    build_int(&builder, "llm.token_count.completion", 50);
    build_span(&builder, 4, 2, "WebSearchTool", 5, 6);
    build_text(&builder, "openinference.span.kind", "TOOL");
    build_text(&builder, "tool.name", "web_search");
    build_text(&builder, "input.value", "{\"args\": [], \"kwargs\": {\"query\": \"bridge age\"}}");
    read_run();
    CHECK_TEXT(run.input, "How old is the bridge?");
    CHECK_TEXT(run.output, "140 years");
    CHECK_TEXT(run.steps[3].arguments, "{\"query\": \"bridge age\"}");
    ck_assert_int_eq(run.tokens_input, 500);
}
END_TEST

START_TEST(an_agents_own_sum_counts_when_no_call_has_one)
{
    build_span(&builder, 1, 0, "run", 1, 9);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_int(&builder, "llm.token_count.prompt", 70);
    build_span(&builder, 2, 1, "agent", 1, 9);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_int(&builder, "llm.token_count.prompt", 70);
    build_span(&builder, 3, 2, "model", 2, 3);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_span(&builder, 4, 2, "embed", 4, 5);
    build_text(&builder, "openinference.span.kind", "EMBEDDING");
    build_int(&builder, "llm.token_count.prompt", 11);
    read_run();
    ck_assert_int_eq(run.tokens_input, 70);
}
END_TEST

START_TEST(a_reranker_counts_no_document_twice)
{
    build_span(&builder, 1, 0, "query", 1, 9);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_text(&builder, "input.value", "Q");
    build_span(&builder, 2, 1, "retrieve", 2, 3);
    build_text(&builder, "openinference.span.kind", "RETRIEVER");
    build_text(&builder, "retrieval.documents.10.document.content", "eleventh");
    build_text(&builder, "retrieval.documents.2.document.content", "third");
    build_text(&builder, "retrieval.documents.2.document.id", "d2");
    build_double(&builder, "retrieval.documents.2.document.score", 0.75);
    build_text(&builder, "retrieval.documents.4000000000000.document.content", "far");
    build_span(&builder, 3, 1, "rerank", 4, 5);
    build_text(&builder, "openinference.span.kind", "RERANKER");
    build_text(&builder, "reranker.output_documents.0.document.content", "eleventh");
    read_run();
    ck_assert_uint_eq(run.document_count, 3);
    CHECK_TEXT(run.documents[0].text, "third");
    CHECK_TEXT(run.documents[0].id, "d2");
    ck_assert(fabs(run.documents[0].score - 0.75) < 1e-9);
    CHECK_TEXT(run.documents[1].text, "eleventh");
    CHECK_TEXT(run.documents[2].text, "far");
}
END_TEST

START_TEST(a_reranker_alone_gives_its_documents)
{
    build_span(&builder, 1, 0, "rerank", 4, 5);
    build_text(&builder, "openinference.span.kind", "RERANKER");
    build_text(&builder, "reranker.output_documents.0.document.content", "first");
    read_run();
    ck_assert_uint_eq(run.document_count, 1);
}
END_TEST

START_TEST(legacy_span_events_tell_question_and_answer)
{
    build_span(&builder, 1, 0, "chat m", 1, 9);
    build_text(&builder, "gen_ai.system", "openai");
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_text(&builder, "gen_ai.request.model", "m");
    build_event(&builder, "gen_ai.system.message", 1, "content", "Be nice", NULL, NULL);
    build_event(&builder, "gen_ai.user.message", 1, "content", "one", NULL, NULL);
    build_event(&builder, "gen_ai.assistant.message", 1, "content", "old", NULL, NULL);
    build_event(&builder, "gen_ai.user.message", 1, "content", "two", NULL, NULL);
    build_event(&builder, "gen_ai.choice", 2, "message",
                "{\"role\":\"assistant\",\"content\":\"new\"}", "finish_reason", "stop");
    read_run();
    CHECK_TEXT(run.input, "two");
    CHECK_TEXT(run.output, "new");
}
END_TEST

START_TEST(flattened_prompts_with_holes_and_many_digits_keep_their_order)
{
    build_span(&builder, 1, 0, "openai.chat", 1, 9);
    build_text(&builder, "llm.request.type", "chat");
    build_text(&builder, "gen_ai.prompt.11.role", "user");
    build_text(&builder, "gen_ai.prompt.11.content", "[{\"type\": \"text\", \"text\": \"last\"}]");
    build_text(&builder, "gen_ai.prompt.2.role", "user");
    build_text(&builder, "gen_ai.prompt.2.content", "first");
    build_text(&builder, "gen_ai.prompt.4.role", "assistant");
    build_text(&builder, "gen_ai.prompt.4.content", "between");
    build_text(&builder, "gen_ai.completion.0.role", "assistant");
    build_text(&builder, "gen_ai.completion.0.content", "answer");
    build_int(&builder, "llm.usage.prompt_tokens", 8);
    read_run();
    CHECK_TEXT(run.input, "last");
    CHECK_TEXT(run.output, "answer");
    ck_assert_int_eq(run.steps[0].kind, STEP_LLM);
    ck_assert_int_eq(run.tokens_input, 8);
}
END_TEST

START_TEST(content_parts_of_openinference_are_joined)
{
    build_span(&builder, 1, 0, "model", 1, 9);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_text(&builder, "llm.input_messages.0.message.role", "user");
    build_text(&builder, "llm.input_messages.0.message.contents.1.message_content.text", "b");
    build_text(&builder, "llm.input_messages.0.message.contents.0.message_content.text", "a");
    build_text(&builder, "llm.input_messages.0.message.contents.2.message_content.image.image.url",
               "data:...");
    build_text(&builder, "llm.input_messages.4000000000.message.role", "assistant");
    build_text(&builder, "input.value", "{\"garbage\": [1, 2]}");
    build_text(&builder, "llm.output_messages.0.message.role", "assistant");
    build_text(&builder, "llm.output_messages.0.message.tool_calls.1.tool_call.function.name", "f");
    build_text(&builder, "output.value", "{\"choices\": \"whatever\"}");
    read_run();
    CHECK_TEXT(run.input, "a\nb");
    ck_assert(!run.output.data);
}
END_TEST

START_TEST(a_normalizers_rewrite_does_not_make_an_agent_of_a_chain)
{
    build_span(&builder, 1, 0, "step", 1, 9);
    build_text(&builder, "gen_ai.operation.name", "invoke_agent");
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_span(&builder, 2, 1, "task", 2, 3);
    build_text(&builder, "gen_ai.operation.name", "invoke_agent");
    build_text(&builder, "traceloop.span.kind", "task");
    read_run();
    ck_assert_int_eq(run.steps[0].kind, STEP_CHAIN);
    ck_assert_int_eq(run.steps[1].kind, STEP_CHAIN);
}
END_TEST

START_TEST(the_same_tool_call_seen_by_two_libraries_is_one)
{
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_span(&builder, 2, 1, "search", 2, 5);
    build_text(&builder, "openinference.span.kind", "TOOL");
    build_text(&builder, "tool.name", "search");
    build_span(&builder, 3, 2, "tools/call search", 3, 4);
    build_text(&builder, "gen_ai.operation.name", "execute_tool");
    build_text(&builder, "gen_ai.tool.name", "search");
    build_span(&builder, 4, 1, "search", 6, 7);
    build_text(&builder, "openinference.span.kind", "TOOL");
    build_text(&builder, "tool.name", "search");
    read_run();
    uint32_t calls = 0;
    for (uint32_t i = 0; i < run.step_count; i++)
        calls += run.steps[i].kind == STEP_TOOL;
    ck_assert_uint_eq(calls, 2);
    CHECK_TEXT(run.tool_path, "search");
}
END_TEST

START_TEST(a_failed_model_then_another_is_a_fallback_and_the_same_a_retry)
{
    build_span(&builder, 1, 0, "agent", 1, 20);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_text(&builder, "output.value", "ok");
    for (uint8_t i = 0; i < 3; i++) {
        build_span(&builder, (uint8_t)(2 + i), 1, "chat", 2u + 2u * i, 3u + 2u * i);
        build_text(&builder, "gen_ai.operation.name", "chat");
        build_text(&builder, "gen_ai.request.model", i < 2 ? "big" : "small");
        if (i < 2)
            build_status(&builder, SPAN_STATUS_ERROR, "429");
    }
    build_span(&builder, 5, 1, "chat", 9, 10);
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_text(&builder, "gen_ai.request.model", "small");
    build_bool(&builder, "gen_ai.cache.hit", true);
    read_run();
    CHECK_TEXT(run.model_route, "big!>small>small(cache)");
    ck_assert_uint_eq(run.retries, 1);
    ck_assert(run.fallback);
    ck_assert(run.cache_hit);
    ck_assert(!run.has_failed);
    ck_assert_uint_eq(run.errors_recovered, 2);
    ck_assert_uint_eq(run.errors.count, 1);
}
END_TEST

START_TEST(openinference_annotations_and_evaluations_are_scores)
{
    build_span(&builder, 1, 0, "agent", 1, 20);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_text(&builder, "annotations.0.annotation.name", "thumbs");
    build_text(&builder, "annotations.0.annotation.label", "thumbs_down");
    build_text(&builder, "annotations.0.annotation.annotator_kind", "HUMAN");
    build_double(&builder, "evaluations.12.evaluation.score", 0.5);
    build_text(&builder, "evaluations.12.evaluation.name", "Ground Truth-Match");
    build_text(&builder, "trace.evaluations.0.evaluation.name", "overall");
    build_int(&builder, "trace.evaluations.0.evaluation.score", 1);
    build_double(&builder, "eval.toxicity.score", 0.125);
    build_double(&builder, "eval.toxicity.latency_ms", 12);
    build_event(&builder, "gen_ai.evaluation.result", 2, "gen_ai.evaluation.name", "Tone",
                "gen_ai.evaluation.score.label", "polite");
    read_run();
    ck_assert_uint_eq(run.feedback_count, 1);
    ck_assert(run.feedback[0].is_negative);
    const struct score *score = lookup_score(&run, bytes_of_text("ground_truth_match"));
    ck_assert(score && score->value == 0.5);
    score = lookup_score(&run, bytes_of_text("overall"));
    ck_assert(score && score->span == NO_SPAN && score->value == 1);
    score = lookup_score(&run, bytes_of_text("Toxicity"));
    ck_assert(score && score->value == 0.125);
    score = lookup_score(&run, bytes_of_text("tone"));
    ck_assert(score != NULL);
    CHECK_TEXT(score->label, "polite");
    ck_assert_uint_eq(run.score_count, 5);
}
END_TEST

START_TEST(a_score_on_the_root_counts_before_a_later_one)
{
    build_span(&builder, 1, 0, "agent", 1, 20);
    build_text(&builder, "gen_ai.evaluation.name", "q");
    build_double(&builder, "gen_ai.evaluation.score.value", 0.1);
    build_span(&builder, 2, 1, "part", 21, 22);
    build_text(&builder, "gen_ai.evaluation.name", "q");
    build_double(&builder, "gen_ai.evaluation.score.value", 0.9);
    read_run();
    ck_assert(lookup_score(&run, bytes_of_text("q"))->value == 0.1);
}
END_TEST

START_TEST(a_judges_failure_is_not_the_agents)
{
    build_span(&builder, 1, 0, "agent", 1, 20);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_text(&builder, "output.value", "ok");
    build_span(&builder, 2, 1, "eval", 10, 19);
    build_text(&builder, "openinference.span.kind", "EVALUATOR");
    build_text(&builder, "eval.name", "correctness");
    build_status(&builder, SPAN_STATUS_ERROR, "no JSON");
    build_span(&builder, 3, 2, "judge model", 11, 18);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_text(&builder, "llm.model_name", "judge");
    build_int(&builder, "llm.token_count.prompt", 999);
    build_status(&builder, SPAN_STATUS_ERROR, "no JSON");
    read_run();
    ck_assert_uint_eq(run.error_count, 0);
    ck_assert(!run.has_failed);
    ck_assert(!run.is_judge_only);
    ck_assert_int_eq(run.tokens_input, -1);
    ck_assert_uint_eq(run.models.count, 0);
    ck_assert_uint_eq(run.score_count, 1);
    ck_assert(run.scores[0].is_error);
    ck_assert_ptr_null(lookup_score(&run, bytes_of_text("correctness")));
}
END_TEST

/* Markers on the root, as evaluators, experiments and simulators write them. */
static const struct marker {
    const char *key, *value; /* NULL value: true */
    bool is_judge;
} markers[] = {
    {"langfuse.experiment.item.id", "7", true},
    {"langfuse.experiment.id", "e", true},
    {"langfuse.experiment.name", "nightly", true},
    {"langfuse.environment", "langfuse-llm-as-a-judge", true},
    {"langfuse.environment", "production", false},
    {"deployment.environment.name", "langfuse-like", false},
    {"langsmith.reference_example_id", "8f2c", true},
    {"langsmith.metadata.reference_example_id", "8f2c", true},
    {"fi.simulator.is_simulator_trace", NULL, true},
    {"fi.simulator.is_simulator_trace", "true", true},
    {"fi.simulator.is_simulator_trace", "false", false},
    {"openinference.span.kind", "EVALUATOR", true},
    {"gen_ai.operation.name", "evaluate", true},
    {"langfuse.observation.type", "evaluator", true},
    {"openinference.span.kind", "GUARDRAIL", false},
    {"eval.input", "text", false},
};

START_TEST(a_marker_on_the_root_keeps_a_judges_run_out)
{
    build_span(&builder, 1, 0, "item", 1, 2);
    if (markers[_i].value)
        build_text(&builder, markers[_i].key, markers[_i].value);
    else
        build_bool(&builder, markers[_i].key, true);
    read_run();
    ck_assert_msg(run.is_judge_only == markers[_i].is_judge, "%s", markers[_i].key);
}
END_TEST

static const struct route_case {
    const char *key, *value;
    bool cache_hit, fallback;
    uint32_t retries;
} route_cases[] = {
    {"http.response.header.x-agentcc-cache", "hit_exact", true, false, 0},
    {"http.response.header.x-agentcc-cache", "miss", false, false, 0},
    {"x-portkey-cache-status", "SEMANTIC HIT", true, false, 0},
    {"x-portkey-cache-status", "SEMANTIC MISS", false, false, 0},
    {"http.response.header.cf-aig-cache-status", "HIT", true, false, 0},
    {"helicone-cache", "MISS", false, false, 0},
    {"gen_ai.cache.hit", "False", false, false, 0},
    {"http.response.header.x-agentcc-fallback-used", "true", false, true, 0},
    {"http.response.header.x-agentcc-fallback-used", "false", false, false, 0},
    {"x-litellm-attempted-fallbacks", "1", false, true, 0},
    {"x-litellm-attempted-fallbacks", "0", false, false, 0},
    {"x-portkey-last-used-option-index", "config.targets[1]", false, true, 0},
    {"x-portkey-last-used-option-index", "config.targets[0]", false, false, 0},
    {"x-portkey-last-used-option-index", "config", false, false, 0},
    {"http.response.header.cf-aig-step", "2", false, true, 0},
    {"x-litellm-attempted-retries", "2", false, false, 2},
    {"http.response.header.x-portkey-retry-attempt-count", "3", false, false, 3},
    {"x-portkey-retry-attempt-count", "-1", false, false, 0},
};

START_TEST(gateway_headers_tell_the_route)
{
    const struct route_case *wanted = &route_cases[_i];
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_span(&builder, 2, 1, "chat", 2, 5);
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_text(&builder, "gen_ai.response.model", "m");
    build_span(&builder, 3, 2, "POST", 3, 4);
    build_text(&builder, wanted->key, wanted->value);
    read_run();
    ck_assert_msg(run.cache_hit == wanted->cache_hit, "%s: %s", wanted->key, wanted->value);
    ck_assert_msg(run.fallback == wanted->fallback, "%s: %s", wanted->key, wanted->value);
    ck_assert_uint_eq(run.retries, wanted->retries);
    /* The call that the HTTP span belongs to carries it. */
    CHECK_TEXT(run.model_route, wanted->cache_hit ? "m(cache)" : "m");
    ck_assert(run.steps[1].is_fallback == wanted->fallback);
}
END_TEST

START_TEST(the_routing_policy_is_read_from_the_root_first)
{
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_span(&builder, 2, 1, "chat", 2, 5);
    static const char *const header[] = {"least-latency"};
    build_texts(&builder, "http.response.header.x-agentcc-routing-strategy", header, 1);
    read_run();
    CHECK_TEXT(run.routing_policy, "least-latency");
    build_free(&builder);

    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "routing policy", " cost-optimized ");
    build_span(&builder, 2, 1, "chat", 2, 5);
    build_text(&builder, "routing_policy", "least-latency");
    read_run();
    CHECK_TEXT(run.routing_policy, "cost-optimized");
}
END_TEST

/* Headers stand there by their bare name. */
START_TEST(every_default_name_of_a_route_is_documented)
{
    static const char prefix[] = "http.response.header.";
    static char text[64 * 1024];
    FILE *file = fopen(SOURCE_ROOT "/processor/normalize/README.md", "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    ck_assert_int_eq(fclose(file), 0);
    for (uint32_t i = 0; i < semconv_row_count; i++) {
        const struct semconv_row *row = &semconv_rows[i];
        const char *name = row->name;
        char quoted[80];
        if (row->concept != SC_FALLBACK && row->concept != SC_CACHE_HIT &&
            row->concept != SC_RETRIES && row->concept != SC_ROUTING_POLICY)
            continue;
        name += strncmp(name, prefix, sizeof prefix - 1) == 0 ? sizeof prefix - 1 : 0;
        snprintf(quoted, sizeof quoted, "`%s`", name);
        ck_assert_msg(strstr(text, quoted) != NULL, "%s", quoted);
    }
}
END_TEST

START_TEST(configured_names_come_before_the_defaults_or_replace_them)
{
    struct route_sources sources = {0};
    sources.of[ROUTE_CACHE_HIT].names[0] = BYTES_LITERAL("my.cache");
    sources.of[ROUTE_CACHE_HIT].count = 1;
    sources.of[ROUTE_POLICY].names[0] = BYTES_LITERAL("my.policy");
    sources.of[ROUTE_POLICY].names[1] = BYTES_LITERAL("old.policy");
    sources.of[ROUTE_POLICY].count = 2;
    sources.of[ROUTE_FALLBACK].without_defaults = true;
    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "old.policy", "weighted");
    build_text(&builder, "my.policy", "cheapest");
    build_text(&builder, "routing_policy", "default");
    build_bool(&builder, "my.cache", true);
    build_bool(&builder, "is_fallback", true);
    facts_read_from(build_done(&builder, &arena), &sources, &arena, &run);
    CHECK_TEXT(run.routing_policy, "cheapest");
    ck_assert(run.cache_hit);
    ck_assert(!run.fallback);
    build_free(&builder);

    build_span(&builder, 1, 0, "agent", 1, 9);
    build_text(&builder, "routing_policy", "default");
    build_bool(&builder, "gen_ai.cache.hit", true);
    facts_read_from(build_done(&builder, &arena), &sources, &arena, &run);
    CHECK_TEXT(run.routing_policy, "default");
    ck_assert(run.cache_hit);
}
END_TEST

START_TEST(experiments_and_our_own_traces_are_judges_runs)
{
    static const char *const scopes[] = {"flywheel", "pydantic-evals"};

    build_span(&builder, 1, 0, "judge", 1, 2);
    build_text(&builder, "openinference.span.kind", "EVALUATOR");
    read_run();
    ck_assert(run.is_judge_only);
    build_free(&builder);

    for (size_t i = 0; i < 2; i++) {
        build_scope(&builder, scopes[i]);
        build_span(&builder, 1, 0, "score", 1, 2);
        read_run();
        ck_assert(run.is_judge_only);
        build_free(&builder);
    }

    build_span(&builder, 1, 0, "agent", 1, 2);
    build_bool(&builder, "fi.simulator.is_simulator_trace", false);
    read_run();
    ck_assert(!run.is_judge_only);
}
END_TEST

START_TEST(log_records_fill_gaps_and_carry_scores)
{
    static const char *const details[] = {
        "gen_ai.input.messages",
        "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Q\"}]}]",
        "gen_ai.output.messages",
        "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"A\"}]}]",
        "user.id",
        "u",
        "gen_ai.response.model",
        "m"};
    static const char *const score[] = {"gen_ai.evaluation.name", "Fit"};
    static const char *const failed[] = {"gen_ai.evaluation.name", "Broken", "error.type",
                                         "ValueError"};
    build_span(&builder, 1, 0, "invoke_workflow", 1, 9);
    build_text(&builder, "gen_ai.operation.name", "invoke_workflow");
    build_span(&builder, 2, 1, "chat", 2, 3);
    build_text(&builder, "gen_ai.operation.name", "chat");
    build_log(&builder, 2, "gen_ai.client.inference.operation.details", details, 8);
    build_log(&builder, 1, "gen_ai.evaluation.result", score, 2);
    build_log_double(&builder, "gen_ai.evaluation.score.value", 0.75);
    build_log(&builder, 0, "gen_ai.evaluation.result", failed, 4);
    read_run();
    CHECK_TEXT(run.input, "Q");
    CHECK_TEXT(run.output, "A");
    CHECK_TEXT(run.user_id, "u");
    CHECK_TEXT(run.model_route, "m");
    ck_assert_uint_eq(run.score_count, 2);
    ck_assert(lookup_score(&run, bytes_of_text("fit"))->value == 0.75);
    ck_assert(run.scores[1].is_error);
    ck_assert_uint_eq(run.scores[1].span, NO_SPAN);
}
END_TEST

START_TEST(a_run_that_was_stopped_has_failed_though_its_root_is_fine)
{
    build_span(&builder, 1, 0, "Agent workflow", 1, 9);
    build_text(&builder, "openinference.span.kind", "AGENT");
    build_status(&builder, SPAN_STATUS_OK, NULL);
    build_span(&builder, 2, 1, "model", 2, 3);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_text(&builder, "llm.output_messages.0.message.role", "assistant");
    build_text(&builder, "llm.output_messages.0.message.content", "Let me look that up.");
    build_span(&builder, 3, 1, "turn", 4, 5);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_status(&builder, SPAN_STATUS_ERROR, "Max turns exceeded\nTraceback ...");
    read_run();
    ck_assert(run.has_failed);
    ck_assert(!run.output.data);
    ck_assert_uint_eq(run.errors.count, 1);
    CHECK_TEXT(run.errors.items[0], "Max turns exceeded");
    ck_assert_uint_eq(run.errors_recovered, 0);
}
END_TEST

START_TEST(a_run_that_waits_for_a_human_has_not_failed)
{
    build_span(&builder, 1, 0, "graph", 1, 9);
    build_text(&builder, "mlflow.spanType", "\"CHAIN\"");
    build_text(&builder, "mlflow.spanInputs", "{\"messages\": [[\"user\", \"Refund me\"]]}");
    build_text(
        &builder, "mlflow.spanOutputs",
        "{\"messages\": [{\"type\": \"human\", \"content\": \"Refund me\"}, {\"type\": \"ai\", "
        "\"content\": \"I propose 5.\"}], \"__interrupt__\": [{\"value\": \"ok?\"}]}");
    build_span(&builder, 2, 1, "approve", 2, 3);
    build_text(&builder, "mlflow.spanType", "\"CHAIN\"");
    build_status(&builder, SPAN_STATUS_ERROR, "GraphInterrupt((Interrupt(value='ok?'),))");
    read_run();
    CHECK_TEXT(run.input, "Refund me");
    CHECK_TEXT(run.output, "I propose 5.");
    ck_assert(!run.has_failed);
    ck_assert_uint_eq(run.error_count, 0);
    build_free(&builder);

    build_span(&builder, 1, 0, "graph", 1, 9);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_text(&builder, "input.value",
               "{\"graph\": null, \"update\": null, \"resume\": \"approved\", \"goto\": []}");
    build_text(&builder, "output.value",
               "{\"messages\": [{\"type\": \"ai\", \"content\": \"Paid.\"}]}");
    build_span(&builder, 2, 1, "model", 2, 3);
    build_text(&builder, "openinference.span.kind", "LLM");
    build_text(&builder, "llm.input_messages.0.message.role", "user");
    build_text(&builder, "llm.input_messages.0.message.content", "Refund me");
    read_run();
    ck_assert(!run.input.data);
    CHECK_TEXT(run.output, "Paid.");
}
END_TEST

START_TEST(thoughts_are_not_part_of_the_answer)
{
    build_span(&builder, 1, 0, "crew", 1, 9);
    build_text(&builder, "openinference.span.kind", "CHAIN");
    build_text(&builder, "input.value", "Q");
    build_text(&builder, "output.value", "Thought: I know.\nFinal Answer: It is 3.");
    read_run();
    CHECK_TEXT(run.output, "It is 3.");
}
END_TEST

START_TEST(agent_development_kit_before_semantic_conventions_is_read)
{
    build_span(&builder, 1, 0, "invocation", 1, 9);
    build_span(&builder, 2, 1, "agent_run [helper]", 1, 9);
    build_span(&builder, 3, 2, "call_llm", 2, 3);
    build_text(&builder, "gen_ai.system", "gcp.vertex.agent");
    build_text(&builder, "gen_ai.request.model", "g-2");
    build_int(&builder, "gen_ai.usage.input_tokens", 5);
    build_text(&builder, "gcp.vertex.agent.session_id", "s-9");
    build_text(
        &builder, "gcp.vertex.agent.llm_request",
        "{\"model\": \"g-2\", \"config\": {\"system_instruction\": \"Be nice\"}, \"contents\": "
        "[{\"parts\": [{\"text\": \"Hi\"}], \"role\": \"user\"}]}");
    build_text(&builder, "gcp.vertex.agent.llm_response",
               "{\"content\": {\"parts\": [{\"text\": \"Hello\"}], \"role\": \"model\"}}");
    read_run();
    ck_assert_int_eq(run.steps[2].kind, STEP_LLM);
    CHECK_TEXT(run.input, "Hi");
    CHECK_TEXT(run.output, "Hello");
    CHECK_TEXT(run.conversation_id, "s-9");
}
END_TEST

START_TEST(a_sampled_trace_weighs_its_adjusted_count)
{
    build_span(&builder, 1, 0, "root", 1, 9);
    build_trace_state(&builder, "vendor=x, ot=rv:abcdef;th:c");
    build_span(&builder, 2, 1, "child", 2, 3);
    build_trace_state(&builder, "ot=th:8");
    read_run();
    ck_assert(run.weight == 4);
    ck_assert(run.is_weight_mixed);
}
END_TEST

/* OpenTelemetry, TraceState probability sampling: T is at most 14 hex digits, padded on the right;
 * w = 2^56 / (2^56 - T). */
START_TEST(a_threshold_is_read_as_the_specification_says)
{
    static const struct {
        const char *state;
        double weight;
    } states[] = {
        {"ot=th:0", 1},
        {"ot=th:8", 2},
        {"ot=th:80000000000000", 2},
        {"ot=rv:123;th:c", 4},
        {"ot=th:fd70a3d70a3d71", 0x1p56 / (0x1p56 - 0xfd70a3d70a3d71p0)}, /* 1 % */
        {"ot=th:ffffffffffffff", 0x1p56},
        {"ot=th:zz", 1},
        {"ot=th:", 1},
        {"ot=th:C", 1},
        {"ot=th:800000000000000", 1}, /* 15 digits */
        {"xot=th:8", 1},
        {"vendor=th:8", 1},
        {"ot=xth:8", 1},
        {"", 1},
    };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        build_span(&builder, 1, 0, "root", 1, 9);
        build_trace_state(&builder, states[i].state);
        read_run();
        ck_assert_msg(fabs(run.weight - states[i].weight) <= 1e-9 * states[i].weight, "%s: %g",
                      states[i].state, run.weight);
        ck_assert(!run.is_weight_mixed);
        build_free(&builder);
    }
}
END_TEST

START_TEST(without_a_word_of_the_root_the_first_threshold_counts)
{
    build_span(&builder, 1, 0, "root", 1, 9);
    build_span(&builder, 2, 1, "child", 2, 3);
    build_trace_state(&builder, "ot=th:c");
    build_span(&builder, 3, 1, "child", 4, 5);
    build_trace_state(&builder, "ot=th:c");
    read_run();
    ck_assert(run.weight == 4);
    ck_assert(!run.is_weight_mixed);
}
END_TEST

START_TEST(offered_tools_are_listed_once_with_their_definitions)
{
    static const char *const tools[] = {"{\"type\":\"function\",\"name\":\"weather\"}",
                                        "{\"type\":\"function\",\"name\":\"facts\"}"};
    build_span(&builder, 1, 0, "ai.generateText.doGenerate", 1, 9);
    build_text(&builder, "ai.operationId", "ai.generateText.doGenerate");
    build_texts(&builder, "ai.prompt.tools", tools, 2);
    build_span(&builder, 2, 0, "chat", 2, 3);
    build_text(&builder, "gen_ai.tool.definitions",
               "[{\"type\":\"function\",\"function\":{\"name\":\"facts\"}},{\"name\":\"third\"}]");
    build_text(&builder, "llm.tools.0.tool.json_schema",
               "{\"type\":\"function\",\"function\":{\"name\":\"fourth\"}}");
    read_run();
    ck_assert_uint_eq(run.tools_offered.count, 4);
    ck_assert_uint_eq(run.tool_definitions.count, 4);
    CHECK_TEXT(run.tools_offered.items[0], "weather");
    CHECK_TEXT(run.tools_offered.items[3], "fourth");
    CHECK_TEXT(run.tool_definitions.items[2], "{\"name\":\"third\"}");
}
END_TEST

START_TEST(no_memory_leaves_things_short_and_nothing_else)
{
    for (size_t limit = 0; limit < 40000; limit += 97) {
        struct arena order_arena, small;
        arena_init(&order_arena, 1 << 20);
        arena_init(&small, limit);
        build_free(&builder);
        build_span(&builder, 1, 0, "agent", 1, 9);
        build_text(&builder, "openinference.span.kind", "AGENT");
        build_text(&builder, "input.value",
                   "{\"messages\": [{\"role\": \"user\", \"content\": \"a\\nb\"}]}");
        build_text(&builder, "output.value", "[AIMessage(content='x\\ny', tool_calls=[])]");
        build_text(&builder, "gen_ai.tool.definitions", "[{\"name\":\"t\"}]");
        build_span(&builder, 2, 1, "r", 2, 3);
        build_text(&builder, "openinference.span.kind", "RETRIEVER");
        build_text(&builder, "retrieval.documents.0.document.content", "d");
        build_text(&builder, "evaluations.0.evaluation.name", "e");
        build_int(&builder, "evaluations.0.evaluation.score", 1);
        facts_read(build_done(&builder, &order_arena), &small, &run);
        content_read(&run);
        arena_finish(&small);
        arena_finish(&order_arena);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("semconv");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, every_known_name_is_found_and_no_other);
    tcase_add_test(all, langfuse_observations_are_read);
    tcase_add_test(all, a_first_token_needs_a_start_that_it_follows);
    tcase_add_test(all, langsmith_spans_are_read);
    tcase_add_test(all, strands_agents_tell_their_messages_in_events);
    tcase_add_test(all, smolagents_write_their_steps_as_openinference);
    tcase_add_test(all, an_agents_own_sum_counts_when_no_call_has_one);
    tcase_add_test(all, a_reranker_counts_no_document_twice);
    tcase_add_test(all, a_reranker_alone_gives_its_documents);
    tcase_add_test(all, legacy_span_events_tell_question_and_answer);
    tcase_add_test(all, flattened_prompts_with_holes_and_many_digits_keep_their_order);
    tcase_add_test(all, content_parts_of_openinference_are_joined);
    tcase_add_test(all, a_normalizers_rewrite_does_not_make_an_agent_of_a_chain);
    tcase_add_test(all, the_same_tool_call_seen_by_two_libraries_is_one);
    tcase_add_test(all, a_failed_model_then_another_is_a_fallback_and_the_same_a_retry);
    tcase_add_test(all, openinference_annotations_and_evaluations_are_scores);
    tcase_add_test(all, a_score_on_the_root_counts_before_a_later_one);
    tcase_add_test(all, a_judges_failure_is_not_the_agents);
    tcase_add_test(all, experiments_and_our_own_traces_are_judges_runs);
    tcase_add_loop_test(all, a_marker_on_the_root_keeps_a_judges_run_out, 0,
                        (int)(sizeof markers / sizeof *markers));
    tcase_add_loop_test(all, gateway_headers_tell_the_route, 0,
                        (int)(sizeof route_cases / sizeof *route_cases));
    tcase_add_test(all, the_routing_policy_is_read_from_the_root_first);
    tcase_add_test(all, every_default_name_of_a_route_is_documented);
    tcase_add_test(all, configured_names_come_before_the_defaults_or_replace_them);
    tcase_add_test(all, log_records_fill_gaps_and_carry_scores);
    tcase_add_test(all, a_run_that_was_stopped_has_failed_though_its_root_is_fine);
    tcase_add_test(all, a_run_that_waits_for_a_human_has_not_failed);
    tcase_add_test(all, thoughts_are_not_part_of_the_answer);
    tcase_add_test(all, agent_development_kit_before_semantic_conventions_is_read);
    tcase_add_test(all, a_sampled_trace_weighs_its_adjusted_count);
    tcase_add_test(all, a_threshold_is_read_as_the_specification_says);
    tcase_add_test(all, without_a_word_of_the_root_the_first_threshold_counts);
    tcase_add_test(all, offered_tools_are_listed_once_with_their_definitions);
    tcase_add_test(all, no_memory_leaves_things_short_and_nothing_else);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
