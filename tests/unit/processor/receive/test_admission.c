/* link: receive otlp base */
/* A limit costs the part that breaks it, never the span. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/left_out.h"
#include "processor/otlp/wire_trim.h"
#include "processor/receive/admission.h"

static struct request_pool *pool;
static struct request *request;
static struct wire_gate_limits limits;

static void setup(void)
{
    pool = request_pool_create(1);
    request = request_take(pool);
    limits = wire_gate_limits_default;
    limits.attributes_max = 8;
    limits.attribute_bytes_max = 1000;
    limits.span_bytes_max = 4000;
    limits.spans_max = 3;
    limits.depth_max = 4;
}

static void teardown(void)
{
    request_release(request);
    request_pool_destroy(pool);
}

/* ---- Messages ---- */

static void put_text(struct buffer *to, uint32_t field, const char *key, size_t size)
{
    struct buffer value = {0}, attribute = {0};
    uint8_t *text = malloc(size + 1);
    memset(text, 'x', size + 1);
    wire_put_bytes(&value, ANY_STRING, bytes_of(text, size));
    wire_put_bytes(&attribute, KEY_VALUE_KEY, bytes_of_text(key));
    wire_put_bytes(&attribute, KEY_VALUE_VALUE, buffer_bytes(&value));
    wire_put_bytes(to, field, buffer_bytes(&attribute));
    buffer_finish(&attribute);
    buffer_finish(&value);
    free(text);
}

static void put_deep(struct buffer *to, int levels)
{
    struct buffer value = {0}, next = {0};
    for (int i = 0; i < levels; i++) {
        struct buffer list = {0};
        wire_put_bytes(&list, LIST_VALUES, buffer_bytes(&value));
        buffer_clear(&next);
        wire_put_bytes(&next, ANY_ARRAY, buffer_bytes(&list));
        buffer_clear(&value);
        buffer_append_bytes(&value, buffer_bytes(&next));
        buffer_finish(&list);
    }
    struct buffer attribute = {0};
    wire_put_bytes(&attribute, KEY_VALUE_KEY, BYTES_LITERAL("deep"));
    wire_put_bytes(&attribute, KEY_VALUE_VALUE, buffer_bytes(&value));
    wire_put_bytes(to, SPAN_ATTRIBUTES, buffer_bytes(&attribute));
    buffer_finish(&attribute);
    buffer_finish(&value);
    buffer_finish(&next);
}

static struct buffer span_of(uint8_t id)
{
    struct buffer span = {0};
    uint8_t trace_id[TRACE_ID_SIZE] = {1}, span_id[SPAN_ID_SIZE] = {2, id};
    wire_put_bytes(&span, SPAN_TRACE_ID, bytes_of(trace_id, sizeof trace_id));
    wire_put_bytes(&span, SPAN_SPAN_ID, bytes_of(span_id, sizeof span_id));
    wire_put_bytes(&span, SPAN_NAME, BYTES_LITERAL("chat"));
    wire_put_fixed64(&span, SPAN_START_TIME, 100);
    wire_put_fixed64(&span, SPAN_END_TIME, 200);
    wire_put_bytes(&span, SPAN_STATUS, BYTES_LITERAL("\x18\x02"));
    return span;
}

/* Appends a request of one group of these spans, with these heads. */
static void put_request(const struct buffer *spans, size_t count, struct bytes resource,
                        struct bytes scope)
{
    struct buffer scopes = {0}, group = {0};
    wire_put_bytes(&scopes, GROUP_HEAD, scope);
    for (size_t i = 0; i < count; i++)
        wire_put_bytes(&scopes, GROUP_ITEMS, buffer_bytes(&spans[i]));
    wire_put_bytes(&group, GROUP_HEAD, resource);
    wire_put_bytes(&group, GROUP_ITEMS, buffer_bytes(&scopes));
    wire_put_bytes(&request->received, REQUEST_GROUPS, buffer_bytes(&group));
    buffer_finish(&scopes);
    buffer_finish(&group);
}

static void put_span(struct buffer *span)
{
    put_request(span, 1, BYTES_LITERAL(""), BYTES_LITERAL(""));
    buffer_finish(span);
}

