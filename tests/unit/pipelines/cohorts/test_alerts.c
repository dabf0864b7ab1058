/* Alerts over runs that come in by hand: virtual time, a real store, crashes between commits. */
#include <math.h>

#include "pipelines/cohorts/alert_metrics.h"
#include "processor/base/arena.h"
#include "processor/base/json/json.h"
#include "processor/base/cusum.h"
#include "processor/base/statistics.h"
#include "state/cohorts/windows.h"
#include "state/tables/alert.h"
#include "tests/support/cohort_class.h"
#include "tests/support/cohort_feed.h"

static const int64_t NOW = 1763888400000; /* 2025-11-23T09:00:00Z */
enum { SECOND = 1000, MINUTE = 60000, HOUR = 60 * MINUTE };

#define RULES                                                                                      \
    "rules: [{ name: r, measure: duration_ms, fail_above: 9 }]\n"                                  \
    "cohorts:\n"                                                                                   \
    "  group_by: [[intent]]\n"

static const char floor_only[] =
    RULES "  alerts: [{ cohort: { intent: refund }, min_pass_rate: 0.9, window: 1h, min_n: 20, "
          "burn_rates: {}, usual_fail_rate: 0.05 }]\n";
static const char burning[] =
    RULES "  alerts: [{ cohort: { intent: refund }, min_pass_rate: 0.9, window: 24h, min_n: 10, "
          "burn_rates: { 5: [1h, 5m] }, usual_fail_rate: 0.9 }]\n";
static const char learning[] = RULES
    "  pinned: [{ intent: refund }]\n  change: { learn_from: 200, false_alarm_every: 1000 }\n";

static struct feed feed;
static struct arena arena;
static int64_t now;

static void teardown(void)
{
    feed_close(&feed);
    arena_finish(&arena);
}

static void open_with(const char *yaml)
{
    arena_init(&arena, 1 << 20);
    feed_open(&feed, yaml, TEMP_MAP_BYTES);
    now = NOW;
}

static void run(uint8_t verdict, int count)
{
    struct bytes value = BYTES_LITERAL("refund");
    for (int i = 0; i < count; i++) {
        feed_run(&feed, &value, verdict, now);
        if (feed.contributions.size > 30000)
            feed_commit(&feed);
    }
    feed_commit(&feed);
}

/* The text at `key` of record `number`; keys of inner objects as "burn.factor". */
static struct bytes say(uint32_t number, const char *key)
{
    struct bytes left = buffer_bytes(&feed.records);
    ck_assert_uint_lt(number, feed.record_count);
    for (uint32_t i = 0;; i++) {
        const uint8_t *end = memchr(left.data, '\n', left.size);
        struct bytes line = bytes_of(left.data, (size_t)(end - left.data));
        left = bytes_of(end + 1, left.size - line.size - 1);
        if (i < number)
            continue;
        struct json_reader reader;
        struct json_value value, inner;
        ck_assert(json_parse(line, &arena, &reader, &value));
        const char *dot = strchr(key, '.');
        char outer[32] = {0};
        if (dot) {
            memcpy(outer, key, (size_t)(dot - key));
            ck_assert(json_member(&reader, &value, outer, &inner));
            value = inner;
            key = dot + 1;
        }
        if (!json_member(&reader, &value, key, &inner))
            return (struct bytes){0};
        return inner.type == JSON_STRING ? inner.text : inner.raw;
    }
}

static uint32_t count_of(const char *kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < feed.record_count; i++)
        count += bytes_equal_text(say(i, "kind"), kind);
    return count;
}

/* Record `nth` of its kind; its number among all is returned. */
static uint32_t told(const char *kind, uint32_t nth, const char *state, const char *episode)
{
    uint32_t number = 0;
    ck_assert_msg(nth < count_of(kind), "%s %s is not told:\n%.*s", kind, state,
                  (int)feed.records.size, (const char *)feed.records.data);
    for (uint32_t left = nth;; number++)
        if (bytes_equal_text(say(number, "kind"), kind) && left-- == 0)
            break;
    ck_assert(bytes_equal_text(say(number, "schema"), "flywheel.alert/v1"));
    ck_assert_msg(bytes_equal_text(say(number, "state"), state), "%.*s", (int)feed.records.size,
                  (const char *)feed.records.data);
    ck_assert(bytes_equal_text(say(number, "episode"), episode));
    return number;
}

static bool shows(const char *line)
{
    struct buffer page = {0};
    alert_metrics_collect(feed.alerts, &page);
    buffer_append_byte(&page, 0);
    bool is_there = strstr((const char *)page.data, line) != NULL;
    buffer_finish(&page);
    return is_there;
}

static void pass_time(int64_t ms)
{
    now += ms;
    feed_flush(&feed, now);
}

