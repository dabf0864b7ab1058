/* link: assemble otlp nouns base */
/* The table and what one open trajectory holds, over gated requests. */
#include <check.h>
#include <stdio.h>

#include "processor/assemble/in_flight.h"
#include "tests/support/trace_builder.h"

struct fixture {
    struct in_flight table;
    struct trace_builder builder;
    struct buffer bytes; /* of the gated request */
    struct arena arena, view_arena;
    struct gated_request request;
    uint64_t position;
};

static void begin(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    arena_init(&fixture->arena, 64 << 20);
    arena_init(&fixture->view_arena, 64 << 20);
    ck_assert(in_flight_init(&fixture->table, 0));
}

static void end(struct fixture *fixture)
{
    in_flight_finish(&fixture->table);
    trace_finish(&fixture->builder);
    buffer_finish(&fixture->bytes);
    arena_finish(&fixture->arena);
    arena_finish(&fixture->view_arena);
}

/* Gates what was built; the spans form one chain. */
static const struct gated_request *gate(struct fixture *fixture, enum wire_gate_signal signal)
{
    buffer_clear(&fixture->bytes);
    buffer_append_bytes(&fixture->bytes, trace_request(&fixture->builder));
    trace_clear(&fixture->builder);
    arena_reset(&fixture->arena);
    ck_assert_int_eq(wire_gate(buffer_bytes(&fixture->bytes), signal, &wire_gate_limits_default,
                               &fixture->arena, &fixture->request),
                     STATUS_OK);
    for (uint32_t i = 0; i < fixture->request.span_count; i++)
        fixture->request.spans[i].next = i + 1 < fixture->request.span_count ? i + 1 : UINT32_MAX;
    return &fixture->request;
}

static struct open_trajectory *open_trace(struct fixture *fixture, uint32_t trace)
{
    uint8_t id[TRACE_ID_SIZE];
    trace_id_of(trace, id);
    struct open_trajectory *open = in_flight_find(&fixture->table, id);
    return open ? open : in_flight_open(&fixture->table, id, 0);
}

/* Adds all spans that were built, which belong to one trace. */
static struct open_trajectory *add(struct fixture *fixture, uint32_t trace)
{
    const struct gated_request *request = gate(fixture, WIRE_GATE_TRACES);
    struct open_trajectory *open = open_trace(fixture, trace);
    uint32_t next;
    ck_assert_int_eq(in_flight_add_spans(&fixture->table, open, request, 0, &next), STATUS_OK);
    ck_assert_uint_eq(next, UINT32_MAX);
    in_flight_touch(&fixture->table, open, 0, ++fixture->position, 0, 0);
    return open;
}

static void check_bytes(const struct fixture *fixture)
{
    size_t bytes = 0, spans = 0, log_only = 0, count = 0;
    const struct open_trajectory *open = fixture->table.oldest;
    for (; open; open = open->newer, count++) {
        bytes += open->bytes;
        spans += open->accepted_spans;
        log_only += open->span_count == 0;
    }
    ck_assert_uint_eq(fixture->table.bytes, bytes);
    ck_assert_uint_eq(fixture->table.span_count, spans);
    ck_assert_uint_eq(fixture->table.log_only, log_only);
    ck_assert_uint_eq(fixture->table.count, count);
}

static const struct trajectory *view(struct fixture *fixture, const struct open_trajectory *open)
{
    static struct trajectory trajectory;
    arena_reset(&fixture->view_arena);
    ck_assert(open_trajectory_view(open, CLOSE_ROOT, &fixture->view_arena, &trajectory));
    return &trajectory;
}

static void span(struct fixture *fixture, uint32_t id, uint32_t parent, uint64_t end_ms,
                 const char *text)
{
    trace_span(&fixture->builder, &(struct span_spec){.trace = 1,
                                                      .id = id,
                                                      .parent = parent,
                                                      .start_ms = 100 + id,
                                                      .end_ms = end_ms,
                                                      .text = text});
}

START_TEST(ten_thousand_resources_that_differ_in_the_middle_alone_find_their_places_at_once)
{
    enum { RESOURCES = 10000, OF_A_REQUEST = 500, ENDS = 300 };
    struct fixture fixture;
    char service[2 * ENDS + 8], ends[ENDS + 1] = {0};
    memset(ends, 's', ENDS);
    begin(&fixture);
    struct open_trajectory *open = NULL;
    for (uint32_t id = 1; id <= RESOURCES; id++) {
        snprintf(service, sizeof service, "%s%06u%s", ends, id, ends);
        trace_resource(&fixture.builder, service);
        span(&fixture, id, id == 1 ? 0 : 1, 200, NULL);
        if (id % OF_A_REQUEST == 0)
            open = add(&fixture, 1);
    }
    ck_assert_uint_eq(open->resources.count, RESOURCES);
    ck_assert_uint_lt(open->resources.compared, 4 * RESOURCES); /* in a list: 50 million */
    end(&fixture);
}
END_TEST

