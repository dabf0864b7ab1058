/* link: otlp */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"
#include "processor/otlp/otlp_json.h"
#include "processor/otlp/span_fields.h"
#include "tests/support/corpus.h"

static struct arena arena;
static struct buffer wire;
static struct refused_parts parts;

static void setup(void)
{
    arena_init(&arena, 64 << 20);
}

static void teardown(void)
{
    buffer_finish(&wire);
    arena_finish(&arena);
}

static enum status convert_bytes(struct bytes json, enum wire_gate_signal signal)
{
    buffer_clear(&wire);
    parts = (struct refused_parts){0};
    return otlp_json_to_wire(json, signal, &arena, &wire, &parts);
}

static enum status convert(const char *json)
{
    return convert_bytes(bytes_of_text(json), WIRE_GATE_TRACES);
}

/* A request of one span with these members; what became of it is the Span message. */
static enum status convert_span(const char *members, struct bytes *ret_span)
{
    char json[4096];
    snprintf(json, sizeof json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{%s}]}]}]}",
             members);
    enum status status = convert(json);
    struct bytes group = wire_find_bytes(buffer_bytes(&wire), REQUEST_GROUPS);
    *ret_span = wire_find_bytes(wire_find_bytes(group, GROUP_ITEMS), GROUP_ITEMS);
    return status;
}

static enum status convert_value(const char *any_value, struct value *ret_value)
{
    char members[2048];
    struct bytes span;
    snprintf(members, sizeof members, "\"attributes\":[{\"key\":\"k\",\"value\":%s}]", any_value);
    enum status status = convert_span(members, &span);
    *ret_value = attributes_find(span, OF_SPAN, BYTES_LITERAL("k"));
    return status;
}

static void expect_value(const char *any_value, const char *text)
{
    struct value value;
    ck_assert_int_eq(convert_value(any_value, &value), STATUS_OK);
    struct bytes read = value_text(value, &arena);
    ck_assert_msg(bytes_equal_text(read, text), "%s: %.*s", any_value, (int)read.size,
                  (const char *)read.data);
}

/* The part goes, counted and noted; the span stays. */
static void expect_left_out(const char *members, enum wire_gate_reject reason,
                            enum left_out_part part)
{
    struct bytes span;
    struct left_out note;
    ck_assert_msg(convert_span(members, &span) == STATUS_OK, "%s", members);
    ck_assert_msg(parts.left_out[reason] == 1 && parts.left_out_count == 1, "%s", members);
    ck_assert_msg(parts.has_place &&
                      strncmp(parts.place, "resourceSpans[0].scopeSpans[0].spans[0]", 39) == 0,
                  "%s: %s", members, parts.place);
    struct left_out_list list = left_out_of(span);
    ck_assert_msg(left_out_next(&list, &note), "%s", members);
    ck_assert_msg(note.part == part && note.reason == reason && note.bytes > 0, "%s", members);
    ck_assert(!left_out_next(&list, &note));
}

static void expect_value_left_out(const char *any_value)
{
    struct value value;
    ck_assert_msg(convert_value(any_value, &value) == STATUS_OK, "%s", any_value);
    ck_assert_msg(value.type == VALUE_NONE && parts.left_out[WIRE_GATE_BAD_VALUE] == 1, "%s",
                  any_value);
}

static void expect_field_left_out(const char *members)
{
    expect_left_out(members, WIRE_GATE_BAD_VALUE, LEFT_OUT_FIELD);
}

/* The gate refuses the span, and the place says which. */
static void expect_span_refused(const char *members, const char *member)
{
    struct bytes span;
    struct gated_request gated;
    char place[96];
    ck_assert_msg(convert_span(members, &span) == STATUS_OK, "%s", members);
    snprintf(place, sizeof place, "resourceSpans[0].scopeSpans[0].spans[0].%s", member);
    ck_assert_str_eq(parts.place, place);
    ck_assert_uint_eq(parts.left_out_count, 0);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&wire), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 0);
    ck_assert_uint_eq(gated.rejected_count, 1);
}

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest Request;

