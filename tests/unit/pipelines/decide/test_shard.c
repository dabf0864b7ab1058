/* One shard or several: what closes, what is late, what a replay changes,
 * where the floors stand. */
#include "tests/support/shard_fixture.h"

enum { SECOND = 1000, MINUTE = 60000 };

static void add_span(struct shard_fixture *fixture, uint32_t trace, uint32_t id)
{
    trace_span(&fixture->builder, &(struct span_spec){.trace = trace,
                                                      .id = id,
                                                      .parent = 1,
                                                      .start_ms = 1700000000000,
                                                      .end_ms = 1700000000100});
}

static uint64_t give_run(struct shard_fixture *fixture, uint32_t trace, double score)
{
    shard_fixture_build(fixture, trace, score);
    return shard_fixture_give(fixture, 0, WIRE_GATE_TRACES, NULL);
}

static void give_score(struct shard_fixture *fixture, uint32_t trace, const char *name)
{
    trace_log(&fixture->builder,
              &(struct log_spec){
                  .trace = trace, .time_ms = 1700000000000, .score_name = name, .score = 0.1});
    (void)shard_fixture_give(fixture, 0, WIRE_GATE_LOGS, NULL);
}

START_TEST(a_run_closes_with_its_verdict_its_record_and_its_positions)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    trace_resource(&fixture.builder, "v7");
    (void)give_run(&fixture, 1, 0.3);
    trace_resource(&fixture.builder, "v7");
    add_span(&fixture, 1, 3);
    (void)shard_fixture_give(&fixture, 2, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 5 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    ck_assert_uint_eq(fixture.effects[0]->open_spans, 3);
    shard_fixture_tick(&fixture, 2 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_int_eq(closed->verdict, VERDICT_FAIL);
    ck_assert_int_eq(closed->trigger, CLOSE_ROOT);
    ck_assert_uint_eq(closed->spans, 3);
    ck_assert_uint_eq(closed->duplicates, 0);
    ck_assert_uint_eq(closed->event_ms, 1700000001000);
    ck_assert_int_eq((int)closed->duration_ms, 1000);
    ck_assert_uint_eq(closed->decided_ms, fixture.wall_ms);
    ck_assert_int_eq(closed->outcomes[0], OUTCOME_FAIL);
    ck_assert(bytes_equal(closed->dimension_values[0], BYTES_LITERAL("v7")));
    ck_assert_uint_gt(closed->selection.record.frame.size, 0);
    ck_assert_uint_gt(closed->selection.record.frame.size, 100);
    ck_assert_uint_eq(closed->position_count, 2);
    ck_assert_uint_eq(closed->positions[0].position, 1);
    ck_assert_uint_eq(closed->positions[1].source, 2);
    ck_assert_uint_eq(fixture.effects[0]->open_spans, 0);
    shard_fixture_end(&fixture);
}
END_TEST

static void give_times(struct shard_fixture *fixture, uint32_t trace, uint64_t start_ms,
                       uint64_t end_ms)
{
    trace_span(
        &fixture->builder,
        &(struct span_spec){.trace = trace, .id = 1, .start_ms = start_ms, .end_ms = end_ms});
    (void)shard_fixture_give(fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(fixture, 7 * MINUTE);
}

START_TEST(a_run_whose_times_are_absent_has_no_duration)
{
    static const struct {
        uint64_t start_ms, end_ms;
    } cases[] = {{0, 1700000000000}, {1700000000000, 0}, {0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shard_fixture fixture;
        shard_fixture_begin_rules(&fixture, 1,
                                  "{ name: slow, measure: duration_ms, fail_above: 1 }", "");
        give_times(&fixture, 1, cases[i].start_ms, cases[i].end_ms);
        const struct closed *closed = shard_fixture_closed(&fixture);
        ck_assert(closed->duration_ms < 0);
        ck_assert_int_eq(closed->outcomes[0], OUTCOME_NA);
        ck_assert_int_eq(closed->is_skewed, cases[i].end_ms == 0);
        shard_fixture_end(&fixture);
    }
}
END_TEST

START_TEST(times_older_than_every_window_are_counted_as_skew)
{
    const uint64_t now_ms = 1700000000000, day_ms = UINT64_C(86400000);
    const struct {
        uint64_t end_ms;
        bool is_skewed;
    } cases[] = {{now_ms - 33 * day_ms, false},
                 {now_ms - 36 * day_ms, true},
                 {now_ms / 1000, true},     /* microseconds, read as nanoseconds */
                 {now_ms / 1000000, true}}; /* milliseconds */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct shard_fixture fixture;
        shard_fixture_begin(&fixture, 1, "");
        give_times(&fixture, 1, cases[i].end_ms - 1, cases[i].end_ms);
        const struct closed *closed = shard_fixture_closed(&fixture);
        ck_assert_int_eq(closed->is_skewed, cases[i].is_skewed);
        ck_assert_uint_eq(closed->event_ms, cases[i].end_ms); /* the total since start has it */
        shard_fixture_end(&fixture);
    }
}
END_TEST

/* Time passes in which nothing of this source can come. */
static void stand_still(struct shard_fixture *fixture, uint16_t source, int64_t ms)
{
    fixture->lag_ms[source] += ms;
    shard_fixture_tick(fixture, ms);
}

START_TEST(idle_timeout_stands_still_with_the_source)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    add_span(&fixture, 1, 2);
    (void)shard_fixture_give(&fixture, 1, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 4 * MINUTE);
    for (int i = 0; i < 20; i++)
        stand_still(&fixture, 1, MINUTE);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_tick(&fixture, MINUTE - SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_tick(&fixture, 2 * SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_IDLE);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_root_that_lay_with_the_source_closes_the_run)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    add_span(&fixture, 1, 2);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    stand_still(&fixture, 0, 60 * MINUTE);
    (void)give_run(&fixture, 1, 0.9);
    shard_fixture_tick(&fixture, 7 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_int_eq(closed->trigger, CLOSE_ROOT);
    ck_assert_uint_eq(closed->spans, 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(max_duration_stands_still_with_the_source)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    for (uint32_t i = 2; i < 9; i++) { /* 4 minutes each: never idle for long */
        add_span(&fixture, 1, i);
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
        shard_fixture_tick(&fixture, 2 * MINUTE);
        stand_still(&fixture, 0, 2 * MINUTE);
    }
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0); /* 14 of 28 minutes counted */
    add_span(&fixture, 1, 9);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, MINUTE + SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_DURATION);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(the_settling_of_an_ended_root_never_stands_still)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    (void)give_run(&fixture, 1, 0.9);
    stand_still(&fixture, 0, 7 * SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_ROOT);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(other_sources_do_not_hold_a_run_but_each_of_its_own_does)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    stand_still(&fixture, 2, 60 * MINUTE);
    add_span(&fixture, 1, 2);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    add_span(&fixture, 2, 2);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    add_span(&fixture, 2, 3);
    (void)shard_fixture_give(&fixture, 2, WIRE_GATE_TRACES, NULL);
    stand_still(&fixture, 2, 6 * MINUTE);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_uint_eq(trace_of_id(closed->trace_id), 1);
    shard_fixture_clear(&fixture);
    stand_still(&fixture, 0, 4 * MINUTE); /* quiet on one for 6 minutes, on the other for 4 */
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_tick(&fixture, MINUTE + SECOND);
    ck_assert_uint_eq(trace_of_id(shard_fixture_closed(&fixture)->trace_id), 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(while_memory_is_refused_the_longest_quiet_rootless_runs_close)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    (void)give_run(&fixture, 1, 0.9); /* closes by itself */
    for (uint32_t trace = 2; trace < 10; trace++) {
        add_span(&fixture, trace, 2);
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    }
    fixture.excess_bytes = shard_gauges(fixture.shards[0]).bytes / 3;
    fixture.lag_ms[0] = 1000; /* whatever stands still */
    shard_fixture_tick(&fixture, 1000);
    uint32_t count = shard_fixture_closed_count(&fixture);
    ck_assert_uint_ge(count, 2);
    ck_assert_uint_le(count, 5);
    uint32_t trace = 2;
    for (const struct closed *at = fixture.effects[0]->first; at; at = at->next) {
        ck_assert_int_eq(at->trigger, CLOSE_MEMORY);
        ck_assert_uint_eq(trace_of_id(at->trace_id), trace++);
    }
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(while_the_store_is_full_one_run_closes_at_a_time)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    for (uint32_t trace = 1; trace < 9; trace++) {
        add_span(&fixture, trace, 2);
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    }
    fixture.is_stuck = true;
    for (int i = 0; i < 10; i++)
        shard_fixture_tick(&fixture, 10);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 1);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_MEMORY);
    shard_fixture_tick(&fixture, 100);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_run_that_passed_makes_no_record)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    (void)give_run(&fixture, 1, 0.9);
    (void)give_run(&fixture, 1, 0.9); /* sent twice */
    shard_fixture_tick(&fixture, 7 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_int_eq(closed->verdict, VERDICT_PASS);
    ck_assert(closed->selection.record.frame.size == 0);
    ck_assert_int_ne(closed->selection.skipped, SKIP_NONE);
    ck_assert_uint_eq(closed->spans, 2);
    ck_assert_uint_eq(closed->duplicates, 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_late_span_is_counted_once)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    (void)give_run(&fixture, 1, 0.9);
    shard_fixture_tick(&fixture, 7 * SECOND);
    shard_fixture_clear(&fixture);
    add_span(&fixture, 1, 3);
    add_span(&fixture, 2, 2); /* another trace between them */
    add_span(&fixture, 1, 4);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    ck_assert_uint_eq(shard_fixture_late(&fixture), 2);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).trajectories, 1);
    shard_fixture_end(&fixture);
}
END_TEST

