/* What the regression set says of a run: which rows it meets, and what it fails there. */
#include <check.h>

#include "pipelines/decide/regression.h"
#include "processor/emit/redact.h"
#include "processor/score/signature.h"
#include "tests/support/regression_row.h"
#include "tests/support/score_test.h"

enum { ROWS_MAX = 1000 };
#define NOW_MS 1764547200000 /* 2025-12-01 */

static struct regression_builder *builder;
static struct regression_set *set;
static struct regression_report found;
static struct bytes tools[4];

static void begin(void)
{
    set_up();
    builder = regression_builder_create(0.75, ROWS_MAX);
    ck_assert_ptr_nonnull(builder);
    set = NULL;
}

static void end(void)
{
    regression_builder_destroy(builder);
    regression_set_release(set);
    tear_down();
}

static enum status add(struct regression_case row)
{
    struct buffer json = {0};
    regression_case_write(&row, &json);
    enum status status = regression_builder_add(builder, buffer_bytes(&json));
    buffer_finish(&json);
    return status;
}

static void finish(void)
{
    set = regression_builder_finish(builder);
    builder = NULL;
    ck_assert_ptr_nonnull(set);
}

static void run(const char *question, const char *answer)
{
    hand->run.input = bytes_of_text(question);
    hand->run.output = bytes_of_text(answer);
}

static void has_run(const char *tool)
{
    tools[hand->run.tools.count] = bytes_of_text(tool);
    hand->run.tools = (struct bytes_list){tools, hand->run.tools.count + 1};
}

static void look_at(enum verdict verdict)
{
    struct verdict_report report = *score_fixture_judge(fixture);
    report.verdict = verdict;
    regression_look(set, &fixture->context, &report, NOW_MS, &found);
}

static void look(void)
{
    look_at(VERDICT_PASS);
}

static void expect_hit(uint32_t count, enum regression_match match, enum regression_check check,
                       bool is_fail)
{
    ck_assert_uint_eq(found.count, count);
    ck_assert_str_eq(regression_match_names[found.hits[0].match], regression_match_names[match]);
    ck_assert_str_eq(regression_check_names[found.hits[0].check], regression_check_names[check]);
    ck_assert_msg(check == CHECK_NONE || found.hits[0].is_fail == is_fail, "is_fail");
}

static const struct regression_case payoff = {
    .number = 7,
    .question = "What does it cost to pay off my mortgage early?",
    .must_include = "2 % fee in the first three years",
    .must_not_include = "no prepayment fee applies",
    .kind = "facts",
};

/* --- what is in the set --- */

START_TEST(only_live_regression_rows_of_the_eval_split_are_in_it)
{
    struct regression_case other = payoff;
    ck_assert_int_eq(add(payoff), STATUS_OK);
    other.number = 8, other.is_no_regression = true;
    ck_assert_int_eq(add(other), STATUS_OK);
    other.number = 9, other.is_no_regression = false, other.is_retired = true;
    ck_assert_int_eq(add(other), STATUS_OK);
    other.number = 10, other.is_retired = false, other.split = "train";
    ck_assert_int_eq(add(other), STATUS_OK);
    finish();
    ck_assert_uint_eq(regression_set_rows(set), 1);
}
END_TEST

