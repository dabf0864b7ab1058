/* link: emit base */
/* Against a mock cluster. */
#include <check.h>
#include <stdlib.h>

#include "processor/emit/kafka/emitter.h"
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
    struct kafka_emitter_config config = {.brokers = brokers,
                                          .topic = KAFKA_RECORDS_TOPIC,
                                          .properties = properties,
                                          .client_id = "flywheel-test"};
    const struct emit_acknowledge acknowledge = kafka_records_acknowledge();
    struct error error = {0};
    struct emitter *emitter = kafka_emitter_create(&config, &acknowledge, &counters, &error);
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

START_TEST(records_arrive_once_with_key_and_headers_in_order_of_their_key)
{
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 500);
    stop(emitter);
    ck_assert_uint_eq(kafka_records_acknowledged(), 500);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 500);
    ck_assert_uint_eq(kafka_records_check(&mock, 500), 0);
}
END_TEST

START_TEST(a_broker_that_is_away_delays_records_and_loses_none)
{
    kafka_mock_set_down(&mock);
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 20);
    pause_ms(1500);
    ck_assert_uint_eq(kafka_records_acknowledged(), 0);
    kafka_mock_set_up(&mock);
    kafka_records_wait(20);
    kafka_mock_set_down(&mock);
    kafka_records_send(emitter, 21, 40);
    pause_ms(300);
    kafka_mock_set_up(&mock);
    kafka_records_wait(40);
    stop(emitter);
    ck_assert_uint_eq(kafka_records_check(&mock, 40), 0);
}
END_TEST

START_TEST(retriable_errors_are_absorbed)
{
    rd_kafka_mock_push_request_errors(
        mock.cluster, KAFKA_API_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 50);
    kafka_records_wait(50);
    stop(emitter);
    ck_assert_uint_eq(counter_get(&counters.send_failures), 0);
    (void)kafka_records_check(&mock, 50);
}
END_TEST

START_TEST(a_refused_record_is_tried_again_and_never_dropped)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 30);
    kafka_records_wait(30);
    stop(emitter);
    ck_assert_uint_gt(counter_get(&counters.send_failures), 0);
    (void)kafka_records_check(&mock, 30);
}
END_TEST

/* Of one key, so that one record is on its way at a time and the errors meet the first. */
static void send_of_one_key(struct emitter *emitter, uint64_t count)
{
    for (uint64_t i = 1; i <= count; i++)
        ck_assert_int_eq(emitter->operations->send(emitter, kafka_records_item(i, "key-0", 5000)),
                         STATUS_OK);
}

START_TEST(a_record_refused_alone_that_cannot_be_cut_is_given_up_and_holds_up_nobody)
{
    /* With others perhaps, alone before the topic was asked again, and alone. */
    rd_kafka_mock_push_request_errors(
        mock.cluster, KAFKA_API_PRODUCE, 3, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
        RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct emitter *emitter = start();
    send_of_one_key(emitter, 10);
    kafka_records_wait(10);
    stop(emitter);
    ck_assert_uint_eq(counter_get(&counters.dead_letters), 1);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 9);
    ck_assert_ptr_null(atomic_load(&counters.trouble));
    (void)kafka_records_check(&mock, 9);
}
END_TEST

START_TEST(content_that_a_topic_refuses_alone_is_given_up)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_INVALID_RECORD,
                                      RD_KAFKA_RESP_ERR_INVALID_RECORD);
    struct emitter *emitter = start();
    send_of_one_key(emitter, 5);
    kafka_records_wait(5);
    stop(emitter);
    ck_assert_uint_eq(counter_get(&counters.dead_letters), 1);
    (void)kafka_records_check(&mock, 4);
}
END_TEST

START_TEST(brokers_that_are_away_are_said_until_they_are_back)
{
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 5);
    kafka_records_wait(5);
    ck_assert_ptr_null(atomic_load(&counters.trouble));
    kafka_mock_set_down(&mock);
    WAIT_UNTIL(atomic_load(&counters.trouble) != NULL);
    kafka_mock_set_up(&mock);
    kafka_records_send(emitter, 6, 10);
    kafka_records_wait(10);
    ck_assert_ptr_null(atomic_load(&counters.trouble));
    stop(emitter);
}
END_TEST