static const struct span *admit(void)
{
    request->signal = WIRE_GATE_TRACES;
    ck_assert_int_eq(admission_gate(request, &limits), STATUS_OK);
    ck_assert_uint_ge(request->gated.span_count, 1);
    return &request->gated.spans[0].span;
}

static void expect_left_out(const struct span *span, enum left_out_part part,
                            enum wire_gate_reject reason, const char *name)
{
    struct left_out_list list = left_out_of(span->wire);
    struct left_out note;
    ck_assert(span->has_left_out);
    ck_assert_uint_eq(request->gated.rejected_count, 0);
    ck_assert_uint_ge(request->gated.parts.left_out[reason], 1);
    while (left_out_next(&list, &note))
        if (note.part == part && note.reason == reason && bytes_equal_text(note.name, name))
            return;
    ck_abort_msg("no note of %d, %d, %s", part, reason, name);
}

static uint32_t attribute_count(const struct span *span)
{
    struct attributes attributes = attributes_of(span->wire, OF_SPAN);
    struct attribute attribute;
    uint32_t count = 0;
    while (attributes_next(&attributes, &attribute))
        count++;
    return count;
}

/* ---- Tests ---- */

START_TEST(an_oversized_attribute_is_left_out_and_the_span_stays)
{
    struct buffer span = span_of(1);
    put_text(&span, SPAN_ATTRIBUTES, "small", 10);
    put_text(&span, SPAN_ATTRIBUTES, "large", 2000);
    wire_put_number(&span, SPAN_DROPPED_ATTRIBUTES, 5);
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_uint_eq(kept->start_ns, 100);
    ck_assert_uint_eq(kept->end_ns, 200);
    ck_assert_int_eq(kept->status, SPAN_STATUS_ERROR);
    ck_assert_uint_eq(kept->dropped_attributes, 6);
    ck_assert_uint_eq(attribute_count(kept), 1);
    expect_left_out(kept, LEFT_OUT_ATTRIBUTE, WIRE_GATE_TOO_LARGE, "large");
    ck_assert_str_eq(request->gated.parts.place,
                     "resourceSpans[0].scopeSpans[0].spans[0].attributes[1]");
}
END_TEST

START_TEST(of_too_many_attributes_the_first_are_kept)
{
    struct buffer span = span_of(1);
    for (int i = 0; i < 100; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        put_text(&span, SPAN_ATTRIBUTES, key, 3);
    }
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_uint_eq(attribute_count(kept), 8);
    ck_assert_uint_eq(kept->dropped_attributes, 92);
    ck_assert_uint_eq(request->gated.parts.left_out[WIRE_GATE_TOO_MANY_ATTRIBUTES], 92);
    expect_left_out(kept, LEFT_OUT_ATTRIBUTE, WIRE_GATE_TOO_MANY_ATTRIBUTES, "k8");
    struct left_out_list list = left_out_of(kept->wire);
    struct left_out note;
    uint32_t notes = 0, parts = 0;
    for (; left_out_next(&list, &note); notes++)
        parts += note.count;
    ck_assert_uint_eq(parts, 92);
    ck_assert_uint_eq(notes, LEFT_OUT_NOTES_MAX + 1);
}
END_TEST

START_TEST(an_attribute_that_is_too_deep_or_has_a_nul_in_its_key_goes)
{
    struct buffer span = span_of(1), key = {0};
    put_deep(&span, 5);
    wire_put_bytes(&key, KEY_VALUE_KEY, BYTES_LITERAL("a\0b"));
    wire_put_bytes(&span, SPAN_ATTRIBUTES, buffer_bytes(&key));
    put_text(&span, SPAN_ATTRIBUTES, "fine", 3);
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_uint_eq(attribute_count(kept), 1);
    expect_left_out(kept, LEFT_OUT_ATTRIBUTE, WIRE_GATE_TOO_DEEP, "deep");
    ck_assert_uint_eq(request->gated.parts.left_out[WIRE_GATE_BAD_UTF8_NUL], 1);
    buffer_finish(&key);
}
END_TEST

