/* link: nouns base */
#include <check.h>
#include <stdlib.h>

#include "processor/trajectory.h"

static struct arena arena;
static struct span spans[8];
static struct trajectory trajectory;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    memset(spans, 0, sizeof spans);
    trajectory = (struct trajectory){.spans = spans};
}

static void teardown(void)
{
    arena_finish(&arena);
}

static void add(uint8_t id, uint8_t parent, uint64_t start, uint64_t end)
{
    struct span *span = &spans[trajectory.span_count++];
    span->id[7] = id;
    span->parent_id[7] = parent;
    span->has_parent = parent != 0;
    span->start_ns = start;
    span->end_ns = end;
    span->wire = bytes_of("", 0);
}

static void order(void)
{
    bool is_ordered = trajectory_order(&trajectory, &arena);
    ck_assert(is_ordered);
}

static void check_order(const char *ids)
{
    ck_assert_uint_eq(trajectory.span_count, strlen(ids));
    for (uint32_t i = 0; i < trajectory.span_count; i++)
        ck_assert_msg(trajectory.spans[i].id[7] == (uint8_t)(ids[i] - '0'), "place %u of %s: %d", i,
                      ids, trajectory.spans[i].id[7]);
}

START_TEST(spans_stand_by_start_then_parent_then_id)
{
    add(5, 9, 10, 20);
    add(9, 0, 10, 40);
    add(3, 9, 10, 15);
    add(1, 5, 9, 12);
    order();
    check_order("1935");
    ck_assert_uint_eq(trajectory.root, 1);
    ck_assert_uint_eq(trajectory.parents[0], 3);
    ck_assert_uint_eq(trajectory.depths[0], 3);
    ck_assert_uint_eq(trajectory.first_children[1], 2);
    ck_assert_uint_eq(trajectory.next_siblings[2], 3);
    ck_assert_uint_eq(trajectory.orphan_count, 0);
}
END_TEST

START_TEST(a_root_that_has_not_ended_is_no_root)
{
    add(1, 0, 1, 0);
    add(2, 1, 2, 3);
    order();
    ck_assert_uint_eq(trajectory.root, NO_SPAN);
    ck_assert_uint_eq(trajectory.top, 0);
}
END_TEST

START_TEST(a_span_with_a_remote_parent_is_a_local_root_and_no_orphan)
{
    add(1, 7, 1, 9);
    spans[0].flags = SPAN_FLAG_PARENT_REMOTE | SPAN_FLAG_PARENT_REMOTE_KNOWN;
    add(2, 1, 2, 3);
    add(3, 8, 3, 4);
    order();
    ck_assert_uint_eq(trajectory.root, 0);
    ck_assert(trajectory.root_is_local);
    ck_assert_uint_eq(trajectory.orphan_count, 1);
}
END_TEST

START_TEST(other_flags_do_not_make_a_parent_remote)
{
    add(1, 7, 1, 9);
    spans[0].flags = ~(uint32_t)SPAN_FLAG_PARENT_REMOTE; /* bits without a meaning may be set */
    order();
    ck_assert(!trajectory.root_is_local);
    ck_assert_uint_eq(trajectory.orphan_count, 1);
    spans[0].flags = UINT32_MAX;
    order();
    ck_assert(trajectory.root_is_local);
}
END_TEST

START_TEST(a_true_root_counts_before_a_local_one)
{
    add(1, 7, 1, 9);
    spans[0].flags = SPAN_FLAG_PARENT_REMOTE | SPAN_FLAG_PARENT_REMOTE_KNOWN;
    add(2, 0, 2, 3);
    order();
    ck_assert_uint_eq(trajectory.root, 1);
    ck_assert(!trajectory.root_is_local);
}
END_TEST

START_TEST(a_cycle_is_cut_above_its_first_span)
{
    add(1, 2, 5, 9);
    add(2, 3, 4, 9);
    add(3, 1, 6, 9);
    add(4, 4, 7, 9);
    order();
    check_order("2134");
    ck_assert_uint_eq(trajectory.parents[0], NO_SPAN);
    ck_assert_uint_eq(trajectory.parents[1], 0);
    ck_assert_uint_eq(trajectory.parents[2], 1);
    ck_assert_uint_eq(trajectory.depths[2], 3);
    ck_assert_uint_eq(trajectory.orphan_count, 2);
    ck_assert_uint_eq(trajectory.root, NO_SPAN);
}
END_TEST

START_TEST(no_spans_are_a_trajectory_too)
{
    bool is_skewed;
    order();
    ck_assert_uint_eq(trajectory.top, NO_SPAN);
    ck_assert_uint_eq(trajectory_find(&trajectory, (uint8_t[8]){0}), NO_SPAN);
    trajectory.received_ms = 77;
    ck_assert_uint_eq(trajectory_event_ms(&trajectory, &is_skewed), 77);
    ck_assert(is_skewed);
}
END_TEST

START_TEST(a_full_arena_is_told)
{
    struct arena small;
    arena_init(&small, 16);
    add(1, 0, 1, 2);
    bool is_ordered = trajectory_order(&trajectory, &small);
    ck_assert(!is_ordered);
    arena_finish(&small);
}
END_TEST

START_TEST(of_two_spans_of_one_id_the_later_end_then_the_larger_counts)
{
    struct span a = {.end_ns = 5, .wire = bytes_of("aa", 2)};
    struct span b = {.end_ns = 6, .wire = bytes_of("a", 1)};
    struct span c = {.end_ns = 5, .wire = bytes_of("ab", 2)};
    ck_assert(span_supersedes(&b, &a) && !span_supersedes(&a, &b));
    ck_assert(span_supersedes(&c, &a) && !span_supersedes(&a, &c));
    ck_assert(!span_supersedes(&a, &a));
}
END_TEST

