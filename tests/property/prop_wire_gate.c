/* link: otlp */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "opentelemetry/proto/collector/trace/v1/trace_service.pb-c.h"
#include "processor/otlp/attributes.h"
#include "processor/otlp/messages.h"
#include "processor/otlp/wire_gate.h"
#include "tests/support/corpus.h"

/* Recorded requests are damaged at random. What the gate lets through, protobuf-c must read too,
 * and both must see the same spans; the iterators must then reach the end of every list. The
 * other direction does not hold: the gate is stricter. */
enum { ROUNDS = 6000, EDITS_MAX = 6, REQUEST_MAX = 65536 };

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest Request;
typedef Opentelemetry__Proto__Trace__V1__Span Span;

static size_t edit(struct random *random, uint8_t *data, size_t size)
{
    static const uint8_t telling[] = {0, 1, 2, 8, 9, 10, 18, 34, 58, 74, 82, 127, 128, 255};
    size_t at = random_below(random, size), length = random_below(random, size - at);
    switch (random_below(random, 6)) {
    case 0:
        data[at] = (uint8_t)random_next(random);
        return size;
    case 1:
        data[at] = telling[random_below(random, sizeof telling)];
        return size;
    case 2: /* around the front, where the groups begin */
        data[at % 64 % size] = telling[random_below(random, sizeof telling)];
        return size;
    case 3:
        data[at]++;
        return size;
    case 4: /* a part twice, its lengths now wrong */
        length %= 64;
        if (size + length > REQUEST_MAX)
            return size;
        memmove(data + at + length, data + at, size - at);
        return size + length;
    default: /* a part missing */
        length %= 16;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    }
}

static bool is_zero(const uint8_t *id, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (id[i] != 0)
            return false;
    return true;
}

/* The naive reading of what may stay, apart from limits. */
static bool is_usable(const Span *span)
{
    return span->trace_id.len == TRACE_ID_SIZE && !is_zero(span->trace_id.data, TRACE_ID_SIZE) &&
           span->span_id.len == SPAN_ID_SIZE && !is_zero(span->span_id.data, SPAN_ID_SIZE) &&
           (span->parent_span_id.len == 0 || span->parent_span_id.len == SPAN_ID_SIZE);
}

static void compare_span(const struct gated_span *gated, const Span *span)
{
    uint32_t attributes_count = 0;
    struct attributes attributes = attributes_of(gated->span.wire, OF_SPAN);
    struct attribute attribute;
    ck_assert_mem_eq(gated->trace_id, span->trace_id.data, TRACE_ID_SIZE);
    ck_assert_mem_eq(gated->span.id, span->span_id.data, SPAN_ID_SIZE);
    ck_assert_uint_eq(gated->span.start_ns, span->start_time_unix_nano);
    ck_assert_uint_eq(gated->span.end_ns, span->end_time_unix_nano);
    ck_assert_uint_eq(gated->span.flags, span->flags);
    ck_assert_uint_eq(gated->span.dropped_attributes, span->dropped_attributes_count);
    ck_assert_uint_eq(gated->span.kind, (unsigned)span->kind <= 5 ? (unsigned)span->kind : 0);
    while (attributes_next(&attributes, &attribute))
        attributes_count++;
    ck_assert(!attributes.wire.broken);
    ck_assert_uint_eq(attributes_count, span->n_attributes);
}

/* Spans in the order of the request; those that carry a NUL in a name or key are left out by
 * number. */
static uint32_t compare_requests(const struct gated_request *gated, const Request *request)
{
    uint32_t usable = 0;
    bool is_comparable = gated->rejected[WIRE_GATE_BAD_UTF8_NUL] == 0;
    for (size_t i = 0; i < request->n_resource_spans; i++)
        for (size_t j = 0; j < request->resource_spans[i]->n_scope_spans; j++)
            for (size_t k = 0; k < request->resource_spans[i]->scope_spans[j]->n_spans; k++) {
                const Span *span = request->resource_spans[i]->scope_spans[j]->spans[k];
                if (!is_usable(span))
                    continue;
                if (is_comparable) {
                    ck_assert_uint_lt(usable, gated->span_count);
                    compare_span(&gated->spans[usable], span);
                }
                usable++;
            }
    return usable;
}

static void walk_values(struct bytes message, enum attribute_owner owner, struct arena *arena)
{
    struct attributes attributes = attributes_of(message, owner);
    struct attribute attribute;
    while (attributes_next(&attributes, &attribute))
        (void)value_text(attribute.value, arena);
    ck_assert(!attributes.wire.broken);
}

/* True when the gate let it through. */
static bool check_request(struct bytes bytes, struct arena *arena)
{
    struct gated_request gated;
    if (wire_gate(bytes, WIRE_GATE_TRACES, &wire_gate_limits_default, arena, &gated) != STATUS_OK)
        return false;
    for (uint32_t i = 0; i < gated.span_count; i++) {
        ck_assert_uint_lt(gated.spans[i].span.resource, gated.resource_count);
        ck_assert_uint_lt(gated.spans[i].span.scope, gated.scope_count);
        walk_values(gated.spans[i].span.wire, OF_SPAN, arena);
    }
    for (uint32_t i = 0; i < gated.resource_count; i++)
        walk_values(gated.resources[i], OF_RESOURCE, arena);
    if (gated.rejected[WIRE_GATE_TOO_DEEP] + gated.rejected[WIRE_GATE_TOO_LARGE] +
            gated.rejected[WIRE_GATE_TOO_MANY_ATTRIBUTES] >
        0)
        return true; /* parts stayed unread */
    uint32_t count = UINT32_MAX;
    ck_assert(message_unpack_request(bytes, WIRE_GATE_TRACES, 256 << 20, &count));
    ck_assert_uint_eq(count, gated.span_count + gated.rejected_count);
    Request *request =
        opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
            NULL, bytes.size, bytes.data);
    ck_assert_ptr_nonnull(request);
    uint32_t usable = compare_requests(&gated, request);
    ck_assert_uint_eq(usable, gated.span_count + gated.rejected[WIRE_GATE_BAD_UTF8_NUL]);
    protobuf_c_message_free_unpacked(&request->base, NULL);
    return true;
}

START_TEST(what_the_gate_lets_through_protobuf_reads_alike)
{
    struct corpus corpus = corpus_load("corpus/*/*.otlp.pb");
    struct random random = random_from_environment();
    struct arena arena;
    static uint8_t scratch[REQUEST_MAX];
    uint32_t passed = 0;
    arena_init(&arena, 256 << 20);
    printf("seed %llu\n", (unsigned long long)random.state);
    for (int round = 0; round < ROUNDS; round++) {
        struct bytes from = corpus.files[random_below(&random, corpus.count)].body;
        if (from.size > sizeof scratch / 2)
            continue;
        size_t size = from.size;
        memcpy(scratch, from.data, size);
        for (size_t edits = random_below(&random, EDITS_MAX); edits > 0 && size > 0; edits--)
            size = edit(&random, scratch, size);
        uint8_t *exact = malloc(size + (size == 0));
        memcpy(exact, scratch, size);
        arena_reset(&arena);
        passed += check_request(bytes_of(exact, size), &arena);
        free(exact);
    }
    ck_assert_uint_gt(passed, ROUNDS / 10);
    ck_assert_uint_lt(passed, ROUNDS / 10 * 9);
    arena_finish(&arena);
    corpus_free(&corpus);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prop_wire_gate");
    TCase *tests = tcase_create("prop_wire_gate");
    tcase_add_test(tests, what_the_gate_lets_through_protobuf_reads_alike);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