START_TEST(a_name_with_a_nul_goes)
{
    struct buffer span = span_of(1);
    wire_put_bytes(&span, SPAN_NAME, BYTES_LITERAL("ch\0at"));
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_uint_eq(wire_find_bytes(kept->wire, SPAN_NAME).size, 0);
    expect_left_out(kept, LEFT_OUT_FIELD, WIRE_GATE_BAD_UTF8_NUL, "name");
}
END_TEST

START_TEST(an_event_loses_its_attribute_and_stays_and_too_many_go)
{
    struct buffer span = span_of(1), event = {0};
    wire_put_bytes(&event, EVENT_NAME, BYTES_LITERAL("exception"));
    put_text(&event, EVENT_ATTRIBUTES, "stack", 2000);
    put_text(&event, EVENT_ATTRIBUTES, "type", 5);
    for (int i = 0; i < 10; i++)
        wire_put_bytes(&span, SPAN_EVENTS, buffer_bytes(&event));
    put_span(&span);
    const struct span *kept = admit();
    expect_left_out(kept, LEFT_OUT_INNER, WIRE_GATE_TOO_LARGE, "stack");
    expect_left_out(kept, LEFT_OUT_EVENT, WIRE_GATE_TOO_MANY_ATTRIBUTES, "exception");
    ck_assert_uint_eq(wire_find_number(kept->wire, SPAN_DROPPED_EVENTS, 0), 2);
    struct bytes first = wire_find_bytes(kept->wire, SPAN_EVENTS);
    ck_assert_uint_eq(wire_find_number(first, EVENT_DROPPED_ATTRIBUTES, 0), 1);
    ck_assert(attributes_find(first, OF_EVENT, BYTES_LITERAL("type")).type == VALUE_STRING);
    buffer_finish(&event);
}
END_TEST

START_TEST(a_parent_id_that_is_none_makes_an_orphan_and_no_root)
{
    struct buffer span = span_of(1);
    wire_put_bytes(&span, SPAN_PARENT_SPAN_ID, BYTES_LITERAL("12345"));
    put_span(&span);
    const struct span *kept = admit();
    ck_assert(kept->has_parent && !span_knows_parent(kept) && !span_is_root(kept));
    expect_left_out(kept, LEFT_OUT_PARENT, WIRE_GATE_BAD_PARENT_ID, "");
    ck_assert_str_eq(request->gated.parts.place,
                     "resourceSpans[0].scopeSpans[0].spans[0].parentSpanId");
}
END_TEST

START_TEST(a_span_that_is_too_large_loses_what_comes_last)
{
    struct buffer span = span_of(1);
    for (int i = 0; i < 7; i++)
        put_text(&span, SPAN_ATTRIBUTES, i < 6 ? "k" : "last", 900);
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_uint_eq(attribute_count(kept), 4);
    ck_assert_uint_eq(kept->dropped_attributes, 3);
    expect_left_out(kept, LEFT_OUT_ATTRIBUTE, WIRE_GATE_TOO_LARGE, "last");
}
END_TEST

START_TEST(a_status_text_that_is_too_large_leaves_the_code)
{
    struct buffer span = span_of(1), status = {0};
    uint8_t *text = calloc(1, 5000);
    memset(text, 't', 5000);
    wire_put_bytes(&status, STATUS_MESSAGE, bytes_of(text, 5000));
    wire_put_number(&status, STATUS_CODE, SPAN_STATUS_ERROR);
    wire_put_bytes(&span, SPAN_STATUS, buffer_bytes(&status));
    put_span(&span);
    const struct span *kept = admit();
    ck_assert_int_eq(kept->status, SPAN_STATUS_ERROR);
    expect_left_out(kept, LEFT_OUT_FIELD, WIRE_GATE_TOO_LARGE, "status.message");
    buffer_finish(&status);
    free(text);
}
END_TEST

