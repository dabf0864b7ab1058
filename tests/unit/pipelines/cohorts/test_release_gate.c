/* The gate over a store filled the way the writer does it; bounds worked out from the formulas of
 * processor/base/statistics.h. */
#include <check.h>
#include <math.h>

#include "pipelines/cohorts/release_gate_text.h"
#include "pipelines/config/load.h"
#include "processor/base/arena.h"
#include "processor/base/statistics.h"
#include "state/cohorts/delta.h"
#include "state/store/dictionary.h"
#include "pipelines/config/load.h"
#include "tests/support/cohort_class.h"
#include "tests/support/temp_store.h"

static const int64_t NOW = 1763888400000; /* 2025-11-23T09:00:00Z */
enum { MINUTE = 60000, HOUR = 60 * MINUTE };

static struct temp_store temp;
static struct cohorts *cohorts;
static struct cohort_delta *delta;
static uint16_t by_intent, by_release;
static struct pipeline_config *config; /* a judge, and no rule that only condemns */
static struct arena arena;
static struct buffer text;

static void setup(void)
{
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(cohorts_open(temp.store, 3, &cohorts), STATUS_OK);
    delta = cohort_delta_create();
    store_begin(temp.store, true, &txn);
    by_intent = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    by_release = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("release,intent"));
    COMMIT(&txn);
    arena_init(&arena, 1 << 20);
    struct error error = {0};
    config = config_load_text(
        "test.yaml",
        BYTES_LITERAL("rules: [{ name: good, measure: score.Quality, fail_below: 0.5 }]\n"
                      "cohorts: { dimensions: { intent: ['*'], release: ['*'] }, group_by: "
                      "[[intent], [release, intent]] }"),
        &error);
    ck_assert_msg(config != NULL, "%s", error.text);
}

static void teardown(void)
{
    buffer_finish(&text);
    arena_finish(&arena);
    config_destroy(config);
    config = NULL;
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}

static void add_all(const char *release, const char *intent, struct cohort_contribution one,
                    int count)
{
    struct bytes values[] = {bytes_of_text(release), bytes_of_text(intent)};
    struct store_txn txn;
    one.group_count = 2;
    store_begin(temp.store, true, &txn);
    one.groups[0].grouping = by_intent;
    cohort_assign(cohorts, &txn, by_intent, values + 1, 1, NOW, one.groups[0].hash);
    one.groups[1].grouping = by_release;
    cohort_assign(cohorts, &txn, by_release, values, 2, NOW, one.groups[1].hash);
    for (int i = 0; i < count; i++)
        ck_assert(cohort_delta_add(delta, &one));
    cohort_delta_flush(delta, &txn, 1, NOW);
    COMMIT(&txn);
}

static struct cohort_contribution judged(uint8_t verdict, double weight)
{
    return (struct cohort_contribution){.event_ms = NOW - 5 * MINUTE,
                                        .verdict = verdict,
                                        .class = judged_class(verdict),
                                        .weight = weight,
                                        .tokens = -1,
                                        .cost_nano_usd = -1};
}

static void add_weighted(const char *release, const char *intent, uint8_t verdict, int count,
                         double weight)
{
    add_all(release, intent, judged(verdict, weight), count);
}

static void add(const char *release, const char *intent, uint8_t verdict, int count)
{
    add_weighted(release, intent, verdict, count, 1);
}

static struct release_gate_question question_of(const char *cohort, const char *baseline,
                                                double target)
{
    struct release_gate_question question = {
        .terms = {.min_pass_rate = target, .confidence = 0.95, .min_scored = 0.5},
        .window = BYTES_LITERAL("24h"),
        .window_ms = 24 * HOUR,
        .as_of_ms = NOW};
    struct error error = {0};
    ck_assert_msg(release_gate_text_parse_cohort("--cohort", bytes_of_text(cohort), &arena,
                                                 &question.cohort, &error) == STATUS_OK,
                  "%s", error.text);
    if (baseline)
        ck_assert_int_eq(release_gate_text_parse_cohort("--baseline", bytes_of_text(baseline),
                                                        &arena, &question.baseline, &error),
                         STATUS_OK);
    return question;
}

