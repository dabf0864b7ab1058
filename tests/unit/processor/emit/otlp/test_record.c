/* link: emit otlp nouns base */
/* A run of a few spans as OTLP: what stays, what is masked, hashed, left out or cut. */
#include <check.h>
#include <stdlib.h>

#include "processor/emit/otlp/record.h"
#include "processor/emit/otlp/shorten.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/span_fields.h"
#include "processor/otlp/wire_gate.h"

#define TEXT(text) BYTES_LITERAL(text)
enum { SPANS_MAX = 400 };

static struct arena arena;
static struct buffer wires[SPANS_MAX], made;
static struct span spans[SPANS_MAX];
static struct step steps[SPANS_MAX];
static struct bytes resources[2], scopes[2], labels[2];
static struct buffer resource_wires[2], scope_wires[2];
static struct trajectory trajectory;
static struct agent_run run;
static struct verdict_report report;
static struct redaction_policy policy;
static struct review_input input;
static struct review_record record;
static struct gated_request gated;
static const uint8_t ruleset[32] = {0xab};

static void put_attribute(struct buffer *to, uint32_t field, const char *key, const char *text,
                          uint64_t number)
{
    struct buffer any = {0}, pair = {0};
    if (text)
        wire_put_bytes(&any, ANY_STRING, bytes_of_text(text));
    else
        wire_put_number(&any, ANY_INT, number);
    wire_put_bytes(&pair, KEY_VALUE_KEY, bytes_of_text(key));
    wire_put_bytes(&pair, KEY_VALUE_VALUE, buffer_bytes(&any));
    wire_put_bytes(to, field, buffer_bytes(&pair));
    buffer_finish(&any);
    buffer_finish(&pair);
}

static void make_span(uint32_t i)
{
    uint8_t trace_id[TRACE_ID_SIZE];
    struct buffer *wire = &wires[i];
    memset(trace_id, 0x5a, sizeof trace_id);
    spans[i] = (struct span){.start_ns = 1000 + i,
                             .end_ns = 5000 - i,
                             .kind = 3,
                             .resource = i % 2,
                             .scope = i % 2,
                             .has_parent = i > 0,
                             .status = SPAN_STATUS_ERROR};
    put_be32(spans[i].id, i + 1);
    put_be32(spans[i].parent_id, i > 0 ? 1 : 0);
    wire_put_bytes(wire, SPAN_TRACE_ID, bytes_of(trace_id, sizeof trace_id));
    wire_put_bytes(wire, SPAN_SPAN_ID, bytes_of(spans[i].id, SPAN_ID_SIZE));
    wire_put_bytes(wire, SPAN_NAME, TEXT("ask jo@example.com"));
    put_attribute(wire, SPAN_ATTRIBUTES, "prompt", "a secret of somebody", 0);
    put_attribute(wire, SPAN_ATTRIBUTES, "note", "mail jo@example.com", 0);
    put_attribute(wire, SPAN_ATTRIBUTES, "user.id", NULL, 4711);
    put_attribute(wire, SPAN_ATTRIBUTES, "attempt", NULL, 2);
    put_attribute(wire, SPAN_ATTRIBUTES, "flywheel.verdict", "pass", 0);
    spans[i].wire = buffer_bytes(wire);
    steps[i] = (struct step){.span = &spans[i],
                             .kind = STEP_TOOL,
                             .tool = TEXT("lookup"),
                             .input = TEXT("for jo@example.com"),
                             .tokens_input = -1,
                             .tokens_output = 7};
}

static void setup(void)
{
    arena_init(&arena, 512 << 20);
    put_attribute(&resource_wires[0], RESOURCE_ATTRIBUTES, "service.name", "agent", 0);
    put_attribute(&resource_wires[0], RESOURCE_ATTRIBUTES, "host.name", "inside", 0);
    wire_put_bytes(&scope_wires[0], SCOPE_NAME, TEXT("library"));
    for (int i = 0; i < 2; i++) {
        resources[i] = buffer_bytes(&resource_wires[i]);
        scopes[i] = buffer_bytes(&scope_wires[i]);
    }
    labels[0] = TEXT("wrong_tool");
    policy = (struct redaction_policy){.content = REDACT_REDACTED,
                                       .builtin = {true, true, true, true},
                                       .allow = {TEXT("note"), TEXT("attempt")},
                                       .allow_count = 2,
                                       .hash = {TEXT("user.id")},
                                       .hash_count = 1,
                                       .hash_key = TEXT("0123456789abcdef")};
    report =
        (struct verdict_report){.verdict = VERDICT_FAIL, .labels = {.items = labels, .count = 1}};
    record = (struct review_record){.queue = TEXT("review")};
    memcpy(record.record_id, "ed26ce05-9eda-52dd-9516-190d0ae88390", 37);
    input = (struct review_input){.run = &run,
                                  .report = &report,
                                  .revision = 2,
                                  .reason = SELECT_RULE,
                                  .inclusion_probability = 1,
                                  .ruleset_sha256 = ruleset,
                                  .redaction = &policy,
                                  .arena = &arena};
}

