/* link: emit base */
/* Against librdkafka's mock cluster, inside this process. */
#include <check.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/emit/kafka/emitter.h"

enum { API_PRODUCE = 0, PARTITIONS = 4, RECORDS_MAX = 4096 };

static rd_kafka_t *host;
static rd_kafka_mock_cluster_t *cluster;
static struct emitter_counters counters;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t acknowledged[RECORDS_MAX];
static size_t acknowledged_count;

static void on_acknowledged(void *context, uint64_t sequence)
{
    (void)context;
    (void)pthread_mutex_lock(&lock);
    acknowledged[acknowledged_count++ % RECORDS_MAX] = sequence;
    (void)pthread_mutex_unlock(&lock);
}

static void setup(void)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "log_level", "0", text, sizeof text);
    host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
    ck_assert_ptr_nonnull(host);
    cluster = rd_kafka_mock_cluster_new(host, 1);
    ck_assert_ptr_nonnull(cluster);
    ck_assert_int_eq(rd_kafka_mock_topic_create(cluster, "annotations", PARTITIONS, 1), 0);
    acknowledged_count = 0;
    counters = (struct emitter_counters){0};
}

static void teardown(void)
{
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(host);
}

static struct emitter *start_at(const char *brokers, const char *const *properties)
{
    struct kafka_emitter_config config = {.brokers = brokers,
                                          .topic = "annotations",
                                          .properties = properties,
                                          .client_id = "flywheel-test"};
    struct emit_acknowledge acknowledge = {on_acknowledged, NULL, NULL};
    struct error error = {0};
    struct emitter *emitter = kafka_emitter_create(&config, &acknowledge, &counters, &error);
    ck_assert_msg(emitter != NULL, "%s", error.text);
    ck_assert_msg(emitter->operations->start(emitter, &error) == STATUS_OK, "%s", error.text);
    return emitter;
}

static struct emitter *start(void)
{
    return start_at(rd_kafka_mock_cluster_bootstraps(cluster), NULL);
}

static struct emit_item *make_item(uint64_t sequence, const char *key, size_t padding)
{
    struct buffer payload = {0}, frame = {0};
    buffer_printf(&payload, "{\"n\":%llu,\"x\":\"", (unsigned long long)sequence);
    for (size_t i = 0; i < padding; i++)
        buffer_append_byte(&payload, (uint8_t)('a' + (i * i + sequence) % 26));
    buffer_append_text(&payload, "\"}");
    struct outgoing record = {.key = bytes_of_text(key), .payload = buffer_bytes(&payload)};
    record.headers[record.header_count++] =
        (struct outgoing_header){"schema", BYTES_LITERAL("flywheel.review/v1")};
    record.headers[record.header_count++] =
        (struct outgoing_header){"verdict", BYTES_LITERAL("fail")};
    outgoing_encode(&record, &frame);
    struct emit_item *item = malloc(sizeof *item + frame.size);
    *item = (struct emit_item){.sequence = sequence, .size = frame.size};
    memcpy(item->frame, frame.data, frame.size);
    buffer_finish(&payload);
    buffer_finish(&frame);
    return item;
}

static void send_items(struct emitter *emitter, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i <= to; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "key-%llu", (unsigned long long)(i % 5));
        ck_assert_int_eq(emitter->operations->send(emitter, make_item(i, key, 100)), STATUS_OK);
    }
}

static void nap_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static size_t count_acknowledged(void)
{
    (void)pthread_mutex_lock(&lock);
    size_t count = acknowledged_count;
    (void)pthread_mutex_unlock(&lock);
    return count;
}

static void wait_acknowledged(size_t count)
{
    for (int i = 0; i < 3000 && count_acknowledged() < count; i++)
        nap_ms(10);
    ck_assert_uint_eq(count_acknowledged(), count);
}

static void stop(struct emitter *emitter)
{
    emitter->operations->stop(emitter, 10000);
    emitter->operations->destroy(emitter);
}

/* Reads the topic from its beginning: each of 1..count is there, and in order within its key. The
 * number of records beyond them is returned. */
