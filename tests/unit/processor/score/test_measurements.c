/* link: score */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/score/measure/tool_calls.h"
#include "processor/score/measurements.h"
#include "processor/score/memo.h"
#include "tests/support/score_test.h"

START_TEST(every_row_is_whole_and_named_once)
{
    for (uint32_t i = 0; i < measurement_count; i++) {
        const struct measurement *row = &measurements[i];
        ck_assert(row->name && row->unit && row->range && row->na_conditions && row->meaning);
        ck_assert(row->source && row->measure);
        for (uint32_t j = 0; j < i; j++)
            ck_assert_str_ne(row->name, measurements[j].name);
        const struct reading *reading = score_fixture_read(fixture, row->name);
        ck_assert(reading->has_value || reading->text.data || reading->na_reason);
        if (reading->na_reason)
            ck_assert_msg(strstr(row->na_conditions, reading->na_reason) != NULL, "%s na(%s)",
                          row->name, reading->na_reason);
    }
}
END_TEST

START_TEST(the_reference_page_has_the_table)
{
    static const char begin[] = "<!-- measurements: begin -->\n",
                      end[] = "<!-- measurements: end -->";
    static char page[128 * 1024];
    FILE *file = fopen(SOURCE_ROOT "/processor/score/README.md", "r");
    ck_assert_ptr_nonnull(file);
    page[fread(page, 1, sizeof page - 1, file)] = 0;
    ck_assert_int_eq(fclose(file), 0);
    const char *from = strstr(page, begin);
    ck_assert_ptr_nonnull(from);
    from += sizeof begin - 1;
    const char *to = strstr(from, end);
    ck_assert_ptr_nonnull(to);
    struct buffer table = {0};
    measurements_print(&table);
    ck_assert_msg(bytes_equal(buffer_bytes(&table), bytes_of(from, (size_t)(to - from))),
                  "put what `flywheel help measurements` prints into processor/score/README.md");
    buffer_finish(&table);
}
END_TEST

START_TEST(the_table_prints_as_markdown)
{
    struct buffer to = {0};
    measurements_print(&to);
    uint32_t lines = 0;
    for (size_t i = 0; i < to.size; i++)
        lines += to.data[i] == '\n';
    ck_assert_uint_eq(lines, measurement_count + 6);
    ck_assert_ptr_nonnull(memmem(to.data, to.size, "| `groundedness.lexical` |", 26));
    buffer_finish(&to);
}
END_TEST

START_TEST(steps_count_by_kind_and_wrappers_and_judges_do_not)
{
    hand_run_tool(hand, "search", NULL);
    hand_run_llm(hand, "m", "text")->is_counted = false;
    hand_run_llm(hand, "m", "text");
    hand_run_llm(hand, "judge", "text")->is_own = false;
    uint32_t judge = hand_run_step(hand, 0, STEP_EVALUATOR, "eval");
    hand->steps[judge].is_own = false;
    expect("spans", 6);
    expect("steps", 4);
    expect("steps.llm", 1);
    expect("llm.calls", 1);
    expect("tool.calls", 1);
    expect("steps.evaluator", 1);
    expect("steps.retriever", 0);
    expect("depth", 2);
}
END_TEST

START_TEST(duration_is_the_root_or_all_that_is_there)
{
    hand_run_tool(hand, "slow", NULL);
    hand->spans[1].end_ns = hand->spans[0].start_ns + 9000000000;
    expect("duration_ms", 1000);
    hand->spans[0].end_ns = 0; /* the root never ended */
    expect("duration_ms", 9000);
    hand->spans[0].start_ns = hand->spans[1].end_ns = 0;
    expect_na("duration_ms", "no_times");
}
END_TEST

START_TEST(tokens_and_first_token_are_na_when_not_recorded)
{
    expect_na("tokens.total", "no_usage");
    expect_na("ttft_ms", "not_recorded");
    hand->run.tokens_input = 70;
    hand->run.ttft_ns = 1500000;
    expect("tokens.input", 70);
    expect_na("tokens.output", "no_usage");
    expect("tokens.total", 70);
    hand->run.tokens_output = 30;
    expect("tokens.total", 100);
    expect("ttft_ms", 1.5);
}
END_TEST

