/* link: receive otlp base */
/* Messages as they come: other signals, JSON, poison and its dead letters. */
#include <check.h>

#include "processor/otlp/wire.h"
#include "processor/receive/dead_letter/dead_letter.h"
#include "tests/support/topic_fixture.h"
#include "tests/support/trace_builder.h"

static struct dead_letter *open_letters(void)
{
    struct error error = {0};
    struct dead_letter_config config = {
        .receiver = "kafka", .topic = "otlp_spans.dead", .brokers = topic_mock.brokers};
    struct dead_letter *dead = dead_letter_create(&config, &error);
    ck_assert_msg(dead != NULL, "%s", error.text);
    return dead;
}

static bool has_header(const rd_kafka_message_t *message, const char *name, const char *value)
{
    rd_kafka_headers_t *headers;
    const void *data;
    size_t size;
    return rd_kafka_message_headers(message, &headers) == 0 &&
           rd_kafka_header_get_last(headers, name, &data, &size) == 0 && size == strlen(value) &&
           memcmp(data, value, size) == 0;
}

/* The dead letters at the topic's offsets from 0 on: each the message of that offset, with that
 * reason and that many bytes. */
struct expected_letter {
    const char *reason, *offset;
    size_t size;
    const char *encoding; /* NULL: otlp_proto */
};

static void check_letters(const struct expected_letter *expected, size_t count)
{
    struct kafka_mock_reader reader = kafka_mock_read(&topic_mock, "otlp_spans.dead", 1);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_message_t *message = kafka_mock_next(&reader);
        ck_assert_ptr_nonnull(message);
        ck_assert_uint_eq(message->len, expected[i].size);
        ck_assert(has_header(message, "reason", expected[i].reason));
        ck_assert(has_header(message, "offset", expected[i].offset));
        ck_assert(has_header(message, "topic", "otlp_spans"));
        ck_assert(has_header(message, "partition", "3"));
        ck_assert(has_header(message, "receiver", "kafka"));
        ck_assert(has_header(message, "encoding",
                             expected[i].encoding ? expected[i].encoding : "otlp_proto"));
        rd_kafka_message_destroy(message);
    }
    ck_assert_ptr_null(kafka_mock_next(&reader));
}

START_TEST(poison_becomes_a_dead_letter_and_its_partition_goes_on)
{
    struct dead_letter *dead = open_letters();
    topic_produce_traces(3, 1, 2);
    topic_produce(3, BYTES_LITERAL("\x0a\xff not protobuf at all"), NULL);
    static const char *const arrow[] = {"MessageFormat", "otap", NULL};
    topic_produce(3, BYTES_LITERAL("arrow"), arrow);
    static uint8_t huge[(1 << 20) + 1];
    topic_produce(3, bytes_of(huge, sizeof huge), NULL);
    topic_produce_traces(3, 3, 2);
    struct kafka_consumer_config config = member_config();
    struct member *member = member_begin(&members[0], &config, dead);
    topic_wait(&member->topic, SUBMIT, 3, 4);
    topic_check_order(&member->topic, 3, 0, 7);
    member_end(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 3);
    ck_assert_uint_eq(counter_get(&member->counters.requests[3]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[8]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[12]), 1);
    ck_assert_uint_eq(counter_get(&member->counters.requests[0]), 4);
    static const struct expected_letter letters[] = {{"malformed", "2", 22, NULL},
                                                     {"unsupported_format", "3", 5, NULL},
                                                     {"too_large", "4", (1 << 20) + 1, NULL}};
    check_letters(letters, 3);
}
END_TEST

START_TEST(poison_that_was_read_before_the_last_stop_is_no_second_letter)
{
    struct dead_letter *dead = open_letters();
    topic_produce(3, BYTES_LITERAL("\xff"), NULL);
    topic_produce(3, BYTES_LITERAL("\xff\xff"), NULL);
    members[0].topic.read_before[3] = 1;
    struct kafka_consumer_config config = member_config();
    struct member *member = member_begin(&members[0], &config, dead);
    topic_wait(&member->topic, SKIP, 3, 2);
    member_end(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 2);
    check_letters(&(struct expected_letter){"malformed", "1", 2, NULL}, 1);
}
END_TEST

START_TEST(good_spans_of_a_bad_batch_are_kept_and_the_batch_is_a_dead_letter)
{
    struct dead_letter *dead = open_letters();
    struct trace_builder builder = {0};
    for (uint32_t i = 1; i <= 3; i++) /* trace 0 has an id of zeroes */
        trace_span(&builder,
                   &(struct span_spec){.trace = i % 3, .id = i, .start_ms = 1, .end_ms = 2});
    struct bytes batch = trace_request(&builder);
    topic_produce(3, batch, NULL);
    struct kafka_consumer_config config = member_config();
    struct member *member = member_begin(&members[0], &config, dead);
    topic_wait(&member->topic, SUBMIT, 3, 1);
    member_end(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(member->topic.spans, 2);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_spans), 2);
    ck_assert_uint_eq(counter_get(&member->counters.refused_spans[WIRE_GATE_BAD_TRACE_ID]), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    check_letters(&(struct expected_letter){"bad_trace_id", "0", batch.size, NULL}, 1);
    trace_finish(&builder);
}
END_TEST