START_TEST(a_floor_fires_when_the_gate_would_fail_and_ends_when_the_rate_is_back)
{
    open_with(floor_only);
    run(COHORT_PASS, 80);
    run(COHORT_FAIL, 12); /* 86.96 %: upper bound 95 %, not below 90 % */
    feed_flush(&feed, now);
    ck_assert_uint_eq(count_of("floor"), 0);
    ck_assert(shows("flywheel_cohort_alert{group=\"intent\",intent=\"refund\",kind=\"floor\"} 0"));
    run(COHORT_FAIL, 12); /* 76.9 %: upper bound 87.6 % */
    feed_flush(&feed, now);
    uint32_t first = told("floor", 0, "firing", "1");
    ck_assert(bytes_equal_text(say(first, "severity"), "alarm"));
    ck_assert(bytes_equal_text(say(first, "scored"), "104"));
    ck_assert(bytes_equal_text(say(first, "window"), "1h"));
    ck_assert(bytes_equal_text(say(first, "changed"), "2025-11-23T09:00:00.000000000Z"));
    ck_assert(shows("kind=\"floor\"} 1"));
    feed_flush(&feed, now);
    ck_assert_uint_eq(count_of("floor"), 1);
    run(COHORT_PASS, 100); /* 88.2 %: still below, though no more surely */
    feed_flush(&feed, now);
    ck_assert_uint_eq(count_of("floor"), 1);
    run(COHORT_PASS, 100);
    feed_flush(&feed, now);
    uint32_t second = told("floor", 1, "resolved", "1");
    ck_assert(!bytes_equal(say(first, "record_id"), say(second, "record_id")));
    ck_assert(shows("kind=\"floor\"} 0"));
}
END_TEST

START_TEST(a_floor_without_data_never_fires)
{
    open_with(floor_only);
    pass_time(HOUR);
    run(COHORT_UNSCORED, 100);
    pass_time(SECOND);
    run(COHORT_FAIL, 19); /* below min_n */
    pass_time(SECOND);
    told("worse", 0, "firing", "1"); /* a change needs no min_n */
    ck_assert_uint_eq(feed.record_count, 1);
    run(COHORT_FAIL, 1);
    pass_time(SECOND);
    told("floor", 0, "firing", "1");
    pass_time(2 * HOUR); /* nothing is left in the window */
    told("floor", 1, "resolved", "1");
    ck_assert_uint_eq(count_of("floor"), 2);
}
END_TEST

START_TEST(a_burn_rate_needs_both_windows)
{
    open_with(burning);
    run(COHORT_PASS, 40);
    pass_time(30 * MINUTE);
    run(COHORT_FAIL, 30); /* 30/70 / 0.1 = 4.3 in the hour, 10 in five minutes */
    feed_flush(&feed, now);
    ck_assert_uint_eq(count_of("burn_rate"), 0);
    run(COHORT_FAIL, 60); /* 90/130: 6.9 in the hour, at least 5.5 */
    feed_flush(&feed, now);
    uint32_t first = told("burn_rate", 0, "firing", "1");
    ck_assert(bytes_equal_text(say(first, "burn.factor"), "5"));
    ck_assert(shows("flywheel_cohort_burn_rate{group=\"intent\",intent=\"refund\",window=\"5m\"}"));
    pass_time(MINUTE);
    ck_assert_uint_eq(count_of("burn_rate"), 1);
    pass_time(6 * MINUTE); /* the short window is empty */
    told("burn_rate", 1, "resolved", "1");
    ck_assert(!shows("window=\"5m\""));
}
END_TEST

START_TEST(a_change_for_the_worse_alarms_and_ends)
{
    open_with(floor_only);
    for (int i = 0; i < 50; i++) {
        run(COHORT_PASS, 19);
        run(COHORT_FAIL, 1);
    }
    pass_time(SECOND);
    ck_assert_uint_eq(feed.record_count, 0);
    static struct cusum_table table;
    cusum_table_init(&table, 2, 1e6);
    const struct cusum_design *design = cusum_table_find(&table, 0.05, true);
    double s = 0;
    int failures = 0;
    for (; s <= design->limit * (1 + 1e-9); failures++) /* at most: it may begin above 0 */
        s = cusum_next(design, s, true);
    run(COHORT_FAIL, failures);
    pass_time(SECOND);
    uint32_t first = told("worse", 0, "firing", "1");
    ck_assert(bytes_equal_text(say(first, "change.usual_fail_rate"), "0.05"));
    ck_assert(shows("kind=\"worse\"} 1"));
    run(COHORT_PASS, 1000); /* S falls from the limit to 0 by 0.0488 each */
    pass_time(SECOND);
    told("worse", 1, "resolved", "1");
}
END_TEST