START_TEST(spans_of_many_requests_come_back_in_order)
{
    struct fixture fixture;
    begin(&fixture);
    struct open_trajectory *open = NULL;
    for (uint32_t id = 60; id > 0; id -= 3) { /* children first, three in a request */
        trace_resource(&fixture.builder, id % 2 ? "a" : "b");
        for (uint32_t i = 0; i < 3; i++)
            span(&fixture, id - i, id - i == 1 ? 0 : 1, 200, NULL);
        open = add(&fixture, 1);
        check_bytes(&fixture);
    }
    const struct trajectory *trajectory = view(&fixture, open);
    ck_assert_uint_eq(trajectory->span_count, 60);
    ck_assert_uint_eq(trajectory->resource_count, 2); /* each resource is kept once */
    ck_assert_uint_eq(trajectory->scope_count, 1);
    ck_assert_uint_eq(trajectory->root, 0);
    for (uint32_t i = 0; i < 60; i++) {
        ck_assert_uint_eq(trajectory->spans[i].id[SPAN_ID_SIZE - 1], i + 1);
        struct bytes resource = trajectory->resources[trajectory->spans[i].resource];
        uint32_t request = i / 3;
        ck_assert_int_eq(resource.data[resource.size - 1], (request * 3 + 3) % 2 ? 'a' : 'b');
    }
    end(&fixture);
}
END_TEST

START_TEST(a_span_that_comes_again_counts_once_and_costs_nothing)
{
    struct fixture fixture;
    begin(&fixture);
    span(&fixture, 1, 0, 200, "same");
    struct open_trajectory *open = add(&fixture, 1);
    size_t bytes = open->bytes, wire_bytes = open->wire_bytes;
    for (int i = 0; i < 10; i++) {
        span(&fixture, 1, 0, 200, "same");
        span(&fixture, 1, 0, 200, "same"); /* twice in one request as well */
        open = add(&fixture, 1);
    }
    ck_assert_uint_eq(open->span_count, 1);
    ck_assert_uint_eq(open->accepted_spans, 21);
    ck_assert_uint_eq(open->wire_bytes, wire_bytes);
    /* From the 17th on there is an index. */
    ck_assert_uint_le(open->bytes, bytes + 32 * sizeof(void *));
    check_bytes(&fixture);
    end(&fixture);
}
END_TEST

/* Index of the loop: which of the two comes first. */
START_TEST(of_two_different_spans_the_same_one_stays_in_both_orders)
{
    static const struct {
        uint64_t end_ms;
        const char *text;
    } pairs[][2] = {
        {{200, "later"}, {150, "a longer text"}}, /* the later end */
        {{200, "a longer text"}, {200, "short"}}, /* the larger encoding */
        {{200, "text b"}, {200, "text a"}},       /* the larger bytes */
        {{200, "ended"}, {0, "not ended yet"}},
    };
    for (size_t pair = 0; pair < sizeof(pairs) / sizeof(pairs[0]); pair++) {
        struct fixture fixture;
        begin(&fixture);
        for (int turn = 0; turn < 2; turn++) {
            int which = turn ^ _i;
            span(&fixture, 1, 0, pairs[pair][which].end_ms, pairs[pair][which].text);
            (void)add(&fixture, 1);
        }
        struct open_trajectory *open = open_trace(&fixture, 1);
        const struct trajectory *trajectory = view(&fixture, open);
        ck_assert_uint_eq(trajectory->span_count, 1);
        ck_assert_uint_eq(open->accepted_spans, 2);
        struct bytes wire = trajectory->spans[0].wire, text = bytes_of_text(pairs[pair][0].text);
        bool is_there = false;
        for (size_t at = 0; at + text.size <= wire.size; at++)
            is_there |= memcmp(wire.data + at, text.data, text.size) == 0;
        ck_assert(is_there);
        ck_assert_uint_eq(open->wire_bytes, wire.size);
        check_bytes(&fixture);
        end(&fixture);
    }
}
END_TEST

START_TEST(a_chain_is_taken_up_to_the_next_trace)
{
    struct fixture fixture;
    begin(&fixture);
    for (uint32_t i = 0; i < 5; i++)
        trace_span(&fixture.builder,
                   &(struct span_spec){.trace = i < 3 ? 1 : 2, .id = i + 1, .end_ms = 5});
    const struct gated_request *request = gate(&fixture, WIRE_GATE_TRACES);
    uint32_t next;
    struct open_trajectory *open = open_trace(&fixture, 1);
    ck_assert_int_eq(in_flight_add_spans(&fixture.table, open, request, 0, &next), STATUS_OK);
    ck_assert_uint_eq(next, 3);
    ck_assert_uint_eq(open->span_count, 3);
    end(&fixture);
}
END_TEST

