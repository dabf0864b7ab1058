/* link: otlp */
#include <check.h>
#include <math.h>

#include "processor/base/json/json.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/span_fields.h"
#include "processor/otlp/wire_gate.h"
#include "tests/support/corpus.h"

static struct arena arena;
static struct buffer buffer;

static void setup(void)
{
    arena_init(&arena, 16 << 20);
}

static void teardown(void)
{
    buffer_finish(&buffer);
    arena_finish(&arena);
}

static void put_part(struct buffer *to, uint32_t field, struct buffer *part)
{
    wire_put_bytes(to, field, buffer_bytes(part));
    buffer_finish(part);
}

/* Appends an attribute; `value` is an AnyValue that is freed. */
static void put_attribute(uint32_t field, const char *key, struct buffer *value)
{
    struct buffer key_value = {0};
    wire_put_bytes(&key_value, KEY_VALUE_KEY, bytes_of_text(key));
    put_part(&key_value, KEY_VALUE_VALUE, value);
    put_part(&buffer, field, &key_value);
}

static struct buffer text_value(const char *text)
{
    struct buffer value = {0};
    wire_put_bytes(&value, ANY_STRING, bytes_of_text(text));
    return value;
}

static struct buffer int_value(int64_t integer)
{
    struct buffer value = {0};
    wire_put_number(&value, ANY_INT, (uint64_t)integer);
    return value;
}

static struct buffer double_value(double number)
{
    struct buffer value = {0};
    uint64_t bits;
    memcpy(&bits, &number, 8);
    wire_put_fixed64(&value, ANY_DOUBLE, bits);
    return value;
}

static void expect_text(struct value value, const char *text)
{
    struct bytes read = value_text(value, &arena);
    ck_assert_ptr_nonnull(read.data);
    ck_assert_msg(bytes_equal_text(read, text), "%.*s", (int)read.size, (const char *)read.data);
}

static struct value read_and_free(struct buffer *value)
{
    struct value read = value_read(arena_copy(&arena, buffer_bytes(value)));
    buffer_finish(value);
    return read;
}

START_TEST(attributes_come_in_order_between_other_fields)
{
    struct buffer first = text_value("a"), second = int_value(-2);
    wire_put_bytes(&buffer, SPAN_NAME, BYTES_LITERAL("name"));
    put_attribute(SPAN_ATTRIBUTES, "one", &first);
    wire_put_number(&buffer, SPAN_KIND, 1);
    put_attribute(SPAN_ATTRIBUTES, "two", &second);
    struct attributes attributes = attributes_of(buffer_bytes(&buffer), OF_SPAN);
    struct attribute attribute;
    ck_assert(attributes_next(&attributes, &attribute));
    ck_assert(bytes_equal_text(attribute.key, "one"));
    ck_assert(attribute.value.type == VALUE_STRING);
    ck_assert(bytes_equal_text(attribute.value.bytes, "a"));
    ck_assert(attributes_next(&attributes, &attribute));
    ck_assert(bytes_equal_text(attribute.key, "two"));
    ck_assert(attribute.value.type == VALUE_INT);
    ck_assert_int_eq(attribute.value.integer, -2);
    ck_assert(attribute.value.number == -2.0);
    ck_assert(!attributes_next(&attributes, &attribute));
}
END_TEST

START_TEST(the_last_attribute_of_a_key_is_found)
{
    struct buffer first = text_value("old"), second = text_value("new"), other = text_value("x");
    put_attribute(RESOURCE_ATTRIBUTES, "key", &first);
    put_attribute(RESOURCE_ATTRIBUTES, "key", &second);
    put_attribute(RESOURCE_ATTRIBUTES, "other", &other);
    struct bytes message = buffer_bytes(&buffer);
    expect_text(attributes_find(message, OF_RESOURCE, BYTES_LITERAL("key")), "new");
    ck_assert(attributes_find(message, OF_RESOURCE, BYTES_LITERAL("none")).type == VALUE_NONE);
    ck_assert(attributes_find(message, OF_SPAN, BYTES_LITERAL("key")).type == VALUE_NONE);
    ck_assert(attributes_find((struct bytes){0}, OF_SPAN, BYTES_LITERAL("key")).type == VALUE_NONE);
}
END_TEST

