/* link: otlp */
#include <check.h>
#include <stdlib.h>

#include "processor/otlp/attributes.h"
#include "processor/otlp/fields.h"
#include "processor/otlp/span_fields.h"
#include "processor/otlp/wire_gate.h"
#include "tests/support/corpus.h"

static const uint8_t trace_id[TRACE_ID_SIZE] = "trace-0123456789";
static const uint8_t span_id[SPAN_ID_SIZE] = "span-012";
static const uint8_t zeroes[TRACE_ID_SIZE];

static struct arena arena;
static struct buffer buffer;
static struct gated_request gated;

static void setup(void)
{
    arena_init(&arena, 64 << 20);
    gated = (struct gated_request){0};
}

static void teardown(void)
{
    buffer_finish(&buffer);
    arena_finish(&arena);
}

/* Appends `part` as a field and frees it. */
static void put_part(struct buffer *to, uint32_t field, struct buffer *part)
{
    wire_put_bytes(to, field, buffer_bytes(part));
    buffer_finish(part);
}

static void put_ids(struct buffer *span)
{
    wire_put_bytes(span, SPAN_TRACE_ID, bytes_of(trace_id, sizeof trace_id));
    wire_put_bytes(span, SPAN_SPAN_ID, bytes_of(span_id, sizeof span_id));
}

static struct buffer good_span(void)
{
    struct buffer span = {0};
    put_ids(&span);
    return span;
}

static void put_attribute(struct buffer *to, uint32_t field, struct bytes key, struct bytes text)
{
    struct buffer value = {0}, key_value = {0};
    wire_put_bytes(&value, ANY_STRING, text);
    wire_put_bytes(&key_value, KEY_VALUE_KEY, key);
    put_part(&key_value, KEY_VALUE_VALUE, &value);
    put_part(to, field, &key_value);
}

/* An AnyValue in `depth` levels of AnyValue; built from the inside. */
static struct buffer nested_value(uint32_t depth, bool as_list)
{
    struct buffer value = {0};
    wire_put_bytes(&value, ANY_STRING, BYTES_LITERAL("inside"));
    for (uint32_t i = 1; i < depth; i++) {
        struct buffer outer = {0}, container = {0}, key_value = {0};
        if (as_list) {
            put_part(&key_value, KEY_VALUE_VALUE, &value);
            put_part(&container, LIST_VALUES, &key_value);
            put_part(&outer, ANY_KVLIST, &container);
        } else {
            put_part(&container, LIST_VALUES, &value);
            put_part(&outer, ANY_ARRAY, &container);
        }
        value = outer;
    }
    return value;
}

static struct buffer span_with_value(struct buffer *value)
{
    struct buffer span = good_span(), key_value = {0};
    wire_put_bytes(&key_value, KEY_VALUE_KEY, BYTES_LITERAL("deep"));
    put_part(&key_value, KEY_VALUE_VALUE, value);
    put_part(&span, SPAN_ATTRIBUTES, &key_value);
    return span;
}

/* One request of one group that holds `item`; appended, so that several calls make several
 * groups. */
static void put_request(struct buffer *item)
{
    struct buffer scope_group = {0}, group = {0};
    put_part(&scope_group, GROUP_ITEMS, item);
    put_part(&group, GROUP_ITEMS, &scope_group);
    put_part(&buffer, REQUEST_GROUPS, &group);
}

static void put_good_span(void)
{
    struct buffer span = good_span();
    put_request(&span);
}

static enum status pass_with(enum wire_gate_signal signal, const struct wire_gate_limits *limits)
{
    return wire_gate(buffer_bytes(&buffer), signal, limits, &arena, &gated);
}

static enum status pass(void)
{
    return pass_with(WIRE_GATE_TRACES, &wire_gate_limits_default);
}

static void expect_rejected(enum wire_gate_reject reason)
{
    ck_assert_uint_eq(gated.rejected_count, 1);
    ck_assert_uint_eq(gated.rejected[reason], 1);
}

