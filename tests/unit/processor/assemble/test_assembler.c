/* link: assemble otlp nouns base */
/* When is a run over? Every trigger, under a clock that the test moves. */
#include <check.h>

#include "processor/assemble/assembler.h"
#include "tests/support/trace_builder.h"

enum { TICK_MS = 1 << WHEEL_TICK_BITS, SECOND = 1000, MINUTE = 60000 };
enum { REMOTE = SPAN_FLAG_PARENT_REMOTE_KNOWN | SPAN_FLAG_PARENT_REMOTE };

struct fixture {
    struct assembler assembler;
    struct trace_builder builder;
    struct arena arena;
    int64_t now_ms;
    uint64_t position;
};

static void begin(struct fixture *fixture)
{
    struct assembly_config config = {
        .settle_ms = 6 * SECOND,
        .idle_timeout_ms = 5 * MINUTE,
        .max_duration_ms = 15 * MINUTE,
        .max_spans = 100,
        .max_bytes = 100000,
        .await_timeout_ms = MINUTE,
        .memory_bytes = 1 << 20,
        .log_only_max = 3,
    };
    *fixture = (struct fixture){.now_ms = 1000};
    arena_init(&fixture->arena, 64 << 20);
    ck_assert(assembler_init(&fixture->assembler, &config, fixture->now_ms));
}

static void end(struct fixture *fixture)
{
    assembler_finish(&fixture->assembler);
    trace_finish(&fixture->builder);
    arena_finish(&fixture->arena);
}

static struct open_trajectory *add(struct fixture *fixture, const struct span_spec *spec)
{
    struct gated_request request;
    struct open_trajectory *open;
    uint32_t next;
    struct arrival arrival = {0, ++fixture->position, fixture->now_ms, 1};
    trace_clear(&fixture->builder);
    trace_span(&fixture->builder, spec);
    arena_reset(&fixture->arena);
    ck_assert_int_eq(wire_gate(trace_request(&fixture->builder), WIRE_GATE_TRACES,
                               &wire_gate_limits_default, &fixture->arena, &request),
                     STATUS_OK);
    request.spans[0].next = UINT32_MAX;
    ck_assert_int_eq(assembler_add_spans(&fixture->assembler, &request, 0, &arrival, &next, &open),
                     STATUS_OK);
    return open;
}

static struct open_trajectory *add_root(struct fixture *fixture, uint64_t end_ms)
{
    return add(fixture, &(struct span_spec){.trace = 1, .id = 1, .end_ms = end_ms});
}

static struct open_trajectory *add_child(struct fixture *fixture, uint32_t id, uint32_t flags)
{
    return add(fixture, &(struct span_spec){
                            .trace = 1, .id = id, .parent = id - 1, .end_ms = 5, .flags = flags});
}

static enum status add_log(struct fixture *fixture, uint32_t trace)
{
    struct gated_request request;
    struct open_trajectory *open;
    struct arrival arrival = {0, ++fixture->position, fixture->now_ms, 1};
    trace_clear(&fixture->builder);
    trace_log(&fixture->builder, &(struct log_spec){.trace = trace, .time_ms = 1});
    arena_reset(&fixture->arena);
    ck_assert_int_eq(wire_gate(trace_request(&fixture->builder), WIRE_GATE_LOGS,
                               &wire_gate_limits_default, &fixture->arena, &request),
                     STATUS_OK);
    return assembler_add_log(&fixture->assembler, &request, &request.logs[0], &arrival, &open);
}

/* Moves the clock; nothing may close. */
static void pass(struct fixture *fixture, int64_t ms)
{
    enum close_trigger trigger;
    fixture->now_ms += ms;
    ck_assert_ptr_null(assembler_next_due(&fixture->assembler, fixture->now_ms, &trigger));
}

/* It closes after `ms`, not before, by that trigger. */
static struct open_trajectory *closes_after(struct fixture *fixture, int64_t ms,
                                            enum close_trigger wanted)
{
    enum close_trigger trigger;
    pass(fixture, ms - 1);
    fixture->now_ms += 1 + TICK_MS;
    struct open_trajectory *open =
        assembler_next_due(&fixture->assembler, fixture->now_ms, &trigger);
    ck_assert_ptr_nonnull(open);
    ck_assert_str_eq(close_trigger_name(trigger), close_trigger_name(wanted));
    return open;
}

