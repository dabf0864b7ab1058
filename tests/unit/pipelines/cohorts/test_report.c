/* The store is filled the way the writer does it; the numbers expected are worked out by hand,
 * those of Wilson's interval from the formula in processor/base/statistics.h and the
 * literature (0 of 30: 0.114). */
#include <check.h>
#include <math.h>

#include "pipelines/cohorts/table.h"
#include "pipelines/config/load.h"
#include "processor/base/arena.h"
#include "processor/base/json/json.h"
#include "processor/base/statistics.h"
#include "state/cohorts/delta.h"
#include "state/store/dictionary.h"
#include "tests/support/cohort_class.h"
#include "tests/support/temp_store.h"

static const int64_t NOW = 1763888400000; /* 2025-11-23T09:00:00Z */
enum { MINUTE = 60000, HOUR = 60 * MINUTE };

static struct temp_store temp;
static struct cohorts *cohorts;
static struct cohort_delta *delta;
static uint16_t by_intent, by_release, ungrounded, slow;
static struct arena arena;
static struct buffer text;
static bool lacks_awaited; /* what is added next does */

static void setup(void)
{
    struct store_txn txn;
    temp_store_open(&temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(cohorts_open(temp.store, 100, &cohorts), STATUS_OK);
    delta = cohort_delta_create();
    store_begin(temp.store, true, &txn);
    by_intent = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("intent"));
    by_release = dictionary_id(&txn, DICTIONARY_GROUPING, BYTES_LITERAL("release,intent"));
    ungrounded = dictionary_id(&txn, DICTIONARY_RULE, BYTES_LITERAL("ungrounded"));
    slow = dictionary_id(&txn, DICTIONARY_RULE, BYTES_LITERAL("slow"));
    COMMIT(&txn);
    arena_init(&arena, 1 << 20);
    lacks_awaited = false;
}

static void teardown(void)
{
    buffer_finish(&text);
    arena_finish(&arena);
    cohort_delta_destroy(delta);
    cohorts_close(cohorts);
    temp_store_finish(&temp);
}

/* `count` trajectories with this verdict; the rule `ungrounded` said the same, `slow` passed. */
static void add(const char *release, const char *intent, uint8_t verdict, int count, double weight)
{
    struct cohort_contribution one = {.event_ms = NOW - 5 * MINUTE,
                                      .verdict = verdict,
                                      .class = judged_class(verdict),
                                      .weight = weight,
                                      .duration_ms = 1000,
                                      .tokens = 10,
                                      .cost_nano_usd = 2000000,
                                      .group_count = 2,
                                      .rule_count = 2};
    struct bytes values[] = {bytes_of_text(release), bytes_of_text(intent)};
    struct store_txn txn;
    one.class.is_missing = lacks_awaited;
    store_begin(temp.store, true, &txn);
    one.groups[0].grouping = by_intent;
    cohort_assign(cohorts, &txn, by_intent, values + 1, 1, NOW, one.groups[0].hash);
    one.groups[1].grouping = by_release;
    cohort_assign(cohorts, &txn, by_release, values, 2, NOW, one.groups[1].hash);
    one.rules[0].rule = ungrounded;
    one.rules[0].outcome = verdict; /* pass, borderline, fail; unscored is na */
    one.rules[1].rule = slow;
    one.rules[1].outcome = OUTCOME_PASS;
    for (int i = 0; i < count; i++)
        ck_assert(cohort_delta_add(delta, &one));
    cohort_delta_flush(delta, &txn, 1, NOW);
    COMMIT(&txn);
}

static enum status parse(const char *window, const char *group_by, const char *as_of,
                         struct cohort_report_request *ret_request, struct error *ret_error)
{
    return cohort_report_parse(bytes_of_text(window), bytes_of_text(group_by), bytes_of_text(as_of),
                               NULL, NOW, ret_request, ret_error);
}

typedef void write_fn(const struct cohort_report_request *request,
                      const struct cohort_result *result, struct buffer *to);