START_TEST(spans_beyond_the_limit_are_stubs)
{
    struct buffer spans[5];
    for (uint8_t i = 0; i < 5; i++) {
        spans[i] = span_of(i);
        put_text(&spans[i], SPAN_ATTRIBUTES, "k", 20);
    }
    put_request(spans, 5, BYTES_LITERAL(""), BYTES_LITERAL(""));
    (void)admit();
    ck_assert_uint_eq(request->gated.span_count, 5);
    ck_assert_uint_eq(request->gated.rejected_count, 0);
    ck_assert_uint_eq(request->gated.parts.stubs, 2);
    for (uint32_t i = 0; i < 5; i++) {
        const struct span *span = &request->gated.spans[i].span;
        ck_assert_int_eq(span->is_stub, i >= 3);
        ck_assert_uint_eq(span->id[1], i);
        ck_assert(span->start_ns == 100 && span->end_ns == 200);
        ck_assert_int_eq(span->status, SPAN_STATUS_ERROR);
        ck_assert_uint_eq(attribute_count(span), i < 3);
        buffer_finish(&spans[i]);
    }
}
END_TEST

START_TEST(a_resource_and_a_scope_lose_an_attribute_and_keep_their_spans)
{
    struct buffer span = span_of(1), head = {0}, scope = {0};
    put_text(&head, RESOURCE_ATTRIBUTES, "service.name", 4);
    put_text(&head, RESOURCE_ATTRIBUTES, "process.command_args", 3000);
    put_text(&scope, SCOPE_ATTRIBUTES, "large", 3000);
    put_request(&span, 1, buffer_bytes(&head), buffer_bytes(&scope));
    (void)admit();
    struct bytes resource = request->gated.resources[0];
    ck_assert_uint_eq(wire_find_number(resource, RESOURCE_DROPPED_ATTRIBUTES, 0), 1);
    ck_assert(attributes_find(resource, OF_RESOURCE, BYTES_LITERAL("service.name")).type ==
              VALUE_STRING);
    struct left_out_list list = left_out_of(resource);
    struct left_out note;
    ck_assert(left_out_next(&list, &note));
    ck_assert(bytes_equal_text(note.name, "process.command_args"));
    ck_assert_uint_eq(request->gated.parts.left_out[WIRE_GATE_TOO_LARGE], 2);
    buffer_finish(&span);
    buffer_finish(&head);
    buffer_finish(&scope);
}
END_TEST

START_TEST(bad_ids_refuse_their_span_beside_one_that_is_trimmed)
{
    struct buffer spans[2] = {span_of(1), span_of(2)};
    put_text(&spans[0], SPAN_ATTRIBUTES, "large", 2000);
    wire_put_bytes(&spans[1], SPAN_SPAN_ID, BYTES_LITERAL("123"));
    put_request(spans, 2, BYTES_LITERAL(""), BYTES_LITERAL(""));
    (void)admit();
    ck_assert_uint_eq(request->gated.span_count, 1);
    ck_assert_uint_eq(request->gated.rejected[WIRE_GATE_BAD_SPAN_ID], 1);
    ck_assert_uint_eq(request->gated.rejected_count, 1);
    ck_assert_uint_eq(request->gated.parts.left_out_count, 1);
    struct left_out_list list = left_out_of(request->gated.spans[0].span.wire);
    struct left_out note;
    uint32_t refused = 0; /* of this trace: the run is not whole */
    while (left_out_next(&list, &note))
        refused += note.part == LEFT_OUT_SPAN ? note.count : 0;
    ck_assert_uint_eq(refused, 1);
    buffer_finish(&spans[0]);
    buffer_finish(&spans[1]);
}
END_TEST