static struct release_gate_answer ask_question(const struct release_gate_question *question)
{
    struct release_gate_answer answer;
    struct error error = {0};
    ck_assert_msg(release_gate_ask(temp.store, config, question, &answer, &error) == STATUS_OK,
                  "%s", error.text);
    return answer;
}

static struct release_gate_answer ask(const char *cohort, double target)
{
    struct release_gate_question question = question_of(cohort, NULL, target);
    return ask_question(&question);
}

#define NEAR(actual, expected) ck_assert_double_eq_tol(actual, expected, 1e-9)

START_TEST(a_lower_bound_that_reaches_the_target_passes)
{
    add("1", "refund", COHORT_PASS, 190);
    add("1", "refund", COHORT_FAIL, 10);
    struct release_gate_answer answer = ask("intent=refund", 0.9);
    struct interval interval = statistics_wilson(0.95, 200, statistics_z(0.95));
    NEAR(answer.cohort.pass_rate, 0.95);
    NEAR(answer.cohort.low, interval.low); /* 0.9106 */
    NEAR(answer.cohort.high, interval.high);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_PASS);
    ck_assert_uint_eq(answer.decision.needed, 0);
    ck_assert_int_eq(ask("intent=refund", interval.low).outcome, RELEASE_GATE_PASS);
    ck_assert_int_eq(ask("intent=refund", interval.low + 1e-9).outcome, RELEASE_GATE_INSUFFICIENT);
}
END_TEST

START_TEST(an_upper_bound_below_the_target_fails)
{
    add("1", "refund", COHORT_PASS, 150);
    add("1", "refund", COHORT_FAIL, 50);
    struct release_gate_answer answer = ask("intent=refund", 0.92);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_FAIL);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_BELOW);
    struct interval interval = statistics_wilson(0.75, 200, statistics_z(0.95));
    ck_assert_int_eq(ask("intent=refund", interval.high).outcome, RELEASE_GATE_INSUFFICIENT);
}
END_TEST

START_TEST(between_the_bounds_it_says_how_many_more_decide_it)
{
    add("1", "refund", COHORT_PASS, 19);
    add("1", "refund", COHORT_FAIL, 1);
    struct release_gate_answer answer = ask("intent=refund", 0.92);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_UNDECIDED);
    uint64_t n = 20 + answer.decision.needed;
    ck_assert(statistics_wilson(0.95, (double)n, statistics_z(0.95)).low >= 0.92);
    ck_assert(statistics_wilson(0.95, (double)n - 1, statistics_z(0.95)).low < 0.92);
}
END_TEST

START_TEST(a_rate_at_the_target_is_never_decided)
{
    add("1", "refund", COHORT_PASS, 9);
    add("1", "refund", COHORT_FAIL, 1);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.9);
    struct release_gate_answer answer = ask_question(&question);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_uint_eq(answer.decision.needed, UINT64_MAX);
    release_gate_text_write_json(config, &question, &answer, &text);
    buffer_append_byte(&text, 0);
    ck_assert_ptr_null(strstr((const char *)text.data, "needed"));
}
END_TEST

START_TEST(a_borderline_is_a_pass_unless_strict)
{
    add("1", "refund", COHORT_PASS, 150);
    add("1", "refund", COHORT_BORDERLINE, 50);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.92);
    ck_assert_int_eq(ask_question(&question).outcome, RELEASE_GATE_PASS);
    question.terms.is_strict = true;
    struct release_gate_answer answer = ask_question(&question);
    NEAR(answer.cohort.pass_rate, 0.75);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_FAIL);
}
END_TEST

START_TEST(without_a_trajectory_it_is_insufficient)
{
    struct release_gate_answer answer = ask("intent=refund", 0.92);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_NO_TRAJECTORY);
    ck_assert_uint_eq(answer.decision.needed, 45); /* n / (n + z^2) >= 0.92 */
}
END_TEST

START_TEST(unscored_is_not_passed)
{
    add("1", "refund", COHORT_PASS, 100);
    add("1", "refund", COHORT_UNSCORED, 101);
    struct release_gate_answer answer = ask("intent=refund", 0.92);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_FEW_SCORED);
    ck_assert_uint_eq(answer.decision.needed, 1);
    NEAR(answer.cohort.rates.scored_share, 100.0 / 201);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.92);
    question.terms.min_scored = 0.4;
    ck_assert_int_eq(ask_question(&question).outcome, RELEASE_GATE_PASS);
}
END_TEST