START_TEST(a_message_in_which_nothing_is_recognized_is_a_dead_letter)
{
    struct dead_letter *dead = open_letters();
    struct bytes batches = BYTES_LITERAL("{\"batches\":[{\"scopeSpans\":[]}]}");
    topic_produce(3, batches, NULL);
    topic_produce(3, BYTES_LITERAL("{}"), NULL); /* empty is no fault */
    topic_produce(3, BYTES_LITERAL("{\"resourceSpans\":[]}"), NULL);
    struct kafka_consumer_config config = member_config();
    config.is_json = true;
    struct member *member = member_begin(&members[0], &config, dead);
    topic_wait(&member->topic, SKIP, 3, 3);
    member_end(member);
    dead_letter_destroy(dead, 10000);
    ck_assert_uint_eq(counter_get(&member->counters.unrecognized), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    check_letters(&(struct expected_letter){"unrecognized", "0", batches.size, "otlp_json"}, 1);
}
END_TEST

START_TEST(what_was_read_before_passes_limits_that_were_lowered_since)
{
    struct trace_builder builder = {0};
    static uint8_t padding[2000];
    for (uint32_t i = 0; i < 3; i++) {
        struct buffer message = {0};
        trace_clear(&builder);
        trace_span(&builder,
                   &(struct span_spec){.trace = 1 + i, .id = 1, .start_ms = 1, .end_ms = 2});
        trace_span(&builder,
                   &(struct span_spec){.trace = 1 + i, .id = 2, .start_ms = 1, .end_ms = 2});
        buffer_append_bytes(&message, trace_request(&builder));
        wire_put_bytes(&message, 15, bytes_of(padding, sizeof padding));
        topic_produce(3, buffer_bytes(&message), NULL);
        buffer_finish(&message);
    }
    trace_finish(&builder);
    members[0].topic.read_before[3] = 2;
    struct kafka_consumer_config config = member_config();
    config.max_message_bytes = 1024;
    config.gate.spans_max = 1;
    struct member *member = member_begin(&members[0], &config, NULL);
    topic_wait(&member->topic, SUBMIT, 3, 2);
    topic_wait(&member->topic, SKIP, 3, 1); /* the third is new, and too large */
    member_end(member);
    ck_assert_uint_eq(member->topic.spans, 4);
    ck_assert_uint_eq(counter_get(&member->counters.stubs), 0);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 1);
}
END_TEST

START_TEST(other_signals_and_tombstones_are_passed_over_and_logs_are_read_as_logs)
{
    static const char *const metrics[] = {"otelcol.signal", "metrics", NULL};
    static const char *const profiles[] = {"signal", "profiles", NULL};
    static const char *const logs[] = {"otelcol.signal", "logs", NULL};
    static const char *const traces[] = {"signal", "traces", "MessageFormat", "otlp", NULL};
    struct trace_builder builder = {0};
    topic_produce(0, BYTES_LITERAL("whatever it is"), metrics);
    topic_produce(0, BYTES_LITERAL("whatever it is"), profiles);
    topic_produce(0, bytes_of(NULL, 0), NULL);
    trace_log(&builder, &(struct log_spec){.trace = 1, .span = 1, .time_ms = 1});
    topic_produce(0, trace_request(&builder), logs);
    trace_clear(&builder);
    trace_span(&builder, &(struct span_spec){.trace = 2, .id = 1, .start_ms = 1, .end_ms = 2});
    topic_produce(0, trace_request(&builder), traces);
    trace_finish(&builder);
    struct member *member = member_begin_default();
    topic_wait(&member->topic, SUBMIT, 0, 2);
    member_end(member);
    ck_assert_uint_eq(topic_count(&member->topic, SKIP, 0), 3);
    ck_assert_uint_eq(member->topic.logs, 1);
    ck_assert_uint_eq(member->topic.spans, 1);
    ck_assert_uint_eq(counter_get(&member->kafka->foreign), 2);
    ck_assert_uint_eq(counter_get(&member->kafka->tombstones), 1);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 0);
    ck_assert_uint_eq(counter_get(&member->counters.accepted_logs), 1);
}
END_TEST

START_TEST(json_messages_are_read_as_the_same_spans)
{
    static const char json[] =
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":"
        "\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"chat\","
        "\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":1544712661000000000}]}]}"
        "]}";
    topic_produce(1, bytes_of_text(json), NULL);
    topic_produce(
        1,
        BYTES_LITERAL(
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":\"xyz\"}]}]}]"),
        NULL);
    topic_produce(1, bytes_of_text(json), NULL);
    struct kafka_consumer_config config = member_config();
    config.is_json = true;
    struct member *member = member_begin(&members[0], &config, NULL);
    topic_wait(&member->topic, SUBMIT, 1, 2);
    ck_assert_uint_eq(member->topic.spans, 2);
    ck_assert_uint_eq(counter_get(&member->kafka->poison), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kafka message");
    TCase *reading = topic_fixture_case(suite, "reading");
    tcase_add_test(reading, a_message_in_which_nothing_is_recognized_is_a_dead_letter);
    tcase_add_test(reading, what_was_read_before_passes_limits_that_were_lowered_since);
    tcase_add_test(reading, other_signals_and_tombstones_are_passed_over_and_logs_are_read_as_logs);
    tcase_add_test(reading, json_messages_are_read_as_the_same_spans);
    TCase *refusing = topic_fixture_case(suite, "refusing");
    tcase_add_test(refusing, poison_becomes_a_dead_letter_and_its_partition_goes_on);
    tcase_add_test(refusing, poison_that_was_read_before_the_last_stop_is_no_second_letter);
    tcase_add_test(refusing, good_spans_of_a_bad_batch_are_kept_and_the_batch_is_a_dead_letter);
    return topic_fixture_run(suite);
}