static const char *write_report(const char *window, const char *group_by, write_fn *write)
{
    struct cohort_report_request request;
    struct cohort_result result;
    struct error error = {0};
    ck_assert_msg(parse(window, group_by, NULL, &request, &error) == STATUS_OK, "%s", error.text);
    request.terms.may_condemn = false; /* `slow` could, but a pass of it adds no width */
    enum status status = cohort_report_query(temp.store, NULL, &request, &result, &error);
    ck_assert_msg(status == STATUS_OK, "%s", error.text);
    buffer_clear(&text);
    write(&request, &result, &text);
    buffer_append_byte(&text, 0);
    cohort_result_finish(&result);
    ck_assert(!text.failed);
    return (const char *)text.data;
}

/* The number at key of the first cohort; NAN when it is not there. */
static double number(const char *document, const char *key)
{
    struct json_reader reader, rows;
    struct json_value root, list, row, value;
    ck_assert(json_parse(bytes_of_text(document), &arena, &reader, &root));
    ck_assert(json_member(&reader, &root, "cohorts", &list));
    json_children(&reader, &list, &rows);
    ck_assert_int_eq(json_next(&rows, &row), JSON_OBJECT);
    return json_member(&rows, &row, key, &value) ? value.number : (double)NAN;
}

#define NEAR(actual, expected) ck_assert_double_eq_tol(actual, expected, 1e-6)

START_TEST(the_document_has_its_keys_in_order)
{
    add("1.0", "refund", COHORT_PASS, 3, 1);
    add("1.0", "refund", COHORT_UNSCORED, 1, 1);
    const char *document = write_report("1h", "intent", cohort_report_json);
    ck_assert_str_eq(
        document,
        "{\"as_of\":\"2025-11-23T09:00:00.000000000Z\",\"window\":\"1h\",\"group_by\":[\"intent\"],"
        "\"cohorts\":[{\"cohort\":{\"intent\":\"refund\"},\"total\":4,\"pass\":3,\"borderline\":0,"
        "\"fail\":0,\"unscored\":1,\"scored_share\":0.75,\"fail_rate\":0,\"fail_rate_low\":0,"
        "\"fail_rate_high\":0.5614970317550455,\"scored\":3,\"condemned\":0,\"missing\":0,"
        "\"known_fail_rate\":0,\"known_fail_rate_low\":0,"
        "\"known_fail_rate_high\":0.4898908364545973,\"borderline_rate\":0,"
        "\"duration_ms\":{\"p50\":1002.4280085221304,\"p95\":1002.4280085221304,"
        "\"p99\":1002.4280085221304},\"tokens\":40,\"cost_usd\":0.008,"
        "\"rules\":{\"ungrounded\":{\"fail\":0,\"borderline\":0,\"pass\":3,\"na\":1},"
        "\"slow\":{\"fail\":0,\"borderline\":0,\"pass\":4,\"na\":0}}}]}\n");
}
END_TEST

START_TEST(the_interval_is_wilsons)
{
    add("1.0", "refund", COHORT_FAIL, 20, 1);
    add("1.0", "refund", COHORT_BORDERLINE, 10, 1);
    add("1.0", "refund", COHORT_PASS, 90, 1);
    const char *document = write_report("1h", "intent", cohort_report_json);
    NEAR(number(document, "fail_rate"), 20.0 / 120);
    NEAR(number(document, "borderline_rate"), 10.0 / 120);
    /* (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) with p = 1/6, n = 120 */
    NEAR(number(document, "fail_rate_low"), 0.1105600);
    NEAR(number(document, "fail_rate_high"), 0.2434528);
}
END_TEST

START_TEST(no_failure_in_thirty_is_still_up_to_eleven_percent)
{
    add("1.0", "refund", COHORT_PASS, 30, 1);
    const char *document = write_report("1h", "intent", cohort_report_json);
    NEAR(number(document, "fail_rate_low"), 0);
    ck_assert_double_eq_tol(number(document, "fail_rate_high"), 0.114, 0.0005);
}
END_TEST