START_TEST(all_unscored_is_insufficient_whatever_the_share)
{
    add("1", "refund", COHORT_UNSCORED, 100);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.92);
    question.terms.min_scored = 0;
    struct release_gate_answer answer = ask_question(&question);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_NO_JUDGE);
    ck_assert_uint_eq(answer.decision.needed, 45);
}
END_TEST

START_TEST(weights_count_by_their_effective_n)
{
    add_weighted("1", "refund", COHORT_FAIL, 10, 1);
    add_weighted("1", "refund", COHORT_PASS, 10, 4);
    struct release_gate_answer answer = ask("intent=refund", 0.5);
    NEAR(answer.cohort.pass_rate, 0.8);
    struct weighted_count all = {20, 10, 50, 170}, failed = {10, 0, 10, 10};
    NEAR(answer.cohort.n_effective, fail_rate_share_of(&all, &failed, 4).n_guard);
    ck_assert_int_eq(answer.cohort.scored, 20);
}
END_TEST

START_TEST(targets_of_nothing_and_of_everything_can_be_decided)
{
    add("1", "refund", COHORT_PASS, 10);
    ck_assert_int_eq(ask("intent=refund", 0).outcome, RELEASE_GATE_PASS);
    struct release_gate_answer answer = ask("intent=refund", 1);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    ck_assert_uint_eq(answer.decision.needed, UINT64_MAX);
    add("1", "refund", COHORT_FAIL, 10);
    ck_assert_int_eq(ask("intent=refund", 1).outcome, RELEASE_GATE_FAIL);
}
END_TEST

START_TEST(the_smallest_grouping_answers_summed_over_the_rest)
{
    add("1", "refund", COHORT_PASS, 30);
    add("2", "refund", COHORT_PASS, 20);
    add("2", "payoff", COHORT_FAIL, 5);
    ck_assert_int_eq(ask("intent=refund", 0.9).cohort.total, 50);
    ck_assert_int_eq(ask("release=2", 0.9).cohort.total, 25);
    ck_assert_int_eq(ask("intent=refund,release=2", 0.9).cohort.total, 20);
    ck_assert_int_eq(ask("release=2 , intent=refund", 0.9).cohort.total, 20);
}
END_TEST

START_TEST(a_dimension_that_no_grouping_covers_is_a_usage_error)
{
    struct release_gate_question question = question_of("intent=refund,locale=de", NULL, 0.9);
    struct release_gate_answer answer;
    struct error error = {0};
    ck_assert_int_eq(release_gate_ask(temp.store, config, &question, &answer, &error),
                     STATUS_NOT_FOUND);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
}
END_TEST

START_TEST(a_grouping_that_is_configured_no_more_does_not_answer)
{
    struct error error = {0};
    struct bytes yaml = BYTES_LITERAL("rules: [{ name: r, measure: duration_ms, fail_above: 9 }]\n"
                                      "cohorts: { group_by: [[release, intent]] }\n");
    struct pipeline_config *narrow = config_load_text("test.yaml", yaml, &error);
    ck_assert_msg(narrow != NULL, "%s", error.text);
    struct store_txn txn;
    struct cohort_contribution old = {.event_ms = NOW, .weight = 1, .group_count = 1};
    struct bytes value = BYTES_LITERAL("refund");
    store_begin(temp.store, true, &txn);
    old.groups[0].grouping = by_intent;
    cohort_assign(cohorts, &txn, by_intent, &value, 1, NOW, old.groups[0].hash);
    ck_assert(cohort_delta_add(delta, &old));
    cohort_delta_flush(delta, &txn, 1, NOW);
    COMMIT(&txn);
    add("2", "refund", COHORT_PASS, 3);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.9);
    struct release_gate_answer answer;
    ck_assert_int_eq(release_gate_ask(temp.store, narrow, &question, &answer, &error), STATUS_OK);
    ck_assert_int_eq(answer.cohort.total, 3);
    config_destroy(narrow);
}
END_TEST

