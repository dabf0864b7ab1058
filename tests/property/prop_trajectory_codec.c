/* What is encoded comes back the same: random trajectories in any order of arrival, with
 * duplicates, superseded spans and several resources; and every recorded one. */
#include <check.h>
#include <stdlib.h>

#include "pipelines/decide/trajectory_codec.h"
#include "processor/otlp/wire.h"
#include "tests/support/corpus.h"
#include "tests/support/trace_builder.h"

enum { ROUNDS = 300, SPANS = 60, ARENA_BYTES = 256 << 20 };

static struct random random_state;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)random_below(&random_state, below);
}

struct bench {
    struct in_flight table, copies;
    struct arena request_arena, first_arena, second_arena;
    struct buffer encoded;
};

static void bench_init(struct bench *bench)
{
    *bench = (struct bench){0};
    ck_assert(in_flight_init(&bench->table, 0) && in_flight_init(&bench->copies, 0));
    arena_init(&bench->request_arena, ARENA_BYTES);
    arena_init(&bench->first_arena, ARENA_BYTES);
    arena_init(&bench->second_arena, ARENA_BYTES);
}

static void bench_finish(struct bench *bench)
{
    in_flight_finish(&bench->table);
    in_flight_finish(&bench->copies);
    arena_finish(&bench->request_arena);
    arena_finish(&bench->first_arena);
    arena_finish(&bench->second_arena);
    buffer_finish(&bench->encoded);
}

static struct open_trajectory *open_of(struct in_flight *table, const uint8_t id[TRACE_ID_SIZE])
{
    struct open_trajectory *open = in_flight_find(table, id);
    if (!open)
        open = in_flight_open(table, id, 0);
    ck_assert_ptr_nonnull(open);
    return open;
}

static void add_all(struct in_flight *table, struct gated_request *request)
{
    for (uint32_t i = 0; i < request->span_count; i++)
        request->spans[i].next = i + 1 < request->span_count ? i + 1 : UINT32_MAX;
    for (uint32_t at = request->span_count ? 0 : UINT32_MAX; at != UINT32_MAX;) {
        struct open_trajectory *open = open_of(table, request->spans[at].trace_id);
        ck_assert_int_eq(in_flight_add_spans(table, open, request, at, &at), STATUS_OK);
    }
    for (uint32_t i = 0; i < request->log_count; i++) {
        const struct gated_log *log = &request->logs[i];
        if (log->has_ids && log->is_known)
            ck_assert_int_eq(
                in_flight_add_log(table, open_of(table, log->trace_id), request, &log->log),
                STATUS_OK);
    }
}

static void add_request(struct bench *bench, struct bytes body, enum wire_gate_signal signal)
{
    struct gated_request request;
    arena_reset(&bench->request_arena);
    ck_assert_int_eq(
        wire_gate(body, signal, &wire_gate_limits_default, &bench->request_arena, &request),
        STATUS_OK);
    add_all(&bench->table, &request);
}

static void check_spans(const struct trajectory *a, const struct trajectory *b)
{
    ck_assert_uint_eq(a->span_count, b->span_count);
    ck_assert_uint_eq(a->root, b->root);
    ck_assert_uint_eq(a->orphan_count, b->orphan_count);
    for (uint32_t i = 0; i < a->span_count; i++) {
        struct span x = a->spans[i], y = b->spans[i];
        ck_assert(bytes_equal(x.wire, y.wire));
        ck_assert(bytes_equal(a->resources[x.resource], b->resources[y.resource]));
        ck_assert(bytes_equal(a->scopes[x.scope], b->scopes[y.scope]));
        ck_assert(memcmp(x.id, y.id, SPAN_ID_SIZE) == 0);
        ck_assert(memcmp(x.parent_id, y.parent_id, SPAN_ID_SIZE) == 0);
        ck_assert(x.start_ns == y.start_ns && x.end_ns == y.end_ns && x.flags == y.flags);
        ck_assert(x.kind == y.kind && x.status == y.status && x.has_parent == y.has_parent);
        ck_assert_uint_eq(x.dropped_attributes, y.dropped_attributes);
    }
}