static void closes_and_leaves(struct fixture *fixture, int64_t ms, enum close_trigger wanted)
{
    assembler_release(&fixture->assembler, closes_after(fixture, ms, wanted));
    ck_assert_ptr_null(assembler_any(&fixture->assembler));
    ck_assert_uint_eq(fixture->assembler.table.bytes, 0);
    end(fixture);
}

START_TEST(an_ended_root_closes_after_settle)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_child(&fixture, 2, 0);
    pass(&fixture, 2 * MINUTE);
    (void)add_root(&fixture, 9);
    closes_and_leaves(&fixture, 6 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(an_arrival_begins_settle_anew)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 9);
    for (int i = 0; i < 5; i++) {
        pass(&fixture, 5 * SECOND);
        (void)add_child(&fixture, 2, 0); /* a duplicate is an arrival as well */
    }
    closes_and_leaves(&fixture, 6 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(a_log_begins_settle_anew)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 9);
    pass(&fixture, 5 * SECOND);
    ck_assert_int_eq(add_log(&fixture, 1), STATUS_OK);
    closes_and_leaves(&fixture, 6 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(a_root_that_has_not_ended_waits_for_idle)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 0);
    closes_and_leaves(&fixture, 5 * MINUTE, CLOSE_IDLE);
}
END_TEST

START_TEST(a_root_that_ends_in_a_second_version_closes)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 0);
    pass(&fixture, MINUTE);
    (void)add_root(&fixture, 9);
    closes_and_leaves(&fixture, 6 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(a_local_root_settles_ten_seconds_at_least)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_child(&fixture, 5, REMOTE);
    closes_and_leaves(&fixture, 10 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(a_longer_settle_holds_for_a_local_root_too)
{
    struct fixture fixture;
    begin(&fixture);
    fixture.assembler.config.settle_ms = 30 * SECOND;
    (void)add_child(&fixture, 5, REMOTE);
    closes_and_leaves(&fixture, 30 * SECOND, CLOSE_ROOT);
}
END_TEST

START_TEST(a_local_root_whose_parent_comes_waits_for_the_root_of_both)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_child(&fixture, 5, REMOTE);
    pass(&fixture, 8 * SECOND);
    (void)add_child(&fixture, 4, 0);
    closes_and_leaves(&fixture, 5 * MINUTE, CLOSE_IDLE);
}
END_TEST

START_TEST(max_duration_counts_from_the_first_span)
{
    struct fixture fixture;
    begin(&fixture);
    ck_assert_int_eq(add_log(&fixture, 1), STATUS_OK); /* a log alone does not start it */
    pass(&fixture, MINUTE);
    (void)add_child(&fixture, 2, 0);
    for (int i = 0; i < 7; i++) {
        pass(&fixture, 2 * MINUTE);
        (void)add_child(&fixture, 2, 0);
    }
    closes_and_leaves(&fixture, MINUTE, CLOSE_DURATION);
}
END_TEST

START_TEST(too_many_spans_logs_or_bytes_make_it_full)
{
    struct fixture fixture;
    enum close_trigger trigger;
    static char text[100001];
    begin(&fixture);
    struct open_trajectory *open = NULL;
    for (uint32_t id = 2; id < 101; id++) {
        open = add_child(&fixture, id, 0);
        ck_assert(!assembler_is_full(&fixture.assembler.config, open, &trigger));
    }
    open = add_child(&fixture, 101, 0);
    ck_assert(assembler_is_full(&fixture.assembler.config, open, &trigger));
    ck_assert_int_eq(trigger, CLOSE_SPANS);
    assembler_release(&fixture.assembler, open);
    memset(text, 'x', sizeof(text) - 1);
    open = add(&fixture, &(struct span_spec){.trace = 2, .id = 1, .text = text});
    ck_assert(assembler_is_full(&fixture.assembler.config, open, &trigger));
    ck_assert_int_eq(trigger, CLOSE_BYTES);
    end(&fixture);
}
END_TEST

START_TEST(over_the_memory_limit_the_least_recent_goes_first)
{
    struct fixture fixture;
    static char text[50000];
    begin(&fixture);
    memset(text, 'x', sizeof(text) - 1);
    uint32_t trace = 0;
    while (!assembler_over_memory(&fixture.assembler)) {
        fixture.now_ms++;
        (void)add(&fixture, &(struct span_spec){.trace = ++trace, .id = 1, .text = text});
        if (trace == 5) /* the first is heard of again */
            (void)add(&fixture, &(struct span_spec){.trace = 1, .id = 2});
    }
    ck_assert_uint_ge(trace, 18);
    ck_assert_uint_eq(trace_of_id(assembler_over_memory(&fixture.assembler)->id), 2);
    assembler_release(&fixture.assembler, assembler_over_memory(&fixture.assembler));
    ck_assert_ptr_null(assembler_over_memory(&fixture.assembler));
    end(&fixture);
}
END_TEST

START_TEST(logs_alone_are_bounded_and_expire)
{
    struct fixture fixture;
    begin(&fixture);
    for (uint32_t trace = 1; trace <= 3; trace++)
        ck_assert_int_eq(add_log(&fixture, trace), STATUS_OK);
    ck_assert_int_eq(add_log(&fixture, 4), STATUS_BUSY);
    ck_assert_int_eq(add_log(&fixture, 3), STATUS_OK); /* known already */
    (void)add(&fixture, &(struct span_spec){.trace = 2, .id = 1});
    ck_assert_int_eq(add_log(&fixture, 4), STATUS_OK); /* one of them has a span now */
    struct open_trajectory *open = closes_after(&fixture, 5 * MINUTE, CLOSE_IDLE);
    enum close_trigger trigger = CLOSE_IDLE;
    uint32_t closed = 0;
    for (; open; closed++) { /* all of them within one tick */
        ck_assert_int_eq(trigger, CLOSE_IDLE);
        ck_assert((open->span_count > 0) == (trace_of_id(open->id) == 2));
        assembler_release(&fixture.assembler, open);
        open = assembler_next_due(&fixture.assembler, fixture.now_ms, &trigger);
    }
    ck_assert_uint_eq(closed, 4);
    ck_assert_uint_eq(fixture.assembler.table.count, 0);
    ck_assert_uint_eq(fixture.assembler.table.log_only, 0);
    end(&fixture);
}
END_TEST

START_TEST(an_awaited_score_that_never_comes_ends_the_waiting)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 9);
    struct open_trajectory *open = closes_after(&fixture, 6 * SECOND, CLOSE_ROOT);
    ck_assert(assembler_await(&fixture.assembler, open, fixture.now_ms));
    open = closes_after(&fixture, MINUTE, CLOSE_ROOT);
    ck_assert(!assembler_await(&fixture.assembler, open, fixture.now_ms));
    assembler_release(&fixture.assembler, open);
    end(&fixture);
}
END_TEST

