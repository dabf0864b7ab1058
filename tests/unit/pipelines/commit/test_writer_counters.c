/* The persistent counters on the metrics page. */
#include "pipelines/commit/writer_counters.h"

#include <stdlib.h>

#include "tests/support/temp_store.h"

struct fixture {
    struct temp_store temp;
    struct counters *counters;
    struct writer_counters counted;
    struct buffer page;
};

static void begin(struct fixture *fixture)
{
    static const char *const receivers[] = {"otlp", "otlp", "kafka"};
    struct error error = {0};
    *fixture = (struct fixture){0};
    temp_store_open(&fixture->temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(counters_open(fixture->temp.store, &fixture->counters), STATUS_OK);
    ck_assert(writer_counters_open(&fixture->counted, fixture->counters, receivers, 3, &error));
}

static void end(struct fixture *fixture)
{
    counters_close(fixture->counters);
    temp_store_finish(&fixture->temp);
    buffer_finish(&fixture->page);
}

static void add(struct fixture *fixture, struct persistent_counter *counter, uint64_t by)
{
    struct store_txn txn;
    store_begin(fixture->temp.store, true, &txn);
    counters_add(fixture->counters, &txn, counter, by);
    counters_write(fixture->counters, &txn);
    COMMIT(&txn);
}

static bool page_has(struct fixture *fixture, const char *line)
{
    buffer_clear(&fixture->page);
    writer_counters_render(&fixture->counted, &fixture->page);
    return memmem(fixture->page.data, fixture->page.size, line, strlen(line)) != NULL;
}

START_TEST(the_sources_of_one_receiver_count_together)
{
    struct fixture fixture;
    begin(&fixture);
    ck_assert_ptr_eq(fixture.counted.accepted_spans[0], fixture.counted.accepted_spans[1]);
    ck_assert_ptr_ne(fixture.counted.accepted_spans[0], fixture.counted.accepted_spans[2]);
    add(&fixture, fixture.counted.accepted_spans[0], 3);
    add(&fixture, fixture.counted.accepted_spans[1], 4);
    ck_assert(page_has(&fixture, "flywheel_receiver_accepted_spans_total{receiver=\"otlp\"} 7\n"));
    ck_assert(page_has(&fixture, "flywheel_receiver_accepted_spans_total{receiver=\"kafka\"} 0\n"));
    end(&fixture);
}
END_TEST

START_TEST(spans_in_flight_are_accepted_less_decided_less_dropped_of_the_same_page)
{
    struct fixture fixture;
    begin(&fixture);
    add(&fixture, fixture.counted.accepted_spans[0], 100);
    add(&fixture, fixture.counted.accepted_spans[2], 20);
    add(&fixture, fixture.counted.decided, 70);
    for (int i = 0; i < SPAN_DROPS; i++)
        add(&fixture, fixture.counted.dropped[i], (uint64_t)i + 1);
    ck_assert_int_eq(SPAN_DROPS, 5);
    ck_assert(page_has(&fixture, "flywheel_spans_in_flight 35\n")); /* 120 - 70 - 15 */
    ck_assert(page_has(&fixture, "flywheel_spans_dropped_total{reason=\"duplicate\"} 1\n"));
    ck_assert(page_has(&fixture, "flywheel_spans_dropped_total{reason=\"crash\"} 4\n"));
    end(&fixture);
}
END_TEST

START_TEST(a_rule_with_an_odd_name_is_escaped_and_found_again)
{
    struct fixture fixture;
    begin(&fixture);
    struct bytes rule = BYTES_LITERAL("odd \"name\"\\");
    struct persistent_counter *counter = writer_counters_rule_outcome(&fixture.counted, rule, OUTCOME_NA);
    ck_assert_ptr_nonnull(counter);
    add(&fixture, counter, 2);
    ck_assert_ptr_eq(writer_counters_rule_outcome(&fixture.counted, rule, OUTCOME_NA), counter);
    ck_assert(page_has(&fixture, "flywheel_rule_outcomes_total{rule=\"odd \\\"name\\\"\\\\\","
                                 "outcome=\"na\"} 2\n"));
    struct persistent_counter *records =
        writer_counters_review_records(&fixture.counted, BYTES_LITERAL("review"), VERDICT_FAIL);
    add(&fixture, records, 5);
    ck_assert(
        page_has(&fixture, "flywheel_review_records_total{queue=\"review\",verdict=\"fail\"} 5\n"));
    end(&fixture);
}
END_TEST

START_TEST(each_family_is_described_once_and_values_outlive_the_process)
{
    struct fixture fixture;
    static const char *const receivers[] = {"otlp"};
    struct error error = {0};
    begin(&fixture);
    add(&fixture, fixture.counted.verdicts[VERDICT_FAIL], 9);
    counters_close(fixture.counters);
    temp_store_reopen(&fixture.temp, TEMP_MAP_BYTES);
    ck_assert_int_eq(counters_open(fixture.temp.store, &fixture.counters), STATUS_OK);
    ck_assert(writer_counters_open(&fixture.counted, fixture.counters, receivers, 1, &error));
    ck_assert(page_has(&fixture, "flywheel_verdicts_total{verdict=\"fail\"} 9\n"));
    const char *line = "# TYPE flywheel_verdicts_total counter\n";
    const char *first = memmem(fixture.page.data, fixture.page.size, line, strlen(line));
    ck_assert_ptr_nonnull(first);
    size_t left = fixture.page.size - (size_t)(first + 1 - (const char *)fixture.page.data);
    ck_assert_ptr_null(memmem(first + 1, left, line, strlen(line)));
    end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer_counters");
    TCase *cases = tcase_create("writer_counters");
    tcase_add_test(cases, the_sources_of_one_receiver_count_together);
    tcase_add_test(cases, spans_in_flight_are_accepted_less_decided_less_dropped_of_the_same_page);
    tcase_add_test(cases, a_rule_with_an_odd_name_is_escaped_and_found_again);
    tcase_add_test(cases, each_family_is_described_once_and_values_outlive_the_process);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
