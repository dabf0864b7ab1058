/* The sums of calibration against a naive model, whatever people do and in whatever order; and what is
 * taken back leaves nothing. */
#include <math.h>

#include "pipelines/decide/summary.h"
#include "pipelines/review/calibration_sums.h"
#include "pipelines/review/tally_check.h"
#include "state/tables/calibration.h"
#include "tests/support/check_state.h"
#include "tests/support/review_fixture.h"

static struct review_fixture it;
static struct bytes label, dimension;
static struct calibration_rule rule;
static struct calibration_grouping grouping;

static void set_up(void)
{
    review_fixture_set_up(&it);
    label = BYTES_LITERAL("unsupported_claim");
    dimension = BYTES_LITERAL("intent");
    rule = (struct calibration_rule){BYTES_LITERAL("grounded"), &label, 1};
    grouping = (struct calibration_grouping){&dimension, 1};
    it.config->review.calibration = (struct calibration_settings){.groupings = &grouping,
                                                                  .grouping_count = 1,
                                                                  .rules = &rule,
                                                                  .rule_count = 1,
                                                                  .fingerprint = 7};
    review_fixture_turn(&it); /* from here on everything is counted as it comes */
    review_fixture_turn(&it);
}

static void tear_down(void)
{
    check_state(it.temp.store);
    review_fixture_tear_down(&it);
}

/* --- runs with a verdict, a cohort and what the rule said --- */

struct run_case {
    uint32_t run;
    enum verdict verdict;
    enum outcome outcome;
    enum selection_reason reason;
    double probability;
    const char *intent;
};

static struct run_case runs[64];

static void add(const struct run_case *one)
{
    struct store_txn txn;
    struct buffer json = {0}, deflated = {0}, encoded = {0};
    struct summary_rule outcome = {.name = summary_rule_name(rule.name), .outcome = one->outcome};
    struct summary summary = {.decisions = 1, .rules = &outcome, .rule_count = 1};
    struct bytes values[] = {bytes_of_text(one->intent)};
    summary_encode(&summary, &encoded);
    rows_record(&(struct decided_case){.number = one->run, .input = "payoff?"}, &json);
    ck_assert_int_eq(deflate_gzip(buffer_bytes(&json), &deflated), STATUS_OK);
    struct selected_record record = {.queue = BYTES_LITERAL("review"),
                                     .priority = 5,
                                     .reason = one->reason,
                                     .probability = one->probability,
                                     .content = buffer_bytes(&deflated)};
    review_fixture_record_id(one->run, 1, record.id);
    memset(record.content_digest, 1, sizeof record.content_digest);
    it.config->dimension_names[0] = dimension;
    it.config->dimension_count = 1;
    struct closed closed = {.config = it.config,
                            .verdict = one->verdict,
                            .event_ms = (uint64_t)it.now_ms,
                            .dimension_values = values,
                            .summary = buffer_bytes(&encoded),
                            .emission.record = &record};
    put_be32(closed.trace_id + 12, one->run);
    review_fixture_begin(&it, &txn);
    review_add_record(it.review, &txn, &closed, it.now_ms);
    review_fixture_commit(&it, &txn);
    buffer_finish(&encoded);
    buffer_finish(&deflated);
    buffer_finish(&json);
    runs[one->run] = *one;
}

/* --- what stands there --- */

struct found {
    int64_t rows, eligible, reviewed, n, bad, rule_n, own, cohort_n;
    double weight, bad_weight, weight_squared;
    uint8_t cohort[CALIBRATION_SCOPE_SIZE];
};

static void take(void *context, const struct calibration_row *row)
{
    static const uint8_t all[CALIBRATION_SCOPE_SIZE] = {0};
    struct found *found = context;
    bool is_all = memcmp(row->scope, all, sizeof all) == 0;
    found->rows++;
    if (row->kind == CALIBRATION_CLASS) {
        found->eligible += row->n;
        found->reviewed += row->reviewed;
    } else if (row->kind == CALIBRATION_RULE) {
        found->rule_n += row->n;
        found->own += row->bits & CALIBRATION_HAS_OWN ? row->n : 0;
    } else if (is_all) {
        found->n += row->n;
        found->weight += row->weight;
        found->weight_squared += row->weight_squared;
        found->bad += row->bits ? row->n : 0;
        found->bad_weight += row->bits ? row->weight : 0;
    } else if (memcmp(row->scope, found->cohort, sizeof found->cohort) == 0) {
        found->cohort_n += row->n;
    }
}