START_TEST(what_comes_while_waiting_settles_and_is_looked_at_again)
{
    struct fixture fixture;
    begin(&fixture);
    (void)add_root(&fixture, 9);
    struct open_trajectory *open = closes_after(&fixture, 6 * SECOND, CLOSE_ROOT);
    ck_assert(assembler_await(&fixture.assembler, open, fixture.now_ms));
    pass(&fixture, 10 * SECOND);
    ck_assert_int_eq(add_log(&fixture, 1), STATUS_OK);
    open = closes_after(&fixture, 6 * SECOND, CLOSE_ROOT);
    ck_assert(assembler_await(&fixture.assembler, open, fixture.now_ms)); /* not that one */
    int64_t left_ms = open->await_until_ms - fixture.now_ms;
    ck_assert_int_le(left_ms, MINUTE - 16 * SECOND);
    open = closes_after(&fixture, left_ms, CLOSE_ROOT); /* the waiting is not prolonged */
    ck_assert(!assembler_await(&fixture.assembler, open, fixture.now_ms));
    assembler_release(&fixture.assembler, open);
    end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assembler");
    TCase *cases = tcase_create("assembler");
    tcase_add_test(cases, an_ended_root_closes_after_settle);
    tcase_add_test(cases, an_arrival_begins_settle_anew);
    tcase_add_test(cases, a_log_begins_settle_anew);
    tcase_add_test(cases, a_root_that_has_not_ended_waits_for_idle);
    tcase_add_test(cases, a_root_that_ends_in_a_second_version_closes);
    tcase_add_test(cases, a_local_root_settles_ten_seconds_at_least);
    tcase_add_test(cases, a_longer_settle_holds_for_a_local_root_too);
    tcase_add_test(cases, a_local_root_whose_parent_comes_waits_for_the_root_of_both);
    tcase_add_test(cases, max_duration_counts_from_the_first_span);
    tcase_add_test(cases, too_many_spans_logs_or_bytes_make_it_full);
    tcase_add_test(cases, over_the_memory_limit_the_least_recent_goes_first);
    tcase_add_test(cases, logs_alone_are_bounded_and_expire);
    tcase_add_test(cases, an_awaited_score_that_never_comes_ends_the_waiting);
    tcase_add_test(cases, what_comes_while_waiting_settles_and_is_looked_at_again);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
