/* link: score */
/* Judgement measurements that compare an answer or its calls with what was demanded: citations,
 * arguments, trajectories, the form of the answer, leaks. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/score/measurements.h"
#include "tests/support/score_test.h"

/* The text that the first evidence points at, in the answer. */
static void expect_evidence(const char *name, const char *text)
{
    const struct reading *reading = score_fixture_read(fixture, name);
    ck_assert_uint_ge(reading->evidence_count, 1);
    struct evidence place = reading->evidence[0];
    ck_assert_int_eq(place.field, FIELD_OUTPUT);
    struct bytes pointed = bytes_of(hand->run.output.data + place.start, place.end - place.start);
    ck_assert_msg(bytes_equal_text(pointed, text), "%.*s", (int)pointed.size,
                  (const char *)pointed.data);
}

static void answer(const char *text)
{
    hand->run.output = bytes_of_text(text);
}

static void retrieve(const char *id)
{
    hand_run_document(hand, "Payoff quotes are valid for ten days.");
    hand->documents[hand->run.document_count - 1].id = bytes_of_text(id);
}

START_TEST(citations_by_place_and_by_id)
{
    static const struct {
        const char *text;
        double value;
    } answers[] = {
        {"Quotes last ten days [1][2].", 1},
        {"Quotes last ten days [1], fees apply [3].", 0.5},
        {"Quotes last ten days [1, 2; 7].", 2.0 / 3},
        {"Quotes last ten days [1-2].", 1},
        {"Quotes last ten days [1–4].", 0},
        {"Quotes last ten days [^2].", 1},
        {"Quotes last ten days 【2†source】.", 1},
        {"Quotes last ten days 【9:1†source】.", 0},
        {"見積書は十日間有効です【1】。", 1},
        {"Quotes last ten days [KB-204].", 1},
        {"Quotes last ten days [kb-204, KB-999].", 0.5},
        {"Quotes last ten days [Doc 2].", 1},
        {"Quotes last ten days [Document #5].", 0},
        {"Quotes last ten days (source: KB-31).", 1},
        {"Die Quote gilt zehn Tage (Quelle: KB-77).", 0},
    };
    retrieve("KB-204");
    retrieve("KB-31");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        answer(answers[i].text);
        expect("citation.validity", answers[i].value);
    }
    answer("Quotes last ten days [1], fees apply [3].");
    expect_evidence("citation.validity", "3");
    expect_explanation("citation.validity",
                       "1 of 2 citations names no retrieved document, such as 3");
}
END_TEST

START_TEST(other_brackets_cite_nothing)
{
    static const char *const answers[] = {"Quotes last ten days.",
                                          "Mark it [x] or [ ] or [see below].",
                                          "In [2026] it was so.",
                                          "Use `list[9]` and ```\na[7] = 1\n```.",
                                          "See [our page](https://a.b/9).",
                                          "It (the quote) ends [sic].",
                                          "Open [ and never close it",
                                          "Ten days (document it well).",
                                          "An address: [EMAIL]"};
    retrieve("KB-204");
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        answer(answers[i]);
        expect_na("citation.validity", "no_citations");
    }
}
END_TEST

START_TEST(links_cite_where_documents_are_links)
{
    retrieve("https://bank.example/payoff");
    answer("See [payoff](https://bank.example/payoff) and [fees](https://bank.example/fees).");
    expect("citation.validity", 0.5);
    expect_evidence("citation.validity", "https://bank.example/fees");
}
END_TEST

static uint64_t looks_at(const char *text)
{
    hand->arena.look_limit = UINT64_MAX;
    hand->arena.looked = 0;
    answer(text);
    (void)score_fixture_read(fixture, "citation.validity");
    return hand->arena.looked;
}

