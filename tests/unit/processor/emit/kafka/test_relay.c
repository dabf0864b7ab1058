/* link: emit otlp base */
/* Against a mock cluster. */
#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "processor/emit/kafka/relay.h"
#include "tests/support/kafka_mock.h"
#include "tests/support/trace_builder.h"
#include "tests/support/waiting.h"

enum { PARTITIONS = 4, TRACES = 6 };

static struct kafka_mock mock;
static struct relay_counters counters;
static struct kafka_relay *relay;
static _Atomic int done_count, busy_count;

/* A request as its owner holds it. */
struct sent {
    struct relay_request request; /* first: done() is called with it */
    struct arena arena;
    struct gated_request gated;
    struct buffer body;
};

static void on_done(struct relay_request *request, enum status status)
{
    struct sent *sent = (struct sent *)request;
    arena_finish(&sent->arena);
    buffer_finish(&sent->body);
    free(sent);
    atomic_fetch_add(status == STATUS_OK ? &done_count : &busy_count, 1);
}

static struct sent *make_request(uint32_t spans, size_t text, bool is_awaited)
{
    struct trace_builder builder = {0};
    struct sent *sent = calloc(1, sizeof *sent);
    char *filling = calloc(1, text + 1);
    memset(filling, 'x', text);
    trace_resource(&builder, "agent");
    for (uint32_t i = 0; i < spans; i++) {
        struct span_spec spec = {
            .trace = 1 + i % TRACES, .id = i + 1, .text = text ? filling : NULL};
        trace_span(&builder, &spec);
    }
    buffer_append_bytes(&sent->body, trace_request(&builder));
    trace_finish(&builder);
    free(filling);
    arena_init(&sent->arena, 16 << 20);
    ck_assert_int_eq(wire_gate(buffer_bytes(&sent->body), WIRE_GATE_TRACES,
                               &wire_gate_limits_default, &sent->arena, &sent->gated),
                     STATUS_OK);
    sent->request = (struct relay_request){.body = buffer_bytes(&sent->body),
                                           .gated = &sent->gated,
                                           .signal = WIRE_GATE_TRACES,
                                           .arena = &sent->arena,
                                           .bytes = sent->body.size,
                                           .is_awaited = is_awaited,
                                           .done = on_done};
    return sent;
}

static void drop(struct sent *sent)
{
    on_done(&sent->request, STATUS_OK);
    atomic_fetch_sub(&done_count, 1);
}

static void start_at(const char *brokers, size_t held_bytes_max)
{
    struct error error = {0};
    struct kafka_relay_config config = {.brokers = brokers,
                                        .topic = "spans",
                                        .client_id = "flywheel-test",
                                        .held_bytes_max = held_bytes_max};
    relay = kafka_relay_create(&config, &counters, &error);
    ck_assert_msg(relay != NULL, "%s", error.text);
    ck_assert_msg(kafka_relay_start(relay, &error) == STATUS_OK, "%s", error.text);
}

static void setup(void)
{
    kafka_mock_start(&mock);
    kafka_mock_add_topic(&mock, "spans", PARTITIONS);
    atomic_store(&done_count, 0);
    atomic_store(&busy_count, 0);
    counters = (struct relay_counters){0};
    relay = NULL;
}

static void teardown(void)
{
    kafka_relay_destroy(relay);
    kafka_mock_stop(&mock);
}

static void wait_for(_Atomic int *count, int until)
{
    WAIT_UNTIL(atomic_load(count) >= until);
    ck_assert_int_eq(atomic_load(count), until);
}

static void send_request(struct sent *sent)
{
    ck_assert_int_eq(kafka_relay_send(relay, &sent->request), STATUS_OK);
}

/* FNV-1a as its authors give it, and the partition as sarama chooses it: of the absolute value. */
static int32_t partition_of(const void *key, size_t size)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)key)[i]) * 16777619u;
    int64_t number = (int32_t)hash;
    return (int32_t)((number < 0 ? -number : number) % PARTITIONS);
}

/* Reads the topic from its beginning; returns the number of messages. */
static int check_topic(uint32_t *ret_spans)
{
    int messages = 0;
    *ret_spans = 0;
    struct kafka_mock_reader reader = kafka_mock_read(&mock, "spans", PARTITIONS);
    for (rd_kafka_message_t *message; (message = kafka_mock_next(&reader));) {
        ck_assert_uint_eq(message->key_len, 2 * TRACE_ID_SIZE);
        ck_assert_int_eq(message->partition, partition_of(message->key, message->key_len));
        rd_kafka_headers_t *headers;
        const void *signal;
        size_t size;
        ck_assert_int_eq(rd_kafka_message_headers(message, &headers), 0);
        ck_assert_int_eq(rd_kafka_header_get_last(headers, "otelcol.signal", &signal, &size), 0);
        ck_assert(bytes_equal_text(bytes_of(signal, size), "traces"));
        struct arena arena;
        struct gated_request gated;
        arena_init(&arena, 16 << 20);
        ck_assert_int_eq(wire_gate(bytes_of(message->payload, message->len), WIRE_GATE_TRACES,
                                   &wire_gate_limits_default, &arena, &gated),
                         STATUS_OK);
        for (uint32_t i = 0; i < gated.span_count; i++) {
            char key[2 * TRACE_ID_SIZE];
            hex_encode(key, gated.spans[i].trace_id, TRACE_ID_SIZE);
            ck_assert_mem_eq(key, message->key, sizeof key);
        }
        *ret_spans += gated.span_count;
        arena_finish(&arena);
        messages++;
        rd_kafka_message_destroy(message);
    }
    return messages;
}