START_TEST(a_log_record_keeps_what_fits)
{
    struct buffer log = {0}, scopes = {0}, group = {0};
    uint8_t trace_id[TRACE_ID_SIZE] = {1};
    wire_put_bytes(&log, LOG_TRACE_ID, bytes_of(trace_id, sizeof trace_id));
    wire_put_bytes(&log, LOG_EVENT_NAME, BYTES_LITERAL("gen_ai.evaluation.result"));
    put_text(&log, LOG_ATTRIBUTES, "large", 2000);
    put_text(&log, LOG_ATTRIBUTES, "small", 2);
    for (int i = 0; i < 4; i++)
        wire_put_bytes(&scopes, GROUP_ITEMS, buffer_bytes(&log));
    wire_put_bytes(&group, GROUP_ITEMS, buffer_bytes(&scopes));
    wire_put_bytes(&request->received, REQUEST_GROUPS, buffer_bytes(&group));
    request->signal = WIRE_GATE_LOGS;
    ck_assert_int_eq(admission_gate(request, &limits), STATUS_OK);
    ck_assert_uint_eq(request->gated.log_count, 3);
    ck_assert_uint_eq(request->gated.rejected[WIRE_GATE_TOO_LARGE], 1); /* one too many */
    ck_assert(request->gated.logs[0].is_known);
    struct bytes wire = request->gated.logs[0].log.wire;
    ck_assert(attributes_find(wire, OF_LOG_RECORD, BYTES_LITERAL("small")).type == VALUE_STRING);
    ck_assert_uint_eq(wire_find_number(wire, LOG_DROPPED_ATTRIBUTES, 0), 1);
    buffer_finish(&log);
    buffer_finish(&scopes);
    buffer_finish(&group);
}
END_TEST

START_TEST(what_fits_is_left_as_it_came)
{
    struct buffer span = span_of(1), copy = {0};
    put_text(&span, SPAN_ATTRIBUTES, "k", 100);
    put_span(&span);
    buffer_append_bytes(&copy, buffer_bytes(&request->received));
    const struct span *kept = admit();
    ck_assert(!kept->has_left_out);
    ck_assert(bytes_equal(buffer_bytes(&request->received), buffer_bytes(&copy)));
    buffer_finish(&copy);
}
END_TEST

/* Admitted once is admitted for good: the journal holds what was admitted, and it is read under the
 * format's own ceilings. */
START_TEST(what_was_admitted_is_read_again_as_it_was)
{
    struct buffer spans[5];
    for (uint8_t i = 0; i < 5; i++) {
        spans[i] = span_of(i);
        put_text(&spans[i], SPAN_ATTRIBUTES, "first", 900);
        put_text(&spans[i], SPAN_ATTRIBUTES, "second", i == 1 ? 3000 : 30);
        put_deep(&spans[i], i == 2 ? 6 : 3);
    }
    put_request(spans, 5, BYTES_LITERAL(""), BYTES_LITERAL(""));
    (void)admit();
    uint32_t attributes[5];
    for (uint32_t i = 0; i < 5; i++) {
        attributes[i] = attribute_count(&request->gated.spans[i].span);
        buffer_finish(&spans[i]);
    }
    ck_assert_uint_eq(request->encoding, REQUEST_IDENTITY); /* as it is journaled */
    arena_reset(&request->arena);
    ck_assert_int_eq(admission_gate_again(request), STATUS_OK);
    ck_assert_uint_eq(request->gated.span_count, 5);
    ck_assert_uint_eq(request->gated.rejected_count, 0);
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(attribute_count(&request->gated.spans[i].span), attributes[i]);
        ck_assert_int_eq(request->gated.spans[i].span.is_stub, i >= 3);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tests = tcase_create("admission");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_oversized_attribute_is_left_out_and_the_span_stays);
    tcase_add_test(tests, of_too_many_attributes_the_first_are_kept);
    tcase_add_test(tests, an_attribute_that_is_too_deep_or_has_a_nul_in_its_key_goes);
    tcase_add_test(tests, a_name_with_a_nul_goes);
    tcase_add_test(tests, an_event_loses_its_attribute_and_stays_and_too_many_go);
    tcase_add_test(tests, a_parent_id_that_is_none_makes_an_orphan_and_no_root);
    tcase_add_test(tests, a_span_that_is_too_large_loses_what_comes_last);
    tcase_add_test(tests, a_status_text_that_is_too_large_leaves_the_code);
    tcase_add_test(tests, spans_beyond_the_limit_are_stubs);
    tcase_add_test(tests, a_resource_and_a_scope_lose_an_attribute_and_keep_their_spans);
    tcase_add_test(tests, bad_ids_refuse_their_span_beside_one_that_is_trimmed);
    tcase_add_test(tests, a_log_record_keeps_what_fits);
    tcase_add_test(tests, what_fits_is_left_as_it_came);
    tcase_add_test(tests, what_was_admitted_is_read_again_as_it_was);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