/* The committed bytes are what Python's json_format and SerializeToString make of the same text. */
START_TEST(a_recorded_request_gives_the_messages_that_python_reads)
{
    struct corpus json = corpus_load("corpus/vercel-ai/json-success-01.otlp.json-body");
    struct corpus expected = corpus_load("otlp_json/vercel-ai-json-success.pb");
    ck_assert_int_eq(convert_bytes(json.files[0].body, WIRE_GATE_TRACES), STATUS_OK);
    Request *request =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
            NULL, wire.size, wire.data);
    ck_assert_ptr_nonnull(request);
    size_t size = protobuf_c_message_get_packed_size(&request->base);
    uint8_t *packed = malloc(size);
    protobuf_c_message_pack(&request->base, packed);
    ck_assert_uint_eq(size, expected.files[0].body.size);
    ck_assert_mem_eq(packed, expected.files[0].body.data, size);
    free(packed);
    protobuf_c_message_free_unpacked(&request->base, NULL);
    corpus_free(&expected);
    corpus_free(&json);
}
END_TEST

START_TEST(the_gate_takes_what_comes_out)
{
    struct corpus json = corpus_load("corpus/vercel-ai/json-success-01.otlp.json-body");
    struct gated_request gated;
    ck_assert_int_eq(convert_bytes(json.files[0].body, WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&wire), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 4);
    ck_assert_uint_eq(gated.rejected_count, 0);
    ck_assert_uint_eq(gated.spans[0].trace_id[0], 0xa7);
    ck_assert_uint_eq(gated.spans[0].span.start_ns, 1795410838112000000u);
    corpus_free(&json);
}
END_TEST

START_TEST(ids_are_hexadecimal_in_any_case)
{
    struct bytes span;
    ck_assert_int_eq(convert_span("\"traceId\":\"5B8EFFF798038103d269b633813fc60c\",\"spanId\":"
                                  "\"EEE19b7ec3c1b174\",\"parentSpanId\":\"\"",
                                  &span),
                     STATUS_OK);
    ck_assert_mem_eq(wire_find_bytes(span, SPAN_TRACE_ID).data, "\x5b\x8e\xff\xf7", 4);
    ck_assert_uint_eq(wire_find_bytes(span, SPAN_SPAN_ID).size, 8);
    ck_assert_uint_eq(wire_find_bytes(span, SPAN_PARENT_SPAN_ID).size, 0);
    const char *ids[] = {"\"W47/95gDgQPSabYzgT/GDA==\"",
                         "\"5b8\"",
                         "\"5b8e\"",
                         "5",
                         "{}",
                         "[]",
                         "\"5b8effff-7980-3810-3d26-9b633813fc60c\""};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char members_text[128];
        snprintf(members_text, sizeof members_text, "\"traceId\":%s", ids[i]);
        expect_span_refused(members_text, "traceId");
        snprintf(members_text, sizeof members_text,
                 "\"traceId\":\"5B8EFFF798038103d269b633813fc60c\",\"spanId\":%s", ids[i]);
        expect_span_refused(members_text, "spanId");
        snprintf(members_text, sizeof members_text, "\"parentSpanId\":%s", ids[i]);
        expect_left_out(members_text, WIRE_GATE_BAD_PARENT_ID, LEFT_OUT_PARENT);
    }
}
END_TEST