START_TEST(event_time_is_the_end_of_the_root_unless_it_lies_ahead)
{
    bool is_skewed;
    add(1, 0, 1, 4000000);
    add(2, 1, 2, 9000000);
    order();
    trajectory.received_ms = 10;
    ck_assert_uint_eq(trajectory_event_ms(&trajectory, &is_skewed), 4);
    ck_assert(!is_skewed);
    trajectory.spans[0].end_ns = (10 + 300000) * UINT64_C(1000000);
    ck_assert_uint_eq(trajectory_event_ms(&trajectory, &is_skewed), 300010);
    ck_assert(!is_skewed);
    trajectory.spans[0].end_ns += 1000000;
    ck_assert_uint_eq(trajectory_event_ms(&trajectory, &is_skewed), 10);
    ck_assert(is_skewed);
}
END_TEST

enum { UNKNOWN = -1 };

static void check_times(uint64_t start, uint64_t end, int64_t duration)
{
    struct trajectory_times times = trajectory_times(&trajectory);
    ck_assert_uint_eq(times.start_ns, start);
    ck_assert_uint_eq(times.end_ns, end);
    ck_assert_int_eq(times.has_duration, duration != UNKNOWN);
    if (times.has_duration)
        ck_assert_uint_eq(times.duration_ns, (uint64_t)duration);
}

START_TEST(a_run_takes_as_long_as_its_ended_root)
{
    add(1, 0, 10, 40);
    add(2, 1, 5, 90);
    order();
    check_times(10, 40, 30);
}
END_TEST

START_TEST(without_an_ended_root_a_run_lasts_from_the_first_start_to_the_last_end)
{
    add(2, 1, 20, 90);
    add(3, 1, 10, 40);
    order();
    check_times(10, 90, 80);
}
END_TEST

START_TEST(a_conversation_is_longer_than_its_last_turn)
{
    add(1, 0, 10, 40);
    add(2, 0, 50, 90);
    order();
    trajectory.is_conversation = true;
    check_times(10, 90, 80);
}
END_TEST

START_TEST(a_time_of_0_is_absent)
{
    static const struct {
        uint64_t start, end;
    } cases[] = {{0, 40}, {40, 0}, {0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t duration;
        teardown();
        setup();
        add(1, 0, cases[i].start, cases[i].end);
        order();
        check_times(cases[i].start, cases[i].end, UNKNOWN);
        ck_assert(!span_duration_ns(&trajectory.spans[0], &duration));
    }
}
END_TEST

START_TEST(a_run_that_takes_no_time_has_a_duration)
{
    uint64_t duration;
    add(1, 0, 40, 40);
    order();
    check_times(40, 40, 0);
    ck_assert(span_duration_ns(&trajectory.spans[0], &duration));
    ck_assert_uint_eq(duration, 0);
}
END_TEST

START_TEST(without_an_ended_root_what_is_absent_is_passed_over)
{
    add(1, 0, 0, 0);
    add(2, 1, 0, 90);
    add(3, 1, 10, 0);
    order();
    check_times(10, 90, 80);
}
END_TEST

START_TEST(of_an_end_before_the_start_no_duration_is_known)
{
    uint64_t duration;
    add(1, 0, 50, 40);
    order();
    check_times(50, 50, UNKNOWN);
    ck_assert(!span_duration_ns(&trajectory.spans[0], &duration));
}
END_TEST

START_TEST(a_span_without_a_start_stands_with_its_parent)
{
    add(1, 0, 10, 90);
    add(2, 1, 30, 40);
    add(3, 2, 0, 35); /* behind 2 */
    add(4, 3, 0, 35); /* behind 3 */
    add(5, 1, 31, 40);
    add(6, 0, 0, 0); /* at the front */
    order();
    check_order("612345");
}
END_TEST

START_TEST(what_never_ended_is_not_followed)
{
    struct span open = {.start_ns = 5}, ended = {.end_ns = 10};
    ck_assert(!span_follows(&(struct span){.start_ns = 20}, &open));
    ck_assert(span_follows(&(struct span){.start_ns = 10}, &ended));
    ck_assert(!span_follows(&(struct span){.start_ns = 0}, &ended));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trajectory");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, spans_stand_by_start_then_parent_then_id);
    tcase_add_test(all, a_root_that_has_not_ended_is_no_root);
    tcase_add_test(all, a_span_with_a_remote_parent_is_a_local_root_and_no_orphan);
    tcase_add_test(all, other_flags_do_not_make_a_parent_remote);
    tcase_add_test(all, a_true_root_counts_before_a_local_one);
    tcase_add_test(all, a_cycle_is_cut_above_its_first_span);
    tcase_add_test(all, no_spans_are_a_trajectory_too);
    tcase_add_test(all, a_full_arena_is_told);
    tcase_add_test(all, of_two_spans_of_one_id_the_later_end_then_the_larger_counts);
    tcase_add_test(all, event_time_is_the_end_of_the_root_unless_it_lies_ahead);
    tcase_add_test(all, a_run_takes_as_long_as_its_ended_root);
    tcase_add_test(all, without_an_ended_root_a_run_lasts_from_the_first_start_to_the_last_end);
    tcase_add_test(all, a_conversation_is_longer_than_its_last_turn);
    tcase_add_test(all, a_time_of_0_is_absent);
    tcase_add_test(all, a_run_that_takes_no_time_has_a_duration);
    tcase_add_test(all, without_an_ended_root_what_is_absent_is_passed_over);
    tcase_add_test(all, a_span_without_a_start_stands_with_its_parent);
    tcase_add_test(all, what_never_ended_is_not_followed);
    tcase_add_test(all, of_an_end_before_the_start_no_duration_is_known);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
