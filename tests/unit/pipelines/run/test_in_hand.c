/* link: pipelines */
/* What was in hand for long at two crashes in a row is set aside; nothing else is. A crash is a
 * file that is closed while a slot is held. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipelines/decide/shard_state.h"
#include "pipelines/run/in_hand.h"
#include "tests/support/shard_fixture.h"

enum { SECOND = 1000, SHARDS = 2 };

static char directory[] = "/tmp/in_hand_XXXXXX";
static uint8_t first[TRACE_ID_SIZE] = {1}, second[TRACE_ID_SIZE] = {2};

static void make_directory(void)
{
    strcpy(directory + strlen(directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_directory(void)
{
    char path[256];
    snprintf(path, sizeof path, "rm -rf %s", directory);
    ck_assert_int_eq(system(path), 0);
}

static struct in_hand *open_file(uint32_t set_aside)
{
    struct in_hand *in_hand = in_hand_open(directory, SHARDS);
    ck_assert_ptr_nonnull(in_hand);
    ck_assert_uint_eq(in_hand_set_aside(in_hand)->count, set_aside);
    return in_hand;
}

static void hold(struct in_hand *in_hand, uint32_t shard, const uint8_t *id, int64_t ms)
{
    in_hand_take(in_hand_slot(in_hand, shard), id);
    for (int64_t now_ms = 100; now_ms <= 100 + ms; now_ms += 100)
        in_hand_look(in_hand, now_ms);
}

static void crash_with(const uint8_t *id, int64_t ms, uint32_t set_aside)
{
    struct in_hand *in_hand = open_file(set_aside);
    hold(in_hand, 1, id, ms);
    in_hand_close(in_hand);
}

START_TEST(the_second_crash_in_a_row_sets_aside_and_that_lasts)
{
    crash_with(first, 1500, 0);
    crash_with(first, 1500, 0);
    struct in_hand *in_hand = open_file(1);
    ck_assert(set_aside_has(in_hand_set_aside(in_hand), first));
    ck_assert(!set_aside_has(in_hand_set_aside(in_hand), second));
    in_hand_close(in_hand);
    in_hand_close(open_file(1));
}
END_TEST

START_TEST(a_run_that_was_not_in_hand_at_both_or_not_for_long_is_judged)
{
    crash_with(first, 1500, 0);
    crash_with(second, 1500, 0);
    crash_with(first, 1500, 0);
    crash_with(second, 500, 0);
    crash_with(second, 500, 0);
    in_hand_close(open_file(0));
}
END_TEST

START_TEST(what_was_let_go_of_and_time_in_which_the_process_was_stopped_do_not_count)
{
    for (int round = 0; round < 3; round++) {
        struct in_hand *in_hand = open_file(0);
        hold(in_hand, 0, first, 1500);
        in_hand_release(in_hand_slot(in_hand, 0));
        hold(in_hand, 1, second, 100);
        in_hand_look(in_hand, 60 * SECOND);
        in_hand_close(in_hand);
    }
    in_hand_close(open_file(0));
}
END_TEST

static void count_kept(void *context, const struct open_trajectory *open)
{
    ck_assert_uint_eq(open->span_count, 2);
    ++*(uint32_t *)context;
}

START_TEST(what_is_set_aside_is_decided_without_being_read)
{
    struct shard_fixture fixture;
    uint8_t id[1][TRACE_ID_SIZE];
    uint32_t kept = 0;
    trace_id_of(1, id[0]);
    const struct set_aside set = {.ids = (const uint8_t(*)[TRACE_ID_SIZE])id,
                                  .count = 1,
                                  .keep = count_kept,
                                  .context = &kept};
    struct in_hand_slot slot = {.turn = 0};
    shard_fixture_begin(&fixture, 1, "");
    shard_set_in_hand(fixture.shards[0], &slot, &set);
    shard_fixture_build(&fixture, 1, 0.1);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 7 * SECOND);
    const struct closed *closed = shard_fixture_closed(&fixture);
    ck_assert(closed->is_set_aside);
    ck_assert_int_eq(closed->verdict, VERDICT_UNSCORED);
    ck_assert_uint_eq(closed->selection.record.frame.size, 0);
    ck_assert_uint_eq(kept, 1);
    ck_assert_uint_eq(slot.turn % 2, 0);
    shard_fixture_clear(&fixture);
    shard_fixture_build(&fixture, 2, 0.1);
    (void)shard_fixture_give(&fixture, 0, WIRE_GATE_TRACES, NULL);
    shard_fixture_tick(&fixture, 7 * SECOND);
    ck_assert_int_eq(shard_fixture_closed(&fixture)->verdict, VERDICT_FAIL);
    ck_assert_uint_gt(slot.turn, 0);
    ck_assert_uint_eq(slot.turn % 2, 0);
    shard_fixture_end(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("in_hand");
    TCase *cases = tcase_create("in_hand");
    tcase_add_checked_fixture(cases, make_directory, remove_directory);
    tcase_add_test(cases, the_second_crash_in_a_row_sets_aside_and_that_lasts);
    tcase_add_test(cases, a_run_that_was_not_in_hand_at_both_or_not_for_long_is_judged);
    tcase_add_test(cases,
                   what_was_let_go_of_and_time_in_which_the_process_was_stopped_do_not_count);
    tcase_add_test(cases, what_is_set_aside_is_decided_without_being_read);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