/* The run before had four shards, this one has `_i` + 1; its marks say what it had committed. */
START_TEST(a_replayed_late_span_is_not_counted_again_whatever_the_number_of_shards)
{
    struct shard_fixture fixture;
    enum { RUN, LATE, LATER, POSITIONS };
    struct request *requests[POSITIONS];
    shard_fixture_begin(&fixture, 4, "");
    shard_fixture_build(&fixture, 1, 0.9);
    uint64_t first = shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, &requests[RUN]);
    shard_fixture_tick(&fixture, 7 * SECOND);
    struct closed closed = *shard_fixture_closed(&fixture);
    shard_fixture_clear(&fixture);
    add_span(&fixture, 1, 3);
    uint64_t late = shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, &requests[LATE]);
    add_span(&fixture, 1, 4);
    uint64_t later = shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, &requests[LATER]);
    ck_assert_uint_eq(shard_fixture_late(&fixture), 2);

    /* Only the first of the two was committed. */
    struct source_marks marks = {.shards = 4};
    for (uint32_t shard = 0; shard < 4; shard++)
        marks.through[shard] = shard == request_shard_of(closed.trace_id, 4) ? late : later;
    uint32_t shards = (uint32_t)_i + 1;
    shard_fixture_restart(&fixture, shards);
    for (uint32_t shard = 0; shard < shards; shard++)
        shard_set_replay(fixture.shards[shard], 0, &marks);
    struct decided_entry entry = {.position = closed.positions[0].position,
                                  .decided_ms = closed.decided_ms};
    memcpy(entry.trace_id, closed.trace_id, TRACE_ID_SIZE);
    ck_assert_int_eq(
        shard_remember(fixture.shards[request_shard_of(closed.trace_id, shards)], &entry),
        STATUS_OK);
    uint64_t positions[POSITIONS] = {first, late, later};
    for (int i = 0; i < POSITIONS; i++) {
        shard_fixture_replay(&fixture, 0, positions[i], WIRE_GATE_TRACES,
                             request_body(requests[i]));
        request_release(requests[i]);
    }
    ck_assert_uint_eq(shard_fixture_late(&fixture), 1);
    shard_fixture_tick(&fixture, MINUTE);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(what_was_open_is_decided_after_the_replay_as_if_nothing_had_happened)
{
    struct shard_fixture fixture;
    struct request *request;
    shard_fixture_begin(&fixture, 2, "");
    shard_fixture_build(&fixture, 1, 0.3);
    uint64_t position = shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, &request);
    struct source_marks marks = {.shards = 2, .through = {position, position}};
    shard_fixture_restart(&fixture, 1);
    shard_set_replay(fixture.shards[0], 0, &marks);
    fixture.is_catching_up = true;
    shard_fixture_replay(&fixture, 0, position, WIRE_GATE_TRACES, request_body(request));
    request_release(request);
    shard_fixture_tick(&fixture, MINUTE); /* deadlines stand still */
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 0), position);
    fixture.is_catching_up = false;
    shard_fixture_tick(&fixture, 0);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->verdict, VERDICT_FAIL);
    ck_assert_uint_eq(shard_fixture_closed(&fixture)->spans, 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_limit_closes_at_once_and_the_rest_of_the_request_is_late)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "trajectory: { max_spans: 10 }\n");
    for (uint32_t id = 2; id < 12; id++)
        add_span(&fixture, 1, id);
    add_span(&fixture, 2, 2);
    add_span(&fixture, 1, 12);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_SPANS);
    ck_assert_uint_eq(shard_fixture_closed(&fixture)->spans, 10);
    ck_assert_uint_eq(shard_fixture_closed(&fixture)->positions[0].position, 1);
    ck_assert_uint_eq(shard_fixture_late(&fixture), 1);
    shard_fixture_end(&fixture);
}
END_TEST

