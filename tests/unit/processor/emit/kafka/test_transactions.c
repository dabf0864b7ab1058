/* link: emit base */
/* Against a mock cluster. */
#include <check.h>

#include "processor/emit/kafka/transactions.h"
#include "tests/support/kafka_records.h"
#include "tests/support/waiting.h"

static struct kafka_mock mock;
static struct emitter_counters counters;

static void setup(void)
{
    kafka_mock_start(&mock);
    kafka_records_begin(&mock);
    counters = (struct emitter_counters){0};
}

static void teardown(void)
{
    kafka_mock_stop(&mock);
}

static struct emitter *start_at(const char *brokers, const char *const *properties)
{
    struct kafka_transactions_config config = {.kafka = {.brokers = brokers,
                                                         .topic = KAFKA_RECORDS_TOPIC,
                                                         .properties = properties,
                                                         .client_id = "flywheel-test"},
                                               .transactional_id = "flywheel-test-1",
                                               .next_sequence = 1};
    const struct emit_acknowledge acknowledge = kafka_records_acknowledge();
    struct error error = {0};
    struct emitter *emitter = kafka_transactions_create(&config, &acknowledge, &counters, &error);
    ck_assert_msg(emitter != NULL, "%s", error.text);
    ck_assert_msg(emitter->operations->start(emitter, &error) == STATUS_OK, "%s", error.text);
    return emitter;
}

static struct emitter *start(void)
{
    return start_at(mock.brokers, NULL);
}

static void stop(struct emitter *emitter)
{
    emitter->operations->stop(emitter, 10000);
    emitter->operations->destroy(emitter);
}

START_TEST(records_arrive_once_in_order_of_their_key)
{
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 500);
    kafka_records_wait(500);
    stop(emitter);
    for (size_t i = 0; i < 500; i++)
        ck_assert_uint_eq(kafka_records_number(i), i + 1);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 500);
    ck_assert_uint_eq(kafka_records_check(&mock, 500), 0);
}
END_TEST

START_TEST(a_refused_record_aborts_and_everything_is_sent_again)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 30);
    kafka_records_wait(30);
    stop(emitter);
    ck_assert_uint_gt(counter_get(&counters.send_failures), 0);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 30);
    (void)kafka_records_check(&mock, 30); /* the mock cluster keeps what was aborted */
}
END_TEST

START_TEST(a_fenced_producer_is_replaced_by_one_that_sends_the_rest)
{
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 10);
    kafka_records_wait(10);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    kafka_records_send(emitter, 11, 40);
    kafka_records_wait(40);
    stop(emitter);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 40);
}
END_TEST

START_TEST(coordinator_errors_are_absorbed)
{
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 5);
    kafka_records_wait(5);
    rd_kafka_mock_push_request_errors(
        mock.cluster, KAFKA_API_END_TXN, 3, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
        RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_TXN_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
    kafka_records_send(emitter, 6, 20);
    kafka_records_wait(20);
    stop(emitter);
    ck_assert_uint_eq(kafka_records_check(&mock, 20), 0);
}
END_TEST

START_TEST(a_broker_that_is_away_delays_records_and_stop_ends_in_time)
{
    struct emitter *emitter = start_at("127.0.0.1:1", NULL);
    kafka_records_send(emitter, 1, 20);
    pause_ms(1000);
    int64_t before_ms = clock_monotonic_ms();
    emitter->operations->stop(emitter, 500);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
    emitter->operations->destroy(emitter);
    ck_assert_uint_eq(kafka_records_acknowledged(), 0);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kafka_transactions");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, records_arrive_once_in_order_of_their_key);
    tcase_add_test(tcase, a_refused_record_aborts_and_everything_is_sent_again);
    tcase_add_test(tcase, a_fenced_producer_is_replaced_by_one_that_sends_the_rest);
    tcase_add_test(tcase, coordinator_errors_are_absorbed);
    tcase_add_test(tcase, a_broker_that_is_away_delays_records_and_stop_ends_in_time);
    Suite *suite = suite_create("kafka_transactions");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