static struct found sums(bool is_total)
{
    struct found found = {.rows = 0};
    struct store_txn txn;
    struct bytes refund = BYTES_LITERAL("refund");
    calibration_scope(&dimension, &refund, 1, found.cohort);
    store_begin(it.temp.store, false, &txn);
    calibration_scan(&txn, is_total ? CALIBRATION_TOTAL : 0, INT32_MAX, take, &found);
    store_abort(&txn);
    return found;
}

START_TEST(a_review_stands_for_the_runs_that_it_was_chosen_from)
{
    struct principal asha = review_fixture_person("asha");
    add(&(struct run_case){1, VERDICT_FAIL, OUTCOME_FAIL, SELECT_RULE, 0.25, "refund"});
    add(&(struct run_case){2, VERDICT_PASS, OUTCOME_PASS, SELECT_CONTROL, 0.01, "card"});
    struct found before = sums(false);
    ck_assert_int_eq(before.eligible, 2);
    ck_assert_int_eq(before.reviewed, 0);
    (void)review_fixture_say(&it, &asha, 1, FAIL);
    (void)review_fixture_say(&it, &asha, 2, PASS);
    for (int is_total = 0; is_total < 2; is_total++) {
        struct found found = sums(is_total);
        ck_assert_int_eq(found.reviewed, 2);
        ck_assert_int_eq(found.bad, 1);
        ck_assert_double_eq_tol(found.weight, 104, 1e-9);
        ck_assert_double_eq_tol(found.bad_weight, 4, 1e-9);
        ck_assert_double_eq_tol(found.weight_squared, 16 + 10000, 1e-9);
        ck_assert_int_eq(found.cohort_n, 1);
        ck_assert_int_eq(found.rule_n, 2);
        ck_assert_int_eq(found.own, 1);
    }
}
END_TEST

START_TEST(what_was_not_chosen_by_chance_is_in_no_sum)
{
    static const enum selection_reason reasons[] = {SELECT_NEW_COHORT, SELECT_FEEDBACK,
                                                    SELECT_REGRESSION};
    struct principal asha = review_fixture_person("asha");
    for (uint32_t i = 0; i < 3; i++) {
        add(&(struct run_case){i + 1, VERDICT_FAIL, OUTCOME_FAIL, reasons[i], 1, "refund"});
        (void)review_fixture_say(&it, &asha, i + 1, FAIL);
    }
    ck_assert_int_eq(sums(false).rows, 0);
    ck_assert_int_eq(sums(true).rows, 0);
}
END_TEST

START_TEST(what_is_taken_back_leaves_no_row_of_weights)
{
    struct principal asha = review_fixture_person("asha");
    add(&(struct run_case){1, VERDICT_FAIL, OUTCOME_FAIL, SELECT_RULE, 0.3, "refund"});
    add(&(struct run_case){2, VERDICT_FAIL, OUTCOME_PASS, SELECT_RULE, 0.7, "refund"});
    struct found empty = sums(false);
    for (uint32_t run = 1; run <= 2; run++) {
        (void)review_fixture_say(&it, &asha, run, FAIL);
        (void)review_fixture_say(&it, &asha, run, "\"result_id\":\"b%u\"," PASS, run);
        (void)review_fixture_say(&it, &asha, run, "\"status\":\"withdrawn\"");
    }
    struct found after = sums(false);
    ck_assert_int_eq(after.rows, empty.rows);
    ck_assert_int_eq(after.eligible, 2);
    ck_assert_int_eq(after.reviewed, 0);
    ck_assert(after.weight == 0 && after.weight_squared == 0);
}
END_TEST