START_TEST(weights_move_the_rate_and_not_the_counts)
{
    add("1.0", "refund", COHORT_FAIL, 10, 1);
    add("1.0", "refund", COHORT_PASS, 10, 4);
    const char *document = write_report("1h", "intent", cohort_report_json);
    NEAR(number(document, "fail_rate"), 10.0 / 50);
    NEAR(number(document, "fail"), 10);
    NEAR(number(document, "total"), 20);
    /* No heavy run has failed: the next one might. n after it: 0.192 / 0.00858. */
    struct weighted_count all = {20, 10, 50, 170}, failed = {10, 0, 10, 10};
    struct fail_rate_share share = fail_rate_share_of(&all, &failed, 4);
    ck_assert(share.is_thin && share.n < 23 && share.n_linear > 31);
    struct interval interval = statistics_wilson(0.2, share.n, statistics_z(0.95));
    NEAR(number(document, "fail_rate_low"), interval.low);
    NEAR(number(document, "fail_rate_high"), interval.high);
}
END_TEST

START_TEST(without_a_scored_run_there_is_no_rate)
{
    add("1.0", "refund", COHORT_UNSCORED, 2, 1);
    const char *document = write_report("1h", "intent", cohort_report_json);
    ck_assert(isnan(number(document, "fail_rate")));
    ck_assert(isnan(number(document, "fail_rate_low")));
    ck_assert(isnan(number(document, "fail_rate_high")));
    NEAR(number(document, "borderline_rate"), 0);
    NEAR(number(document, "known_fail_rate"), 0);
    NEAR(number(document, "scored_share"), 0);
    NEAR(number(document, "unscored"), 2);
}
END_TEST

START_TEST(dimensions_come_in_the_order_asked_for)
{
    add("1.0", "refund", COHORT_PASS, 1, 1);
    const char *document = write_report("24h", "intent, release", cohort_report_json);
    ck_assert_ptr_nonnull(
        strstr(document, "\"window\":\"24h\",\"group_by\":[\"intent\",\"release\"]"));
    ck_assert_ptr_nonnull(strstr(document, "{\"intent\":\"refund\",\"release\":\"1.0\"}"));
}
END_TEST

START_TEST(a_part_of_a_grouping_is_summed_over_the_rest)
{
    add("1.0", "refund", COHORT_PASS, 1, 1);
    add("1.0", "payoff", COHORT_FAIL, 2, 1);
    const char *document = write_report("1h", "release", cohort_report_json);
    NEAR(number(document, "total"), 3);
    NEAR(number(document, "fail"), 2);
}
END_TEST

START_TEST(a_dimension_that_nothing_covers_is_refused_by_name)
{
    struct cohort_report_request request;
    struct cohort_result result;
    struct error error = {0};
    ck_assert_int_eq(parse("1h", "locale", NULL, &request, &error), STATUS_OK);
    ck_assert_int_eq(cohort_report_query(temp.store, NULL, &request, &result, &error),
                     STATUS_NOT_FOUND);
    ck_assert_int_eq(error.exit_code, EXIT_USAGE);
    ck_assert_str_eq(error.text, "group_by: no grouping covers [locale]; cohorts.group_by has "
                                 "[intent], [release,intent]");
}
END_TEST