static void spend(const char *model, int64_t input, int64_t output)
{
    struct step *step = hand_run_llm(hand, model, "text");
    step->tokens_input = input;
    step->tokens_output = output;
}

START_TEST(cost_is_recorded_or_priced_and_never_part_of_a_sum)
{
    static struct model_price prices[] = {{{(const uint8_t *)"gpt-x", 5}, 2.5, 10},
                                          {{(const uint8_t *)"gpt-*", 5}, 1, 1},
                                          {{(const uint8_t *)"gpt-x-l*", 8}, 4, 4}};
    spend("gpt-x", 1000000, 100000);
    expect_na("cost_usd", "no_prices");
    fixture->ruleset.measurements.prices = prices;
    fixture->ruleset.measurements.price_count = 3;
    expect("cost_usd", 3.5);
    spend("gpt-x-large", 500000, -1); /* the longest prefix */
    expect("cost_usd", 5.5);
    spend("other", 1, 1);
    expect_na("cost_usd", "no_prices");
    hand->run.cost_usd = 0.25;
    expect("cost_usd", 0.25);
}
END_TEST

START_TEST(repeats_compare_arguments_as_json)
{
    hand_run_tool(hand, "find", "{\"a\": 1, \"b\": [1, 2]}");
    hand_run_tool(hand, "find", "{\"b\":[1,2],\"a\":1.0}");
    hand_run_tool(hand, "find", "{\"b\":[2,1],\"a\":1}");
    hand_run_tool(hand, "get", "{\"a\": 1, \"b\": [1, 2]}");
    expect("tool.repeats", 1);
    ck_assert_uint_eq(score_fixture_read(fixture, "tool.repeats")->evidence[0].span, 2);
}
END_TEST

START_TEST(repeats_are_na_where_no_call_has_arguments)
{
    expect("tool.repeats", 0);
    hand_run_tool(hand, "find", NULL);
    hand_run_tool(hand, "find", NULL);
    expect_na("tool.repeats", "no_content");
}
END_TEST

START_TEST(hostile_arguments_hash_within_bounds)
{
    static char deep[20001];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    (void)tool_call_arguments_hash(bytes_of_text(deep), &fixture->arena);
    (void)tool_call_arguments_hash(BYTES_LITERAL("{\"a\":[1,{\"b\":\"cut o"), &fixture->arena);
    (void)tool_call_arguments_hash((struct bytes){0}, &fixture->arena);
    ck_assert(tool_call_arguments_hash(BYTES_LITERAL("[[1],2]"), &fixture->arena) !=
              tool_call_arguments_hash(BYTES_LITERAL("[1,[2]]"), &fixture->arena));
    ck_assert(tool_call_arguments_hash(BYTES_LITERAL("{\"a\":{\"b\":1}}"), &fixture->arena) !=
              tool_call_arguments_hash(BYTES_LITERAL("{\"b\":{\"a\":1}}"), &fixture->arena));
}
END_TEST

START_TEST(agents_are_counted_by_name)
{
    hand->steps[0].agent = BYTES_LITERAL("planner");
    for (int i = 0; i < 4; i++) {
        uint32_t step = hand_run_step(hand, 0, STEP_AGENT, "agent");
        hand->steps[step].agent = i % 2 ? BYTES_LITERAL("writer") : BYTES_LITERAL("planner");
    }
    expect("agents", 2);
}
END_TEST

START_TEST(route_measurements_read_the_facts)
{
    expect("route.fallback", 0);
    expect_na("model_route", "no_models");
    expect_na("tool_path", "no_tools");
    hand->run.fallback = hand->run.cache_hit = true;
    hand->run.retries = 3;
    hand->run.model_route = BYTES_LITERAL("a!>b");
    expect("route.fallback", 1);
    expect("route.cache_hit", 1);
    expect("route.retries", 3);
    ck_assert(bytes_equal_text(score_fixture_read(fixture, "model_route")->text, "a!>b"));
}
END_TEST