START_TEST(enums_are_numbers_or_names)
{
    struct bytes span;
    ck_assert_int_eq(convert_span("\"kind\":3,\"status\":{\"code\":2}", &span), STATUS_OK);
    ck_assert_uint_eq(wire_find_number(span, SPAN_KIND, 0), 3);
    ck_assert_int_eq(convert_span("\"kind\":\"SPAN_KIND_CLIENT\",\"status\":{\"code\":"
                                  "\"STATUS_CODE_ERROR\"}",
                                  &span),
                     STATUS_OK);
    ck_assert_uint_eq(wire_find_number(span, SPAN_KIND, 0), 3);
    ck_assert_uint_eq(wire_find_number(wire_find_bytes(span, SPAN_STATUS), STATUS_CODE, 0), 2);
    ck_assert_uint_eq(parts.left_out_count, 0);
    struct bytes logs = BYTES_LITERAL("{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":["
                                      "{\"severityNumber\":\"SEVERITY_NUMBER_FATAL4\"}]}]}]}");
    ck_assert_int_eq(convert_bytes(logs, WIRE_GATE_LOGS), STATUS_OK);
    struct bytes group = wire_find_bytes(buffer_bytes(&wire), REQUEST_GROUPS);
    struct bytes log = wire_find_bytes(wire_find_bytes(group, GROUP_ITEMS), GROUP_ITEMS);
    ck_assert_uint_eq(wire_find_number(log, LOG_SEVERITY_NUMBER, 0), 24);
    expect_field_left_out("\"kind\":\"SPAN_KIND_\"");
    expect_field_left_out("\"kind\":\"CLIENT\"");
    expect_field_left_out("\"kind\":\"3\"");
    expect_field_left_out("\"status\":{\"code\":\"SPAN_KIND_CLIENT\"}");
    expect_field_left_out("\"kind\":4294967296");
}
END_TEST

START_TEST(members_go_by_their_names_in_the_proto_as_well)
{
    ck_assert_int_eq(convert("{\"resource_spans\":[{\"scope_spans\":[{\"spans\":[{\"trace_id\":"
                             "\"5b8efff798038103d269b633813fc60c\",\"span_id\":"
                             "\"eee19b7ec3c1b174\",\"start_time_unix_nano\":\"5\",\"attributes\":"
                             "[{\"key\":\"k\",\"value\":{\"array_value\":{\"values\":[{"
                             "\"int_value\":\"7\"}]}}}]}]}]}]}"),
                     STATUS_OK);
    struct gated_request gated;
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&wire), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.spans[0].span.start_ns, 5);
    struct value value = attributes_find(gated.spans[0].span.wire, OF_SPAN, BYTES_LITERAL("k"));
    ck_assert(bytes_equal_text(value_text(value, &arena), "[7]"));
    ck_assert_uint_eq(parts.unrecognized + parts.left_out_count, 0);
}
END_TEST

/* The kind: whatever is wrong with a value costs the smallest part that can do without it. */
START_TEST(a_bad_value_costs_the_part_that_it_is_in)
{
    static const struct {
        const char *members, *kept;
        enum left_out_part part;
        uint32_t field, dropped; /* the span's count of it */
    } cases[] = {
        {"\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":5.5}},{\"key\":\"k\",\"value\":{"
         "\"stringValue\":\"kept\"}}],\"droppedAttributesCount\":2",
         "kept", LEFT_OUT_ATTRIBUTE, SPAN_DROPPED_ATTRIBUTES, 3},
        {"\"attributes\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"kept\"}},{\"key\":\"a\","
         "\"value\":{\"kvlistValue\":{\"values\":[{\"key\":\"b\",\"value\":{\"arrayValue\":{"
         "\"values\":[null]}}}]}}}]",
         "kept", LEFT_OUT_ATTRIBUTE, SPAN_DROPPED_ATTRIBUTES, 1},
        {"\"attributes\":[5]", NULL, LEFT_OUT_ATTRIBUTE, SPAN_DROPPED_ATTRIBUTES, 1},
        {"\"attributes\":[{\"key\":7,\"value\":{}}]", NULL, LEFT_OUT_ATTRIBUTE,
         SPAN_DROPPED_ATTRIBUTES, 1},
        {"\"links\":[{\"traceId\":\"zz\"},{\"traceId\":\"\"}]", NULL, LEFT_OUT_LINK,
         SPAN_DROPPED_LINKS, 1},
        {"\"events\":[{\"timeUnixNano\":\"now\",\"name\":\"e\"}]", NULL, LEFT_OUT_FIELD,
         SPAN_DROPPED_EVENTS, 0},
        {"\"events\":[{\"attributes\":[{\"key\":\"a\",\"value\":{\"boolValue\":1}}]}]", NULL,
         LEFT_OUT_INNER, SPAN_DROPPED_ATTRIBUTES, 0},
        {"\"droppedAttributesCount\":-1", NULL, LEFT_OUT_FIELD, SPAN_DROPPED_ATTRIBUTES, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes span;
        expect_left_out(cases[i].members,
                        cases[i].part == LEFT_OUT_PARENT ? WIRE_GATE_BAD_PARENT_ID
                                                         : WIRE_GATE_BAD_VALUE,
                        cases[i].part);
        ck_assert_int_eq(convert_span(cases[i].members, &span), STATUS_OK);
        ck_assert_msg(wire_find_number(span, cases[i].field, 0) == cases[i].dropped, "%s",
                      cases[i].members);
        if (cases[i].kept)
            ck_assert(bytes_equal_text(attributes_find(span, OF_SPAN, BYTES_LITERAL("k")).bytes,
                                       cases[i].kept));
    }
}
END_TEST

