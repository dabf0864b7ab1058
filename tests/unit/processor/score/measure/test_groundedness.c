/* link: score */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/score_test.h"

static void retrieve(void)
{
    hand_run_document(hand,
                      "The payoff quote is valid for ten days. Wire transfers arrive the same "
                      "business day.");
    hand_run_document(hand, "Escrow refunds are mailed within thirty days of payoff.");
}

/* What groundedness makes of its shares; `names` below 0: there are none. */
static double mean_of(double support, double anywhere, uint32_t sentences, double pairs,
                      double names)
{
    double chance = 0.012 * sqrt(sentences);
    double sum = support + (anywhere - chance) / (1 - chance) + pairs;
    return names < 0 ? sum / 3 : (sum + names) / 4;
}

START_TEST(groundedness_counts_supported_statements)
{
    retrieve();
    hand->run.output = BYTES_LITERAL("Hello Ann! The payoff quote is valid for ten days. Escrow "
                                     "refunds are mailed within thirty days. Penguins swim under "
                                     "antarctic glaciers. Shall we continue with that?");
    expect("groundedness.lexical", mean_of(2.0 / 3, 2.0 / 3, 3, 13.0 / 17, -1));
    expect_explanation("groundedness.lexical",
                       "1 of 3 statements of the answer is not supported by "
                       "the retrieved documents");
    const struct reading *reading = score_fixture_read(fixture, "groundedness.lexical");
    ck_assert_uint_eq(reading->evidence_count, 1);
    struct evidence place = reading->evidence[0];
    ck_assert_uint_eq(place.span, NO_SPAN);
    ck_assert_int_eq(place.field, FIELD_OUTPUT);
    ck_assert_int_eq(memcmp(hand->run.output.data + place.start, "Penguins", 8), 0);
}
END_TEST

/* Ten content words, of which the document has six or seven: 0.65 lies between. */
START_TEST(a_statement_is_supported_from_sixty_five_percent_of_its_words)
{
    hand->run.output =
        BYTES_LITERAL("alpha bravo charlie delta echo foxtrot golf hotel india juliet.");
    hand_run_document(hand, "alpha bravo charlie delta echo foxtrot.");
    expect("groundedness.lexical", mean_of(0.6, 0.6, 1, 5.0 / 9, -1));
    ck_assert_uint_eq(score_fixture_read(fixture, "groundedness.lexical")->evidence_count, 1);
    hand->documents[0].text = BYTES_LITERAL("alpha bravo charlie delta echo foxtrot golf.");
    expect("groundedness.lexical", mean_of(0.7, 0.7, 1, 6.0 / 9, -1));
    ck_assert_uint_eq(score_fixture_read(fixture, "groundedness.lexical")->evidence_count, 0);
    fixture->ruleset.measurements.groundedness_support = 0.9;
    expect("groundedness.lexical", mean_of(0.7, 0.7, 1, 6.0 / 9, -1));
    ck_assert_uint_eq(score_fixture_read(fixture, "groundedness.lexical")->evidence_count, 1);
}
END_TEST

START_TEST(names_and_numbers_have_a_share_of_their_own)
{
    hand_run_document(hand, "The tower was built by the engineer Gustave Eiffel in 1889.");
    hand->run.output = BYTES_LITERAL("The tower was built by Sauvestre in 1889.");
    expect("groundedness.lexical", mean_of(3.0 / 4, 3.0 / 4, 1, 5.0 / 7, 1.0 / 2));
    hand->run.output = BYTES_LITERAL("Built by Gustave Eiffel in 1,889.");
    expect("groundedness.lexical", mean_of(1, 1, 1, 3.0 / 5, 1));
}
END_TEST

START_TEST(what_stands_in_many_sentences_stands_there_by_chance)
{
    static char text[4096];
    int used = 0;
    for (int i = 0; i < 50; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "Other words stand here.\n");
    snprintf(text + used, sizeof text - (size_t)used, "alpha\nxray\nzulu\nbravo\n");
    hand_run_document(hand, text);
    hand->run.output = BYTES_LITERAL("alpha bravo charlie delta");
    expect("groundedness.lexical", mean_of(0.25, 0.5, 54, 0, -1));
    hand->run.output = BYTES_LITERAL("foxtrot golf hotel india");
    expect("groundedness.lexical", 0);
}
END_TEST