START_TEST(the_first_verdicts_count_and_a_dispute_waits_for_its_decision)
{
    struct principal asha = review_fixture_person("asha"), ben = review_fixture_person("ben"),
                     lee = review_fixture_person("lee");
    it.config->review.queues[0].reviewers = 2;
    add(&(struct run_case){1, VERDICT_FAIL, OUTCOME_FAIL, SELECT_RULE, 1, "refund"});
    (void)review_fixture_say(&it, &asha, 1, "\"first_verdict\":\"pass\"," FAIL);
    ck_assert_int_eq(sums(false).reviewed, 1);
    ck_assert_int_eq(sums(false).bad, 0);
    (void)review_fixture_say(&it, &ben, 1, "\"first_verdict\":\"fail\"," PASS);
    ck_assert_int_eq(sums(false).reviewed, 0);
    (void)review_fixture_say(&it, &lee, 1, "\"role\":\"adjudicator\"," FAIL);
    ck_assert_int_eq(sums(false).reviewed, 1);
    ck_assert_int_eq(sums(false).bad, 1);
}
END_TEST

/* --- against a model --- */

enum said { SAID_NOTHING, SAID_PASS, SAID_FAIL, SAID_UNSURE };

/* What was judged first stands through every correction; who was unsure first, by the decision. */
static struct found model(const enum said *first, const enum said *last, uint32_t count)
{
    struct found found = {.rows = 0};
    for (uint32_t run = 1; run <= count; run++) {
        if (runs[run].reason > SELECT_CONTROL)
            continue;
        double weight = 1 / runs[run].probability;
        found.eligible++;
        enum said said = first[run] == SAID_UNSURE ? last[run] : first[run];
        if (last[run] == SAID_NOTHING || (said != SAID_PASS && said != SAID_FAIL))
            continue;
        found.reviewed++;
        found.n++;
        found.bad += said == SAID_FAIL;
        found.weight += weight;
        found.weight_squared += weight * weight;
        found.bad_weight += said == SAID_FAIL ? weight : 0;
        found.rule_n++;
        found.own += said == SAID_FAIL;
        found.cohort_n += strcmp(runs[run].intent, "refund") == 0;
    }
    return found;
}

static void compare(const struct found *found, const struct found *wanted)
{
    ck_assert_int_eq(found->eligible, wanted->eligible);
    ck_assert_int_eq(found->reviewed, wanted->reviewed);
    ck_assert_int_eq(found->n, wanted->n);
    ck_assert_int_eq(found->bad, wanted->bad);
    ck_assert_int_eq(found->rule_n, wanted->rule_n);
    ck_assert_int_eq(found->own, wanted->own);
    ck_assert_int_eq(found->cohort_n, wanted->cohort_n);
    ck_assert_double_eq_tol(found->weight, wanted->weight, 1e-6 * (1 + wanted->weight));
    ck_assert_double_eq_tol(found->bad_weight, wanted->bad_weight, 1e-6 * (1 + wanted->weight));
    ck_assert_double_eq_tol(found->weight_squared, wanted->weight_squared,
                            1e-6 * (1 + wanted->weight_squared));
}

START_TEST(any_order_of_judgements_corrections_and_withdrawals_is_what_the_model_says)
{
    static const char *const words[] = {"\"status\":\"withdrawn\"", PASS, FAIL, UNSURE};
    static const enum selection_reason reasons[] = {SELECT_RULE, SELECT_RULE, SELECT_CONTROL,
                                                    SELECT_NEW_COHORT};
    struct principal asha = review_fixture_person("asha");
    enum said said[64] = {SAID_NOTHING}, first[64] = {SAID_NOTHING};
    enum { RUNS = 40, STEPS = 400 };
    srand48(11);
    for (uint32_t run = 1; run <= RUNS; run++)
        add(&(struct run_case){run, (enum verdict)(lrand48() % VERDICTS),
                               lrand48() % 2 ? OUTCOME_FAIL : OUTCOME_PASS, reasons[lrand48() % 4],
                               0.01 + 0.99 * drand48(), lrand48() % 2 ? "refund" : "card"});
    for (int step = 0; step < STEPS; step++) {
        uint32_t run = 1 + (uint32_t)(lrand48() % RUNS);
        enum said now = (enum said)(lrand48() % 4);
        if (now == SAID_NOTHING && said[run] == SAID_NOTHING)
            continue;
        struct result_answer answer =
            review_fixture_say(&it, &asha, run, "\"result_id\":\"s%d\",%s", step, words[now]);
        ck_assert_msg(answer.outcome <= RESULT_WAS_WITHDRAWN ||
                          answer.outcome == RESULT_WAS_REVISED,
                      "%s", review_outcome_names[answer.outcome]);
        said[run] = now;
        first[run] = first[run] == SAID_NOTHING ? now : first[run];
        if (step % 40 != 0)
            continue;
        struct found wanted = model(first, said, RUNS), days = sums(false), total = sums(true);
        compare(&days, &wanted);
        compare(&total, &wanted);
    }
    /* Other groupings or rules: everything is counted anew, to the same. */
    it.config->review.calibration.fingerprint = 8;
    for (int turn = 0; turn < 4; turn++)
        review_fixture_turn(&it);
    struct found wanted = model(first, said, RUNS), anew = sums(false);
    compare(&anew, &wanted);
}
END_TEST