START_TEST(every_recorded_request_has_the_spans_of_its_sidecar)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp.pb");
    uint32_t spans = 0;
    for (size_t i = 0; i < corpus.count; i++) {
        arena_reset(&arena);
        ck_assert_int_eq(wire_gate(corpus.files[i].body, WIRE_GATE_TRACES,
                                   &wire_gate_limits_default, &arena, &gated),
                         STATUS_OK);
        ck_assert_uint_eq(gated.rejected_count, 0);
        ck_assert_int_eq(gated.span_count, corpus_sidecar_number(&corpus.files[i], "spans"));
        spans += gated.span_count;
    }
    ck_assert_uint_gt(spans, 800);
    corpus_free(&corpus);
}
END_TEST

START_TEST(recorded_log_records_of_genai_are_known_and_have_ids)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp-logs.pb");
    for (size_t i = 0; i < corpus.count; i++) {
        arena_reset(&arena);
        ck_assert_int_eq(wire_gate(corpus.files[i].body, WIRE_GATE_LOGS, &wire_gate_limits_default,
                                   &arena, &gated),
                         STATUS_OK);
        ck_assert_int_eq(gated.log_count, corpus_sidecar_number(&corpus.files[i], "records"));
        for (uint32_t j = 0; j < gated.log_count; j++) {
            bool is_genai =
                bytes_starts_with(gated.logs[j].log.event_name, BYTES_LITERAL("gen_ai."));
            ck_assert_int_eq(gated.logs[j].is_known, is_genai);
            ck_assert(gated.logs[j].has_ids || !is_genai);
            ck_assert(gated.logs[j].log.time_ns > 0);
            ck_assert_uint_lt(gated.logs[j].log.scope, gated.scope_count);
        }
    }
    corpus_free(&corpus);
}
END_TEST

START_TEST(ids_times_kind_and_status_are_read)
{
    struct buffer span = good_span(), status = {0};
    wire_put_bytes(&span, SPAN_PARENT_SPAN_ID, BYTES_LITERAL("parent-1"));
    wire_put_bytes(&span, SPAN_NAME, BYTES_LITERAL("chat"));
    wire_put_number(&span, SPAN_KIND, 3);
    wire_put_fixed64(&span, SPAN_START_TIME, 2000);
    wire_put_fixed64(&span, SPAN_END_TIME, 1000);
    wire_put_number(&span, SPAN_DROPPED_ATTRIBUTES, 5);
    wire_put_fixed32(&span, SPAN_FLAGS, 0xffff0301u);
    wire_put_number(&status, STATUS_CODE, 2);
    put_part(&span, SPAN_STATUS, &status);
    put_request(&span);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    const struct gated_span *read = &gated.spans[0];
    ck_assert_mem_eq(read->trace_id, trace_id, TRACE_ID_SIZE);
    ck_assert_mem_eq(read->span.id, span_id, SPAN_ID_SIZE);
    ck_assert_mem_eq(read->span.parent_id, "parent-1", SPAN_ID_SIZE);
    ck_assert(read->span.has_parent);
    ck_assert_uint_eq(read->next, UINT32_MAX);
    ck_assert_uint_eq(read->span.start_ns, 2000);
    ck_assert_uint_eq(read->span.end_ns, 1000);
    ck_assert_uint_eq(read->span.kind, 3);
    ck_assert_uint_eq(read->span.status, SPAN_STATUS_ERROR);
    ck_assert_uint_eq(read->span.dropped_attributes, 5);
    ck_assert_uint_eq(read->span.flags, 0xffff0301u);
    ck_assert(bytes_equal_text(span_name(&read->span), "chat"));
}
END_TEST