START_TEST(a_change_for_the_better_informs)
{
    open_with(burning); /* usual: 90 % fail */
    run(COHORT_PASS, 60);
    pass_time(SECOND);
    uint32_t first = told("better", 0, "firing", "1");
    ck_assert(bytes_equal_text(say(first, "severity"), "info"));
    ck_assert_uint_eq(feed.record_count, 1);
}
END_TEST

START_TEST(an_alarm_between_two_flushes_is_told_with_its_end)
{
    open_with(floor_only);
    run(COHORT_FAIL, 60);
    run(COHORT_PASS, 2000);
    pass_time(SECOND);
    told("worse", 0, "firing", "1");
    told("worse", 1, "resolved", "1");
}
END_TEST

START_TEST(the_usual_rate_of_a_pinned_cohort_is_learned)
{
    open_with(learning);
    run(COHORT_FAIL, 10);
    run(COHORT_PASS, 189);
    pass_time(SECOND);
    struct alert_key key = {.kind = ALERT_WORSE};
    struct alert_row row;
    struct store_txn txn;
    struct bytes value = BYTES_LITERAL("refund");
    key.grouping = feed.groupings[0];
    cohort_hash(key.hash, &value, 1);
    store_begin(feed.temp.store, false, &txn);
    ck_assert(alert_read(&txn, &key, &row));
    store_abort(&txn);
    ck_assert_double_eq(row.p0, 0);
    feed_crash(&feed);
    run(COHORT_PASS, 1);
    pass_time(SECOND);
    store_begin(feed.temp.store, false, &txn);
    ck_assert(alert_read(&txn, &key, &row));
    store_abort(&txn);
    ck_assert_double_eq_tol(row.p0, statistics_wilson(0.05, 200, statistics_z(0.6)).high, 1e-12);
    run(COHORT_FAIL, 20);
    pass_time(SECOND);
    told("worse", 0, "firing", "1");
}
END_TEST

START_TEST(a_crash_neither_loses_nor_repeats_what_was_told)
{
    /* The same runs with and without crashes must tell the same records. */
    struct buffer whole = {0};
    for (int crashes = 0; crashes < 2; crashes++) {
        open_with(floor_only);
        srand(3);
        for (int i = 0; i < 400; i++) {
            bool is_bad = (i > 100 && i < 150) || (i > 250 && i < 300);
            run(rand() % 100 < (is_bad ? 40 : 4) ? COHORT_FAIL : COHORT_PASS, 5);
            now += 5 * SECOND;
            int fate = rand() % 10;
            if (crashes && fate == 0)
                feed_crash(&feed);
            if (crashes && fate == 1)
                feed_flush_in_vain(&feed, now);
            if (fate < 8)
                feed_flush(&feed, now);
            if (crashes && fate == 2)
                feed_crash(&feed);
        }
        /* Ids name the directory, so they differ; kinds, states and episodes must not. */
        struct buffer said = {0};
        for (uint32_t i = 0; i < feed.record_count; i++) {
            const char *const keys[] = {"kind", "state", "episode", "changed", "summary"};
            for (size_t k = 0; k < 5; k++)
                buffer_append_bytes(&said, say(i, keys[k]));
            buffer_append_byte(&said, '\n');
            arena_reset(&arena);
        }
        ck_assert_uint_ge(feed.record_count, 4);
        if (crashes)
            ck_assert_msg(bytes_equal(buffer_bytes(&whole), buffer_bytes(&said)),
                          "without:\n%.*s\nwith:\n%.*s", (int)whole.size, (const char *)whole.data,
                          (int)said.size, (const char *)said.data);
        if (!crashes)
            buffer_append_bytes(&whole, buffer_bytes(&said));
        buffer_finish(&said);
        if (!crashes)
            teardown();
    }
    buffer_finish(&whole);
}
END_TEST

START_TEST(a_correction_moves_the_windows_and_not_the_change)
{
    open_with(floor_only);
    struct bytes value = BYTES_LITERAL("refund");
    run(COHORT_PASS, 20);
    run(COHORT_FAIL, 10);
    feed_flush(&feed, now);
    told("floor", 0, "firing", "1");
    for (int i = 0; i < 10; i++) {
        feed_weighted(&feed, &value, COHORT_FAIL, now, 1, COHORT_CHANGE_REMOVE);
        feed_weighted(&feed, &value, COHORT_PASS, now, 1, COHORT_CHANGE_AGAIN);
    }
    feed_commit(&feed);
    feed_flush(&feed, now);
    told("floor", 1, "resolved", "1");
    ck_assert_uint_eq(feed.record_count, 2);
    ck_assert_uint_eq(count_of("worse"), 0); /* 10 x 0.64 is below the limit */
}
END_TEST