START_TEST(a_key_without_a_value_has_none)
{
    wire_put_bytes(&buffer, SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k"));
    wire_put_bytes(&buffer, SPAN_ATTRIBUTES, BYTES_LITERAL(""));
    struct attributes attributes = attributes_of(buffer_bytes(&buffer), OF_SPAN);
    struct attribute attribute;
    ck_assert(attributes_next(&attributes, &attribute));
    ck_assert(bytes_equal_text(attribute.key, "k") && attribute.value.type == VALUE_NONE);
    ck_assert(attributes_next(&attributes, &attribute));
    ck_assert_ptr_nonnull(attribute.key.data);
    ck_assert_uint_eq(attribute.key.size, 0);
    ck_assert_ptr_null(value_text(attribute.value, &arena).data);
}
END_TEST

START_TEST(scalars_are_text_as_a_person_reads_them)
{
    struct buffer values[] = {int_value(INT64_MIN),
                              double_value(0.1),
                              double_value(3),
                              double_value(-INFINITY),
                              text_value("plain \"text\""),
                              {0},
                              {0},
                              {0}};
    wire_put_number(&values[5], ANY_BOOL, 2);
    wire_put_number(&values[6], ANY_BOOL, 0);
    wire_put_bytes(&values[7], ANY_BYTES, BYTES_LITERAL("\x01"));
    expect_text(read_and_free(&values[0]), "-9223372036854775808");
    expect_text(read_and_free(&values[1]), "0.1");
    expect_text(read_and_free(&values[2]), "3");
    expect_text(read_and_free(&values[3]), "-Infinity");
    expect_text(read_and_free(&values[4]), "plain \"text\"");
    ck_assert_int_eq(value_read(buffer_bytes(&values[5])).integer, 1);
    expect_text(read_and_free(&values[5]), "true");
    expect_text(read_and_free(&values[6]), "false");
    ck_assert_ptr_null(value_text(read_and_free(&values[7]), &arena).data);
}
END_TEST

START_TEST(the_last_member_of_a_value_wins)
{
    struct buffer value = text_value("text");
    wire_put_number(&value, ANY_INT, 7);
    struct value read = read_and_free(&value);
    ck_assert(read.type == VALUE_INT && read.integer == 7);
}
END_TEST

START_TEST(structured_values_are_json)
{
    struct buffer list = {0}, array = {0}, object = {0}, member = {0}, value = {0};
    struct buffer a = text_value("a\n"), one = int_value(1), half = double_value(0.5), none = {0};
    put_part(&list, LIST_VALUES, &a);
    put_part(&list, LIST_VALUES, &one);
    put_part(&list, LIST_VALUES, &half);
    put_part(&list, LIST_VALUES, &none);
    put_part(&array, ANY_ARRAY, &list);
    wire_put_bytes(&member, KEY_VALUE_KEY, BYTES_LITERAL("parts"));
    put_part(&member, KEY_VALUE_VALUE, &array);
    put_part(&object, LIST_VALUES, &member);
    put_part(&value, ANY_KVLIST, &object);
    expect_text(read_and_free(&value), "{\"parts\":[\"a\\n\",1,0.5,null]}");
    struct buffer empty = {0};
    wire_put_bytes(&empty, ANY_ARRAY, BYTES_LITERAL(""));
    expect_text(read_and_free(&empty), "[]");
}
END_TEST

START_TEST(json_ends_at_the_depth_that_its_readers_take)
{
    struct buffer value = text_value("inside");
    for (int i = 0; i < 1000; i++) {
        struct buffer list = {0}, outer = {0};
        put_part(&list, LIST_VALUES, &value);
        put_part(&outer, ANY_ARRAY, &list);
        value = outer;
    }
    struct bytes json = value_json(read_and_free(&value), &arena);
    struct json_reader reader;
    struct json_value read;
    ck_assert(json_parse(json, &arena, &reader, &read));
    ck_assert(!reader.broken && !reader.truncated);
    ck_assert_uint_gt(json.size, 2 * 60);
    ck_assert_uint_lt(json.size, 2 * 64 + 5);
}
END_TEST

START_TEST(a_text_over_the_budget_of_the_arena_is_absent)
{
    struct arena tiny;
    arena_init(&tiny, 32);
    struct buffer list = {0}, value = {0};
    for (int i = 0; i < 100; i++) {
        struct buffer element = text_value("element");
        put_part(&list, LIST_VALUES, &element);
    }
    put_part(&value, ANY_ARRAY, &list);
    ck_assert_ptr_null(value_text(read_and_free(&value), &tiny).data);
    ck_assert(tiny.failed);
    arena_finish(&tiny);
}
END_TEST

START_TEST(events_and_links_are_walked_apart)
{
    struct buffer event = {0}, link = {0}, bad = {0}, attribute = {0}, value = text_value("E");
    wire_put_bytes(&event, EVENT_NAME, BYTES_LITERAL("exception"));
    wire_put_fixed64(&event, EVENT_TIME, 12);
    wire_put_bytes(&attribute, KEY_VALUE_KEY, BYTES_LITERAL("exception.type"));
    put_part(&attribute, KEY_VALUE_VALUE, &value);
    put_part(&event, EVENT_ATTRIBUTES, &attribute);
    wire_put_bytes(&bad, LINK_TRACE_ID, BYTES_LITERAL("short"));
    wire_put_bytes(&link, LINK_TRACE_ID, BYTES_LITERAL("0123456789abcdef"));
    wire_put_bytes(&link, LINK_SPAN_ID, BYTES_LITERAL("01234567"));
    put_part(&buffer, SPAN_LINKS, &bad);
    put_part(&buffer, SPAN_EVENTS, &event);
    put_part(&buffer, SPAN_LINKS, &link);
    struct span span = {.wire = buffer_bytes(&buffer)};
    struct span_events events = span_events_of(&span);
    struct span_event read;
    ck_assert(span_events_next(&events, &read));
    ck_assert(bytes_equal_text(read.name, "exception") && read.time_ns == 12);
    expect_text(attributes_find(read.wire, OF_EVENT, BYTES_LITERAL("exception.type")), "E");
    ck_assert(!span_events_next(&events, &read));
    struct span_links links = span_links_of(&span);
    struct span_link target;
    ck_assert(span_links_next(&links, &target));
    ck_assert_mem_eq(target.trace_id, "0123456789abcdef", TRACE_ID_SIZE);
    ck_assert(!span_links_next(&links, &target));
}
END_TEST

START_TEST(fields_of_a_span_are_found_by_name)
{
    struct buffer status = {0}, body = text_value("body");
    wire_put_bytes(&status, STATUS_MESSAGE, BYTES_LITERAL("it broke"));
    wire_put_bytes(&buffer, SPAN_TRACE_STATE, BYTES_LITERAL("ot=th:8"));
    put_part(&buffer, SPAN_STATUS, &status);
    put_part(&buffer, LOG_BODY, &body); /* 5 is a span's name as well */
    struct span span = {.wire = buffer_bytes(&buffer)};
    struct log_record log = {.wire = buffer_bytes(&buffer)};
    ck_assert(bytes_equal_text(span_trace_state(&span), "ot=th:8"));
    ck_assert(bytes_equal_text(span_status_message(&span), "it broke"));
    expect_text(log_body(&log), "body");
    struct span empty = {.wire = BYTES_LITERAL("")};
    ck_assert_ptr_null(span_name(&empty).data);
    ck_assert_ptr_null(span_status_message(&empty).data);
}
END_TEST

START_TEST(structured_contents_of_recorded_logs_are_json)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp-logs.pb");
    size_t structured = 0;
    for (size_t i = 0; i < corpus.count; i++) {
        struct gated_request gated;
        arena_reset(&arena);
        ck_assert_int_eq(wire_gate(corpus.files[i].body, WIRE_GATE_LOGS, &wire_gate_limits_default,
                                   &arena, &gated),
                         STATUS_OK);
        for (uint32_t j = 0; j < gated.log_count; j++) {
            struct attributes attributes = attributes_of(gated.logs[j].log.wire, OF_LOG_RECORD);
            struct attribute attribute;
            while (attributes_next(&attributes, &attribute)) {
                struct json_reader reader;
                struct json_value value;
                if (attribute.value.type != VALUE_ARRAY && attribute.value.type != VALUE_KVLIST)
                    continue;
                structured++;
                ck_assert(json_parse(value_text(attribute.value, &arena), &arena, &reader, &value));
                ck_assert(!reader.truncated);
            }
        }
    }
    ck_assert_uint_gt(structured, 20);
    corpus_free(&corpus);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("attributes");
    TCase *tests = tcase_create("attributes");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, attributes_come_in_order_between_other_fields);
    tcase_add_test(tests, the_last_attribute_of_a_key_is_found);
    tcase_add_test(tests, a_key_without_a_value_has_none);
    tcase_add_test(tests, scalars_are_text_as_a_person_reads_them);
    tcase_add_test(tests, the_last_member_of_a_value_wins);
    tcase_add_test(tests, structured_values_are_json);
    tcase_add_test(tests, json_ends_at_the_depth_that_its_readers_take);
    tcase_add_test(tests, a_text_over_the_budget_of_the_arena_is_absent);
    tcase_add_test(tests, events_and_links_are_walked_apart);
    tcase_add_test(tests, fields_of_a_span_are_found_by_name);
    tcase_add_test(tests, structured_contents_of_recorded_logs_are_json);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
