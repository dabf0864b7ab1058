/* link: assemble otlp nouns base */
/* The table against arrays: random spans of random traces over random sources, released at random.
 * Sums, floors, recency and the spans of each view must agree. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/assemble/in_flight.h"
#include "tests/support/trace_builder.h"

enum { TRACES = 60, SPANS = 40, SOURCES = 3, STEPS = 6000, ROUNDS = 4 };

static uint64_t state;

static uint32_t below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % bound);
}

struct known {
    bool is_open;
    uint64_t ends[SPANS]; /* the latest end of each span; 0: not here */
    uint32_t accepted, distinct;
    uint64_t first[SOURCES]; /* 0: none */
    uint64_t touched;
};

struct model {
    struct known traces[TRACES];
    uint64_t positions[SOURCES], touches;
    struct in_flight table;
    struct trace_builder builder;
    struct arena arena;
};

static struct open_trajectory *find(const struct model *model, uint32_t trace)
{
    uint8_t id[TRACE_ID_SIZE];
    trace_id_of(trace + 1, id);
    return in_flight_find(&model->table, id);
}

/* One request with runs of spans of several traces. */
static void arrive(struct model *model)
{
    struct gated_request request;
    uint32_t source = below(SOURCES), runs = 1 + below(3);
    trace_clear(&model->builder);
    for (uint32_t run = 0; run < runs; run++) {
        uint32_t trace = below(TRACES);
        for (uint32_t n = 1 + below(below(10) ? 4 : 30); n > 0; n--) {
            uint32_t span = below(SPANS);
            uint64_t end_ms = 10 + below(4);
            trace_span(&model->builder,
                       &(struct span_spec){
                           .trace = trace + 1, .id = span + 1, .start_ms = span, .end_ms = end_ms});
            struct known *known = &model->traces[trace];
            known->accepted++;
            known->distinct += known->ends[span] == 0;
            known->ends[span] = end_ms > known->ends[span] ? end_ms : known->ends[span];
        }
    }
    arena_reset(&model->arena);
    ck_assert_int_eq(wire_gate(trace_request(&model->builder), WIRE_GATE_TRACES,
                               &wire_gate_limits_default, &model->arena, &request),
                     STATUS_OK);
    for (uint32_t i = 0; i < request.span_count; i++)
        request.spans[i].next = i + 1 < request.span_count ? i + 1 : UINT32_MAX;
    model->positions[source]++;
    for (uint32_t at = 0; at != UINT32_MAX;) {
        uint32_t trace = trace_of_id(request.spans[at].trace_id) - 1;
        struct open_trajectory *open = find(model, trace);
        struct known *known = &model->traces[trace];
        ck_assert(known->is_open == (open != NULL));
        if (!open)
            open = in_flight_open(&model->table, request.spans[at].trace_id, 0);
        ck_assert_int_eq(in_flight_add_spans(&model->table, open, &request, at, &at), STATUS_OK);
        in_flight_touch(&model->table, open, (uint16_t)source, model->positions[source], 0, 0);
        known->is_open = true;
        known->touched = ++model->touches;
        if (known->first[source] == 0)
            known->first[source] = model->positions[source];
    }
}

static void check_view(struct model *model, uint32_t trace)
{
    struct trajectory view;
    const struct known *known = &model->traces[trace];
    arena_reset(&model->arena);
    ck_assert(open_trajectory_view(find(model, trace), CLOSE_IDLE, &model->arena, &view));
    ck_assert_uint_eq(view.span_count, known->distinct);
    for (uint32_t i = 0; i < view.span_count; i++) {
        uint32_t span = view.spans[i].id[SPAN_ID_SIZE - 1] - 1u;
        if (view.spans[i].end_ns != known->ends[span] * 1000000 ||
            (i > 0 && view.spans[i].start_ns <= view.spans[i - 1].start_ns))
            ck_abort_msg("span %u of trace %u", span, trace);
    }
}

static void check(struct model *model)
{
    size_t open_count = 0, bytes = 0, accepted = 0;
    uint64_t oldest = UINT64_MAX, floors[SOURCES] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    for (uint32_t trace = 0; trace < TRACES; trace++) {
        const struct known *known = &model->traces[trace];
        const struct open_trajectory *open = find(model, trace);
        if (known->is_open != (open != NULL))
            ck_abort_msg("trace %u", trace);
        if (!open)
            continue;
        open_count++;
        bytes += open->bytes;
        accepted += known->accepted;
        if (open->accepted_spans != known->accepted || open->span_count != known->distinct)
            ck_abort_msg("spans of trace %u", trace);
        oldest = known->touched < oldest ? known->touched : oldest;
        for (uint32_t source = 0; source < SOURCES; source++)
            if (known->first[source] && known->first[source] < floors[source])
                floors[source] = known->first[source];
    }
    ck_assert_uint_eq(model->table.count, open_count);
    ck_assert_uint_eq(model->table.bytes, bytes);
    ck_assert_uint_eq(model->table.span_count, accepted);
    for (uint16_t source = 0; source < SOURCES; source++)
        ck_assert_uint_eq(in_flight_floor(&model->table, source), floors[source]);
    if (open_count > 0)
        ck_assert_uint_eq(model->traces[trace_of_id(model->table.oldest->id) - 1].touched, oldest);
}

static void release(struct model *model, uint32_t trace)
{
    in_flight_release(&model->table, find(model, trace));
    model->traces[trace] = (struct known){0};
}

START_TEST(the_table_holds_what_arrays_hold)
{
    static struct model model;
    const char *text = getenv("SEED");
    uint64_t seed = (text ? strtoull(text, NULL, 10) : 20261123u) + (unsigned)_i;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    state = seed * 2654435761u + 1;
    model = (struct model){0};
    arena_init(&model.arena, 64 << 20);
    ck_assert(in_flight_init(&model.table, 0));
    for (int step = 0; step < STEPS; step++) {
        uint32_t trace = below(TRACES);
        arrive(&model);
        if (below(3) && model.traces[trace].is_open) {
            check_view(&model, trace);
            release(&model, trace);
        }
        if (step % 16 == 0)
            check(&model);
    }
    for (uint32_t trace = 0; trace < TRACES; trace++)
        if (model.traces[trace].is_open)
            release(&model, trace);
    ck_assert_uint_eq(model.table.bytes, 0);
    check(&model);
    in_flight_finish(&model.table);
    trace_finish(&model.builder);
    arena_finish(&model.arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("in_flight");
    TCase *cases = tcase_create("in_flight");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, the_table_holds_what_arrays_hold, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