START_TEST(the_place_of_a_bad_value_is_its_path_and_its_byte)
{
    struct bytes span;
    const char *members =
        "\"attributes\":[{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{},"
        "{\"intValue\":true}]}}}]";
    ck_assert_int_eq(convert_span(members, &span), STATUS_OK);
    ck_assert_str_eq(parts.place, "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value."
                                  "arrayValue.values[1].intValue");
    ck_assert(!parts.is_converted);
    ck_assert_uint_eq(parts.offset, strlen("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{") +
                                        (size_t)(strstr(members, "true") - members));
    ck_assert_int_eq(convert("{\"resourceSpans\":[{]"), STATUS_MALFORMED);
    ck_assert_str_eq(parts.place, "resourceSpans[0]");
    ck_assert_uint_eq(parts.offset, 19);
}
END_TEST

START_TEST(a_value_that_is_nested_too_deep_costs_its_attribute)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"kept\","
                              "\"attributes\":[{\"key\":\"deep\",\"value\":");
    for (int i = 0; i < 500; i++)
        buffer_append_text(&json, "{\"arrayValue\":{\"values\":[");
    for (int i = 0; i < 500; i++)
        buffer_append_text(&json, "]}}");
    buffer_append_text(&json, "}]}]}]}]}");
    ck_assert_int_eq(convert_bytes(buffer_bytes(&json), WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_uint_eq(parts.left_out[WIRE_GATE_BAD_VALUE], 1);
    struct bytes group = wire_find_bytes(buffer_bytes(&wire), REQUEST_GROUPS);
    struct bytes span = wire_find_bytes(wire_find_bytes(group, GROUP_ITEMS), GROUP_ITEMS);
    ck_assert(bytes_equal_text(wire_find_bytes(span, SPAN_NAME), "kept"));
    ck_assert_uint_eq(wire_find_number(span, SPAN_DROPPED_ATTRIBUTES, 0), 1);
    buffer_finish(&json);
}
END_TEST

START_TEST(a_request_that_holds_nothing_known_says_so)
{
    const char *unknown[] = {
        "{\"batches\":[{\"scopeSpans\":[]}]}",
        "{\"resource\":{},\"scopeSpans\":[{\"spans\":[{}]}]}",
        "{\"resourceSpans\":[{\"instrumentationLibrarySpans\":[{\"spans\":[{}]}]}]}",
        "{\"resourceLogs\":[]}",
    };
    const char *empty[] = {"{}", "{\"resourceSpans\":[]}", "{\"batches\":null}",
                           "{\"resourceSpans\":[{\"resource\":{},\"scopeSpans\":[]}]}"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        ck_assert_int_eq(convert(unknown[i]), STATUS_OK);
        ck_assert_msg(parts.unrecognized > 0 && parts.has_place, "%s", unknown[i]);
    }
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        ck_assert_int_eq(convert(empty[i]), STATUS_OK);
        ck_assert_msg(parts.unrecognized == 0, "%s", empty[i]);
    }
}
END_TEST