START_TEST(a_fatal_error_makes_a_new_producer_that_sends_the_rest)
{
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    struct emitter *emitter = start();
    kafka_records_send(emitter, 1, 100);
    kafka_records_wait(100);
    stop(emitter);
    (void)kafka_records_check(&mock, 100);
}
END_TEST

START_TEST(stop_without_a_broker_ends_in_time_and_acknowledges_nothing)
{
    struct emitter *emitter = start_at("127.0.0.1:1", NULL);
    kafka_records_send(emitter, 1, 10);
    pause_ms(100);
    int64_t before_ms = clock_monotonic_ms();
    emitter->operations->stop(emitter, 300);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, patiently_ms(PATIENCE_MS));
    emitter->operations->destroy(emitter);
    ck_assert_uint_eq(kafka_records_acknowledged(), 0);
}
END_TEST

START_TEST(a_full_emitter_is_busy_and_takes_nothing)
{
    struct emitter *emitter = start_at("127.0.0.1:1", NULL);
    size_t taken = 0;
    struct emit_item *item = kafka_records_item(1, "key", 700000);
    while (emitter->operations->send(emitter, item) == STATUS_OK) {
        ck_assert_uint_lt(++taken, 200);
        item = kafka_records_item(taken + 1, "key", 700000);
    }
    ck_assert_uint_ge(taken, 80);
    free(item);
    emitter->operations->stop(emitter, 0);
    emitter->operations->destroy(emitter);
}
END_TEST

static const char *create_error(const char *name, const char *value)
{
    static struct error error;
    error = (struct error){0};
    const char *const properties[] = {name, value, NULL};
    struct kafka_emitter_config config = {
        .brokers = "127.0.0.1:1", .topic = "t", .properties = properties, .client_id = "c"};
    const struct emit_acknowledge acknowledge = kafka_records_acknowledge();
    struct emitter *emitter = kafka_emitter_create(&config, &acknowledge, &counters, &error);
    if (!emitter)
        return error.text;
    emitter->operations->destroy(emitter);
    return "";
}

START_TEST(properties_are_the_users_except_those_that_delivery_rests_on)
{
    ck_assert_str_eq(create_error("linger.ms", "50"), "");
    ck_assert_str_eq(create_error("acks", "all"), "");
    ck_assert_ptr_nonnull(strstr(create_error("enable.idempotence", "false"), "must stay true"));
    ck_assert_ptr_nonnull(strstr(create_error("acks", "1"), "must stay all"));
    ck_assert_ptr_nonnull(strstr(create_error("transactional.id", "x"), "transactional.id"));
    ck_assert_ptr_nonnull(strstr(create_error("no.such", "1"), "no.such"));
    ck_assert_ptr_nonnull(strstr(create_error("linger.ms", "soon"), "linger.ms"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka emitter");
    TCase *cases = tcase_create("kafka");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 90);
    tcase_add_test(cases, records_arrive_once_with_key_and_headers_in_order_of_their_key);
    tcase_add_test(cases, a_broker_that_is_away_delays_records_and_loses_none);
    tcase_add_test(cases, retriable_errors_are_absorbed);
    tcase_add_test(cases, a_refused_record_is_tried_again_and_never_dropped);
    tcase_add_test(cases,
                   a_record_refused_alone_that_cannot_be_cut_is_given_up_and_holds_up_nobody);
    tcase_add_test(cases, content_that_a_topic_refuses_alone_is_given_up);
    tcase_add_test(cases, brokers_that_are_away_are_said_until_they_are_back);
    tcase_add_test(cases, a_fatal_error_makes_a_new_producer_that_sends_the_rest);
    tcase_add_test(cases, stop_without_a_broker_ends_in_time_and_acknowledges_nothing);
    tcase_add_test(cases, a_full_emitter_is_busy_and_takes_nothing);
    tcase_add_test(cases, properties_are_the_users_except_those_that_delivery_rests_on);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