START_TEST(a_bad_trace_id_rejects_its_span_alone)
{
    struct buffer missing = {0}, zero = {0}, too_short = {0};
    wire_put_bytes(&missing, SPAN_SPAN_ID, bytes_of(span_id, 8));
    wire_put_bytes(&missing, SPAN_NAME, BYTES_LITERAL("long enough to need a place"));
    wire_put_bytes(&zero, SPAN_TRACE_ID, bytes_of(zeroes, 16));
    wire_put_bytes(&zero, SPAN_SPAN_ID, bytes_of(span_id, 8));
    wire_put_bytes(&too_short, SPAN_TRACE_ID, bytes_of(trace_id, 15));
    wire_put_bytes(&too_short, SPAN_SPAN_ID, bytes_of(span_id, 8));
    put_request(&missing);
    put_good_span();
    put_request(&zero);
    put_request(&too_short);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_BAD_TRACE_ID], 3);
    ck_assert_uint_eq(gated.rejected_count, 3);
    ck_assert_uint_eq(gated.resource_count, 1);
    ck_assert_uint_eq(gated.spans[0].span.resource, 0);
}
END_TEST

START_TEST(a_bad_span_id_rejects_its_span)
{
    struct bytes ids[] = {BYTES_LITERAL(""), BYTES_LITERAL("1234567"), BYTES_LITERAL("123456789"),
                          bytes_of(zeroes, 8)};
    for (size_t i = 0; i < 4; i++) {
        struct buffer span = {0};
        wire_put_bytes(&span, SPAN_TRACE_ID, bytes_of(trace_id, 16));
        wire_put_bytes(&span, SPAN_SPAN_ID, ids[i]);
        put_request(&span);
    }
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 0);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_BAD_SPAN_ID], 4);
}
END_TEST

START_TEST(an_empty_or_zero_parent_makes_a_root)
{
    struct buffer empty = good_span(), zero = good_span(), too_short = good_span();
    wire_put_bytes(&empty, SPAN_PARENT_SPAN_ID, BYTES_LITERAL(""));
    wire_put_bytes(&zero, SPAN_PARENT_SPAN_ID, bytes_of(zeroes, 8));
    wire_put_bytes(&too_short, SPAN_PARENT_SPAN_ID, BYTES_LITERAL("1234"));
    put_request(&empty);
    put_request(&zero);
    put_request(&too_short);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 2);
    ck_assert(!gated.spans[0].span.has_parent && !gated.spans[1].span.has_parent);
    expect_rejected(WIRE_GATE_BAD_PARENT_ID);
}
END_TEST

START_TEST(the_last_of_a_repeated_field_wins)
{
    struct buffer span = {0};
    wire_put_bytes(&span, SPAN_TRACE_ID, BYTES_LITERAL("wrong"));
    wire_put_fixed64(&span, SPAN_END_TIME, 1);
    wire_put_number(&span, SPAN_KIND, 1);
    put_ids(&span);
    wire_put_fixed64(&span, SPAN_END_TIME, 2);
    wire_put_number(&span, SPAN_KIND, 4);
    put_request(&span);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.spans[0].span.end_ns, 2);
    ck_assert_uint_eq(gated.spans[0].span.kind, 4);
}
END_TEST

START_TEST(unlisted_kinds_and_codes_read_as_zero)
{
    struct buffer span = good_span(), status = {0};
    struct buffer next = good_span();
    wire_put_number(&span, SPAN_KIND, UINT64_MAX);
    wire_put_number(&status, STATUS_CODE, 3);
    put_part(&span, SPAN_STATUS, &status);
    wire_put_number(&next, SPAN_KIND, 6);
    put_request(&span);
    put_request(&next);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.spans[1].span.kind, 0);
    ck_assert_uint_eq(gated.spans[0].span.kind, 0);
    ck_assert_uint_eq(gated.spans[0].span.status, SPAN_STATUS_UNSET);
}
END_TEST