static void check_logs(const struct trajectory *a, const struct trajectory *b)
{
    ck_assert_uint_eq(a->log_count, b->log_count);
    for (uint32_t i = 0; i < a->log_count; i++) {
        const struct log_record *x = &a->logs[i], *y = &b->logs[i];
        ck_assert(bytes_equal(x->wire, y->wire));
        ck_assert(bytes_equal(x->event_name, y->event_name));
        ck_assert(bytes_equal(a->resources[x->resource], b->resources[y->resource]));
        ck_assert(bytes_equal(a->scopes[x->scope], b->scopes[y->scope]));
        ck_assert(memcmp(x->span_id, y->span_id, SPAN_ID_SIZE) == 0 && x->time_ns == y->time_ns);
    }
}

static void check_round_trip(struct bench *bench, const struct open_trajectory *open)
{
    struct gated_request spans, logs;
    struct trajectory first, second;
    buffer_clear(&bench->encoded);
    ck_assert(trajectory_encode(open, &bench->encoded));
    arena_reset(&bench->request_arena);
    arena_reset(&bench->first_arena);
    arena_reset(&bench->second_arena);
    ck_assert_int_eq(trajectory_decode(buffer_bytes(&bench->encoded), &wire_gate_limits_default,
                                       &bench->request_arena, &spans, &logs),
                     STATUS_OK);
    add_all(&bench->copies, &spans);
    add_all(&bench->copies, &logs);
    ck_assert_uint_eq(bench->copies.count, 1);
    struct open_trajectory *copy = in_flight_find(&bench->copies, open->id);
    ck_assert_ptr_nonnull(copy);
    ck_assert_uint_eq(copy->wire_bytes, open->wire_bytes);
    /* A root that another span of its id took the place of is remembered by the first alone. */
    ck_assert(copy->has_root <= open->has_root && copy->has_local_root <= open->has_local_root);
    ck_assert(open_trajectory_view(open, CLOSE_ROOT, &bench->first_arena, &first));
    ck_assert(open_trajectory_view(copy, CLOSE_ROOT, &bench->second_arena, &second));
    check_spans(&first, &second);
    check_logs(&first, &second);
    in_flight_release(&bench->copies, copy);
}

static void arrive(struct bench *bench, struct trace_builder *builder, bool is_log)
{
    static const char *const services[] = {"agent", "retriever", "a tool server"};
    char text[400];
    memset(text, 'x', sizeof text);
    trace_clear(builder);
    for (uint32_t n = 1 + draw(6); n > 0; n--) {
        if (draw(3) == 0)
            trace_resource(builder, services[draw(3)]);
        text[draw(sizeof text - 1)] = 0;
        if (is_log)
            trace_log(builder, &(struct log_spec){.trace = 1,
                                                  .span = draw(SPANS),
                                                  .time_ms = draw(4),
                                                  .score_name = draw(2) ? "Groundedness" : NULL,
                                                  .score = draw(3)});
        else
            trace_span(builder, &(struct span_spec){.trace = 1,
                                                    .id = 1 + draw(SPANS),
                                                    .parent = draw(SPANS),
                                                    .start_ms = draw(20),
                                                    .end_ms = draw(30),
                                                    .flags = draw(2) * 0x300u,
                                                    .text = draw(2) ? text : NULL});
        memset(text, 'x', sizeof text);
    }
    add_request(bench, trace_request(builder), is_log ? WIRE_GATE_LOGS : WIRE_GATE_TRACES);
}

START_TEST(a_trajectory_comes_back_whole_whatever_the_order_of_arrival)
{
    struct bench bench;
    struct trace_builder builder = {0};
    random_state = random_from_environment();
    bench_init(&bench);
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t requests = 1 + draw(12); requests > 0; requests--)
            arrive(&bench, &builder, draw(4) == 0);
        struct open_trajectory *open = bench.table.oldest;
        ck_assert_ptr_nonnull(open);
        check_round_trip(&bench, open);
        in_flight_release(&bench.table, open);
    }
    trace_finish(&builder);
    bench_finish(&bench);
}
END_TEST

START_TEST(every_recorded_trajectory_comes_back_whole)
{
    struct bench bench;
    struct corpus spans = corpus_load("corpus/*/*.otlp.pb");
    struct corpus logs = corpus_load("corpus/*/*.otlp-logs.pb");
    size_t bytes = 0, encoded = 0;
    bench_init(&bench);
    for (size_t i = 0; i < spans.count; i++)
        add_request(&bench, spans.files[i].body, WIRE_GATE_TRACES);
    for (size_t i = 0; i < logs.count; i++)
        add_request(&bench, logs.files[i].body, WIRE_GATE_LOGS);
    for (struct open_trajectory *open = bench.table.oldest; open; open = open->newer) {
        check_round_trip(&bench, open);
        bytes += open->wire_bytes;
        encoded += bench.encoded.size;
    }
    ck_assert_uint_gt(bench.table.count, 100);
    ck_assert_uint_gt(encoded, bytes);
    corpus_free(&spans);
    corpus_free(&logs);
    bench_finish(&bench);
}
END_TEST