START_TEST(what_the_configuration_covers_is_empty_before_the_first_run)
{
    struct cohort_report_request request;
    struct cohort_result result;
    struct error error = {0};
    struct pipeline_config *config = config_load(NULL, &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    ck_assert_int_eq(cohort_report_parse((struct bytes){0}, BYTES_LITERAL("tool_path"),
                                         (struct bytes){0}, config, NOW, &request, &error),
                     STATUS_OK);
    ck_assert_int_eq(cohort_report_query(temp.store, config, &request, &result, &error), STATUS_OK);
    cohort_report_json(&request, &result, &text);
    buffer_append_byte(&text, 0);
    ck_assert_ptr_nonnull(strstr((const char *)text.data, "\"cohorts\":[]}"));
    cohort_result_finish(&result);
    ck_assert_int_eq(cohort_report_parse((struct bytes){0}, BYTES_LITERAL("color"),
                                         (struct bytes){0}, config, NOW, &request, &error),
                     STATUS_OK);
    ck_assert_int_eq(cohort_report_query(temp.store, config, &request, &result, &error),
                     STATUS_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(error.text, "[intent], [model_route]"));
    config_destroy(config);
}
END_TEST

START_TEST(defaults_are_an_hour_now_and_the_first_grouping)
{
    struct cohort_report_request request;
    struct error error = {0};
    struct pipeline_config *config = config_load(NULL, &error);
    ck_assert_msg(config != NULL, "%s", error.text);
    ck_assert_int_eq(cohort_report_parse((struct bytes){0}, (struct bytes){0}, (struct bytes){0},
                                         config, NOW, &request, &error),
                     STATUS_OK);
    ck_assert_int_eq(request.window_ms, HOUR);
    ck_assert_int_eq(request.as_of_ms, NOW);
    ck_assert_uint_eq(request.group_by_count, 1);
    ck_assert(bytes_equal_text(request.group_by[0], "intent"));
    config_destroy(config);
}
END_TEST

START_TEST(impossible_requests_are_refused)
{
    static const struct {
        const char *window, *group_by, *as_of, *says;
    } wrong[] = {
        {"36d", "intent", NULL, "window:"},
        {"0", "intent", NULL, "window:"},
        {"30s", "intent", NULL, "window:"},
        {"1 h", "intent", NULL, "window:"},
        {"", "intent", NULL, "window:"},
        {"hour", "intent", NULL, "window:"},
        {"1h", "", NULL, "group_by:"},
        {"1h", "intent,", NULL, "group_by:"},
        {"1h", "a,b,a", NULL, "group_by:"},
        {"1h", NULL, NULL, "group_by:"},
        {"1h", "intent", "noon", "as_of:"},
        {"1h", "intent", "", "as_of:"},
        {"1h", "intent", "1969-01-01T00:00:00Z", "as_of:"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct cohort_report_request request;
        struct error error = {0};
        enum status status =
            parse(wrong[i].window, wrong[i].group_by, wrong[i].as_of, &request, &error);
        ck_assert_msg(status == STATUS_MALFORMED, "row %zu", i);
        ck_assert_int_eq(error.exit_code, EXIT_USAGE);
        ck_assert_msg(strncmp(error.text, wrong[i].says, strlen(wrong[i].says)) == 0, "row %zu: %s",
                      i, error.text);
    }
}
END_TEST

START_TEST(as_of_takes_both_notations)
{
    struct cohort_report_request request;
    struct error error = {0};
    ck_assert_int_eq(parse("1h", "intent", "1763888400", &request, &error), STATUS_OK);
    ck_assert_int_eq(request.as_of_ms, NOW);
    ck_assert_int_eq(parse("1h", "intent", "2025-11-23T10:00:00+01:00", &request, &error),
                     STATUS_OK);
    ck_assert_int_eq(request.as_of_ms, NOW);
}
END_TEST

START_TEST(the_table_is_aligned)
{
    add("1.0", "mortgage payoff", COHORT_PASS, 90, 1);
    add("1.0", "mortgage payoff", COHORT_BORDERLINE, 10, 1);
    add("1.0", "mortgage payoff", COHORT_FAIL, 20, 1);
    add("1.0",
        "R\xc3\xbc"
        "ck\x1b[2J\n",
        COHORT_UNSCORED, 1, 1);
    ck_assert_str_eq(
        write_report("1h", "intent", cohort_table_write),
        "intent           total  pass  borderline  fail  unscored       fail rate (95 %)       "
        "known bad of all  to look at  p95 ms\n"
        "mortgage payoff    120    90          10    20         0  16.7 % (11.1 to 24.3)  "
        "\xe2\x89\xa5 16.7 % [11.1, 24.3]       8.3 %    1002\n"
        "R\xc3\xbc"
        "ck?[2J?            1     0           0     0         1                      -    "
        "\xe2\x89\xa5 0.0 % [0.0, 79.3]       0.0 %    1002\n");
}
END_TEST

START_TEST(awaited_scores_that_never_came_are_a_column_and_a_line)
{
    add("1.0", "refund", COHORT_PASS, 8, 1);
    const char *table = write_report("1h", "intent", cohort_table_write);
    ck_assert_ptr_null(strstr(table, "missing"));
    lacks_awaited = true;
    add("1.0", "refund", COHORT_UNSCORED, 3, 1);
    table = write_report("1h", "intent", cohort_table_write);
    ck_assert_ptr_nonnull(strstr(table, "  p95 ms  missing\n"));
    ck_assert_ptr_nonnull(strstr(table, "    1002        3\n"));
    ck_assert_ptr_nonnull(strstr(table, "\n3 of these trajectories lack a score of "));
}
END_TEST

START_TEST(an_empty_window_says_so)
{
    const char *table = write_report("2h", "intent", cohort_table_write);
    ck_assert_ptr_nonnull(
        strstr(table, "No trajectory ended in the 2h before 2025-11-23T09:00:00Z"));
}
END_TEST

START_TEST(a_missing_data_directory_is_told)
{
    struct store *store = NULL;
    struct error error = {0};
    ck_assert_int_eq(cohort_report_open("/nonexistent/data", &store, &error), STATUS_FATAL);
    ck_assert_int_eq(error.exit_code, EXIT_STATE_IO);
    ck_assert_ptr_nonnull(strstr(error.text, "/nonexistent/data: no data is there yet"));
}
END_TEST

START_TEST(a_store_is_read_beside_its_owner)
{
    struct store *store = NULL;
    struct error error = {0};
    struct cohort_report_request request;
    struct cohort_result result;
    add("1.0", "refund", COHORT_FAIL, 2, 1);
    ck_assert_msg(cohort_report_open(temp.path, &store, &error) == STATUS_OK, "%s", error.text);
    ck_assert_int_eq(parse("1h", "intent", NULL, &request, &error), STATUS_OK);
    ck_assert_int_eq(cohort_report_query(store, NULL, &request, &result, &error), STATUS_OK);
    ck_assert_uint_eq(result.row_count, 1);
    ck_assert_int_eq(cohort_bucket_total(&result.rows[0].sums), 2);
    cohort_result_finish(&result);
    store_close(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cohort_report");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_document_has_its_keys_in_order);
    tcase_add_test(tests, the_interval_is_wilsons);
    tcase_add_test(tests, no_failure_in_thirty_is_still_up_to_eleven_percent);
    tcase_add_test(tests, weights_move_the_rate_and_not_the_counts);
    tcase_add_test(tests, without_a_scored_run_there_is_no_rate);
    tcase_add_test(tests, dimensions_come_in_the_order_asked_for);
    tcase_add_test(tests, a_part_of_a_grouping_is_summed_over_the_rest);
    tcase_add_test(tests, a_dimension_that_nothing_covers_is_refused_by_name);
    tcase_add_test(tests, what_the_configuration_covers_is_empty_before_the_first_run);
    tcase_add_test(tests, defaults_are_an_hour_now_and_the_first_grouping);
    tcase_add_test(tests, impossible_requests_are_refused);
    tcase_add_test(tests, as_of_takes_both_notations);
    tcase_add_test(tests, the_table_is_aligned);
    tcase_add_test(tests, awaited_scores_that_never_came_are_a_column_and_a_line);
    tcase_add_test(tests, an_empty_window_says_so);
    tcase_add_test(tests, a_missing_data_directory_is_told);
    tcase_add_test(tests, a_store_is_read_beside_its_owner);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
