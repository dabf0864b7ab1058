/* Recorded requests under virtual time: all input first, then every deadline. */
#include "pipelines/decide/replay.h"

#include <stdlib.h>

#include "processor/emit/outgoing.h"
#include "tests/support/shard_fixture.h"

struct seen {
    struct buffer records; /* one after the other */
    uint32_t closed, with_record, stop_at;
    enum close_trigger triggers[64];
    enum verdict verdicts[64];
};

static bool see(void *context, const struct closed *closed, struct bytes json)
{
    struct seen *seen = context;
    seen->triggers[seen->closed] = closed->trigger;
    seen->verdicts[seen->closed++] = closed->verdict;
    seen->with_record += json.size > 0;
    buffer_append_bytes(&seen->records, json);
    return seen->closed != seen->stop_at;
}

struct fixture {
    struct shard_fixture shards; /* for its configuration and its builder */
    struct replay *replay;
    struct seen seen;
};

static void begin(struct fixture *fixture, bool is_all, const char *more)
{
    *fixture = (struct fixture){0};
    shard_fixture_begin(&fixture->shards, 1, more);
    fixture->replay =
        replay_create(fixture->shards.config, is_all, 1700000000000, see, &fixture->seen);
    ck_assert_ptr_nonnull(fixture->replay);
}

static void end(struct fixture *fixture)
{
    replay_destroy(fixture->replay);
    shard_fixture_end(&fixture->shards);
    buffer_finish(&fixture->seen.records);
}

static enum status give(struct fixture *fixture, enum wire_gate_signal signal)
{
    enum status status =
        replay_add(fixture->replay, signal, trace_request(&fixture->shards.builder));
    trace_clear(&fixture->shards.builder);
    return status;
}

START_TEST(nothing_is_decided_before_all_input_is_there)
{
    struct fixture fixture;
    begin(&fixture, false, "");
    for (uint32_t trace = 1; trace <= 10; trace++) {
        shard_fixture_build(&fixture.shards, trace, trace % 2 ? 0.1 : 0.9);
        ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    }
    ck_assert_uint_eq(fixture.seen.closed, 0);
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_OK);
    ck_assert_uint_eq(fixture.seen.closed, 10);
    ck_assert_uint_eq(fixture.seen.with_record, 5);
    struct replay_totals totals = replay_totals(fixture.replay);
    ck_assert_uint_eq(totals.requests, 10);
    ck_assert_uint_eq(totals.spans, 20);
    ck_assert_uint_eq(totals.trajectories, 10);
    end(&fixture);
}
END_TEST

START_TEST(all_means_a_record_of_each)
{
    struct fixture fixture;
    begin(&fixture, true, "");
    shard_fixture_build(&fixture.shards, 1, 0.9);
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    shard_fixture_build(&fixture.shards, 2, -1);
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_OK);
    ck_assert_uint_eq(fixture.seen.with_record, 2);
    end(&fixture);
}
END_TEST

START_TEST(a_run_without_a_root_closes_by_idle_and_awaited_scores_by_their_timeout)
{
    struct fixture fixture;
    begin(&fixture, false, "trajectory: { await: { scores: [Other], timeout: 60s } }\n");
    trace_span(&fixture.shards.builder,
               &(struct span_spec){.trace = 1, .id = 2, .parent = 1, .end_ms = 1700000000000});
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    shard_fixture_build(&fixture.shards, 2, 0.1);
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_OK);
    ck_assert_uint_eq(fixture.seen.closed, 2);
    ck_assert_int_eq(fixture.seen.triggers[0], CLOSE_ROOT);
    ck_assert_int_eq(fixture.seen.verdicts[0], VERDICT_FAIL);
    ck_assert_int_eq(fixture.seen.triggers[1], CLOSE_IDLE);
    end(&fixture);
}
END_TEST

/* The same request live, by one shard, and replayed, with every request twice. */
START_TEST(the_record_is_the_one_that_the_daemon_writes)
{
    struct fixture fixture;
    struct outgoing live;
    begin(&fixture, false, "");
    trace_resource(&fixture.shards.builder, "bank");
    shard_fixture_build(&fixture.shards, 1, 0.1);
    (void)shard_fixture_give(&fixture.shards, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture.shards, 10000);
    ck_assert_int_eq(
        outgoing_decode(shard_fixture_closed(&fixture.shards)->selection.record.frame, &live),
        STATUS_OK);
    for (int i = 0; i < 2; i++) {
        trace_resource(&fixture.shards.builder, "bank");
        shard_fixture_build(&fixture.shards, 1, 0.1);
        ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    }
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_OK);
    ck_assert(bytes_equal(buffer_bytes(&fixture.seen.records), live.payload));
    ck_assert_uint_eq(replay_totals(fixture.replay).duplicates, 2);
    end(&fixture);
}
END_TEST

START_TEST(a_request_that_is_none_is_passed_over)
{
    struct fixture fixture;
    begin(&fixture, false, "");
    ck_assert_int_eq(replay_add(fixture.replay, WIRE_GATE_TRACES, BYTES_LITERAL("\xff\xff")),
                     STATUS_MALFORMED);
    shard_fixture_build(&fixture.shards, 1, 0.1);
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_OK);
    ck_assert_uint_eq(fixture.seen.closed, 1);
    ck_assert_uint_eq(replay_totals(fixture.replay).requests, 1);
    end(&fixture);
}
END_TEST

START_TEST(a_reader_that_has_enough_ends_it)
{
    struct fixture fixture;
    begin(&fixture, false, "");
    fixture.seen.stop_at = 2;
    for (uint32_t trace = 1; trace <= 5; trace++)
        shard_fixture_build(&fixture.shards, trace, 0.1);
    ck_assert_int_eq(give(&fixture, WIRE_GATE_TRACES), STATUS_OK);
    ck_assert_int_eq(replay_finish(fixture.replay), STATUS_FATAL);
    ck_assert_uint_eq(fixture.seen.closed, 2);
    end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *cases = tcase_create("replay");
    tcase_add_test(cases, nothing_is_decided_before_all_input_is_there);
    tcase_add_test(cases, all_means_a_record_of_each);
    tcase_add_test(cases, a_run_without_a_root_closes_by_idle_and_awaited_scores_by_their_timeout);
    tcase_add_test(cases, the_record_is_the_one_that_the_daemon_writes);
    tcase_add_test(cases, a_request_that_is_none_is_passed_over);
    tcase_add_test(cases, a_reader_that_has_enough_ends_it);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