START_TEST(a_window_is_two_sentences_of_one_document)
{
    hand->run.output = BYTES_LITERAL("alpha bravo charlie delta.");
    hand_run_document(hand, "alpha bravo zulu. charlie delta yankee.");
    expect("groundedness.lexical", mean_of(1, 1, 2, 2.0 / 3, -1)); /* two neighboring sentences */
    hand->documents[0].text =
        BYTES_LITERAL("alpha bravo zulu. xray whiskey victor. charlie delta.");
    expect("groundedness.lexical", mean_of(0.5, 1, 3, 2.0 / 3, -1)); /* not three */
    hand->documents[0].text = BYTES_LITERAL("alpha bravo zulu.");
    hand_run_document(hand, "charlie delta yankee.");
    expect("groundedness.lexical", mean_of(0.5, 1, 2, 2.0 / 3, -1)); /* not over two documents */
}
END_TEST

START_TEST(forms_of_one_word_are_one)
{
    hand->run.output = BYTES_LITERAL("Payments were calculated weekly by lenders.");
    hand_run_document(hand, "A lender calculates each payment every week.");
    expect("groundedness.lexical", mean_of(0.75, 0.75, 1, 0, -1)); /* weekly is not week */
    hand->run.output = BYTES_LITERAL("Платежи рассчитываются кредитором ежемесячно.");
    hand->documents[0].text = BYTES_LITERAL("Кредиторы ежемесячную рассчитывают сумму платежей.");
    expect("groundedness.lexical", mean_of(1, 1, 1, 0, -1));
}
END_TEST

START_TEST(results_of_tools_ground_an_answer_but_are_not_cited)
{
    hand->run.output = BYTES_LITERAL("The balance of the loan is open [1].");
    hand_run_document(hand, "balance of loan: open");
    hand->documents[0].is_tool_result = true;
    expect("groundedness.lexical", mean_of(1, 1, 1, 1.0 / 6, -1)); /* the mark states nothing */
    expect("retriever.documents", 0);
    expect_na("citation.validity", "no_contexts");
}
END_TEST

START_TEST(a_hedge_is_left_off_and_the_rest_is_a_statement)
{
    retrieve();
    hand->run.output = BYTES_LITERAL("I think the payoff quote is valid for ten days.");
    expect("groundedness.lexical", 1);
    hand->run.output = BYTES_LITERAL("Perhaps penguins swim under glaciers.");
    expect("groundedness.lexical", 0);
}
END_TEST

START_TEST(what_says_nothing_is_no_statement)
{
    static const char *const answers[] = {
        "I'm not completely sure, but the payoff quote is valid for ten days.",
        "I am not entirely certain about this. The payoff quote is valid for ten days.",
        "Great question! The payoff quote is valid for ten days.",
        "That's a great question! The payoff quote is valid for ten days.",
        "Here is what I found: the payoff quote is valid for ten days.",
        "Here is what I found:\n- The payoff quote is valid for ten days.",
        "Based on the documents that you sent me: the payoff quote is valid for ten days.",
        "Sure, the payoff quote is valid for ten days. I hope this helps!",
        "Hello Ann, the payoff quote is valid for ten days. Let me know if you need anything.",
        "Maybe, I think, the payoff quote is valid for ten days."};
    retrieve();
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        hand->run.output = bytes_of_text(answers[i]);
        const struct reading *reading = score_fixture_read(fixture, "groundedness.lexical");
        ck_assert_msg(reading->has_value && reading->value == 1, "%s: %g", answers[i],
                      reading->value);
    }
    hand->run.output = BYTES_LITERAL("Of course, penguins swim under glaciers.");
    expect("groundedness.lexical", 0);
    hand->run.output = BYTES_LITERAL("Sure, it is 5 days.");
    expect("groundedness.lexical", mean_of(0.5, 0.5, 3, 0, 0));
}
END_TEST