static void teardown(void)
{
    for (int i = 0; i < SPANS_MAX; i++)
        buffer_finish(&wires[i]);
    for (int i = 0; i < 2; i++) {
        buffer_finish(&resource_wires[i]);
        buffer_finish(&scope_wires[i]);
    }
    buffer_finish(&made);
    arena_finish(&arena);
}

/* Writes the run and reads it back by the gate, as any receiver does. */
static void write_run(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (wires[i].size == 0)
            make_span(i);
    trajectory = (struct trajectory){.spans = spans,
                                     .span_count = count,
                                     .resources = resources,
                                     .resource_count = 2,
                                     .scopes = scopes,
                                     .scope_count = 2};
    memset(trajectory.id, 0x5a, TRACE_ID_SIZE);
    ck_assert(trajectory_order(&trajectory, &arena));
    run = (struct agent_run){.trajectory = &trajectory, .steps = steps, .step_count = count};
    buffer_clear(&made);
    ck_assert_int_eq(otlp_record_write(&input, &record, &made), STATUS_OK);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&made), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.rejected_count, 0);
}

static const struct gated_span *span_numbered(uint32_t number)
{
    for (uint32_t i = 0; i < gated.span_count; i++)
        if (get_be32(gated.spans[i].span.id) == number)
            return &gated.spans[i];
    return NULL;
}

static struct bytes text_at(uint32_t number, const char *key)
{
    return attributes_find(span_numbered(number)->span.wire, OF_SPAN, bytes_of_text(key)).bytes;
}

START_TEST(spans_keep_ids_times_and_order_below_their_resource)
{
    write_run(4);
    ck_assert_uint_eq(gated.span_count, 4);
    ck_assert_uint_eq(gated.resource_count, 2);
    for (uint32_t i = 0; i < 4; i++) {
        const struct gated_span *span = span_numbered(i + 1);
        ck_assert_mem_eq(span->trace_id, trajectory.id, TRACE_ID_SIZE);
        ck_assert_uint_eq(span->span.start_ns, 1000 + i);
        ck_assert_uint_eq(span->span.end_ns, 5000 - i);
        ck_assert_int_eq(span->span.has_parent, i > 0);
        ck_assert_uint_eq(span->span.status, SPAN_STATUS_ERROR);
        ck_assert_uint_eq(span->span.resource, i % 2);
    }
    ck_assert(bytes_equal_text(
        attributes_find(gated.resources[0], OF_RESOURCE, TEXT("service.name")).bytes, "agent"));
    ck_assert_int_eq(attributes_find(gated.resources[0], OF_RESOURCE, TEXT("host.name")).type,
                     VALUE_NONE);
}
END_TEST

START_TEST(state_flags_counts_events_and_links_stay)
{
    struct buffer event = {0}, link = {0};
    make_span(0);
    wire_put_bytes(&wires[0], SPAN_TRACE_STATE, TEXT("ot=th:8"));
    wire_put_fixed64(&event, EVENT_TIME, 1234);
    wire_put_bytes(&event, EVENT_NAME, TEXT("exception"));
    wire_put_bytes(&wires[0], SPAN_EVENTS, buffer_bytes(&event));
    wire_put_bytes(&link, LINK_TRACE_ID, TEXT("another trace id"));
    wire_put_bytes(&link, LINK_SPAN_ID, TEXT("its span"));
    wire_put_bytes(&wires[0], SPAN_LINKS, buffer_bytes(&link));
    spans[0].wire = buffer_bytes(&wires[0]);
    spans[0].flags = 0xabcd0301; /* upper bits, of which nothing is known yet, among them */
    spans[0].dropped_attributes = 5;
    write_run(1);
    const struct span *span = &span_numbered(1)->span;
    ck_assert(bytes_equal_text(span_trace_state(span), "ot=th:8"));
    ck_assert_uint_eq(span->flags, 0xabcd0301);
    ck_assert_uint_eq(span->dropped_attributes, 5);
    ck_assert(bytes_equal(wire_find_bytes(span->wire, SPAN_EVENTS), buffer_bytes(&event)));
    ck_assert(bytes_equal(wire_find_bytes(span->wire, SPAN_LINKS), buffer_bytes(&link)));
    buffer_finish(&event);
    buffer_finish(&link);
}
END_TEST

START_TEST(what_leaves_is_named_masked_or_hashed)
{
    write_run(2);
    ck_assert(bytes_equal_text(span_name(&span_numbered(1)->span), "ask [EMAIL]"));
    ck_assert_ptr_null(text_at(1, "prompt").data);
    ck_assert(bytes_equal_text(text_at(1, "note"), "mail [EMAIL]"));
    ck_assert_uint_eq(text_at(1, "user.id").size, 32); /* also when it was a number */
    struct value attempt = attributes_find(span_numbered(2)->span.wire, OF_SPAN, TEXT("attempt"));
    ck_assert_int_eq(attempt.type, VALUE_INT);
    ck_assert_int_eq(attempt.integer, 2);
    ck_assert(bytes_equal_text(text_at(1, "input.value"), "for [EMAIL]"));
    ck_assert(bytes_equal_text(text_at(1, "gen_ai.tool.name"), "lookup"));
    ck_assert_ptr_null(memmem(made.data, made.size, "example.com", 11));
    policy.content = REDACT_METADATA;
    write_run(2);
    ck_assert_ptr_null(text_at(1, "input.value").data);
}
END_TEST