START_TEST(of_a_row_the_newest_revision_counts_and_a_tombstone_takes_it_out)
{
    struct regression_case newer = payoff, gone = payoff;
    newer.revision = 2, newer.must_not_include = "it is free", newer.must_include = NULL;
    gone.number = 8, gone.revision = 1;
    ck_assert_int_eq(add(newer), STATUS_OK);
    ck_assert_int_eq(add(payoff), STATUS_OK); /* an older one behind it */
    ck_assert_int_eq(add(gone), STATUS_OK);
    gone.revision = 2, gone.is_retired = true;
    ck_assert_int_eq(add(gone), STATUS_OK);
    finish();
    ck_assert_uint_eq(regression_set_rows(set), 1);
    run(payoff.question, "It is free.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true);
    ck_assert_uint_eq(found.hits[0].row_revision, 2);
}
END_TEST

START_TEST(rows_above_the_limit_are_left_out_and_counted)
{
    struct regression_case row = payoff;
    regression_builder_destroy(builder);
    builder = regression_builder_create(0.75, 2);
    for (row.number = 1; row.number <= 3; row.number++)
        ck_assert_int_eq(add(row), row.number <= 2 ? STATUS_OK : STATUS_BUSY);
    finish();
    ck_assert_uint_eq(regression_set_rows(set), 2);
    ck_assert_uint_eq(regression_set_left_out(set), 1);
}
END_TEST

START_TEST(what_is_no_row_is_refused)
{
    static const char *const texts[] = {
        "", "{}", "[]", "{\"schema\":\"flywheel.row/v1\"}",
        "{\"schema\":\"flywheel.row/v2\",\"row_id\":\"6ba7b810-9dad-51d1-80b4-00c000000001\"}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_int_eq(regression_builder_add(builder, bytes_of_text(texts[i])),
                         STATUS_MALFORMED);
    struct buffer json = {0};
    regression_case_write(&payoff, &json);
    for (size_t size = 0; size < json.size; size++) /* cut off anywhere */
        ck_assert_int_eq(regression_builder_add(builder, bytes_of(json.data, size)),
                         STATUS_MALFORMED);
    buffer_finish(&json);
    finish();
    ck_assert_uint_eq(regression_set_rows(set), 0);
}
END_TEST

START_TEST(equal_rows_have_an_equal_snapshot_in_any_order)
{
    char snapshot[REGRESSION_SNAPSHOT_SIZE];
    struct regression_case row = payoff;
    for (row.number = 1; row.number <= 9; row.number++)
        ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    memcpy(snapshot, regression_set_snapshot(set), sizeof snapshot);
    ck_assert_uint_eq(strlen(snapshot), 16);
    regression_set_release(set);
    builder = regression_builder_create(0.75, ROWS_MAX);
    for (row.number = 9; row.number >= 1; row.number--)
        ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    ck_assert_str_eq(snapshot, regression_set_snapshot(set));
}
END_TEST

/* --- by the question --- */

START_TEST(the_forbidden_claim_on_the_same_question_fails_and_is_shown_where_it_stands)
{
    ck_assert_int_eq(add(payoff), STATUS_OK);
    finish();
    run("Hello, what does it cost to pay off my MORTGAGE early?",
        "Good news. No prepayment fee applies to you.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true);
    const struct regression_hit *hit = &found.hits[0];
    ck_assert(bytes_equal_text(hit->value, "no prepayment fee applies"));
    ck_assert(bytes_equal_text(hit->failure_mode, "unsupported_claim"));
    ck_assert_str_eq(hit->row_id, "6ba7b810-9dad-51d1-80b4-00c000000007");
    ck_assert(bytes_equal_text(bytes_of(hand->run.output.data + hit->start, hit->end - hit->start),
                               "No prepayment fee applies"));
    ck_assert_uint_eq(found.failed, 1);
}
END_TEST

START_TEST(the_right_answer_passes_whatever_its_words)
{
    ck_assert_int_eq(add(payoff), STATUS_OK);
    finish();
    run(payoff.question, "A prepayment fee applies: a two percent fee in the first 3 years.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
    ck_assert_uint_eq(found.failed + found.borderline, 0);
}
END_TEST

START_TEST(a_forbidden_claim_without_its_no_is_the_right_answer)
{
    struct regression_case row = payoff;
    row.must_include = NULL;
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "A prepayment fee applies.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
}
END_TEST

START_TEST(a_missing_fact_fails_and_any_alternative_is_enough)
{
    struct regression_case row = payoff;
    row.or_include = "fee of 2 percent", row.must_not_include = NULL;
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "Nothing much.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_INCLUDE, true);
    ck_assert(bytes_equal_text(found.hits[0].value, row.must_include));
    run(payoff.question, "There is a fee of two percent.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
}
END_TEST

START_TEST(a_near_question_is_borderline_at_most)
{
    ck_assert_int_eq(add(payoff), STATUS_OK);
    finish();
    run("What does it cost to pay off our mortgage early?", "No prepayment fee applies.");
    look();
    expect_hit(1, MATCH_NEAR, CHECK_MUST_NOT_INCLUDE, false);
    ck_assert_uint_eq(found.failed, 0);
    ck_assert_uint_eq(found.borderline, 1);
}
END_TEST

START_TEST(another_question_meets_nothing)
{
    ck_assert_int_eq(add(payoff), STATUS_OK);
    finish();
    run("Where is the next branch?", "No prepayment fee applies.");
    look();
    ck_assert_uint_eq(found.count, 0);
    ck_assert_str_eq(found.snapshot, regression_set_snapshot(set));
}
END_TEST

START_TEST(a_word_or_two_are_the_same_question_only_after_the_same_words)
{
    struct regression_case row = payoff;
    row.question = "Yes, please", row.said_before = "Shall I close your account?";
    row.must_include = NULL, row.must_not_include = "your account is closed";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    struct turn turns[] = {{.is_user = false, .text = BYTES_LITERAL("Shall I send you a letter?")}};
    hand->run.history = turns;
    hand->run.history_count = 1;
    run("yes, please", "Your account is closed.");
    look();
    ck_assert_uint_eq(found.count, 0);
    turns[0].text = BYTES_LITERAL("Shall I close your account?");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true);
}
END_TEST

/* --- by the signature --- */

START_TEST(a_signature_is_a_hit_of_a_failed_run_alone)
{
    char signature[17];
    struct regression_case row = payoff;
    signature_write(signature, score_fixture_judge(fixture), &hand->run);
    row.signature = signature, row.must_include = NULL;
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run("Where is the next branch?", "Next to the church.");
    look_at(VERDICT_PASS);
    ck_assert_uint_eq(found.count, 0);
    look_at(VERDICT_FAIL);
    expect_hit(1, MATCH_SIGNATURE, CHECK_IDENTITY, true);
    run("Where is the next branch?", "No prepayment fee applies.");
    look_at(VERDICT_FAIL);
    expect_hit(1, MATCH_SIGNATURE, CHECK_MUST_NOT_INCLUDE, true);
}
END_TEST

START_TEST(the_signature_of_a_run_that_did_not_fail_is_none)
{
    char signature[17];
    struct regression_case row = payoff;
    signature_write(signature, score_fixture_judge(fixture), &hand->run);
    row.signature = signature, row.machine_verdict = "borderline";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run("Where is the next branch?", "Next to the church.");
    look_at(VERDICT_FAIL);
    ck_assert_uint_eq(found.count, 0);
}
END_TEST

/* --- tools, refusals, numbers, words --- */

START_TEST(tools_that_are_forbidden_or_required_are_held_against_those_that_ran)
{
    struct regression_case row = {.number = 1,
                                  .question = "Please transfer 100 to my landlord",
                                  .forbidden_tool = "transfer",
                                  .required_tool = "confirm"};
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run("please transfer 250 to my landlord", "Done.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_REQUIRED_TOOL, true);
    has_run("mcp__bank__confirm");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
    has_run("transfer");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_FORBIDDEN_TOOL, true);
    ck_assert(bytes_equal_text(found.hits[0].value, "transfer"));
}
END_TEST

START_TEST(a_refusal_is_no_answer_where_one_was_expected)
{
    struct regression_case row = payoff;
    row.must_include = NULL, row.kind = "answer";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "I'm sorry, but I can't help with that.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_REFUSAL, true);
    ck_assert_uint_gt(found.hits[0].end, found.hits[0].start);
}
END_TEST

START_TEST(an_answer_is_none_where_a_refusal_was_expected)
{
    struct regression_case row = payoff;
    row.must_include = NULL, row.kind = "refusal";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "It costs 100 dollars.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_REFUSAL, true);
    run(payoff.question, "I'm sorry, but I can't help with that.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
}
END_TEST

static void add_payoff_figure(void)
{
    struct regression_case row = {.number = 1,
                                  .question = "What is the payoff of loan 4711?",
                                  .must_include = "the payoff of loan 4711 is 184,220.15 dollars",
                                  .kind = "facts",
                                  .has_volatile_numbers = true,
                                  .volatile_number = "184,220.15"};
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
}

START_TEST(a_customers_own_figure_has_to_be_there_and_grounded_not_equal)
{
    add_payoff_figure();
    hand_run_tool(hand, "lookup", "{}")->output = BYTES_LITERAL("{\"payoff\": 99120.50}");
    run("What is the payoff of loan 9822?", "The payoff of loan 9822 is 99,120.50 dollars.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
    run("What is the payoff of loan 9822?", "The payoff of loan 9822 is 12.00 dollars.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_VOLATILE_NUMBERS, true);
    ck_assert(bytes_equal_text(bytes_of(hand->run.output.data + found.hits[0].start,
                                        found.hits[0].end - found.hits[0].start),
                               "12.00"));
    run("What is the payoff of loan 9822?", "The payoff of loan 9822 is in your letter.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_INCLUDE, true);
}
END_TEST

START_TEST(a_figure_without_anything_it_could_come_from_is_borderline)
{
    add_payoff_figure();
    run("What is the payoff of loan 9822?", "The payoff of loan 9822 is 12.00 dollars.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_VOLATILE_NUMBERS, false);
    ck_assert_uint_eq(found.borderline, 1);
}
END_TEST

START_TEST(a_number_that_is_no_customers_own_is_compared_by_value)
{
    struct regression_case row = payoff;
    row.must_not_include = NULL, row.has_volatile_numbers = true, row.volatile_number = "250.00";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    hand_run_document(hand, "A 3 % fee in the first three years is due.");
    run(payoff.question, "A 3 % fee in the first three years is due.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_INCLUDE, true);
}
END_TEST

START_TEST(expected_words_support_only_and_a_judge_speaks_first)
{
    struct regression_case row = payoff;
    row.must_include = NULL, row.kind = "answer";
    row.expected = "A fee of two percent is due when you repay in the first three years.";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "Nothing.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_GROUND_TRUTH, false);
    run(payoff.question, "A fee of two percent is due in the first three years.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
    struct score *score = hand_run_score(hand, "GroundTruthMatch", 0.2);
    look();
    expect_hit(1, MATCH_EXACT, CHECK_GROUND_TRUTH, true);
    score->value = 0.9;
    run(payoff.question, "Nothing.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
}
END_TEST

START_TEST(where_facts_are_marked_words_are_not_counted)
{
    struct regression_case row = payoff;
    row.expected = "A fee of two percent is due when you repay in the first three years.";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "2 % fee in the first 3 years!");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_NONE, false);
}
END_TEST

START_TEST(what_was_masked_in_a_row_is_masked_in_a_run_before_they_are_compared)
{
    struct redaction_policy policy = {.content = REDACT_REDACTED, .builtin = {[MASK_EMAIL] = true}};
    struct regression_case row = {.number = 1,
                                  .question = "Who reads letters to [EMAIL] in your bank?",
                                  .must_not_include = "write to [EMAIL] about it"};
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    fixture->context.redaction = &policy;
    run("Who reads letters to ann.smith@bank.example in your bank?",
        "That is bob@bank.example. Write to carl@bank.example about it, please.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true);
    ck_assert(bytes_equal_text(bytes_of(hand->run.output.data + found.hits[0].start,
                                        found.hits[0].end - found.hits[0].start),
                               "Write to carl@bank.example about it"));
}
END_TEST

/* --- when nothing is said --- */

START_TEST(a_row_that_has_gone_stale_is_met_by_nobody)
{
    struct regression_case row = payoff;
    row.until = "2025-11-30";
    ck_assert_int_eq(add(row), STATUS_OK);
    row.number = 8, row.until = "2025-12-01";
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "No prepayment fee applies.");
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_NOT_INCLUDE, true);
    ck_assert_str_eq(found.hits[0].row_id, "6ba7b810-9dad-51d1-80b4-00c000000008");
}
END_TEST

START_TEST(what_did_not_come_in_is_not_held_against_a_run)
{
    struct regression_case row = payoff;
    row.required_tool = "lookup", row.must_not_include = NULL;
    ck_assert_int_eq(add(row), STATUS_OK);
    finish();
    run(payoff.question, "A 2 % fee in the first 3 years.");
    hand->run.refused_spans = 1;
    look();
    ck_assert_uint_eq(found.count, 0);
    hand->run.refused_spans = 0;
    has_run("lookup");
    run(payoff.question, NULL); /* no answer was recorded, and the run did not break */
    look();
    ck_assert_uint_eq(found.count, 0);
    hand->run.has_failed = true; /* it broke: there was none */
    look();
    expect_hit(1, MATCH_EXACT, CHECK_MUST_INCLUDE, true);
}
END_TEST

START_TEST(of_many_rows_the_failed_ones_are_told_first)
{
    struct regression_case row = payoff;
    row.must_include = NULL;
    for (row.number = 1; row.number <= 40; row.number++) {
        row.must_not_include = row.number > 30 ? "the moon is green" : "never said";
        ck_assert_int_eq(add(row), STATUS_OK);
    }
    finish();
    run(payoff.question, "The moon is green.");
    look();
    ck_assert_uint_eq(found.count, 40);
    ck_assert_uint_eq(found.failed, 10);
    for (uint32_t i = 0; i < REGRESSION_HITS_MAX; i++) {
        ck_assert_int_eq(found.hits[i].check != CHECK_NONE, i < 10);
        ck_assert_uint_eq(get_be32(found.hits[i].row_id_bytes + 12), i < 10 ? 31 + i : i - 9);
    }
}
END_TEST

/* --- before a release --- */

START_TEST(a_row_checks_the_run_that_answers_its_question)
{
    struct regression_hit hit;
    const uint8_t unknown[16] = {0};
    ck_assert_int_eq(add(payoff), STATUS_OK);
    finish();
    run("anything", "No prepayment fee applies.");
    look();
    ck_assert_uint_eq(found.count, 0);
    ck_assert_ptr_null(regression_set_find(set, unknown));
    uint8_t id[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x51, 0xd1,
                      0x80, 0xb4, 0x00, 0xc0, 0,    0,    0,    7};
    const struct regression_row *row = regression_set_find(set, id);
    ck_assert_ptr_nonnull(row);
    regression_row_check(row, &fixture->context, &hit);
    ck_assert_int_eq(hit.check, CHECK_MUST_NOT_INCLUDE);
    ck_assert(hit.is_fail);
    run("anything", NULL); /* what is not there is no pass */
    regression_row_check(row, &fixture->context, &hit);
    ck_assert_int_ne(hit.check, CHECK_NONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regression");
    TCase *tests = tcase_create("regression");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, only_live_regression_rows_of_the_eval_split_are_in_it);
    tcase_add_test(tests, of_a_row_the_newest_revision_counts_and_a_tombstone_takes_it_out);
    tcase_add_test(tests, rows_above_the_limit_are_left_out_and_counted);
    tcase_add_test(tests, what_is_no_row_is_refused);
    tcase_add_test(tests, equal_rows_have_an_equal_snapshot_in_any_order);
    tcase_add_test(tests,
                   the_forbidden_claim_on_the_same_question_fails_and_is_shown_where_it_stands);
    tcase_add_test(tests, the_right_answer_passes_whatever_its_words);
    tcase_add_test(tests, a_forbidden_claim_without_its_no_is_the_right_answer);
    tcase_add_test(tests, a_missing_fact_fails_and_any_alternative_is_enough);
    tcase_add_test(tests, a_near_question_is_borderline_at_most);
    tcase_add_test(tests, another_question_meets_nothing);
    tcase_add_test(tests, a_word_or_two_are_the_same_question_only_after_the_same_words);
    tcase_add_test(tests, a_signature_is_a_hit_of_a_failed_run_alone);
    tcase_add_test(tests, the_signature_of_a_run_that_did_not_fail_is_none);
    tcase_add_test(tests, tools_that_are_forbidden_or_required_are_held_against_those_that_ran);
    tcase_add_test(tests, a_refusal_is_no_answer_where_one_was_expected);
    tcase_add_test(tests, an_answer_is_none_where_a_refusal_was_expected);
    tcase_add_test(tests, a_customers_own_figure_has_to_be_there_and_grounded_not_equal);
    tcase_add_test(tests, a_figure_without_anything_it_could_come_from_is_borderline);
    tcase_add_test(tests, a_number_that_is_no_customers_own_is_compared_by_value);
    tcase_add_test(tests, expected_words_support_only_and_a_judge_speaks_first);
    tcase_add_test(tests, where_facts_are_marked_words_are_not_counted);
    tcase_add_test(tests, what_was_masked_in_a_row_is_masked_in_a_run_before_they_are_compared);
    tcase_add_test(tests, a_row_that_has_gone_stale_is_met_by_nobody);
    tcase_add_test(tests, what_did_not_come_in_is_not_held_against_a_run);
    tcase_add_test(tests, of_many_rows_the_failed_ones_are_told_first);
    tcase_add_test(tests, a_row_checks_the_run_that_answers_its_question);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