START_TEST(large_integers_are_numbers_or_strings)
{
    struct bytes span;
    ck_assert_int_eq(convert_span("\"startTimeUnixNano\":\"1795410838112000001\","
                                  "\"endTimeUnixNano\":18446744073709551615,"
                                  "\"droppedAttributesCount\":7,\"flags\":257",
                                  &span),
                     STATUS_OK);
    ck_assert_uint_eq(wire_find_number(span, SPAN_START_TIME, 0), 1795410838112000001u);
    ck_assert_uint_eq(wire_find_number(span, SPAN_END_TIME, 0), UINT64_MAX);
    ck_assert_uint_eq(wire_find_number(span, SPAN_DROPPED_ATTRIBUTES, 0), 7);
    ck_assert_uint_eq(wire_find_number(span, SPAN_FLAGS, 0), 257);
    expect_value("{\"intValue\":\"-9223372036854775808\"}", "-9223372036854775808");
    expect_value("{\"intValue\":9223372036854775807}", "9223372036854775807");
    expect_value("{\"intValue\":1.5e3}", "1500");
    expect_value("{\"intValue\":1790000000000000001.0}", "1790000000000000001");
    expect_value("{\"intValue\":\"-9223372036854775808.00\"}", "-9223372036854775808");
    expect_value("{\"intValue\":1.790000000123456e+18}", "1790000000123456000");
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_left_out)
{
    expect_field_left_out("\"startTimeUnixNano\":\"18446744073709551616\"");
    expect_field_left_out("\"startTimeUnixNano\":-1");
    expect_field_left_out("\"startTimeUnixNano\":1e300");
    expect_field_left_out("\"startTimeUnixNano\":1.8446744073709552e19");
    expect_field_left_out("\"startTimeUnixNano\":18446744073709551616.0");
    expect_field_left_out("\"startTimeUnixNano\":\"\"");
    expect_field_left_out("\"droppedAttributesCount\":4294967296");
    expect_field_left_out("\"droppedAttributesCount\":\"0x10\"");
    const char *values[] = {"{\"intValue\":9223372036854775808}", "{\"intValue\":1.5}",
                            "{\"intValue\":true}", "{\"doubleValue\":\"one\"}",
                            "{\"intValue\":99999999999999999999999999999999999999999999999999}"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        expect_value_left_out(values[i]);
}
END_TEST

START_TEST(values_of_every_type_are_read)
{
    struct value value;
    expect_value("{\"stringValue\":\"a\\u00e9\\n\\\"\"}", "a\u00e9\n\"");
    expect_value("{\"stringValue\":\"\"}", "");
    expect_value("{\"boolValue\":true}", "true");
    expect_value("{\"doubleValue\":0.25}", "0.25");
    expect_value("{\"doubleValue\":\"-Infinity\"}", "-Infinity");
    expect_value("{\"doubleValue\":-Infinity}", "-Infinity"); /* as Python writes it */
    expect_value("{\"arrayValue\":{\"values\":[{\"intValue\":1},{},{\"stringValue\":\"x\"}]}}",
                 "[1,null,\"x\"]");
    expect_value("{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"boolValue\":false}}]}}",
                 "{\"a\":false}");
    ck_assert_int_eq(convert_value("{\"bytesValue\":\"-_8AAQ==\"}", &value), STATUS_OK);
    ck_assert(value.type == VALUE_BYTES && bytes_equal(value.bytes, BYTES_LITERAL("\xfb\xff\0\1")));
    ck_assert_int_eq(convert_value("{\"bytesValue\":\"+/8\"}", &value), STATUS_OK);
    ck_assert(bytes_equal(value.bytes, BYTES_LITERAL("\xfb\xff")));
    expect_value_left_out("{\"bytesValue\":\"a\"}");
    expect_value_left_out("{\"bytesValue\":\"a*aa\"}");
    expect_value_left_out("{\"stringValue\":1}");
    ck_assert_int_eq(convert_value("null", &value), STATUS_OK);
    ck_assert(value.type == VALUE_NONE);
}
END_TEST

START_TEST(unknown_members_are_ignored_whatever_they_hold)
{
    struct bytes span;
    ck_assert_int_eq(
        convert_span("\"new\":[{\"name\":[1,[2,{}],\"x\"]},null,true],\"SpanId\":\"zz\","
                     "\"Name\":1,\"name\":\"kept\"",
                     &span),
        STATUS_OK);
    ck_assert(bytes_equal_text(wire_find_bytes(span, SPAN_NAME), "kept"));
    ck_assert_int_eq(convert("{\"resourceLogs\":[{\"scopeLogs\":[]}]}"), STATUS_OK);
    ck_assert_uint_eq(wire.size, 0);
}
END_TEST

START_TEST(of_a_repeated_member_the_last_one_wins)
{
    struct bytes span;
    ck_assert_int_eq(convert_span("\"name\":\"first\",\"name\":\"second\"", &span), STATUS_OK);
    ck_assert(bytes_equal_text(wire_find_bytes(span, SPAN_NAME), "second"));
    expect_value("{\"stringValue\":\"a\",\"intValue\":\"2\"}", "2");
}
END_TEST

START_TEST(null_members_are_absent_and_null_elements_left_out)
{
    struct bytes span;
    ck_assert_int_eq(convert_span("\"name\":null,\"events\":null,\"status\":null", &span),
                     STATUS_OK);
    ck_assert_uint_eq(span.size, 0);
    expect_left_out("\"events\":[null]", WIRE_GATE_BAD_VALUE, LEFT_OUT_EVENT);
}
END_TEST

START_TEST(members_of_the_wrong_type_are_left_out)
{
    expect_left_out("\"events\":{}", WIRE_GATE_BAD_VALUE, LEFT_OUT_EVENT);
    expect_left_out("\"events\":1", WIRE_GATE_BAD_VALUE, LEFT_OUT_EVENT);
    expect_left_out("\"events\":[[]]", WIRE_GATE_BAD_VALUE, LEFT_OUT_EVENT);
    expect_left_out("\"events\":[\"x\"]", WIRE_GATE_BAD_VALUE, LEFT_OUT_EVENT);
    expect_field_left_out("\"status\":[]");
    expect_field_left_out("\"name\":{}");
    expect_field_left_out("\"name\":[\"x\"]");
    expect_left_out("\"attributes\":[{\"key\":\"k\",\"value\":\"text\"}]", WIRE_GATE_BAD_VALUE,
                    LEFT_OUT_ATTRIBUTE);
}
END_TEST

START_TEST(what_is_not_json_is_refused)
{
    const char *texts[] = {"",
                           " ",
                           "[]",
                           "null",
                           "\"text\"",
                           "{",
                           "{}}",
                           "{} x",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{\"a\":[1,]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":tru}",
                           "{\"a\":1 \"b\":2}",
                           "{a:1}",
                           "{\"a\":\"",
                           "{\"a\":\"\\",
                           "{\"a\":1]",
                           "{\"a\":NaNa}",
                           "{\"a\":01}",
                           "{\"a\":.5}",
                           "{\"a\":+1}",
                           "{\"a\":1.}",
                           "{\"a\":-}",
                           "{\"a\":1e}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(convert(texts[i]) == STATUS_MALFORMED, "%s", texts[i]);
    ck_assert_int_eq(convert(" {\t\r\n} \n"), STATUS_OK);
    ck_assert_int_eq(convert("{\"resourceSpans\":[]}"), STATUS_OK);
}
END_TEST

START_TEST(a_text_cut_anywhere_is_refused)
{
    struct corpus json = corpus_load("corpus/vercel-ai/json-success-01.otlp.json-body");
    for (size_t size = 0; size < json.files[0].body.size; size += 1 + size % 7) {
        uint8_t *cut = malloc(size + (size == 0));
        memcpy(cut, json.files[0].body.data, size);
        arena_reset(&arena);
        ck_assert_int_eq(convert_bytes(bytes_of(cut, size), WIRE_GATE_TRACES), STATUS_MALFORMED);
        free(cut);
    }
    corpus_free(&json);
}
END_TEST

START_TEST(depth_is_bounded_for_known_and_ignored_members)
{
    struct buffer ignored = {0}, nested = {0};
    buffer_append_text(&ignored, "{\"x\":");
    buffer_append_text(&nested, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"value\":");
    for (int i = 0; i < 100000; i++) {
        buffer_append_text(&ignored, "[");
        buffer_append_text(&nested, "{\"arrayValue\":{\"values\":[");
    }
    ck_assert_int_eq(convert_bytes(buffer_bytes(&ignored), WIRE_GATE_TRACES), STATUS_MALFORMED);
    ck_assert_int_eq(convert_bytes(buffer_bytes(&nested), WIRE_GATE_TRACES), STATUS_MALFORMED);
    buffer_finish(&ignored);
    buffer_finish(&nested);
}
END_TEST

START_TEST(a_budget_that_runs_out_says_wait)
{
    struct buffer small = {.limit = 8};
    struct arena tiny;
    arena_init(&tiny, 16);
    ck_assert_int_eq(
        otlp_json_to_wire(BYTES_LITERAL("{\"resourceSpans\":[{\"schemaUrl\":\"0123456789\"}]}"),
                          WIRE_GATE_TRACES, &arena, &small, &parts),
        STATUS_BUSY);
    buffer_clear(&wire);
    ck_assert_int_eq(otlp_json_to_wire(
                         BYTES_LITERAL("{\"resourceSpans\":[{\"schemaUrl\":\"\\u0041 a text longer "
                                       "than the arena has room for\"}]}"),
                         WIRE_GATE_TRACES, &tiny, &wire, &parts),
                     STATUS_BUSY);
    arena_finish(&tiny);
    buffer_finish(&small);
}
END_TEST

START_TEST(log_records_are_read)
{
    struct gated_request gated;
    struct bytes json = BYTES_LITERAL(
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
        "\"stringValue\":\"bank\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"lib\"},\"logRecords\":["
        "{"
        "\"timeUnixNano\":\"12\",\"severityNumber\":9,\"traceId\":"
        "\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"eventName\":"
        "\"gen_ai.evaluation.result\",\"body\":{\"stringValue\":\"text\"}}]}]}]}");
    ck_assert_int_eq(convert_bytes(json, WIRE_GATE_LOGS), STATUS_OK);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&wire), WIRE_GATE_LOGS, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.log_count, 1);
    ck_assert(gated.logs[0].has_ids && gated.logs[0].is_known);
    ck_assert_uint_eq(gated.logs[0].log.time_ns, 12);
    ck_assert(bytes_equal_text(log_body(&gated.logs[0].log).bytes, "text"));
    ck_assert(bytes_equal_text(scope_name(gated.scopes[0]), "lib"));
}
END_TEST