START_TEST(rows_of_alerts_that_are_gone_leave_and_a_new_rate_begins_anew)
{
    open_with(floor_only);
    run(COHORT_FAIL, 40);
    pass_time(SECOND);
    told("floor", 0, "firing", "1");
    told("worse", 0, "firing", "1");
    static const char moved[] =
        RULES "  alerts: [{ cohort: { intent: refund }, min_pass_rate: 0.9, window: 2h, "
              "min_n: 2000, burn_rates: {}, usual_fail_rate: 0.5 }]\n";
    feed_reopen(&feed, moved);
    struct store_txn txn;
    store_begin(feed.temp.store, false, &txn);
    ck_assert_uint_eq(store_count(&txn, TABLE_ALERT), 2); /* worse and better */
    store_abort(&txn);
    ck_assert(shows("direction=\"worse\"} 0"));
    run(COHORT_PASS, 1);
    pass_time(SECOND);
    told("worse", 1, "resolved", "1");
}
END_TEST

START_TEST(a_cohort_that_nobody_pinned_is_not_watched)
{
    open_with(floor_only);
    struct bytes value = BYTES_LITERAL("payoff");
    for (int i = 0; i < 200; i++)
        feed_run(&feed, &value, COHORT_FAIL, now);
    feed_commit(&feed);
    pass_time(SECOND);
    ck_assert_uint_eq(feed.record_count, 0);
}
END_TEST

START_TEST(windows_agree_with_the_store)
{
    open_with(burning);
    struct bytes value = BYTES_LITERAL("refund"), dimension = BYTES_LITERAL("intent");
    static const int64_t windows[] = {5 * MINUTE, HOUR, 6 * HOUR, 48 * HOUR, 72 * HOUR};
    struct cohort_windows *loaded = cohort_windows_create(), *kept = cohort_windows_create();
    struct cohort_contribution one = {.group_count = 0};
    uint8_t hash[COHORT_HASH_SIZE];
    srand(5);
    for (int i = 0; i < 3000; i++) {
        one.event_ms = now - rand() % HOUR;
        if (rand() % 2)
            one.event_ms -= rand() % (5 * 24) * (int64_t)HOUR;
        one.verdict = (uint8_t)(rand() % 4);
        one.class = judged_class(one.verdict);
        one.weight = 1 << rand() % 4;
        feed_weighted(&feed, &value, one.verdict, one.event_ms, one.weight, COHORT_CHANGE_FIRST);
        cohort_windows_add(kept, &one);
        if (i % 100 == 0) {
            feed_commit(&feed);
            now += MINUTE;
        }
    }
    feed_commit(&feed);
    feed_flush(&feed, now);
    struct store_txn txn;
    cohort_hash(hash, &value, 1);
    store_begin(feed.temp.store, false, &txn);
    cohort_windows_load(loaded, &txn, feed.groupings[0], hash);
    store_abort(&txn);
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        struct cohort_result result;
        struct error error = {0};
        ck_assert_int_eq(
            cohort_query(feed.temp.store, &dimension, 1, now, windows[i], &result, &error),
            STATUS_OK);
        struct cohort_bucket sums[] = {cohort_windows_sum(loaded, now, windows[i]),
                                       cohort_windows_sum(kept, now, windows[i])};
        for (int k = 0; k < 2; k++) {
            const struct cohort_bucket *wanted = &result.rows[0].sums;
            for (int v = 0; v < COHORT_VERDICTS; v++)
                ck_assert_int_eq(sums[k].verdicts[v], wanted->verdicts[v]);
            ck_assert_mem_eq(&sums[k].classes, &wanted->classes, sizeof wanted->classes);
        }
        cohort_result_finish(&result);
    }
    cohort_windows_destroy(loaded);
    cohort_windows_destroy(kept);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alerts");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, a_floor_fires_when_the_gate_would_fail_and_ends_when_the_rate_is_back);
    tcase_add_test(tests, a_floor_without_data_never_fires);
    tcase_add_test(tests, a_burn_rate_needs_both_windows);
    tcase_add_test(tests, a_change_for_the_worse_alarms_and_ends);
    tcase_add_test(tests, a_change_for_the_better_informs);
    tcase_add_test(tests, an_alarm_between_two_flushes_is_told_with_its_end);
    tcase_add_test(tests, the_usual_rate_of_a_pinned_cohort_is_learned);
    tcase_add_test(tests, a_crash_neither_loses_nor_repeats_what_was_told);
    tcase_add_test(tests, a_correction_moves_the_windows_and_not_the_change);
    tcase_add_test(tests, rows_of_alerts_that_are_gone_leave_and_a_new_rate_begins_anew);
    tcase_add_test(tests, a_cohort_that_nobody_pinned_is_not_watched);
    tcase_add_test(tests, windows_agree_with_the_store);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