START_TEST(imported_scores_speak_for_themselves)
{
    expect_na("score.Groundedness", "missing");
    struct score *score = hand_run_score(hand, "Groundedness", 0.4);
    score->explanation = BYTES_LITERAL("two claims are made up");
    score->evaluator = BYTES_LITERAL("judge-7b");
    expect("score.groundedness", 0.4);
    expect_explanation("score.Groundedness", "two claims are made up");
    const struct reading *reading = score_fixture_read(fixture, "score.Groundedness");
    ck_assert_int_eq(reading->evaluator_type, EVALUATOR_IMPORTED);
    ck_assert(bytes_equal_text(reading->evaluator_id, "judge-7b"));
    expect_na("label.Groundedness", "no_label");
    score->has_value = false;
    score->label = BYTES_LITERAL("bad");
    expect_na("score.Groundedness", "no_value");
    ck_assert(bytes_equal_text(score_fixture_read(fixture, "label.Groundedness")->text, "bad"));
}
END_TEST

START_TEST(a_failed_judge_is_an_error_only_without_a_good_score)
{
    hand_run_score(hand, "Tone", 0)->is_error = true;
    ck_assert(score_fixture_read(fixture, "score.Tone")->is_error);
    hand_run_score(hand, "Tone", 0.9);
    expect("score.Tone", 0.9);
    ck_assert(!score_fixture_read(fixture, "score.Tone")->is_error);
}
END_TEST

START_TEST(no_feedback_is_na_not_zero)
{
    expect_na("feedback.negative", "no_feedback");
    hand->run.feedback_count = 2;
    expect("feedback.negative", 0);
    hand->feedback[1].is_negative = true;
    expect("feedback.negative", 1);
    expect_explanation("feedback.negative", "1 of 2 user feedbacks is negative");
}
END_TEST

START_TEST(tools_that_return_an_error_are_reported)
{
    static const char *const failed[] = {"{\"error\": \"no such loan\"}",
                                         "{\"success\": false, \"data\": null}",
                                         "{\"isError\": true}",
                                         "{\"status\": \"failed\"}",
                                         "{\"status\": 503}",
                                         "\"Error: timeout\"",
                                         "Error: core banking timed out",
                                         "TimeoutError: 3000 ms",
                                         "Traceback (most recent call last):",
                                         "Failed to fetch the page",
                                         "An error occurred while running it."};
    static const char *const fine[] = {"{\"error\": null, \"amount\": 5}",
                                       "{\"success\": true}",
                                       "{\"errors\": [], \"status\": 200}",
                                       "{\"status\": \"open\"}",
                                       "Error rates fell to 3 %.",
                                       "The failed payment was repeated.",
                                       "[{\"error\": \"of a row\"}]",
                                       "{\"error\": false}",
                                       "12"};
    expect_na("tool.errors.reported", "no_content");
    struct step *tool = hand_run_tool(hand, "a", "{}");
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++) {
        tool->output = bytes_of_text(failed[i]);
        ck_assert_msg(score_fixture_read(fixture, "tool.errors.reported")->value > 0, "%s",
                      failed[i]);
    }
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        tool->output = bytes_of_text(fine[i]);
        ck_assert_msg(score_fixture_read(fixture, "tool.errors.reported")->value <= 0, "%s",
                      fine[i]);
    }
    tool->output = bytes_of_text(failed[0]);
    tool->error = BYTES_LITERAL("no such loan"); /* it is one of tool.errors */
    expect("tool.errors.reported", 0);
}
END_TEST

/* Question of four content words; the documents hold 1/4, 2/4 and 4/4 of them. */
START_TEST(context_relevance_has_max_mean_and_average_precision)
{
    hand->run.input = BYTES_LITERAL("alpha bravo charlie delta");
    hand_run_document(hand, "alpha zulu");
    hand_run_document(hand, "alpha bravo zulu");
    hand_run_document(hand, "delta charlie bravo alpha");
    expect("context_relevance.max", 1);
    expect("context_relevance.mean", (0.25 + 0.5 + 1) / 3);
    expect("context_relevance.ap", (1.0 / 2 + 2.0 / 3) / 2);
    fixture->ruleset.measurements.relevance_min = 0.2;
    expect("context_relevance.ap", 1);
    fixture->ruleset.measurements.relevance_min = 2;
    expect("context_relevance.ap", 0);
}
END_TEST