START_TEST(an_identical_log_counts_as_accepted_and_is_kept_once)
{
    struct fixture fixture;
    begin(&fixture);
    struct log_spec spec = {.trace = 1, .time_ms = 7, .score_name = "Quality", .score = 1};
    trace_log(&fixture.builder, &spec);
    trace_log(&fixture.builder, &spec);
    spec.time_ms = 3;
    trace_log(&fixture.builder, &spec);
    const struct gated_request *request = gate(&fixture, WIRE_GATE_LOGS);
    struct open_trajectory *open = open_trace(&fixture, 1);
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_int_eq(in_flight_add_log(&fixture.table, open, request, &request->logs[i].log),
                         STATUS_OK);
    check_bytes(&fixture);
    ck_assert_uint_eq(open->accepted_logs, 3);
    const struct trajectory *trajectory = view(&fixture, open);
    ck_assert_uint_eq(trajectory->log_count, 2);
    ck_assert_uint_eq(trajectory->logs[0].time_ns, 3000000);
    ck_assert(
        bytes_equal(trajectory->logs[1].event_name, BYTES_LITERAL("gen_ai.evaluation.result")));
    end(&fixture);
}
END_TEST

START_TEST(a_floor_is_the_first_position_of_the_oldest_of_its_source)
{
    struct fixture fixture;
    begin(&fixture);
    struct open_trajectory *a = open_trace(&fixture, 1), *b = open_trace(&fixture, 2),
                           *c = open_trace(&fixture, 3);
    in_flight_touch(&fixture.table, a, 0, 10, 0, 0);
    in_flight_touch(&fixture.table, b, 5, 3, 0, 0);
    in_flight_touch(&fixture.table, b, 0, 11, 0, 0);
    in_flight_touch(&fixture.table, b, 63, 1, 0, 0);
    in_flight_touch(&fixture.table, c, 0, 12, 0, 0);
    in_flight_touch(&fixture.table, a, 0, 13, 0, 0); /* its first position stays */
    check_bytes(&fixture);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 0), 10);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 5), 3);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 63), 1);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 1), UINT64_MAX);
    in_flight_release(&fixture.table, b); /* from the middle of a list */
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 0), 10);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 5), UINT64_MAX);
    in_flight_release(&fixture.table, a);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 0), 12);
    in_flight_release(&fixture.table, c);
    ck_assert_uint_eq(in_flight_floor(&fixture.table, 0), UINT64_MAX);
    ck_assert_uint_eq(fixture.table.bytes, 0);
    end(&fixture);
}
END_TEST

START_TEST(the_table_grows_and_shrinks)
{
    struct fixture fixture;
    begin(&fixture);
    size_t capacity = fixture.table.capacity;
    for (uint32_t trace = 1; trace <= 20000; trace++)
        in_flight_touch(&fixture.table, open_trace(&fixture, trace), 0, trace, 0, 0);
    ck_assert_uint_ge(fixture.table.capacity, 20000);
    check_bytes(&fixture);
    for (uint32_t trace = 20000; trace > 0; trace -= 2)
        in_flight_release(&fixture.table, open_trace(&fixture, trace));
    for (uint32_t trace = 1; trace < 20000; trace += 2) {
        ck_assert_uint_eq(in_flight_floor(&fixture.table, 0), trace);
        in_flight_release(&fixture.table, open_trace(&fixture, trace));
    }
    ck_assert_uint_eq(fixture.table.count, 0);
    ck_assert_uint_eq(fixture.table.bytes, 0);
    ck_assert_uint_le(fixture.table.capacity, capacity);
    end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("in_flight");
    TCase *cases = tcase_create("in_flight");
    tcase_add_test(cases,
                   ten_thousand_resources_that_differ_in_the_middle_alone_find_their_places_at_once);
    tcase_add_test(cases, spans_of_many_requests_come_back_in_order);
    tcase_add_test(cases, a_span_that_comes_again_counts_once_and_costs_nothing);
    tcase_add_loop_test(cases, of_two_different_spans_the_same_one_stays_in_both_orders, 0, 2);
    tcase_add_test(cases, a_chain_is_taken_up_to_the_next_trace);
    tcase_add_test(cases, an_identical_log_counts_as_accepted_and_is_kept_once);
    tcase_add_test(cases, a_floor_is_the_first_position_of_the_oldest_of_its_source);
    tcase_add_test(cases, the_table_grows_and_shrinks);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
