/* link: pipelines */
/* Spilled trajectories and partitions that change hands, one shard, no store. */
#include "pipelines/decide/trajectory_codec.h"
#include "tests/support/shard_fixture.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND };

static const char *const slow = "trajectory: { settle: 6s, idle_timeout: 1h, max_duration: 2h }\n"
                                "state: { spill_after: 1m }\n";

/* A span without the root of its trace. */
static uint64_t give_part(struct shard_fixture *fixture, uint16_t source, uint32_t trace,
                          uint32_t id)
{
    trace_span(&fixture->builder,
               &(struct span_spec){.trace = trace, .id = id, .parent = 1, .end_ms = 1700000000000});
    return shard_fixture_give(fixture, source, WIRE_GATE_TRACES, NULL);
}

static uint64_t give_root(struct shard_fixture *fixture, uint16_t source, uint32_t trace)
{
    trace_span(&fixture->builder, &(struct span_spec){.trace = trace,
                                                      .id = 1,
                                                      .end_ms = 1700000000000,
                                                      .score_name = "Quality",
                                                      .score = 0.1});
    return shard_fixture_give(fixture, source, WIRE_GATE_TRACES, NULL);
}

static const struct spilled *only_spilled(const struct shard_fixture *fixture)
{
    const struct spilled *spilled = fixture->effects[0]->first_spilled;
    ck_assert_ptr_nonnull(spilled);
    ck_assert_ptr_null(spilled->next);
    return spilled;
}

/* What the store would give back after a crash. */
struct kept {
    struct spilled row;
    struct buffer body;
    struct arena arena;
};

static void keep(struct kept *kept, const struct spilled *spilled)
{
    *kept = (struct kept){.row = *spilled};
    buffer_append_bytes(&kept->body, spilled->body);
    kept->row.next = NULL;
    kept->row.body = buffer_bytes(&kept->body);
    arena_init(&kept->arena, 1 << 20);
}

static void restore(struct shard_fixture *fixture, struct kept *kept)
{
    struct gated_request spans, logs;
    struct shard_time time = {.now_ms = fixture->now_ms, .wall_ms = fixture->wall_ms};
    ck_assert_int_eq(
        trajectory_decode(kept->row.body, &wire_gate_limits_default, &kept->arena, &spans, &logs),
        STATUS_OK);
    ck_assert_int_eq(shard_restore(fixture->shards[0], &kept->row, &spans, &logs, &time),
                     STATUS_OK);
}

static void let_go(struct kept *kept)
{
    buffer_finish(&kept->body);
    arena_finish(&kept->arena);
}