START_TEST(a_release_below_its_baseline_is_a_regression)
{
    add("1.4.2", "refund", COHORT_PASS, 490);
    add("1.4.2", "refund", COHORT_FAIL, 10);
    add("1.5.0", "refund", COHORT_PASS, 470);
    add("1.5.0", "refund", COHORT_FAIL, 30);
    struct release_gate_question question =
        question_of("intent=refund,release=1.5.0", "release=1.4.2", 0.9);
    struct release_gate_answer answer = ask_question(&question);
    ck_assert_int_eq(answer.decision.outcome, RELEASE_GATE_PASS);
    ck_assert_int_eq(answer.comparison.change, RELEASE_GATE_REGRESSION);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_FAIL);
    struct interval interval = statistics_newcombe(0.94, 500, 0.98, 500, statistics_z(0.95));
    NEAR(answer.comparison.difference, -0.04);
    NEAR(answer.comparison.low, interval.low);
    NEAR(answer.comparison.high, interval.high);
    question = question_of("intent=refund,release=1.4.2", "release=1.5.0", 0.9);
    answer = ask_question(&question);
    ck_assert_int_eq(answer.comparison.change, RELEASE_GATE_IMPROVEMENT);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_PASS);
}
END_TEST

START_TEST(without_a_release_of_its_own_the_cohort_is_all_but_the_baseline)
{
    add("1.4.2", "refund", COHORT_PASS, 100);
    add("1.5.0", "refund", COHORT_PASS, 60);
    add("1.5.1", "refund", COHORT_FAIL, 40);
    struct release_gate_question question = question_of("intent=refund", "release=1.4.2", 0.5);
    struct release_gate_answer answer = ask_question(&question);
    ck_assert_int_eq(answer.cohort.total, 100);
    ck_assert_int_eq(answer.baseline.total, 100);
    NEAR(answer.cohort.pass_rate, 0.6);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_FAIL);
}
END_TEST

START_TEST(a_baseline_without_data_is_no_pass)
{
    add("1.5.0", "refund", COHORT_PASS, 100);
    struct release_gate_question question =
        question_of("intent=refund,release=1.5.0", "release=9", 0.9);
    struct release_gate_answer answer = ask_question(&question);
    ck_assert_int_eq(answer.decision.outcome, RELEASE_GATE_PASS);
    ck_assert_int_eq(answer.comparison.change, RELEASE_GATE_UNKNOWN);
    ck_assert_int_eq(answer.outcome, RELEASE_GATE_INSUFFICIENT);
    question = question_of("release=1.5.0", "release=1.5.0", 0.9);
    struct error error = {0};
    ck_assert_int_eq(release_gate_ask(temp.store, config, &question, &answer, &error),
                     STATUS_MALFORMED);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
}
END_TEST

START_TEST(what_overflowed_is_told)
{
    const char *const intents[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++)
        add("1", intents[i], COHORT_PASS, 2);
    struct release_gate_answer answer = ask("intent=e", 0.9);
    ck_assert_int_eq(answer.decision.reason, RELEASE_GATE_NO_TRAJECTORY);
    ck_assert_int_eq(answer.overflow, 4);
}
END_TEST

static void expect_cohort(const char *written, uint32_t count, const char *const *pairs)
{
    struct release_gate_cohort cohort;
    struct error error = {0};
    enum status status =
        release_gate_text_parse_cohort("--cohort", bytes_of_text(written), &arena, &cohort, &error);
    ck_assert_msg(status == STATUS_OK, "%s: %s", written, error.text);
    ck_assert_uint_eq(cohort.count, count);
    for (uint32_t i = 0; i < count; i++) {
        ck_assert_msg(bytes_equal_text(cohort.dimensions[i], pairs[2 * i]), "%s", written);
        ck_assert_msg(bytes_equal_text(cohort.values[i], pairs[2 * i + 1]), "%s: %.*s", written,
                      (int)cohort.values[i].size, (const char *)cohort.values[i].data);
    }
}