static void add_text(struct shard_fixture *fixture, uint32_t trace, uint32_t id, const char *text)
{
    trace_span(&fixture->builder, &(struct span_spec){.trace = trace,
                                                      .id = id,
                                                      .parent = 1,
                                                      .text_key = "input.value",
                                                      .text = text,
                                                      .score_name = "Quality",
                                                      .score = 0.1});
}

START_TEST(a_request_that_fills_many_trajectories_closes_them_over_as_many_steps_as_they_need)
{
    struct shard_fixture fixture;
    static char text[400001];
    shard_fixture_begin(&fixture, 1, "trajectory: { max_bytes: 600KiB }\n");
    memset(text, 'x', sizeof(text) - 1);
    for (uint32_t trace = 1; trace <= 60; trace++) {
        add_text(&fixture, trace, 2, text);
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    }
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    for (uint32_t trace = 1; trace <= 60; trace++)
        add_text(&fixture, trace, 3, text);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    uint32_t closed = 0, steps = 0;
    for (; closed < 60 && steps < 60; steps++) {
        ck_assert_uint_lt(fixture.effects[0]->arena.used, 12 << 20);
        for (const struct closed *at = fixture.effects[0]->first; at; at = at->next, closed++)
            ck_assert(at->trigger == CLOSE_BYTES && at->spans == 2);
        shard_fixture_clear(&fixture);
        shard_fixture_tick(&fixture, 1);
    }
    ck_assert_uint_eq(closed, 60);
    ck_assert_uint_gt(steps, 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(awaited_scores_that_come_end_the_waiting)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1,
                        "trajectory: { await: { scores: [Quality], timeout: 60s } }\n");
    (void)give_run(&fixture, 1, -1);
    shard_fixture_tick(&fixture, 30 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    give_score(&fixture, 1, "other");
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    give_score(&fixture, 1, "quality");
    shard_fixture_tick(&fixture, 5 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0); /* settles first */
    shard_fixture_tick(&fixture, 2 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_int_eq(closed->trigger, CLOSE_ROOT);
    ck_assert_int_eq(closed->verdict, VERDICT_FAIL);
    ck_assert_uint_eq(closed->logs, 2);
    ck_assert_uint_eq(fixture.effects[0]->logs_joined, 2);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(awaited_scores_that_never_come_leave_the_run_unscored)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1,
                        "trajectory: { await: { scores: [Quality], timeout: 60s } }\n");
    (void)give_run(&fixture, 1, -1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    shard_fixture_tick(&fixture, 59 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_tick(&fixture, 2 * SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->verdict, VERDICT_UNSCORED);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_ROOT);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(logs_are_joined_ignored_or_dropped_and_each_is_counted_once)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    (void)give_run(&fixture, 1, 0.9);
    shard_fixture_tick(&fixture, 7 * SECOND);
    trace_log(&fixture.builder, &(struct log_spec){.trace = 1, .time_ms = 1}); /* late */
    trace_log(&fixture.builder, &(struct log_spec){.time_ms = 1});             /* no ids */
    trace_log(&fixture.builder, &(struct log_spec){.trace = 1, .event_name = "http.request"});
    trace_log(&fixture.builder, &(struct log_spec){.trace = 2, .time_ms = 1}); /* no spans */
    trace_log(&fixture.builder, &(struct log_spec){.trace = 3, .time_ms = 1});
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_LOGS, NULL);
    (void)give_run(&fixture, 3, 0.9);
    shard_fixture_tick(&fixture, 10 * MINUTE);
    const struct effects *effects = fixture.effects[0];
    ck_assert_uint_eq(effects->closed_count, 2); /* logs alone open no trajectory */
    ck_assert_uint_eq(effects->logs_dropped[LOG_LATE], 1);
    ck_assert_uint_eq(effects->logs_dropped[LOG_NO_IDS], 1);
    ck_assert_uint_eq(effects->logs_dropped[LOG_WITHOUT_SPANS], 1);
    ck_assert_uint_eq(effects->logs_ignored, 1);
    ck_assert_uint_eq(effects->logs_joined, 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_flood_of_logs_closes_its_trajectory_and_no_other)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "trajectory: { max_spans: 10 }\n");
    (void)give_run(&fixture, 1, 0.9);
    (void)give_run(&fixture, 2, 0.9);
    for (uint64_t time_ms = 1; time_ms <= 10; time_ms++) {
        trace_log(&fixture.builder, &(struct log_spec){.trace = 1, .time_ms = time_ms});
        trace_log(&fixture.builder, &(struct log_spec){.trace = 3, .time_ms = time_ms});
    }
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_LOGS, NULL);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_SPANS);
    ck_assert_uint_eq(fixture.effects[0]->logs_dropped[LOG_WITHOUT_SPANS], 10);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).trajectories, 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_floor_is_the_first_position_needed_of_each_source)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 3, "");
    add_span(&fixture, 1, 2); /* waits for idle */
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    (void)give_run(&fixture, 2, 0.9); /* position 2 of source 0 */
    add_span(&fixture, 3, 2);
    (void)shard_fixture_give(&fixture, 1, WIRE_GATE_TRACES, NULL);
    add_span(&fixture, 1, 3);
    (void)shard_fixture_give(&fixture, 1, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 0), 1);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 1), 1);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 2), 1); /* nothing came: the next expected */
    (void)give_run(&fixture, 1, 0.9);
    shard_fixture_tick(&fixture, 7 * SECOND); /* trace 1 is decided; trace 3 is open */
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 0), 4);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 1), 1);
    shard_fixture_tick(&fixture, 10 * MINUTE);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 0), 4);
    ck_assert_uint_eq(shard_fixture_floor(&fixture, 1), 3);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(decided_ids_are_forgotten_below_the_horizon_only)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, "");
    for (uint32_t trace = 1; trace <= 3; trace++) {
        (void)give_run(&fixture, trace, 0.9);
        shard_fixture_tick(&fixture, 7 * SECOND);
    }
    uint64_t second_ms = fixture.effects[0]->first->next->decided_ms;
    shard_fixture_tick(&fixture, 100 * MINUTE);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).decided, 3); /* time alone is not enough */
    fixture.horizon_ms = (int64_t)second_ms;
    shard_fixture_tick(&fixture, 0);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).decided, 2);
    shard_fixture_clear(&fixture);
    add_span(&fixture, 1, 3); /* a new trajectory */
    add_span(&fixture, 2, 3); /* late */
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    ck_assert_uint_eq(shard_fixture_late(&fixture), 1);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).trajectories, 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(closing_all_goes_on_over_as_many_steps_as_the_records_need)
{
    struct shard_fixture fixture;
    static char text[400001];
    shard_fixture_begin(&fixture, 1, "");
    shard_set_source_kind(fixture.shards[0], 0, SOURCE_MEMORY);
    memset(text, 'x', sizeof(text) - 1);
    for (uint32_t trace = 1; trace <= 60; trace++) {
        trace_span(&fixture.builder, &(struct span_spec){.trace = trace,
                                                         .id = 1,
                                                         .end_ms = 1700000000000,
                                                         .text_key = "input.value",
                                                         .text = text,
                                                         .score_name = "Quality",
                                                         .score = 0.1});
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    }
    uint32_t closed = 0, steps = 0;
    struct shard_time time = {.now_ms = fixture.now_ms, .wall_ms = fixture.wall_ms};
    for (; shard_gauges(fixture.shards[0]).trajectories > 0; steps++) {
        ck_assert_int_eq(shard_step(fixture.shards[0], &(struct shard_event){.kind = SHARD_CLOSE},
                                    &time, fixture.effects[0]),
                         STATUS_OK);
        ck_assert_uint_lt(fixture.effects[0]->arena.used, 12 << 20);
        for (const struct closed *at = fixture.effects[0]->first; at; at = at->next, closed++)
            ck_assert_int_eq(at->trigger, CLOSE_SHUTDOWN);
        shard_fixture_clear(&fixture);
    }
    ck_assert_uint_eq(closed, 60);
    ck_assert_uint_gt(steps, 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(the_memory_limit_closes_the_least_recent)
{
    struct shard_fixture fixture;
    static char text[100001];
    memset(text, 'x', sizeof(text) - 1);
    shard_fixture_begin(&fixture, 1, "limits: { memory: 64MiB }\nservice: { shards: 1 }\n");
    uint32_t trace = 0;
    while (shard_fixture_closed_count(&fixture) == 0) {
        trace_span(
            &fixture.builder,
            &(struct span_spec){.trace = ++trace, .id = 2, .parent = 1, .end_ms = 5, .text = text});
        (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
        ck_assert_uint_lt(trace, 1000);
    }
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_MEMORY);
    ck_assert_uint_eq(trace_of_id(shard_fixture_closed(&fixture)->trace_id), 1);
    ck_assert_uint_le(shard_gauges(fixture.shards[0]).bytes, fixture.config->assembly.memory_bytes);
    shard_fixture_end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shard");
    TCase *cases = tcase_create("shard");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, a_run_closes_with_its_verdict_its_record_and_its_positions);
    tcase_add_test(cases, a_run_whose_times_are_absent_has_no_duration);
    tcase_add_test(cases, times_older_than_every_window_are_counted_as_skew);
    tcase_add_test(cases, idle_timeout_stands_still_with_the_source);
    tcase_add_test(cases, a_root_that_lay_with_the_source_closes_the_run);
    tcase_add_test(cases, max_duration_stands_still_with_the_source);
    tcase_add_test(cases, the_settling_of_an_ended_root_never_stands_still);
    tcase_add_test(cases, other_sources_do_not_hold_a_run_but_each_of_its_own_does);
    tcase_add_test(cases, while_memory_is_refused_the_longest_quiet_rootless_runs_close);
    tcase_add_test(cases, while_the_store_is_full_one_run_closes_at_a_time);
    tcase_add_test(cases, a_run_that_passed_makes_no_record);
    tcase_add_test(cases, a_late_span_is_counted_once);
    tcase_add_loop_test(
        cases, a_replayed_late_span_is_not_counted_again_whatever_the_number_of_shards, 0, 4);
    tcase_add_test(cases, what_was_open_is_decided_after_the_replay_as_if_nothing_had_happened);
    tcase_add_test(cases, a_limit_closes_at_once_and_the_rest_of_the_request_is_late);
    tcase_add_test(
        cases, a_request_that_fills_many_trajectories_closes_them_over_as_many_steps_as_they_need);
    tcase_add_test(cases, awaited_scores_that_come_end_the_waiting);
    tcase_add_test(cases, awaited_scores_that_never_come_leave_the_run_unscored);
    tcase_add_test(cases, logs_are_joined_ignored_or_dropped_and_each_is_counted_once);
    tcase_add_test(cases, a_flood_of_logs_closes_its_trajectory_and_no_other);
    tcase_add_test(cases, a_floor_is_the_first_position_needed_of_each_source);
    tcase_add_test(cases, decided_ids_are_forgotten_below_the_horizon_only);
    tcase_add_test(cases, closing_all_goes_on_over_as_many_steps_as_the_records_need);
    tcase_add_test(cases, the_memory_limit_closes_the_least_recent);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