START_TEST(a_resource_behind_its_spans_is_theirs)
{
    struct buffer scope_group = {0}, group = {0}, span = good_span(), resource = {0}, scope = {0};
    put_good_span();
    put_attribute(&resource, RESOURCE_ATTRIBUTES, BYTES_LITERAL("service.name"),
                  BYTES_LITERAL("bank"));
    wire_put_bytes(&scope, SCOPE_NAME, BYTES_LITERAL("library"));
    put_part(&scope_group, GROUP_ITEMS, &span);
    put_part(&scope_group, GROUP_HEAD, &scope);
    put_part(&group, GROUP_ITEMS, &scope_group);
    put_part(&group, GROUP_HEAD, &resource);
    put_part(&buffer, REQUEST_GROUPS, &group);
    put_good_span();
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 3);
    ck_assert_uint_eq(gated.resource_count, 3);
    ck_assert_uint_eq(gated.resources[0].size, 0);
    ck_assert_ptr_nonnull(gated.resources[0].data);
    ck_assert_uint_eq(gated.spans[1].span.resource, 1);
    ck_assert_uint_eq(gated.spans[1].span.scope, 1);
    struct value name =
        attributes_find(gated.resources[1], OF_RESOURCE, BYTES_LITERAL("service.name"));
    ck_assert(bytes_equal_text(name.bytes, "bank"));
    ck_assert(bytes_equal_text(scope_name(gated.scopes[1]), "library"));
    ck_assert_uint_eq(gated.spans[2].span.resource, 2);
}
END_TEST

START_TEST(a_resource_over_a_limit_rejects_its_spans)
{
    struct buffer scope_group = {0}, group = {0}, resource = {0}, key_value = {0};
    struct buffer span = good_span(), again = good_span(), deep = nested_value(40, true);
    put_part(&scope_group, GROUP_ITEMS, &span);
    put_part(&scope_group, GROUP_ITEMS, &again);
    put_part(&group, GROUP_ITEMS, &scope_group);
    put_part(&key_value, KEY_VALUE_VALUE, &deep);
    put_part(&resource, RESOURCE_ATTRIBUTES, &key_value);
    put_part(&group, GROUP_HEAD, &resource);
    put_part(&buffer, REQUEST_GROUPS, &group);
    put_good_span();
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_TOO_DEEP], 2);
    ck_assert_uint_eq(gated.resource_count, 1);
    ck_assert_uint_eq(gated.scope_count, 1);
    ck_assert_uint_eq(gated.spans[0].span.resource, 0);
    ck_assert_uint_eq(gated.spans[0].span.scope, 0);
}
END_TEST

START_TEST(a_scope_over_a_limit_rejects_its_spans)
{
    struct buffer bad_group = {0}, good_group = {0}, group = {0}, scope = {0};
    struct buffer span = good_span(), other = good_span();
    put_attribute(&scope, SCOPE_ATTRIBUTES, BYTES_LITERAL("k\0"), BYTES_LITERAL("value"));
    put_part(&bad_group, GROUP_ITEMS, &span);
    put_part(&bad_group, GROUP_HEAD, &scope);
    put_part(&good_group, GROUP_ITEMS, &other);
    put_part(&group, GROUP_ITEMS, &bad_group);
    put_part(&group, GROUP_ITEMS, &good_group);
    put_part(&buffer, REQUEST_GROUPS, &group);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.scope_count, 1);
    ck_assert_uint_eq(gated.spans[0].span.scope, 0);
    expect_rejected(WIRE_GATE_BAD_UTF8_NUL);
}
END_TEST