START_TEST(values_may_hold_commas_and_equals)
{
    expect_cohort("intent=mortgage payoff", 1, (const char *[]){"intent", "mortgage payoff"});
    expect_cohort(" intent = a  b , locale=de ", 2,
                  (const char *[]){"intent", "a  b", "locale", "de"});
    expect_cohort("intent=a\\,b\\\\c,locale=x=y", 2,
                  (const char *[]){"intent", "a,b\\c", "locale", "x=y"});
    expect_cohort("tool_path=search>fetch!>\\ ", 1,
                  (const char *[]){"tool_path", "search>fetch!> "});
}
END_TEST

START_TEST(a_long_value_is_cut_as_in_the_store)
{
    char written[300] = "intent=";
    memset(written + 7, 'x', 200);
    struct release_gate_cohort cohort;
    struct error error = {0};
    ck_assert_int_eq(
        release_gate_text_parse_cohort("--cohort", bytes_of_text(written), &arena, &cohort, &error),
        STATUS_OK);
    ck_assert_uint_eq(cohort.values[0].size, 129);
    ck_assert_int_eq(cohort.values[0].data[120], '~');
}
END_TEST

START_TEST(what_is_no_cohort_is_refused)
{
    const char *const wrong[] = {"",   "intent",    "=x",         "intent=",           "intent=  ",
                                 ",",  "intent=a,", "intent=a\\", "intent=a,intent=b", "a=b,,c=d",
                                 " =x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct release_gate_cohort cohort;
        struct error error = {0};
        ck_assert_msg(release_gate_text_parse_cohort("--cohort", bytes_of_text(wrong[i]), &arena,
                                                     &cohort, &error) == STATUS_MALFORMED,
                      "%s", wrong[i]);
        ck_assert_int_eq(error.exit_code, EXIT_USAGE);
        ck_assert_ptr_nonnull(strstr(error.text, "--cohort:"));
    }
}
END_TEST

START_TEST(the_document_has_its_keys_in_order)
{
    add("1", "refund", COHORT_PASS, 30);
    add("2", "refund", COHORT_PASS, 30);
    struct release_gate_question question =
        question_of("intent=refund,release=2", "release=1", 0.85);
    struct release_gate_answer answer = ask_question(&question);
    release_gate_text_write_json(config, &question, &answer, &text);
    buffer_append_byte(&text, 0);
    ck_assert_str_eq(
        (const char *)text.data,
        "{\"outcome\":\"pass\",\"reason\":\"target_reached\","
        "\"cohort\":{\"intent\":\"refund\",\"release\":\"2\"},"
        "\"as_of\":\"2025-11-23T09:00:00.000000000Z\",\"window\":\"24h\",\"min_pass_rate\":0.85,"
        "\"confidence\":0.95,\"strict\":false,\"min_scored\":0.5,\"max_missing\":0,"
        "\"missing_counts_as\":\"insufficient\",\"total\":30,\"pass\":30,"
        "\"borderline\":0,\"fail\":0,\"unscored\":0,\"scored\":30,\"condemned\":0,\"missing\":0,"
        "\"scored_share\":1,\"uncondemned_scored_share\":1,"
        "\"uncondemned_missing\":0,\"missing_share\":0,"
        "\"n_effective\":30,\"known_fail_rate\":0,\"known_fail_rate_low\":0,"
        "\"known_fail_rate_high\":0.11351339317396876,\"pass_rate\":1,"
        "\"pass_rate_low\":0.8864866068260312,\"pass_rate_high\":1,\"fail_rate\":0,"
        "\"fail_rate_if_missing_failed\":0,\"overflow\":0,\"rules\":{\"good\":{"
        "\"value\":0,\"fail\":0,\"borderline\":0,\"pass\":0,\"missing\":0}},"
        "\"baseline\":{\"outcome\":\"no_difference\","
        "\"cohort\":{\"intent\":\"refund\",\"release\":\"1\"},\"total\":30,\"pass\":30,"
        "\"borderline\":0,\"fail\":0,\"unscored\":0,\"scored\":30,\"condemned\":0,\"missing\":0,"
        "\"scored_share\":1,\"uncondemned_scored_share\":1,"
        "\"uncondemned_missing\":0,\"missing_share\":0,"
        "\"n_effective\":30,\"known_fail_rate\":0,\"known_fail_rate_low\":0,"
        "\"known_fail_rate_high\":0.11351339317396876,\"pass_rate\":1,"
        "\"pass_rate_low\":0.8864866068260312,\"pass_rate_high\":1,\"fail_rate\":0,"
        "\"fail_rate_if_missing_failed\":0,"
        "\"difference\":0,\"difference_low\":-0.1135133931739688,"
        "\"difference_high\":0.1135133931739688}}\n");
}
END_TEST