/* --- as the report reads them --- */

START_TEST(what_is_not_due_yet_is_not_missing_and_the_rest_is_borne)
{
    struct principal asha = review_fixture_person("asha");
    struct calibration_sums read;
    int64_t day = tally_day(it.now_ms);
    for (uint32_t run = 1; run <= 4; run++)
        add(&(struct run_case){run, VERDICT_FAIL, OUTCOME_FAIL, SELECT_RULE, 0.5, "refund"});
    (void)review_fixture_say(&it, &asha, 1, FAIL);
    ck_assert_int_eq(
        calibration_sums_read(it.temp.store, &it.config->review, day, day, it.now_ms, &read),
        STATUS_OK);
    ck_assert(read.is_whole);
    ck_assert_uint_eq(read.queue_class_count, 1);
    ck_assert_int_eq(read.queue_classes[0].class.eligible, 1);
    ck_assert_int_eq(read.queue_classes[0].not_due, 3);
    ck_assert_double_eq(read.classes[0].factor, 1);
    calibration_sums_finish(&read);
    it.now_ms += 25 * HOUR_MS;
    ck_assert_int_eq(
        calibration_sums_read(it.temp.store, &it.config->review, day, day, it.now_ms, &read),
        STATUS_OK);
    ck_assert_int_eq(read.queue_classes[0].class.eligible, 4);
    ck_assert_double_eq(read.classes[0].factor, 4);
    const struct calibration_rule_sums *sums_of =
        calibration_sums_rule(&read, summary_rule_name(rule.name));
    ck_assert_ptr_nonnull(sums_of);
    ck_assert_double_eq(sums_of->verdicts[VERDICT_FAIL].bad_fired.weight, 8);
    ck_assert(sums_of->has_own);
    calibration_sums_finish(&read);
}
END_TEST

START_TEST(a_sum_that_says_something_else_is_found)
{
    struct store_txn txn;
    struct tally_check found;
    struct principal asha = review_fixture_person("asha");
    add(&(struct run_case){1, VERDICT_FAIL, OUTCOME_FAIL, SELECT_RULE, 0.5, "refund"});
    (void)review_fixture_say(&it, &asha, 1, FAIL);
    store_begin(it.temp.store, true, &txn);
    ck_assert_int_eq(tally_check(&txn, &found), STATUS_OK);
    ck_assert(found.is_comparable);
    ck_assert_uint_eq(found.different, 0);
    calibration_add(&txn, &(struct calibration_row){.day = CALIBRATION_TOTAL,
                                                    .kind = CALIBRATION_SCOPE,
                                                    .n = 1,
                                                    .weight = 2,
                                                    .weight_squared = 4});
    ck_assert_int_eq(tally_check(&txn, &found), STATUS_OK);
    ck_assert_uint_eq(found.different, 1);
    store_abort(&txn);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calibration");
    TCase *all = tcase_create("calibration");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_review_stands_for_the_runs_that_it_was_chosen_from);
    tcase_add_test(all, what_was_not_chosen_by_chance_is_in_no_sum);
    tcase_add_test(all, what_is_taken_back_leaves_no_row_of_weights);
    tcase_add_test(all, the_first_verdicts_count_and_a_dispute_waits_for_its_decision);
    tcase_add_test(all, any_order_of_judgements_corrections_and_withdrawals_is_what_the_model_says);
    tcase_add_test(all, what_is_not_due_yet_is_not_missing_and_the_rest_is_borne);
    tcase_add_test(all, a_sum_that_says_something_else_is_found);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