START_TEST(context_relevance_is_na_without_question_or_documents)
{
    expect_na("context_relevance.max", "no_input");
    hand->run.input = BYTES_LITERAL("alpha bravo");
    expect_na("context_relevance.max", "no_contexts");
    hand_run_document(hand, NULL); /* only an id was recorded */
    expect_na("context_relevance.mean", "no_contexts");
}
END_TEST

static struct bytes required_tools[] = {{(const uint8_t *)"lookup", 6},
                                        {(const uint8_t *)"pay", 3}};
static struct tool_expectation required[] = {{{(const uint8_t *)"payoff", 6}, {required_tools, 2}}};

static void require_tools(void)
{
    fixture->ruleset.measurements.required = required;
    fixture->ruleset.measurements.required_count = 1;
    fixture->dimension_values[0] = BYTES_LITERAL("payoff");
}

START_TEST(no_call_where_a_tool_is_required_is_zero)
{
    require_tools();
    expect("tool_selection.accuracy", 0);
    fixture->dimension_values[0] = BYTES_LITERAL("other");
    expect_na("tool_selection.accuracy", "not_configured");
    required[0].value = BYTES_LITERAL("*");
    expect("tool_selection.accuracy", 0);
    required[0].value = BYTES_LITERAL("payoff");
}
END_TEST

START_TEST(tool_selection_weighs_what_is_known)
{
    require_tools();
    hand_run_tool(hand, "lookup", "{}");
    expect("tool_selection.accuracy", (0.4 * 0.5 + 0.3) / 0.7); /* nothing known of validity */
    hand_run_offer(hand, "lookup");
    hand_run_tool(hand, "invented", "{}");
    expect("tool_selection.accuracy", 0.4 * 0.5 + 0.3 * 0.5 + 0.3);
    hand->steps[2].error = BYTES_LITERAL("timeout");
    expect("tool_selection.accuracy", 0.4 * 0.5 + 0.3 * 0.5 + 0.3 * 0.5);
    expect_explanation("tool_selection.accuracy", "pay was not called; 1 of 2 calls failed");
    hand_run_offer(hand, "invented");
    hand_run_tool(hand, "pay", "{}");
    hand->steps[2].error = (struct bytes){0};
    expect("tool_selection.accuracy", 1);
}
END_TEST

START_TEST(tool_selection_is_na_without_root_configuration_or_calls)
{
    expect_na("tool_selection.accuracy", "not_configured");
    hand_run_offer(hand, "lookup");
    expect_na("tool_selection.accuracy", "no_calls");
    require_tools();
    hand->spans[0].end_ns = 0;
    expect_na("tool_selection.accuracy", "incomplete");
    hand->spans[0].has_parent = true; /* a local root that never ended */
    hand->spans[0].parent_id[0] = 9;
    hand->spans[0].flags = SPAN_FLAG_PARENT_REMOTE_KNOWN | SPAN_FLAG_PARENT_REMOTE;
    expect_na("tool_selection.accuracy", "incomplete");
}
END_TEST

START_TEST(loop_weighs_identical_calls)
{
    expect_na("loop", "no_calls");
    for (int i = 0; i < 6; i++) {
        hand_run_tool(hand, "poll", "{\"id\": 7}");
        expect("loop", i + 1 >= 6 ? 0 : i + 1 >= 3 ? 0.5 : 1);
    }
    expect_explanation("loop", "poll was called 6 times with the same arguments");
    struct bytes exempt = BYTES_LITERAL("poll");
    fixture->ruleset.measurements.loop_exempt = (struct bytes_list){&exempt, 1};
    expect("loop", 1);
    fixture->ruleset.measurements.loop_exempt = (struct bytes_list){0};
}
END_TEST