START_TEST(members_of_a_value_are_no_attributes)
{
    struct buffer list = {0}, value = {0};
    for (uint32_t i = 0; i < 2 * wire_gate_limits_default.attributes_max; i++)
        put_attribute(&list, LIST_VALUES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
    put_part(&value, ANY_KVLIST, &list);
    struct buffer span = span_with_value(&value);
    put_request(&span);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
}
END_TEST

START_TEST(values_may_nest_as_deep_as_the_limit)
{
    for (int as_list = 0; as_list <= 1; as_list++) {
        struct buffer fits = nested_value(wire_gate_limits_default.depth_max, as_list);
        struct buffer deep = nested_value(wire_gate_limits_default.depth_max + 1, as_list);
        struct buffer fitting = span_with_value(&fits), refused = span_with_value(&deep);
        buffer_clear(&buffer);
        put_request(&fitting);
        put_request(&refused);
        ck_assert_int_eq(pass(), STATUS_OK);
        ck_assert_uint_eq(gated.span_count, 1);
        expect_rejected(WIRE_GATE_TOO_DEEP);
    }
}
END_TEST

START_TEST(ten_thousand_nested_values_are_refused_without_descending)
{
    struct buffer deep = nested_value(10000, false);
    struct buffer span = span_with_value(&deep);
    put_request(&span);
    put_good_span();
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    expect_rejected(WIRE_GATE_TOO_DEEP);
}
END_TEST

START_TEST(megabytes_of_empty_spans_take_no_memory)
{
    struct buffer scope_group = {0}, group = {0};
    for (int i = 0; i < 2 << 20; i++)
        wire_put_bytes(&scope_group, GROUP_ITEMS, BYTES_LITERAL(""));
    put_part(&group, GROUP_ITEMS, &scope_group);
    put_part(&buffer, REQUEST_GROUPS, &group);
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 0);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_BAD_TRACE_ID], 2u << 20);
    ck_assert_uint_lt(arena.used, 4096);
}
END_TEST

START_TEST(groups_without_spans_take_no_place)
{
    for (int i = 0; i < 100000; i++)
        wire_put_bytes(&buffer, REQUEST_GROUPS, BYTES_LITERAL("\x12\x00"));
    put_good_span();
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.resource_count, 1);
    ck_assert_uint_lt(arena.used, 4096);
}
END_TEST

START_TEST(a_request_cut_anywhere_is_read_within_its_bytes)
{
    struct corpus corpus = corpus_load("corpus/vercel-ai/success-01.otlp.pb");
    struct bytes whole = corpus.files[0].body;
    uint32_t malformed = 0;
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *cut = malloc(size + (size == 0));
        memcpy(cut, whole.data, size);
        arena_reset(&arena);
        enum status status = wire_gate(bytes_of(cut, size), WIRE_GATE_TRACES,
                                       &wire_gate_limits_default, &arena, &gated);
        ck_assert(status == STATUS_OK || status == STATUS_MALFORMED);
        malformed += status == STATUS_MALFORMED;
        free(cut);
    }
    ck_assert_uint_eq(malformed, whole.size - 1); /* only the empty request is well-formed */
    corpus_free(&corpus);
}
END_TEST

START_TEST(limits_reject_the_span_that_is_over_them)
{
    struct wire_gate_limits limits = wire_gate_limits_default;
    limits.attributes_max = 3;
    limits.attribute_bytes_max = 200;
    limits.span_bytes_max = 400;
    struct buffer many = good_span(), events = good_span(), wide = good_span(), large = good_span();
    uint8_t text[500] = {'x'};
    for (int i = 0; i < 4; i++) {
        put_attribute(&many, SPAN_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
        wire_put_bytes(&events, i % 2 ? SPAN_EVENTS : SPAN_LINKS, BYTES_LITERAL(""));
    }
    put_attribute(&wide, SPAN_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
    put_attribute(&wide, SPAN_ATTRIBUTES, BYTES_LITERAL("key"), bytes_of(text, 250));
    wire_put_bytes(&large, SPAN_NAME, bytes_of(text, 500));
    put_request(&many);
    put_request(&events);
    put_request(&wide);
    put_request(&large);
    put_good_span();
    ck_assert_int_eq(pass_with(WIRE_GATE_TRACES, &limits), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_TOO_MANY_ATTRIBUTES], 2);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_TOO_LARGE], 2);
}
END_TEST