START_TEST(the_text_says_what_decided)
{
    add("1", "refund", COHORT_PASS, 19);
    add("1", "refund", COHORT_FAIL, 1);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.92);
    struct release_gate_answer answer = ask_question(&question);
    release_gate_text_write(config, &question, &answer, &text);
    buffer_append_byte(&text, 0);
    ck_assert_str_eq(
        (const char *)text.data,
        "insufficient: intent=refund over 24h\n"
        "  pass rate 95.00 % (95 %: 76.39 to 99.87) of 20 scored, 0 condemned, 0 unscored\n"
        "  the target of 92 % lies within the interval; 295 more scored runs are "
        "needed if the rate stays\n"
        "  rules with a value: good 0 of 20\n");
}
END_TEST

START_TEST(what_an_earlier_version_decided_meets_no_requirement)
{
    struct store_txn txn;
    store_begin(temp.store, true, &txn);
    uint16_t good = dictionary_id(&txn, DICTIONARY_RULE, BYTES_LITERAL("good"));
    COMMIT(&txn);
    struct cohort_contribution old = judged(COHORT_PASS, 1), now = judged(COHORT_PASS, 1);
    memset(&old.class, 0, sizeof old.class);
    old.rule_count = 1;
    old.rules[0].rule = good;
    old.rules[0].outcome = COHORT_PASS;
    add_all("1", "refund", old, 60);
    add_all("1", "refund", now, 40);
    struct release_gate_question question = question_of("intent=refund", NULL, 0.8);
    question.require = BYTES_LITERAL("good");
    ck_assert_int_eq(ask_question(&question).decision.reason, RELEASE_GATE_RULE);
    now.rule_count = 1;
    now.rules[0].rule = good;
    now.rules[0].outcome = COHORT_PASS;
    add_all("1", "refund", now, 60);
    ck_assert_int_ne(ask_question(&question).decision.reason, RELEASE_GATE_RULE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_lower_bound_that_reaches_the_target_passes);
    tcase_add_test(tests, what_an_earlier_version_decided_meets_no_requirement);
    tcase_add_test(tests, an_upper_bound_below_the_target_fails);
    tcase_add_test(tests, between_the_bounds_it_says_how_many_more_decide_it);
    tcase_add_test(tests, a_rate_at_the_target_is_never_decided);
    tcase_add_test(tests, a_borderline_is_a_pass_unless_strict);
    tcase_add_test(tests, without_a_trajectory_it_is_insufficient);
    tcase_add_test(tests, unscored_is_not_passed);
    tcase_add_test(tests, all_unscored_is_insufficient_whatever_the_share);
    tcase_add_test(tests, weights_count_by_their_effective_n);
    tcase_add_test(tests, targets_of_nothing_and_of_everything_can_be_decided);
    tcase_add_test(tests, the_smallest_grouping_answers_summed_over_the_rest);
    tcase_add_test(tests, a_dimension_that_no_grouping_covers_is_a_usage_error);
    tcase_add_test(tests, a_grouping_that_is_configured_no_more_does_not_answer);
    tcase_add_test(tests, a_release_below_its_baseline_is_a_regression);
    tcase_add_test(tests, without_a_release_of_its_own_the_cohort_is_all_but_the_baseline);
    tcase_add_test(tests, a_baseline_without_data_is_no_pass);
    tcase_add_test(tests, what_overflowed_is_told);
    tcase_add_test(tests, values_may_hold_commas_and_equals);
    tcase_add_test(tests, a_long_value_is_cut_as_in_the_store);
    tcase_add_test(tests, what_is_no_cohort_is_refused);
    tcase_add_test(tests, the_document_has_its_keys_in_order);
    tcase_add_test(tests, the_text_says_what_decided);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