START_TEST(citations_of_many_ids_that_agree_at_both_ends_are_looked_at_once_or_twice)
{
    enum { DOCUMENTS = 4000, ID_BYTES = 900, CITED_BYTES = 150, CITED = 1500 };
    static struct document documents[DOCUMENTS];
    static char ids[DOCUMENTS][ID_BYTES], text[CITED * (CITED_BYTES + 2) + 1];
    char number[16];
    for (int i = 0; i < DOCUMENTS; i++) {
        memset(ids[i], 'd', ID_BYTES);
        snprintf(number, sizeof number, "%07d", i);
        memcpy(ids[i] + CITED_BYTES / 2, number, 7);
        documents[i].id = bytes_of(ids[i], i % 2 ? ID_BYTES : CITED_BYTES);
    }
    for (int i = 0; i < CITED; i++) {
        char *to = text + i * (CITED_BYTES + 2);
        *to = '[';
        memcpy(to + 1, ids[2 * (i / 2)], CITED_BYTES);
        to[CITED_BYTES + 1] = ']';
    }
    hand->run.documents = documents;
    hand->run.document_count = DOCUMENTS;
    uint64_t bytes = DOCUMENTS / 2 * (ID_BYTES + CITED_BYTES) + sizeof text;
    uint64_t looked = looks_at(text);
    ck_assert_uint_gt(looked, bytes / 2);
    ck_assert_uint_lt(looked, 3 * bytes);
    expect("citation.validity", 1);
}
END_TEST

START_TEST(code_that_never_ends_counts_as_looked_at_to_the_end)
{
    enum { RUNS = 200 };
    static char text[RUNS * (RUNS + 3)];
    size_t size = 0;
    for (size_t ticks = RUNS; ticks > 0; ticks--) { /* no longer run follows any of them */
        memset(text + size, '`', ticks);
        text[size + ticks] = ' ';
        size += ticks + 1;
    }
    retrieve("KB-204");
    ck_assert_uint_gt(looks_at(text), size);
}
END_TEST

START_TEST(citations_are_na_without_documents_answer_or_claim)
{
    expect_na("citation.validity", "no_answer");
    answer("Ten days [1].");
    expect_na("citation.validity", "no_contexts");
    retrieve("KB-204");
    answer("I'm sorry, but I can't help with that [1].");
    expect_na("citation.validity", "refusal");
}
END_TEST