static size_t check_topic(uint64_t count)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster),
                            text, sizeof text);
    (void)rd_kafka_conf_set(conf, "group.id", "test", text, sizeof text);
    (void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", text, sizeof text);
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    ck_assert_ptr_nonnull(consumer);
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(PARTITIONS);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_topic_partition_list_add(all, "annotations", i)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(consumer, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
    static uint8_t seen[RECORDS_MAX];
    memset(seen, 0, sizeof seen);
    uint64_t last_of_key[5] = {0}, distinct = 0;
    size_t extra = 0;
    for (int ended = 0; ended < PARTITIONS;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 10000);
        ck_assert_msg(message != NULL, "%llu of %llu records", (unsigned long long)distinct,
                      (unsigned long long)count);
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ended++;
        } else {
            ck_assert_int_eq(message->err, 0);
            unsigned long long number, key;
            ck_assert_int_eq(sscanf(message->payload, "{\"n\":%llu", &number), 1);
            ck_assert_int_eq(sscanf(message->key, "key-%llu", &key), 1);
            ck_assert_uint_lt(number, RECORDS_MAX);
            rd_kafka_headers_t *headers;
            const void *value;
            size_t size;
            ck_assert_int_eq(rd_kafka_message_headers(message, &headers), 0);
            ck_assert_int_eq(rd_kafka_header_get_last(headers, "verdict", &value, &size), 0);
            ck_assert(size == 4 && memcmp(value, "fail", 4) == 0);
            if (seen[number]++) {
                extra++;
            } else {
                distinct++;
                ck_assert_uint_gt(number, last_of_key[key % 5]);
                last_of_key[key % 5] = number;
            }
        }
        rd_kafka_message_destroy(message);
    }
    ck_assert_uint_eq(distinct, count);
    (void)rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return extra;
}

START_TEST(records_arrive_once_with_key_and_headers_in_order_of_their_key)
{
    struct emitter *emitter = start();
    send_items(emitter, 1, 500);
    stop(emitter);
    ck_assert_uint_eq(acknowledged_count, 500);
    ck_assert_uint_eq(counter_get(&counters.sent_records), 500);
    ck_assert_uint_eq(check_topic(500), 0);
}
END_TEST

START_TEST(a_broker_that_is_away_delays_records_and_loses_none)
{
    ck_assert_int_eq(rd_kafka_mock_broker_set_down(cluster, 1), 0);
    struct emitter *emitter = start();
    send_items(emitter, 1, 20);
    nap_ms(1500);
    ck_assert_uint_eq(count_acknowledged(), 0);
    ck_assert_int_eq(rd_kafka_mock_broker_set_up(cluster, 1), 0);
    wait_acknowledged(20);
    ck_assert_int_eq(rd_kafka_mock_broker_set_down(cluster, 1), 0);
    send_items(emitter, 21, 40);
    nap_ms(300);
    ck_assert_int_eq(rd_kafka_mock_broker_set_up(cluster, 1), 0);
    wait_acknowledged(40);
    stop(emitter);
    ck_assert_uint_eq(check_topic(40), 0);
}
END_TEST

START_TEST(retriable_errors_are_absorbed)
{
    rd_kafka_mock_push_request_errors(
        cluster, API_PRODUCE, 3, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
    struct emitter *emitter = start();
    send_items(emitter, 1, 50);
    wait_acknowledged(50);
    stop(emitter);
    ck_assert_uint_eq(counter_get(&counters.send_failures), 0);
    (void)check_topic(50);
}
END_TEST

START_TEST(a_refused_record_is_tried_again_and_never_dropped)
{
    rd_kafka_mock_push_request_errors(cluster, API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct emitter *emitter = start();
    send_items(emitter, 1, 30);
    wait_acknowledged(30);
    stop(emitter);
    ck_assert_uint_gt(counter_get(&counters.send_failures), 0);
    (void)check_topic(30);
}
END_TEST

START_TEST(a_fatal_error_makes_a_new_producer_that_sends_the_rest)
{
    rd_kafka_mock_push_request_errors(cluster, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    rd_kafka_mock_push_request_errors(cluster, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
    struct emitter *emitter = start();
    send_items(emitter, 1, 100);
    wait_acknowledged(100);
    stop(emitter);
    (void)check_topic(100);
}
END_TEST

START_TEST(stop_without_a_broker_ends_in_time_and_acknowledges_nothing)
{
    struct emitter *emitter = start_at("127.0.0.1:1", NULL);
    send_items(emitter, 1, 10);
    nap_ms(100);
    time_t before = time(NULL);
    emitter->operations->stop(emitter, 300);
    ck_assert_int_lt(time(NULL) - before, 8);
    emitter->operations->destroy(emitter);
    ck_assert_uint_eq(acknowledged_count, 0);
}
END_TEST

START_TEST(a_full_emitter_is_busy_and_takes_nothing)
{
    struct emitter *emitter = start_at("127.0.0.1:1", NULL);
    size_t taken = 0;
    struct emit_item *item = make_item(1, "key", 700000);
    while (emitter->operations->send(emitter, item) == STATUS_OK) {
        ck_assert_uint_lt(++taken, 200);
        item = make_item(taken + 1, "key", 700000);
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
    struct emit_acknowledge acknowledge = {on_acknowledged, NULL, NULL};
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