START_TEST(each_trace_gets_a_message_under_its_id_in_the_partition_of_the_collector)
{
    uint32_t spans;
    start_at(mock.brokers, 64 << 20);
    for (int i = 0; i < 10; i++)
        send_request(make_request(30, 0, true));
    wait_for(&done_count, 10);
    ck_assert_int_eq(check_topic(&spans), 10 * TRACES);
    ck_assert_uint_eq(spans, 300);
    ck_assert_uint_eq(counter_get(&counters.trace_messages), 10 * TRACES);
    ck_assert_uint_eq(kafka_relay_gauges(relay).held_bytes, 0);
}
END_TEST

START_TEST(a_trace_too_large_for_a_message_gets_several)
{
    uint32_t spans;
    start_at(mock.brokers, 64 << 20);
    send_request(make_request(20 * TRACES, 200000, true));
    wait_for(&done_count, 1);
    ck_assert_int_ge(check_topic(&spans), 4 * TRACES);
    ck_assert_uint_eq(spans, 20 * TRACES);
}
END_TEST

START_TEST(nothing_is_answered_before_the_broker_has_all_of_it)
{
    start_at(mock.brokers, 64 << 20);
    send_request(make_request(6, 0, true));
    wait_for(&done_count, 1);
    kafka_mock_set_down(&mock);
    send_request(make_request(6, 0, true));
    WAIT_UNTIL(kafka_relay_gauges(relay).age_ms > 1000);
    ck_assert_int_eq(atomic_load(&done_count), 1);
    ck_assert_int_eq(atomic_load(&busy_count), 0);
    kafka_mock_set_up(&mock);
    wait_for(&done_count, 2);
}
END_TEST

START_TEST(a_refused_message_makes_its_sender_try_again)
{
    start_at(mock.brokers, 64 << 20);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    send_request(make_request(6, 0, true));
    wait_for(&busy_count, 1);
    ck_assert_int_eq(atomic_load(&done_count), 0);
    ck_assert_uint_gt(counter_get(&counters.failures), 0);
    /* librdkafka asks for the topic again once a second; until then it refuses for it. */
    for (int tries = 2; atomic_load(&done_count) == 0 && tries < 30; tries++) {
        pause_ms(500);
        send_request(make_request(6, 0, true));
        WAIT_UNTIL(atomic_load(&done_count) + atomic_load(&busy_count) >= tries);
    }
    ck_assert_int_eq(atomic_load(&done_count), 1);
}
END_TEST

START_TEST(without_a_waiting_sender_a_refused_message_is_sent_again)
{
    uint32_t spans;
    start_at(mock.brokers, 64 << 20);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 2,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    send_request(make_request(6, 0, false));
    wait_for(&done_count, 1);
    ck_assert_int_eq(check_topic(&spans), TRACES);
    ck_assert_uint_eq(spans, 6);
}
END_TEST

START_TEST(a_producer_that_fails_for_good_is_replaced)
{
    start_at(mock.brokers, 64 << 20);
    send_request(make_request(6, 0, false));
    wait_for(&done_count, 1);
    rd_kafka_mock_push_request_errors(mock.cluster, KAFKA_API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
    send_request(make_request(6, 0, false));
    send_request(make_request(6, 0, false));
    wait_for(&done_count, 3);
}
END_TEST

START_TEST(memory_is_bounded_while_no_broker_answers)
{
    start_at("127.0.0.1:1", 1 << 20);
    int taken = 0;
    for (int i = 0; i < 100; i++) {
        struct sent *sent = make_request(60, 1000, false);
        if (kafka_relay_send(relay, &sent->request) == STATUS_OK)
            taken++;
        else
            drop(sent);
    }
    ck_assert_int_gt(taken, 5);
    ck_assert_int_lt(taken, 20);
    pause_ms(300);
    /* Requests and, at most as much again, their messages. */
    ck_assert_uint_lt(kafka_relay_gauges(relay).held_bytes, 3 << 20);
    ck_assert(!kafka_relay_has_room(relay, 70000));
    kafka_relay_stop(relay, 0);
    ck_assert_int_eq(atomic_load(&busy_count), taken);
    ck_assert_uint_eq(counter_get(&counters.dropped_shutdown), 60u * (uint32_t)taken);
}
END_TEST

START_TEST(senders_that_wait_are_refused_at_once_when_brokers_have_long_been_silent)
{
    start_at("127.0.0.1:1", 64 << 20);
    send_request(make_request(6, 0, true));
    WAIT_UNTIL(kafka_relay_gauges(relay).is_stalled);
    struct sent *refused = make_request(6, 0, true);
    ck_assert_int_eq(kafka_relay_send(relay, &refused->request), STATUS_BUSY);
    drop(refused);
    kafka_relay_stop(relay, 0);
    ck_assert_int_eq(atomic_load(&busy_count), 1);
    ck_assert_uint_eq(counter_get(&counters.dropped_shutdown), 0); /* its sender knows */
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("kafka_relay");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_trace_gets_a_message_under_its_id_in_the_partition_of_the_collector);
    tcase_add_test(tcase, a_trace_too_large_for_a_message_gets_several);
    tcase_add_test(tcase, nothing_is_answered_before_the_broker_has_all_of_it);
    tcase_add_test(tcase, a_refused_message_makes_its_sender_try_again);
    tcase_add_test(tcase, without_a_waiting_sender_a_refused_message_is_sent_again);
    tcase_add_test(tcase, a_producer_that_fails_for_good_is_replaced);
    tcase_add_test(tcase, memory_is_bounded_while_no_broker_answers);
    tcase_add_test(tcase, senders_that_wait_are_refused_at_once_when_brokers_have_long_been_silent);
    Suite *suite = suite_create("kafka_relay");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