START_TEST(a_short_answer_that_stands_in_a_source_is_grounded)
{
    static const struct {
        const char *source, *answer;
    } cases[] = {{"4321.50", "4321.50"},
                 {"{\"balance\": \"42 EUR\"}", "42 EUR"},
                 {"{\"balance\": 1200.00}", "$1,200"},
                 {"Paris", "Paris."},
                 {"It lies in Paris, not in Rome.", "Paris"},
                 {"1200 USD in total", "1,200.00 USD in total"},
                 {"返済は十日間有効です。", "十日間"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct step *call = hand_run_tool(hand, "lookup", "{}");
        call->output = bytes_of_text(cases[i].source);
        hand->run.document_count = 0;
        hand_run_document(hand, cases[i].source);
        hand->documents[0].is_tool_result = true;
        hand->run.output = bytes_of_text(cases[i].answer);
        const struct reading *reading = score_fixture_read(fixture, "groundedness.lexical");
        ck_assert_msg(reading->has_value && reading->value == 1, "%s", cases[i].answer);
    }
    expect_explanation("groundedness.lexical",
                       "The answer stands in the results of tools word for word");
    hand->run.output = BYTES_LITERAL("Berlin");
    expect_na("groundedness.lexical", "no_claims");
    hand->run.output = BYTES_LITERAL("It is");
    expect_na("groundedness.lexical", "no_claims");
}
END_TEST

START_TEST(groundedness_is_na_where_there_is_nothing_to_judge)
{
    expect_na("groundedness.lexical", "no_answer");
    hand->run.output = BYTES_LITERAL("The payoff quote is valid for ten days.");
    expect_na("groundedness.lexical", "no_contexts");
    retrieve();
    hand->run.output = BYTES_LITERAL("I'm sorry, but I can't help with that request.");
    expect_na("groundedness.lexical", "refusal");
    hand->run.output = BYTES_LITERAL("Thank you for calling us today!");
    expect_na("groundedness.lexical", "no_claims");
}
END_TEST

START_TEST(scripts_without_spaces_are_grounded_too)
{
    hand_run_document(hand, "返済見積書は十日間有効です。");
    hand->run.output = BYTES_LITERAL("返済見積書は十日間有効です。");
    expect("groundedness.lexical", 1);
    hand->run.output = BYTES_LITERAL("天気予報によると明日は大雨になります。");
    expect("groundedness.lexical", 0);
}
END_TEST

START_TEST(decades_and_number_words_are_compared_by_value)
{
    static const struct {
        const char *document, *answer;
        double value;
    } cases[] = {{"In the 1990s.", "In the 90s.", 1},
                 {"In the '90s.", "In the 1990s.", 1},
                 {"In the 1890s.", "In the 1990s.", 0},
                 {"In the 80s.", "In the 90s.", 0},
                 {"Since 1994.", "In the 1990s.", 1},
                 {"In the 1990s.", "In 1994.", 0},
                 {"There are 3.", "There are three.", 1},
                 {"The third.", "Number 3.", 1},
                 {"There are four.", "There are three.", 0},
                 {"Born on the third of June.", "Born on the 3rd of June.", 1},
                 {"Born on the third of June 1951.", "Born June 3, 1951.", 1},
                 {"Born on the fourth of June.", "Born on the 3rd of June.", 0},
                 {"On the second of December.", "On 2 December.", 1},
                 {"On 2 December.", "On the second of December.", 1},
                 {"On 3 December.", "On the second of December.", 0},
                 {"On the twenty-third of May.", "On May 23rd.", 1},
                 {"On May 23rd.", "On May the twenty-third.", 1},
                 {"on the third of may", "On 3 May.", 1},
                 {"Am dritten Juni.", "On June 3.", 1},
                 {"Am einundzwanzigsten Mai.", "Am 21. Mai.", 1},
                 {"El dos de mayo.", "El 2 de mayo.", 1},
                 {"Le premier mai.", "Le 1er mai.", 1},
                 {"C'est le troisième.", "C'est le 3ème.", 1},
                 {"Le dix-sept.", "Le 17.", 1},
                 {"Il y en a quatre-vingt-dix-sept.", "Il y en a 97.", 1},
                 {"Quatre-vingts.", "80.", 1},
                 {"Soixante-douze.", "72.", 1},
                 {"In the nineties.", "In the 1990s.", 1},
                 {"In the 1990s.", "In the nineties.", 1},
                 {"It began in 1994.", "In the nineties.", 1},
                 {"It began in 1984.", "In the nineties.", 0},
                 {"It began in 1994.", "In the 90s.", 1},
                 {"In the nineteen-eighties.", "In the 1980s.", 1},
                 {"In the eighteen eighties.", "In the 1980s.", 0},
                 {"In den neunziger Jahren.", "In the 90s.", 1},
                 {"In den 1990ern.", "In den 90er Jahren.", 1},
                 {"Dans les années quatre-vingt-dix.", "Dans les années 1990.", 1},
                 {"Dans les années 90.", "In the 1990s.", 1},
                 {"En los años noventa.", "In the 1990s.", 1},
                 {"Negli anni '90.", "Negli anni novanta.", 1},
                 {"В 1990-х годах.", "In the 90s.", 1},
                 {"1990年代。", "90年代。", 1},
                 {"1980年代。", "90年代。", 0}};
    hand_run_document(hand, "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hand->documents[0].text = bytes_of_text(cases[i].document);
        hand->run.output = bytes_of_text(cases[i].answer);
        const struct reading *reading = score_fixture_read(fixture, "groundedness.numeric");
        ck_assert_msg(reading->has_value && reading->value == cases[i].value, "%s %s: %g",
                      cases[i].document, cases[i].answer, reading->value);
    }
    static const char *const without[] = {"One of them was there first.", "He is in his nineties.",
                                          "In June first results came."};
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        hand->run.output = bytes_of_text(without[i]);
        expect_na("groundedness.numeric", "no_numbers");
    }
}
END_TEST