START_TEST(hostile_brackets_take_bounded_time)
{
    static char text[60000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "[(`1,"[i % 5];
    retrieve("KB-204");
    hand->run.output = bytes_of(text, sizeof text);
    (void)score_fixture_read(fixture, "citation.validity");
    memset(text, '[', sizeof text);
    (void)score_fixture_read(fixture, "citation.validity");
    memset(text, '`', sizeof text);
    (void)score_fixture_read(fixture, "citation.validity");
}
END_TEST

static void offer(const char *tool, const char *definition)
{
    static struct bytes definitions[HAND_ITEMS_MAX];
    hand_run_offer(hand, tool);
    hand->run.tool_definitions.items = definitions;
    definitions[hand->run.tool_definitions.count++] = bytes_of_text(definition);
}

#define PAYOFF_SCHEMA                                                                              \
    "{\"type\":\"object\",\"properties\":{\"loan_id\":{\"type\":\"string\"},\"days\":"             \
    "{\"type\":[\"integer\",\"null\"]},\"kind\":{\"type\":\"string\",\"enum\":[\"full\",\"part\"]" \
    "},\"any\":{\"anyOf\":[{\"type\":\"string\"}]}},\"required\":[\"loan_id\"],"                   \
    "\"additionalProperties\":false}"

START_TEST(arguments_are_held_against_the_schema)
{
    static const struct {
        const char *arguments;
        bool fits;
    } cases[] = {
        {"{\"loan_id\": \"LN-1\"}", true},
        {"{\"loan_id\": \"LN-1\", \"days\": 10, \"kind\": \"full\", \"any\": 5}", true},
        {"{\"loan_id\": \"LN-1\", \"days\": null}", true},
        {"{\"days\": 10}", false},
        {"{\"loan_id\": 17}", false},
        {"{\"loan_id\": \"LN-1\", \"days\": 1.5}", false},
        {"{\"loan_id\": \"LN-1\", \"days\": \"10\"}", false},
        {"{\"loan_id\": \"LN-1\", \"kind\": \"none\"}", false},
        {"{\"loan_id\": \"LN-1\", \"other\": 1}", false},
        {"{\"loan_id\": }", false},
        {"LN-1", true}, /* a plain text for the one required argument */
        {"[\"LN-1\"]", true},
        {"[]", false},
    };
    offer("payoff",
          "{\"type\":\"function\",\"function\":{\"name\":\"payoff\",\"parameters\":" PAYOFF_SCHEMA
          "}}");
    struct step *call = hand_run_tool(hand, "payoff", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        call->arguments = bytes_of_text(cases[i].arguments);
        const struct reading *reading = score_fixture_read(fixture, "tool_args.valid");
        ck_assert_msg(reading->has_value, "%s: na(%s)", cases[i].arguments, reading->na_reason);
        ck_assert_msg((reading->value > 0.5) == cases[i].fits, "%s: %.*s", cases[i].arguments,
                      (int)reading->explanation.size, (const char *)reading->explanation.data);
    }
    call->arguments = BYTES_LITERAL("{\"days\": 10}");
    expect_explanation("tool_args.valid", "1 of 1 tool calls has arguments that do not fit its "
                                          "schema: payoff lacks loan_id");
}
END_TEST

START_TEST(a_value_of_the_wrong_type_is_pointed_at)
{
    offer("payoff", "{\"name\":\"payoff\",\"input_schema\":" PAYOFF_SCHEMA "}");
    hand_run_tool(hand, "payoff", "{\"loan_id\": \"LN-1\", \"days\": \"ten\"}");
    hand_run_tool(hand, "payoff", "{\"loan_id\": \"LN-1\", \"days\": 10}");
    expect("tool_args.valid", 0.5);
    const struct reading *reading = score_fixture_read(fixture, "tool_args.valid");
    ck_assert_uint_eq(reading->evidence_count, 1);
    ck_assert_uint_eq(reading->evidence[0].span, 1);
    ck_assert_int_eq(reading->evidence[0].field, FIELD_ARGUMENTS);
    ck_assert_uint_eq(reading->evidence[0].end - reading->evidence[0].start, 5);
}
END_TEST

START_TEST(schemas_are_found_wherever_a_vendor_puts_them)
{
    static const char *const definitions[] = {
        "{\"name\":\"t\",\"parameters\":" PAYOFF_SCHEMA "}",
        "{\"name\":\"t\",\"inputSchema\":" PAYOFF_SCHEMA "}",
        "{\"toolSpec\":{\"name\":\"t\",\"inputSchema\":{\"json\":" PAYOFF_SCHEMA "}}}",
        "{\"name\":\"t\",\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"loan_id\":"
        "{\"type\":\"STRING\"}},\"required\":[\"loan_id\"]}}"};
    static struct bytes definition;
    hand_run_offer(hand, "t");
    hand->run.tool_definitions = (struct bytes_list){&definition, 1};
    struct step *call = hand_run_tool(hand, "t", NULL);
    for (size_t i = 0; i < sizeof definitions / sizeof *definitions; i++) {
        definition = bytes_of_text(definitions[i]);
        call->arguments = BYTES_LITERAL("{\"loan_id\": \"LN-1\"}");
        expect("tool_args.valid", 1);
        call->arguments = BYTES_LITERAL("{\"loan_id\": 5}");
        expect("tool_args.valid", 0);
    }
}
END_TEST

START_TEST(arguments_are_na_where_nothing_can_be_held_against_them)
{
    expect_na("tool_args.valid", "no_calls");
    struct step *call = hand_run_tool(hand, "payoff", NULL);
    expect_na("tool_args.valid", "no_content");
    call->arguments = BYTES_LITERAL("{\"loan_id\": \"LN");
    expect_na("tool_args.valid", "no_schema");
    offer("payoff", "{\"name\":\"payoff\",\"parameters\":" PAYOFF_SCHEMA "}");
    expect_na("tool_args.valid", "no_schema"); /* cut off: nobody knows */
    call->arguments = BYTES_LITERAL("{\"loan_id\": \"LN-1\"}");
    expect("tool_args.valid", 1);
    hand->run.tool_definitions.items[0] =
        BYTES_LITERAL("{\"name\":\"payoff\",\"parameters\":null}");
    expect_na("tool_args.valid", "no_schema");
}
END_TEST

static struct bytes expected_names[8];
static struct tool_expectation expectation;

static void demand(uint32_t count, const char *const *names)
{
    for (uint32_t i = 0; i < count; i++)
        expected_names[i] = bytes_of_text(names[i]);
    expectation = (struct tool_expectation){BYTES_LITERAL("*"), {expected_names, count}};
    fixture->ruleset.measurements.reference = &expectation;
    fixture->ruleset.measurements.reference_count = 1;
}

static void expect_trajectory(double exact, double in_order, double any_order, double precision,
                              double recall)
{
    expect("trajectory.exact", exact);
    expect("trajectory.in_order", in_order);
    expect("trajectory.any_order", any_order);
    expect("trajectory.precision", precision);
    expect("trajectory.recall", recall);
}

START_TEST(trajectories_compare_as_vertex_ai_does)
{
    static const char *const names[] = {"find", "quote", "send"};
    demand(3, names);
    expect_trajectory(0, 0, 0, 0, 0);
    hand_run_tool(hand, "find", NULL);
    expect_trajectory(0, 0, 0, 1, 1.0 / 3);
    expect_explanation("trajectory.recall",
                       "2 of 3 expected tool calls did not happen, such as quote");
    hand_run_tool(hand, "quote", NULL);
    hand_run_tool(hand, "send", NULL);
    expect_trajectory(1, 1, 1, 1, 1);
    hand_run_tool(hand, "send", NULL); /* once too often */
    expect_trajectory(0, 1, 1, 0.75, 1);
    ck_assert_uint_eq(score_fixture_read(fixture, "trajectory.precision")->evidence[0].span, 4);
    hand->steps[1].tool = BYTES_LITERAL("other");
    expect_trajectory(0, 0, 0, 0.5, 2.0 / 3);
}
END_TEST

START_TEST(another_order_is_not_in_order)
{
    static const char *const names[] = {"find", "quote"};
    demand(2, names);
    hand_run_tool(hand, "quote", NULL);
    hand_run_tool(hand, "find", NULL);
    expect_trajectory(0, 0, 1, 1, 1);
    expect_explanation("trajectory.in_order", "The expected tool calls happened in another order: "
                                              "quote stands in place 1");
}
END_TEST

START_TEST(nothing_expected_is_met_by_no_call)
{
    demand(0, NULL);
    expect_trajectory(1, 1, 1, 1, 1);
    hand_run_tool(hand, "find", NULL);
    expect_trajectory(0, 1, 1, 0, 1);
}
END_TEST

START_TEST(required_tools_are_the_reference_where_none_is_set)
{
    static const char *const names[] = {"find"};
    demand(1, names);
    fixture->ruleset.measurements.required = &expectation;
    fixture->ruleset.measurements.required_count = 1;
    fixture->ruleset.measurements.reference_count = 0;
    hand_run_tool(hand, "find", NULL);
    expect("trajectory.exact", 1);
}
END_TEST

START_TEST(trajectories_are_na_without_an_ended_root_or_a_reference)
{
    static const char *const all[] = {"trajectory.exact",     "trajectory.in_order",
                                      "trajectory.any_order", "trajectory.precision",
                                      "trajectory.recall",    "tool_selection.accuracy",
                                      "step_efficiency"};
    static const char *const names[] = {"find"};
    hand_run_tool(hand, "find", NULL);
    expect_na("trajectory.exact", "not_configured");
    demand(1, names);
    hand->spans[0].end_ns = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        expect_na(all[i], "incomplete");
}
END_TEST

START_TEST(a_contract_demands_a_form)
{
    static const struct bytes keys[] = {{(const uint8_t *)"amount", 6},
                                        {(const uint8_t *)"due", 3}};
    struct output_contract *contract = &fixture->ruleset.measurements.output_contract;
    answer("ten days");
    expect_na("output.contract", "not_configured");
    contract->is_present = contract->is_json = true;
    expect("output.contract", 0);
    expect_explanation("output.contract", "The answer is not JSON");
    answer(" {\"amount\": 12, \"due\": null}\n");
    expect("output.contract", 1);
    contract->required_keys = keys;
    contract->required_key_count = 2;
    expect("output.contract", 1);
    answer("{\"amount\": 12}");
    expect("output.contract", 0);
    expect_explanation("output.contract", "The answer lacks the key due");
    answer("[1]");
    expect("output.contract", 0);
    answer("{\"amount\": 12, \"due\": nu");
    expect("output.contract", 0);
    answer("```json\n{\"amount\": 12, \"due\": 1}\n```");
    expect("output.contract", 0); /* who reads it by program can't */
    hand->run.output = (struct bytes){0};
    expect_na("output.contract", "no_answer");
}
END_TEST

START_TEST(a_contract_limits_length_and_pattern)
{
    struct output_contract *contract = &fixture->ruleset.measurements.output_contract;
    struct error error = {0};
    struct regex *regex = regex_create(BYTES_LITERAL("^[A-Z]{2}-[0-9]+$"), &error);
    *contract = (struct output_contract){.is_present = true, .max_length = 5};
    answer("größe");
    expect("output.contract", 1); /* five characters, seven bytes */
    answer("größer");
    expect("output.contract", 0);
    expect_explanation("output.contract", "The answer has 6 characters, more than 5");
    *contract = (struct output_contract){.is_present = true, .pattern = regex};
    answer("LN-204");
    expect("output.contract", 1);
    answer("loan LN-204");
    expect("output.contract", 0);
    regex_destroy(regex);
}
END_TEST

START_TEST(leaks_are_counted_by_place)
{
    expect_na("leak", "no_answer");
    answer("Your quote is valid for ten days, reference 2026-000123.");
    expect("leak", 0);
    answer("Write to jo@example.com, card 4111 1111 1111 1111, key sk-abcdefghijklmnopqrstuvwx.");
    expect("leak", 3);
    expect_evidence("leak", "jo@example.com");
    expect_explanation("leak", "The answer tells 1 e-mail addresses, 1 card numbers and 1 secrets "
                               "that the user did not write");
    hand->run.input = BYTES_LITERAL("I am jo@example.com, who are you?");
    expect("leak", 2); /* the user's own */
}
END_TEST

START_TEST(allowed_addresses_are_no_leak)
{
    static struct bytes allowed[] = {{(const uint8_t *)"*@bank.example", 14},
                                     {(const uint8_t *)"help@example.com", 16}};
    fixture->ruleset.measurements.leak_allowed = (struct bytes_list){allowed, 2};
    answer("Write to Support@Bank.example or help@example.com, not to ann@example.com.");
    expect("leak", 1);
    expect_evidence("leak", "ann@example.com");
}
END_TEST

START_TEST(every_judgement_explains_itself)
{
    static const char *const names[] = {"payoff"};
    struct measurement_config *config = &fixture->ruleset.measurements;
    demand(1, names);
    config->output_contract = (struct output_contract){.is_present = true, .max_length = 500};
    retrieve("KB-204");
    offer("payoff", "{\"name\":\"payoff\",\"parameters\":" PAYOFF_SCHEMA "}");
    hand_run_tool(hand, "payoff", "{\"loan_id\": \"LN-1\"}");
    hand->run.input = BYTES_LITERAL("How long are payoff quotes valid?");
    hand->run.expected = BYTES_LITERAL("Ten days.");
    hand->run.feedback_count = 1;
    answer("Payoff quotes are valid for 10 days [1].");
    for (uint32_t i = 0; i < measurement_count; i++) {
        const struct measurement *row = &measurements[i];
        const struct reading *reading = score_fixture_read(fixture, row->name);
        if (!row->is_judging)
            continue;
        ck_assert_msg(reading->has_value, "%s is na(%s)", row->name, reading->na_reason);
        ck_assert_msg(reading->explanation.size > 0, "%s", row->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("judgement");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, citations_by_place_and_by_id);
    tcase_add_test(tests, other_brackets_cite_nothing);
    tcase_add_test(tests, links_cite_where_documents_are_links);
    tcase_add_test(tests,
                   citations_of_many_ids_that_agree_at_both_ends_are_looked_at_once_or_twice);
    tcase_add_test(tests, code_that_never_ends_counts_as_looked_at_to_the_end);
    tcase_add_test(tests, citations_are_na_without_documents_answer_or_claim);
    tcase_add_test(tests, hostile_brackets_take_bounded_time);
    tcase_add_test(tests, arguments_are_held_against_the_schema);
    tcase_add_test(tests, a_value_of_the_wrong_type_is_pointed_at);
    tcase_add_test(tests, schemas_are_found_wherever_a_vendor_puts_them);
    tcase_add_test(tests, arguments_are_na_where_nothing_can_be_held_against_them);
    tcase_add_test(tests, trajectories_compare_as_vertex_ai_does);
    tcase_add_test(tests, another_order_is_not_in_order);
    tcase_add_test(tests, nothing_expected_is_met_by_no_call);
    tcase_add_test(tests, required_tools_are_the_reference_where_none_is_set);
    tcase_add_test(tests, trajectories_are_na_without_an_ended_root_or_a_reference);
    tcase_add_test(tests, a_contract_demands_a_form);
    tcase_add_test(tests, a_contract_limits_length_and_pattern);
    tcase_add_test(tests, leaks_are_counted_by_place);
    tcase_add_test(tests, allowed_addresses_are_no_leak);
    tcase_add_test(tests, every_judgement_explains_itself);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