START_TEST(a_trajectory_older_than_spill_after_frees_its_source_but_is_still_needed_by_others)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    uint64_t first = give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 59 * SECOND);
    ck_assert_ptr_null(fixture.effects[0]->first_spilled);
    ck_assert_uint_eq(fixture.effects[0]->floor[0], first);
    shard_fixture_tick(&fixture, 2 * SECOND);
    ck_assert_uint_eq(only_spilled(&fixture)->positions[0].first, first);
    ck_assert_uint_eq(fixture.effects[0]->floor[0], first + 1);
    ck_assert_uint_eq(fixture.effects[0]->need[0], first);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(one_that_goes_on_holds_its_source_again_and_its_next_row_replaces_the_first)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    uint64_t first = give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    uint64_t sequence = only_spilled(&fixture)->sequence;
    shard_fixture_clear(&fixture);
    uint64_t second = give_part(&fixture, 0, 1, 3);
    shard_fixture_tick(&fixture, 30 * SECOND);
    ck_assert_uint_eq(fixture.effects[0]->floor[0], second);
    shard_fixture_tick(&fixture, 30 * SECOND);
    const struct spilled *spilled = only_spilled(&fixture);
    ck_assert_uint_gt(spilled->sequence, sequence);
    ck_assert_uint_eq(spilled->accepted_spans, 2);
    ck_assert_uint_eq(spilled->positions[0].first, first);
    ck_assert_uint_eq(spilled->positions[0].through, second);
    ck_assert_uint_eq(fixture.effects[0]->unspilled->sequence, sequence);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(its_verdict_takes_the_row_away)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    (void)give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    uint64_t sequence = only_spilled(&fixture)->sequence;
    shard_fixture_clear(&fixture);
    (void)give_root(&fixture, 0, 1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed(&fixture)->spans, 2);
    ck_assert_uint_eq(fixture.effects[0]->unspilled->sequence, sequence);
    ck_assert_uint_eq(fixture.effects[0]->need[0], fixture.next[0]);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(after_a_restart_the_row_stands_for_what_the_journal_still_holds)
{
    struct shard_fixture fixture;
    struct kept kept;
    struct buffer body = {0};
    shard_fixture_begin(&fixture, 1, slow);
    trace_span(&fixture.builder, &(struct span_spec){.trace = 1, .id = 2, .parent = 1});
    buffer_append_bytes(&body, trace_request(&fixture.builder));
    uint64_t position = shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    keep(&kept, only_spilled(&fixture));
    shard_fixture_restart(&fixture, 1);
    restore(&fixture, &kept);
    shard_fixture_replay(&fixture, 0, position, WIRE_GATE_TRACES, buffer_bytes(&body));
    (void)give_root(&fixture, 0, 1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert_uint_eq(closed->spans, 2);
    ck_assert_uint_eq(closed->duplicates, 0);
    ck_assert_uint_eq(fixture.effects[0]->unspilled->sequence, kept.row.sequence);
    buffer_finish(&body);
    let_go(&kept);
    shard_fixture_end(&fixture);
}
END_TEST

/* Of a damaged row, or one of another program: nothing of it may stay behind. */
START_TEST(a_row_that_is_not_of_its_trace_leaves_nothing_open)
{
    struct shard_fixture fixture;
    struct kept kept;
    struct gated_request spans, logs;
    shard_fixture_begin(&fixture, 1, slow);
    trace_span(&fixture.builder, &(struct span_spec){.trace = 1, .id = 2, .parent = 1});
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    keep(&kept, only_spilled(&fixture));
    shard_fixture_restart(&fixture, 1);
    struct shard_time time = {.now_ms = fixture.now_ms, .wall_ms = fixture.wall_ms};
    ck_assert_int_eq(
        trajectory_decode(kept.row.body, &wire_gate_limits_default, &kept.arena, &spans, &logs),
        STATUS_OK);
    kept.row.trace_id[0] ^= 1;
    ck_assert_int_eq(shard_restore(fixture.shards[0], &kept.row, &spans, &logs, &time),
                     STATUS_MALFORMED);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).trajectories, 0);
    kept.row.trace_id[0] ^= 1;
    kept.row.positions[0].first = 0;
    ck_assert_int_eq(shard_restore(fixture.shards[0], &kept.row, &spans, &logs, &time),
                     STATUS_MALFORMED);
    ck_assert_uint_eq(shard_gauges(fixture.shards[0]).trajectories, 0);
    let_go(&kept);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(max_duration_goes_on_over_a_restart_and_stands_still_while_the_process_is_away)
{
    struct shard_fixture fixture;
    struct kept kept;
    shard_fixture_begin(&fixture, 1, slow);
    (void)give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 40 * SECOND);
    (void)give_part(&fixture, 0, 1, 3);
    shard_fixture_tick(&fixture, 30 * SECOND);
    keep(&kept, only_spilled(&fixture));
    ck_assert_uint_eq(kept.row.received_ms - kept.row.opened_ms, 40 * SECOND);
    kept.row.opened_ms = kept.row.received_ms - 119 * MINUTE;
    fixture.wall_ms += 3 * 60 * MINUTE;
    shard_fixture_restart(&fixture, 1);
    restore(&fixture, &kept);
    shard_fixture_tick(&fixture, MINUTE - SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    shard_fixture_tick(&fixture, 2 * SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->trigger, CLOSE_DURATION);
    let_go(&kept);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_pressed_journal_spills_the_older_half_of_what_holds_it)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    for (uint32_t trace = 1; trace <= 10; trace++)
        (void)give_part(&fixture, 0, trace, 2);
    fixture.is_journal_pressed = true;
    shard_fixture_tick(&fixture, SECOND);
    uint32_t count = 0;
    for (const struct spilled *row = fixture.effects[0]->first_spilled; row; row = row->next)
        count++;
    ck_assert_uint_eq(count, 5);
    ck_assert_uint_eq(fixture.effects[0]->floor[0], 6);
    ck_assert_uint_eq(fixture.effects[0]->need[0], 1);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(what_has_no_room_in_the_store_stays_in_the_journal)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    for (uint32_t trace = 1; trace <= 10; trace++)
        (void)give_part(&fixture, 0, trace, 2);
    fixture.is_journal_pressed = fixture.has_no_spill_room = true;
    shard_fixture_tick(&fixture, SECOND);
    ck_assert_ptr_null(fixture.effects[0]->first_spilled);
    ck_assert_uint_eq(fixture.effects[0]->floor[0], 1);
    fixture.has_no_spill_room = false;
    shard_fixture_tick(&fixture, SECOND);
    ck_assert_ptr_nonnull(fixture.effects[0]->first_spilled);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(what_no_journal_holds_is_not_spilled)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    shard_set_source_kind(fixture.shards[0], 0, SOURCE_MEMORY);
    (void)give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    ck_assert_ptr_null(fixture.effects[0]->first_spilled);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_revoked_partition_takes_its_open_trajectories_with_it)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    for (uint16_t source = 0; source < 2; source++)
        shard_set_source_kind(fixture.shards[0], source, SOURCE_TOPIC);
    (void)give_part(&fixture, 0, 1, 2);
    shard_fixture_tick(&fixture, 2 * MINUTE);
    uint64_t sequence = only_spilled(&fixture)->sequence;
    shard_fixture_clear(&fixture);
    (void)give_part(&fixture, 0, 2, 2);
    (void)give_part(&fixture, 1, 3, 2);
    shard_fixture_event(&fixture, &(struct shard_event){.kind = SHARD_REVOKE, .source = 0});
    ck_assert_uint_eq(fixture.effects[0]->revoked_spans, 2);
    ck_assert_uint_eq(fixture.effects[0]->unspilled->sequence, sequence);
    ck_assert_uint_eq(fixture.effects[0]->open_spans, 1);
    ck_assert_uint_eq(fixture.effects[0]->need[0], fixture.next[0]);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_partition_that_comes_back_is_read_again_without_being_counted_again)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    shard_set_source_kind(fixture.shards[0], 0, SOURCE_TOPIC);
    uint64_t position = give_root(&fixture, 0, 1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 1);
    shard_fixture_clear(&fixture);
    shard_fixture_event(&fixture, &(struct shard_event){.kind = SHARD_REVOKE, .source = 0});
    shard_fixture_event(
        &fixture, &(struct shard_event){.kind = SHARD_ASSIGN, .source = 0, .position = position});
    ck_assert_uint_eq(fixture.effects[0]->floor[0], position);
    fixture.next[0] = position;
    (void)give_root(&fixture, 0, 1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_uint_eq(shard_fixture_closed_count(&fixture), 0);
    ck_assert_uint_eq(fixture.effects[0]->repeated_spans, 1);
    ck_assert_uint_eq(shard_fixture_late(&fixture), 0);
    shard_fixture_end(&fixture);
}
END_TEST