START_TEST(an_event_may_have_as_many_attributes_as_a_span)
{
    struct wire_gate_limits limits = wire_gate_limits_default;
    limits.attributes_max = 3;
    struct buffer span = good_span(), event = {0}, over = good_span(), many = {0};
    for (int i = 0; i < 3; i++) {
        put_attribute(&event, EVENT_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
        put_attribute(&span, SPAN_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
    }
    for (int i = 0; i < 4; i++)
        put_attribute(&many, EVENT_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
    put_part(&span, SPAN_EVENTS, &event);
    put_part(&over, SPAN_EVENTS, &many);
    put_request(&span);
    put_request(&over);
    ck_assert_int_eq(pass_with(WIRE_GATE_TRACES, &limits), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
    expect_rejected(WIRE_GATE_TOO_MANY_ATTRIBUTES);
}
END_TEST

START_TEST(spans_over_the_limit_of_a_request_are_rejected)
{
    struct wire_gate_limits limits = wire_gate_limits_default;
    limits.spans_max = 2;
    for (int i = 0; i < 5; i++)
        put_good_span();
    ck_assert_int_eq(pass_with(WIRE_GATE_TRACES, &limits), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 2);
    ck_assert_uint_eq(gated.rejected[WIRE_GATE_TOO_LARGE], 3);
}
END_TEST

START_TEST(too_many_messages_refuse_the_request)
{
    struct wire_gate_limits limits = wire_gate_limits_default;
    limits.submessages_max = 10;
    for (int i = 0; i < 4; i++)
        put_good_span(); /* three messages each */
    ck_assert_int_eq(pass_with(WIRE_GATE_TRACES, &limits), STATUS_MALFORMED);
}
END_TEST

START_TEST(a_nul_in_a_name_or_key_rejects_the_span)
{
    for (size_t size = 1; size < 30; size++) {
        for (size_t at = 0; at < size; at++) {
            uint8_t key[30];
            memset(key, 0x80, sizeof key); /* next to zero as SWAR tests count it */
            key[at] = 0;
            struct buffer span = good_span();
            if (at % 2 == 1) /* a run of attributes is read another way than its first */
                put_attribute(&span, SPAN_ATTRIBUTES, BYTES_LITERAL("k"), BYTES_LITERAL("v"));
            put_attribute(&span, SPAN_ATTRIBUTES, bytes_of(key, size), BYTES_LITERAL("a\0b"));
            buffer_clear(&buffer);
            put_request(&span);
            ck_assert_int_eq(pass(), STATUS_OK);
            expect_rejected(WIRE_GATE_BAD_UTF8_NUL);
        }
        uint8_t good[30];
        memset(good, 1, sizeof good);
        struct buffer span = good_span();
        put_attribute(&span, SPAN_ATTRIBUTES, bytes_of(good, size), BYTES_LITERAL("a\0b"));
        buffer_clear(&buffer);
        put_request(&span);
        ck_assert_int_eq(pass(), STATUS_OK);
        ck_assert_uint_eq(gated.span_count, 1);
    }
    struct buffer span = good_span();
    wire_put_bytes(&span, SPAN_NAME, BYTES_LITERAL("a\0b"));
    buffer_clear(&buffer);
    put_request(&span);
    ck_assert_int_eq(pass(), STATUS_OK);
    expect_rejected(WIRE_GATE_BAD_UTF8_NUL);
}
END_TEST

START_TEST(broken_bytes_below_a_span_refuse_the_request)
{
    struct {
        uint32_t field;
        struct bytes content;
    } broken[] = {
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x05key")},               /* a key past its end */
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k\x12\x02\x0a\x05")}, /* a text past its end */
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k\x12\x02\x18\x80")}, /* an integer cut off */
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k\x12\x05\x21\1\2\3\4")},
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k\x12\x02\x08\x01")}, /* a text that is a varint */
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x08\x01")},                  /* a key that is a varint */
        {SPAN_ATTRIBUTES, BYTES_LITERAL("\x0a\x01k\x12\x0a\x21\1\2\3\4\5\6\7\7\x0a")},
        {SPAN_EVENTS, BYTES_LITERAL("\x1a\x02\x0a\x05")},
        {SPAN_LINKS, BYTES_LITERAL("\x0b")}, /* a group */
        {SPAN_STATUS, BYTES_LITERAL("\x18")},
    };
    for (size_t i = 0; i < 2 * sizeof broken / sizeof *broken; i++) {
        struct buffer span = good_span();
        if (i % 2 == 1) /* a run of attributes is read another way than its first */
            put_attribute(&span, SPAN_ATTRIBUTES, BYTES_LITERAL("key"), BYTES_LITERAL("value"));
        wire_put_bytes(&span, broken[i / 2].field, broken[i / 2].content);
        buffer_clear(&buffer);
        put_good_span();
        put_request(&span);
        gated.span_count = 77;
        ck_assert_int_eq(pass(), STATUS_MALFORMED);
        ck_assert_uint_eq(gated.span_count, 77);
    }
}
END_TEST

START_TEST(known_fields_of_another_type_refuse_the_request)
{
    struct buffer kind = good_span(), start = good_span();
    wire_put_bytes(&kind, SPAN_KIND, BYTES_LITERAL("\x01"));
    put_request(&kind);
    ck_assert_int_eq(pass(), STATUS_MALFORMED);
    buffer_clear(&buffer);
    wire_put_number(&start, SPAN_START_TIME, 1);
    put_request(&start);
    ck_assert_int_eq(pass(), STATUS_MALFORMED);
    buffer_clear(&buffer);
    wire_put_number(&buffer, REQUEST_GROUPS, 1);
    ck_assert_int_eq(pass(), STATUS_MALFORMED);
}
END_TEST

START_TEST(unknown_fields_are_passed_over)
{
    struct buffer span = good_span();
    wire_put_number(&span, 17, 1);
    wire_put_bytes(&span, 1000, BYTES_LITERAL("\xff\xff"));
    put_request(&span);
    wire_put_bytes(&buffer, 99, BYTES_LITERAL("new"));
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count, 1);
}
END_TEST

START_TEST(an_empty_request_is_fine)
{
    ck_assert_int_eq(pass(), STATUS_OK);
    ck_assert_uint_eq(gated.span_count + gated.rejected_count + gated.resource_count, 0);
    ck_assert_int_eq(
        wire_gate((struct bytes){0}, WIRE_GATE_LOGS, &wire_gate_limits_default, &arena, &gated),
        STATUS_OK);
}
END_TEST

START_TEST(an_arena_that_is_too_small_says_wait)
{
    struct arena tiny;
    arena_init(&tiny, 64);
    for (int i = 0; i < 10; i++)
        put_good_span();
    ck_assert_int_eq(wire_gate(buffer_bytes(&buffer), WIRE_GATE_TRACES, &wire_gate_limits_default,
                               &tiny, &gated),
                     STATUS_BUSY);
    arena_finish(&tiny);
}
END_TEST

START_TEST(log_records_without_ids_are_kept_and_marked)
{
    struct buffer none = {0}, zero = {0}, trace_only = {0}, wrong = {0};
    wire_put_fixed64(&none, LOG_OBSERVED_TIME, 5);
    wire_put_bytes(&zero, LOG_TRACE_ID, bytes_of(zeroes, 16));
    wire_put_bytes(&trace_only, LOG_TRACE_ID, bytes_of(trace_id, 16));
    wire_put_fixed64(&trace_only, LOG_TIME, 4);
    wire_put_fixed64(&trace_only, LOG_OBSERVED_TIME, 5);
    wire_put_bytes(&wrong, LOG_TRACE_ID, BYTES_LITERAL("short"));
    put_request(&none);
    put_request(&zero);
    put_request(&trace_only);
    put_request(&wrong);
    ck_assert_int_eq(pass_with(WIRE_GATE_LOGS, &wire_gate_limits_default), STATUS_OK);
    ck_assert_uint_eq(gated.log_count, 3);
    ck_assert_uint_eq(gated.span_count, 0);
    ck_assert(!gated.logs[0].has_ids && !gated.logs[1].has_ids && gated.logs[2].has_ids);
    ck_assert_uint_eq(gated.logs[0].log.time_ns, 5);
    ck_assert_uint_eq(gated.logs[2].log.time_ns, 4);
    ck_assert_mem_eq(gated.logs[2].trace_id, trace_id, TRACE_ID_SIZE);
    ck_assert_mem_eq(gated.logs[2].log.span_id, zeroes, SPAN_ID_SIZE);
    expect_rejected(WIRE_GATE_BAD_TRACE_ID);
}
END_TEST

START_TEST(an_event_name_is_a_field_or_an_attribute)
{
    struct buffer field = {0}, attribute = {0}, other = {0};
    wire_put_bytes(&field, LOG_EVENT_NAME, BYTES_LITERAL("gen_ai.evaluation.result"));
    put_attribute(&attribute, LOG_ATTRIBUTES, BYTES_LITERAL("event.name"),
                  BYTES_LITERAL("gen_ai.choice"));
    wire_put_bytes(&other, LOG_EVENT_NAME, BYTES_LITERAL("http.request"));
    put_request(&field);
    put_request(&attribute);
    put_request(&other);
    ck_assert_int_eq(pass_with(WIRE_GATE_LOGS, &wire_gate_limits_default), STATUS_OK);
    ck_assert_uint_eq(gated.log_count, 3);
    ck_assert(bytes_equal_text(gated.logs[0].log.event_name, "gen_ai.evaluation.result"));
    ck_assert(bytes_equal_text(gated.logs[1].log.event_name, "gen_ai.choice"));
    ck_assert(gated.logs[0].is_known && gated.logs[1].is_known && !gated.logs[2].is_known);
}
END_TEST

START_TEST(each_reason_has_a_name)
{
    for (int i = 0; i < WIRE_GATE_REJECTS; i++)
        ck_assert_ptr_nonnull(wire_gate_reject_names[i]);
    ck_assert(!wire_gate_knows_event((struct bytes){0}));
    ck_assert(!wire_gate_knows_event(BYTES_LITERAL("gen_ai")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_gate");
    TCase *tests = tcase_create("wire_gate");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_recorded_request_has_the_spans_of_its_sidecar);
    tcase_add_test(tests, recorded_log_records_of_genai_are_known_and_have_ids);
    tcase_add_test(tests, ids_times_kind_and_status_are_read);
    tcase_add_test(tests, a_bad_trace_id_rejects_its_span_alone);
    tcase_add_test(tests, a_bad_span_id_rejects_its_span);
    tcase_add_test(tests, an_empty_or_zero_parent_makes_a_root);
    tcase_add_test(tests, the_last_of_a_repeated_field_wins);
    tcase_add_test(tests, unlisted_kinds_and_codes_read_as_zero);
    tcase_add_test(tests, a_resource_behind_its_spans_is_theirs);
    tcase_add_test(tests, a_resource_over_a_limit_rejects_its_spans);
    tcase_add_test(tests, a_scope_over_a_limit_rejects_its_spans);
    tcase_add_test(tests, members_of_a_value_are_no_attributes);
    tcase_add_test(tests, values_may_nest_as_deep_as_the_limit);
    tcase_add_test(tests, ten_thousand_nested_values_are_refused_without_descending);
    tcase_add_test(tests, megabytes_of_empty_spans_take_no_memory);
    tcase_add_test(tests, groups_without_spans_take_no_place);
    tcase_add_test(tests, a_request_cut_anywhere_is_read_within_its_bytes);
    tcase_add_test(tests, limits_reject_the_span_that_is_over_them);
    tcase_add_test(tests, an_event_may_have_as_many_attributes_as_a_span);
    tcase_add_test(tests, spans_over_the_limit_of_a_request_are_rejected);
    tcase_add_test(tests, too_many_messages_refuse_the_request);
    tcase_add_test(tests, a_nul_in_a_name_or_key_rejects_the_span);
    tcase_add_test(tests, broken_bytes_below_a_span_refuse_the_request);
    tcase_add_test(tests, known_fields_of_another_type_refuse_the_request);
    tcase_add_test(tests, unknown_fields_are_passed_over);
    tcase_add_test(tests, an_empty_request_is_fine);
    tcase_add_test(tests, an_arena_that_is_too_small_says_wait);
    tcase_add_test(tests, log_records_without_ids_are_kept_and_marked);
    tcase_add_test(tests, an_event_name_is_a_field_or_an_attribute);
    tcase_add_test(tests, each_reason_has_a_name);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