START_TEST(numbers_are_compared_by_value)
{
    hand_run_document(hand, "The balance is $1,200.00 and case AB12 was opened in 2024.");
    hand->run.input = BYTES_LITERAL("What do I owe on loan 778?");
    hand->run.output = BYTES_LITERAL("Loan 778 has a balance of 1200 dollars, case ab12.");
    expect("groundedness.numeric", 1);
    hand->run.output = BYTES_LITERAL("The balance is 1.200,00 or 1300 dollars.");
    expect("groundedness.numeric", 0.5);
    expect_explanation("groundedness.numeric",
                       "1 of 2 numbers of the answer is in no document, tool result or question");
    hand->run.output = BYTES_LITERAL("1. Call us.\n2. Pay 1200 dollars.");
    expect("groundedness.numeric", 1);
    hand->run.output = BYTES_LITERAL("Please call us soon.");
    expect_na("groundedness.numeric", "no_numbers");
}
END_TEST

START_TEST(tool_results_ground_numbers)
{
    hand->run.output = BYTES_LITERAL("You owe 4321 dollars.");
    expect_na("groundedness.numeric", "no_contexts");
    hand_run_tool(hand, "lookup", "{}")->output = BYTES_LITERAL("{\"payoff\": 4321.0}");
    expect("groundedness.numeric", 1);
}
END_TEST
START_TEST(evidence_is_bounded)
{
    static char text[8192];
    int used = 0;
    for (int i = 0; i < 100; i++)
        used += snprintf(text + used, sizeof text - (size_t)used,
                         "Penguins swim near glacier%c%c. ", 'a' + i / 10, 'a' + i % 10);
    retrieve();
    hand->run.output = bytes_of_text(text);
    expect("groundedness.lexical", 0);
    ck_assert_uint_eq(score_fixture_read(fixture, "groundedness.lexical")->evidence_count, 32);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("groundedness");
    TCase *tests = tcase_create("groundedness");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, groundedness_counts_supported_statements);
    tcase_add_test(tests, a_statement_is_supported_from_sixty_five_percent_of_its_words);
    tcase_add_test(tests, names_and_numbers_have_a_share_of_their_own);
    tcase_add_test(tests, what_stands_in_many_sentences_stands_there_by_chance);
    tcase_add_test(tests, a_window_is_two_sentences_of_one_document);
    tcase_add_test(tests, forms_of_one_word_are_one);
    tcase_add_test(tests, results_of_tools_ground_an_answer_but_are_not_cited);
    tcase_add_test(tests, a_hedge_is_left_off_and_the_rest_is_a_statement);
    tcase_add_test(tests, what_says_nothing_is_no_statement);
    tcase_add_test(tests, a_short_answer_that_stands_in_a_source_is_grounded);
    tcase_add_test(tests, groundedness_is_na_where_there_is_nothing_to_judge);
    tcase_add_test(tests, scripts_without_spaces_are_grounded_too);
    tcase_add_test(tests, decades_and_number_words_are_compared_by_value);
    tcase_add_test(tests, numbers_are_compared_by_value);
    tcase_add_test(tests, tool_results_ground_numbers);
    tcase_add_test(tests, evidence_is_bounded);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