START_TEST(the_verdict_is_on_the_root_and_nobody_else_states_one)
{
    write_run(3);
    ck_assert(bytes_equal_text(text_at(1, "flywheel.verdict"), "fail"));
    ck_assert(bytes_equal_text(text_at(1, "flywheel.record_id"), record.record_id));
    ck_assert(bytes_equal_text(text_at(1, "flywheel.queue"), "review"));
    struct value list =
        attributes_find(span_numbered(1)->span.wire, OF_SPAN, TEXT("flywheel.labels"));
    struct value_elements elements = value_elements_of(list);
    struct value label;
    ck_assert(value_elements_next(&elements, &label));
    ck_assert(bytes_equal_text(label.bytes, "wrong_tool"));
    ck_assert_ptr_null(text_at(2, "flywheel.verdict").data); /* not even when it was sent so */
}
END_TEST

START_TEST(a_large_run_loses_text_and_then_spans_but_never_the_root)
{
    char *filling = malloc(100001);
    memset(filling, 'x', 100000);
    filling[100000] = 0;
    for (uint32_t i = 0; i < SPANS_MAX; i++)
        make_span(i);
    for (uint32_t i = 0; i < 40; i++)
        steps[i].input = bytes_of(filling, 100000);
    write_run(40);
    ck_assert_uint_eq(gated.span_count, 40);
    ck_assert_uint_lt(text_at(40, "input.value").size, 100000);
    filling[1000] = 0;
    for (uint32_t i = 0; i < SPANS_MAX; i++)
        for (int j = 0; j < 40; j++)
            put_attribute(&wires[i], SPAN_ATTRIBUTES, "note", filling, 0);
    for (uint32_t i = 0; i < SPANS_MAX; i++)
        spans[i].wire = buffer_bytes(&wires[i]);
    write_run(SPANS_MAX);
    ck_assert_uint_lt(gated.span_count, SPANS_MAX);
    ck_assert_uint_gt(gated.span_count, 10);
    ck_assert_uint_le(made.size, OTLP_RECORD_MAX);
    ck_assert(bytes_equal_text(text_at(1, "flywheel.verdict"), "fail"));
    ck_assert_ptr_nonnull(span_numbered(SPANS_MAX));
    free(filling);
}
END_TEST

static void check_shortened(size_t bytes_max)
{
    struct buffer cut = {0};
    ck_assert_int_eq(otlp_record_shorten(buffer_bytes(&made), bytes_max, &cut), STATUS_OK);
    ck_assert_uint_le(cut.size, bytes_max);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&cut), WIRE_GATE_TRACES, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
    ck_assert_uint_eq(gated.rejected_count, 0);
    ck_assert(bytes_equal_text(text_at(1, "flywheel.verdict"), "fail"));
    ck_assert_ptr_nonnull(span_numbered(1));
    buffer_finish(&made);
    made = cut;
}

START_TEST(spans_that_are_written_already_are_cut_in_the_same_order)
{
    char *filling = malloc(20001);
    memset(filling, 'x', 20000);
    filling[20000] = 0;
    for (uint32_t i = 0; i < 30; i++)
        make_span(i);
    for (uint32_t i = 0; i < 30; i++)
        steps[i].input = bytes_of(filling, 20000);
    write_run(30);
    check_shortened(100000);
    ck_assert_uint_eq(gated.span_count, 30); /* shorter texts were enough */
    check_shortened(10000);
    ck_assert_uint_lt(gated.span_count, 30);
    ck_assert_ptr_nonnull(span_numbered(30)); /* the first and the last */
    struct buffer none = {0};
    ck_assert_int_eq(otlp_record_shorten(buffer_bytes(&made), 50, &none), STATUS_MALFORMED);
    ck_assert_uint_eq(none.size, 0);
    buffer_finish(&none);
    free(filling);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("otlp_record");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, spans_keep_ids_times_and_order_below_their_resource);
    tcase_add_test(tcase, state_flags_counts_events_and_links_stay);
    tcase_add_test(tcase, what_leaves_is_named_masked_or_hashed);
    tcase_add_test(tcase, the_verdict_is_on_the_root_and_nobody_else_states_one);
    tcase_add_test(tcase, spans_that_are_written_already_are_cut_in_the_same_order);
    tcase_add_test(tcase, a_large_run_loses_text_and_then_spans_but_never_the_root);
    Suite *suite = suite_create("otlp_record");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