START_TEST(a_trace_of_two_partitions_is_known_as_split)
{
    struct shard_fixture fixture;
    shard_fixture_begin(&fixture, 1, slow);
    for (uint16_t source = 0; source < 2; source++)
        shard_set_source_kind(fixture.shards[0], source, SOURCE_TOPIC);
    (void)give_part(&fixture, 0, 1, 2);
    (void)give_root(&fixture, 1, 1);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert(shard_fixture_closed(&fixture)->is_split);
    shard_fixture_end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shard_spill");
    TCase *cases = tcase_create("shard_spill");
    tcase_add_test(
        cases, a_trajectory_older_than_spill_after_frees_its_source_but_is_still_needed_by_others);
    tcase_add_test(cases,
                   one_that_goes_on_holds_its_source_again_and_its_next_row_replaces_the_first);
    tcase_add_test(cases, its_verdict_takes_the_row_away);
    tcase_add_test(cases, after_a_restart_the_row_stands_for_what_the_journal_still_holds);
    tcase_add_test(cases, a_row_that_is_not_of_its_trace_leaves_nothing_open);
    tcase_add_test(cases,
                   max_duration_goes_on_over_a_restart_and_stands_still_while_the_process_is_away);
    tcase_add_test(cases, a_pressed_journal_spills_the_older_half_of_what_holds_it);
    tcase_add_test(cases, what_has_no_room_in_the_store_stays_in_the_journal);
    tcase_add_test(cases, what_no_journal_holds_is_not_spilled);
    tcase_add_test(cases, a_revoked_partition_takes_its_open_trajectories_with_it);
    tcase_add_test(cases, a_partition_that_comes_back_is_read_again_without_being_counted_again);
    tcase_add_test(cases, a_trace_of_two_partitions_is_known_as_split);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