START_TEST(loop_sees_a_period_at_the_end_without_arguments)
{
    for (int i = 0; i < 5; i++)
        hand_run_tool(hand, i % 2 ? "fetch" : "search", NULL);
    expect("loop", 1);
    hand_run_tool(hand, "fetch", NULL);
    expect("loop", 0.5);
    expect_explanation("loop", "The run ends in 3 rounds of the same 2 tool calls");
}
END_TEST

START_TEST(loop_sees_a_step_within_itself_but_not_a_wrapper)
{
    hand->steps[0].input = BYTES_LITERAL("same");
    uint32_t wrapped = hand_run_step(hand, 0, STEP_AGENT, "root");
    hand->steps[wrapped].input = BYTES_LITERAL("same");
    wrapped = hand_run_step(hand, wrapped, STEP_AGENT, "root"); /* and once more */
    hand->steps[wrapped].input = BYTES_LITERAL("same");
    expect("loop", 1);
    uint32_t between = hand_run_step(hand, wrapped, STEP_CHAIN, "route");
    uint32_t again = hand_run_step(hand, between, STEP_AGENT, "root");
    hand->steps[again].input = BYTES_LITERAL("same");
    expect("loop", 0);
}
END_TEST

START_TEST(loop_sees_outputs_that_repeat)
{
    hand_run_llm(hand, "m", "one two three four five six seven eight");
    hand_run_llm(hand, "m", "one two three four five six seven eight");
    expect("loop", 0);
    hand_run_llm(hand, "m", "nine ten eleven twelve thirteen fourteen fifteen");
    expect("loop", 0.5);
    hand_run_llm(hand, "m", "ok");
    hand_run_llm(hand, "m", "ok"); /* too short to say anything */
    expect("loop", 0.5);
}
END_TEST

START_TEST(step_efficiency_weighs_what_is_known)
{
    expect("step_efficiency", 1);
    hand_run_tool(hand, "a", "{}");
    hand_run_tool(hand, "a", "{}");
    hand->steps[2].error = BYTES_LITERAL("timeout");
    expect("step_efficiency", (0.3 * (1 - 1.0 / 3) + 0.3 * 0.5) / 0.6);
    fixture->ruleset.measurements.steps_max = 2;
    expect("step_efficiency", 0.4 * 2 / 3 + 0.3 * (1 - 1.0 / 3) + 0.3 * 0.5);
}
END_TEST

START_TEST(model_outputs_that_nearly_repeat_any_earlier_one_are_a_loop)
{
    static char texts[12][200];
    for (int i = 0; i < 12; i++) {
        snprintf(texts[i], sizeof texts[i],
                 i % 2
                     ? "Now step %d: I search the loan archive again for the missing payoff letter"
                     : "Then try %d: the branch list gives no hit, so we read all pages of it",
                 i);
        hand_run_llm(hand, "m", texts[i]);
        const struct reading *reading = score_fixture_read(fixture, "loop");
        if (i == 0)
            ck_assert_str_eq(reading->na_reason, "no_calls");
        else /* the third is near the first, with another between */
            expect("loop", i < 2 ? 1 : i < 8 ? 1 - (i - 1) / 6.0 : 0);
    }
    expect_explanation("loop", "10 model outputs nearly repeat an earlier one");
}
END_TEST

START_TEST(the_same_error_again_is_a_loop)
{
    static char errors[4][40];
    for (int i = 0; i < 4; i++) {
        snprintf(errors[i], sizeof errors[i], "timeout after %d ms", 3000 + i);
        hand_run_tool(hand, "fetch", i % 2 ? "{\"page\": 1}" : "{\"other\": 2}")->error =
            bytes_of_text(errors[i]);
        expect("loop", 1 - i / 6.0);
    }
}
END_TEST

START_TEST(calls_that_nearly_repeat_are_never_worse_than_a_half)
{
    static char arguments[40][160];
    for (int i = 0; i < 40; i++) {
        snprintf(arguments[i], sizeof arguments[i],
                 "{\"query\": \"payoff letter of the loan of Mrs Roe in the main branch of the "
                 "bank, newest first\", \"page\": %d}",
                 i);
        hand_run_tool(hand, "search", arguments[i]);
        expect("loop", i < 10 ? 1 - i / 20.0 : 0.5);
    }
}
END_TEST