START_TEST(broken_bytes_are_malformed)
{
    struct bench bench;
    struct trace_builder builder = {0};
    struct gated_request spans, logs;
    random_state = random_from_environment();
    bench_init(&bench);
    for (int i = 0; i < 20; i++)
        arrive(&bench, &builder, i % 4 == 0);
    ck_assert(trajectory_encode(bench.table.oldest, &bench.encoded));
    for (size_t size = 0; size < bench.encoded.size; size++) {
        uint8_t *exact = malloc(size + 1);
        memcpy(exact, bench.encoded.data, size);
        arena_reset(&bench.request_arena);
        enum status status = trajectory_decode(bytes_of(exact, size), &wire_gate_limits_default,
                                               &bench.request_arena, &spans, &logs);
        if (size < 2 + bench.encoded.size / 2)
            ck_assert_int_eq(status, STATUS_MALFORMED);
        free(exact);
    }
    for (int i = 0; i < 2000; i++) {
        size_t at = draw((uint32_t)bench.encoded.size);
        uint8_t kept = bench.encoded.data[at];
        bench.encoded.data[at] = (uint8_t)draw(256);
        arena_reset(&bench.request_arena);
        (void)!trajectory_decode(buffer_bytes(&bench.encoded), &wire_gate_limits_default,
                                 &bench.request_arena, &spans, &logs);
        bench.encoded.data[at] = kept;
    }
    trace_finish(&builder);
    bench_finish(&bench);
}
END_TEST

/* `inner`, wrapped as the field of a message; the message is in `inner` then. */
static void wrap(struct buffer *inner, uint32_t field)
{
    struct buffer outer = {0};
    wire_put_bytes(&outer, field, buffer_bytes(inner));
    buffer_finish(inner);
    *inner = outer;
}

/* Any number of levels that `limits.request_depth` may allow. */
START_TEST(what_the_gate_took_in_comes_back_however_deep_its_attributes)
{
    enum { ANY_TEXT = 1, ANY_ARRAY = 5, ARRAY_VALUES = 1, PAIR_VALUE = 2, SPAN_ATTRIBUTES = 9 };
    struct bench bench;
    struct wire_gate_limits deep = wire_gate_limits_default;
    struct buffer attribute = {0}, span = {0};
    struct gated_request request, spans, logs;
    bench_init(&bench);
    deep.depth_max = 64;
    wire_put_bytes(&attribute, ANY_TEXT, BYTES_LITERAL("x"));
    for (int level = 0; level < 40; level++) {
        wrap(&attribute, ARRAY_VALUES);
        wrap(&attribute, ANY_ARRAY);
    }
    wrap(&attribute, PAIR_VALUE);
    wire_put_bytes(&attribute, 1, BYTES_LITERAL("key"));
    wire_put_bytes(&span, 1, BYTES_LITERAL("0123456789abcdef"));
    wire_put_bytes(&span, 2, BYTES_LITERAL("01234567"));
    wire_put_bytes(&span, SPAN_ATTRIBUTES, buffer_bytes(&attribute));
    for (int level = 0; level < 3; level++)
        wrap(&span, level == 2 ? 1 : 2);
    ck_assert_int_eq(
        wire_gate(buffer_bytes(&span), WIRE_GATE_TRACES, &deep, &bench.request_arena, &request),
        STATUS_OK);
    ck_assert_uint_eq(request.span_count, 1);
    add_all(&bench.table, &request);
    ck_assert(trajectory_encode(bench.table.oldest, &bench.encoded));
    ck_assert_int_eq(trajectory_decode(buffer_bytes(&bench.encoded), &wire_gate_limits_default,
                                       &bench.first_arena, &spans, &logs),
                     STATUS_OK);
    ck_assert_uint_eq(spans.span_count, 1);
    buffer_finish(&attribute);
    buffer_finish(&span);
    bench_finish(&bench);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trajectory_codec");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_test(all, a_trajectory_comes_back_whole_whatever_the_order_of_arrival);
    tcase_add_test(all, every_recorded_trajectory_comes_back_whole);
    tcase_add_test(all, what_the_gate_took_in_comes_back_however_deep_its_attributes);
    tcase_add_test(all, broken_bytes_are_malformed);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