START_TEST(long_messages_get_their_sizes)
{
    struct buffer json = {0};
    buffer_append_text(&json, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"name\":\"");
    for (int i = 0; i < 100000; i++)
        buffer_append_byte(&json, 'n');
    buffer_append_text(&json, "\",\"kind\":2},{\"kind\":1}]}]}]}");
    ck_assert_int_eq(convert_bytes(buffer_bytes(&json), WIRE_GATE_TRACES), STATUS_OK);
    struct bytes group = wire_find_bytes(buffer_bytes(&wire), REQUEST_GROUPS);
    struct wire spans = wire_of(wire_find_bytes(group, GROUP_ITEMS));
    struct wire_field span;
    ck_assert(wire_next(&spans, &span));
    ck_assert_uint_eq(wire_find_bytes(span.bytes, SPAN_NAME).size, 100000);
    ck_assert_uint_eq(wire_find_number(span.bytes, SPAN_KIND, 0), 2);
    ck_assert(wire_next(&spans, &span));
    ck_assert_uint_eq(span.bytes.size, 2);
    ck_assert(!wire_next(&spans, &span) && !spans.broken);
    buffer_finish(&json);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("otlp_json");
    TCase *tests = tcase_create("otlp_json");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_recorded_request_gives_the_messages_that_python_reads);
    tcase_add_test(tests, the_gate_takes_what_comes_out);
    tcase_add_test(tests, ids_are_hexadecimal_in_any_case);
    tcase_add_test(tests, enums_are_numbers_or_names);
    tcase_add_test(tests, members_go_by_their_names_in_the_proto_as_well);
    tcase_add_test(tests, a_bad_value_costs_the_part_that_it_is_in);
    tcase_add_test(tests, the_place_of_a_bad_value_is_its_path_and_its_byte);
    tcase_add_test(tests, a_value_that_is_nested_too_deep_costs_its_attribute);
    tcase_add_test(tests, a_request_that_holds_nothing_known_says_so);
    tcase_add_test(tests, large_integers_are_numbers_or_strings);
    tcase_add_test(tests, numbers_that_do_not_fit_are_left_out);
    tcase_add_test(tests, values_of_every_type_are_read);
    tcase_add_test(tests, unknown_members_are_ignored_whatever_they_hold);
    tcase_add_test(tests, of_a_repeated_member_the_last_one_wins);
    tcase_add_test(tests, null_members_are_absent_and_null_elements_left_out);
    tcase_add_test(tests, members_of_the_wrong_type_are_left_out);
    tcase_add_test(tests, what_is_not_json_is_refused);
    tcase_add_test(tests, a_text_cut_anywhere_is_refused);
    tcase_add_test(tests, depth_is_bounded_for_known_and_ignored_members);
    tcase_add_test(tests, a_budget_that_runs_out_says_wait);
    tcase_add_test(tests, log_records_are_read);
    tcase_add_test(tests, long_messages_get_their_sizes);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