START_TEST(ground_truth_compares_words)
{
    expect_na("ground_truth.exact", "no_expected");
    hand->run.expected = BYTES_LITERAL("The answer is 42.");
    expect_na("ground_truth.f1", "no_answer");
    hand->run.output = BYTES_LITERAL("the ANSWER is 42");
    expect("ground_truth.exact", 1);
    expect("ground_truth.f1", 1);
    hand->run.output = BYTES_LITERAL("answer 42 or 42");
    expect("ground_truth.exact", 0);
    expect("ground_truth.f1", 0.5); /* two words in common of four and four */
}
END_TEST

START_TEST(a_measurement_is_computed_once_for_a_run)
{
    struct measure measure;
    score_fixture_reset(fixture);
    ck_assert(measurements_resolve(BYTES_LITERAL("steps"), &measure, NULL));
    const struct reading *first = memo_read(&measure, &fixture->context);
    ck_assert_ptr_eq(first, memo_read(&measure, &fixture->context));
}
END_TEST

START_TEST(a_full_arena_makes_na_and_never_fails)
{
    struct measure measure;
    score_fixture_reset(fixture);
    ck_assert(measurements_resolve(BYTES_LITERAL("steps"), &measure, NULL));
    fixture->arena.limit = 1;
    ck_assert_str_eq(memo_read(&measure, &fixture->context)->na_reason, "no_memory");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("measurements");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, every_row_is_whole_and_named_once);
    tcase_add_test(tests, the_reference_page_has_the_table);
    tcase_add_test(tests, the_table_prints_as_markdown);
    tcase_add_test(tests, steps_count_by_kind_and_wrappers_and_judges_do_not);
    tcase_add_test(tests, duration_is_the_root_or_all_that_is_there);
    tcase_add_test(tests, tokens_and_first_token_are_na_when_not_recorded);
    tcase_add_test(tests, cost_is_recorded_or_priced_and_never_part_of_a_sum);
    tcase_add_test(tests, repeats_compare_arguments_as_json);
    tcase_add_test(tests, repeats_are_na_where_no_call_has_arguments);
    tcase_add_test(tests, hostile_arguments_hash_within_bounds);
    tcase_add_test(tests, agents_are_counted_by_name);
    tcase_add_test(tests, route_measurements_read_the_facts);
    tcase_add_test(tests, imported_scores_speak_for_themselves);
    tcase_add_test(tests, a_failed_judge_is_an_error_only_without_a_good_score);
    tcase_add_test(tests, no_feedback_is_na_not_zero);
    tcase_add_test(tests, tools_that_return_an_error_are_reported);
    tcase_add_test(tests, context_relevance_has_max_mean_and_average_precision);
    tcase_add_test(tests, context_relevance_is_na_without_question_or_documents);
    tcase_add_test(tests, no_call_where_a_tool_is_required_is_zero);
    tcase_add_test(tests, tool_selection_weighs_what_is_known);
    tcase_add_test(tests, tool_selection_is_na_without_root_configuration_or_calls);
    tcase_add_test(tests, loop_weighs_identical_calls);
    tcase_add_test(tests, loop_sees_a_period_at_the_end_without_arguments);
    tcase_add_test(tests, loop_sees_a_step_within_itself_but_not_a_wrapper);
    tcase_add_test(tests, loop_sees_outputs_that_repeat);
    tcase_add_test(tests, step_efficiency_weighs_what_is_known);
    tcase_add_test(tests, model_outputs_that_nearly_repeat_any_earlier_one_are_a_loop);
    tcase_add_test(tests, the_same_error_again_is_a_loop);
    tcase_add_test(tests, calls_that_nearly_repeat_are_never_worse_than_a_half);
    tcase_add_test(tests, ground_truth_compares_words);
    tcase_add_test(tests, a_measurement_is_computed_once_for_a_run);
    tcase_add_test(tests, a_full_arena_makes_na_and_never_fails);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
