/* link: assemble otlp nouns base */
#include <check.h>

#include "processor/assemble/timer_wheel.h"

enum { TICK_MS = 1 << WHEEL_TICK_BITS, HOUR_MS = 3600000 };

START_TEST(a_deadline_is_never_early_and_at_most_a_tick_late)
{
    struct timer_wheel wheel;
    for (int64_t deadline_ms = 0; deadline_ms < 300; deadline_ms++) {
        struct timer_node node = {0};
        timer_wheel_init(&wheel, 5);
        timer_wheel_add(&wheel, &node, deadline_ms);
        int64_t now_ms = 5;
        while (!timer_wheel_take_due(&wheel, now_ms))
            now_ms++;
        ck_assert_int_ge(now_ms, deadline_ms);
        ck_assert_int_le(now_ms, (deadline_ms > 5 ? deadline_ms : 5) + TICK_MS);
        ck_assert_ptr_null(node.next);
        ck_assert_uint_eq(wheel.count, 0);
    }
}
END_TEST

START_TEST(a_deadline_beyond_the_wheel_is_kept_until_it_comes)
{
    struct timer_wheel wheel;
    struct timer_node node = {0}, never = {0};
    int64_t deadline_ms = (int64_t)20 * 24 * HOUR_MS;
    timer_wheel_init(&wheel, 0);
    timer_wheel_add(&wheel, &node, deadline_ms);
    timer_wheel_add(&wheel, &never, INT64_MAX);
    for (int64_t now_ms = 0; now_ms < deadline_ms; now_ms += HOUR_MS)
        ck_assert_ptr_null(timer_wheel_take_due(&wheel, now_ms));
    ck_assert_ptr_eq(timer_wheel_take_due(&wheel, deadline_ms + TICK_MS), &node);
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, deadline_ms + HOUR_MS));
    timer_wheel_remove(&wheel, &never);
    ck_assert_int_eq(timer_wheel_next_ms(&wheel), INT64_MAX);
}
END_TEST

START_TEST(a_moved_deadline_counts_in_both_directions)
{
    struct timer_wheel wheel;
    struct timer_node later = {0}, earlier = {0};
    timer_wheel_init(&wheel, 0);
    timer_wheel_add(&wheel, &later, 1000);
    timer_wheel_add(&wheel, &earlier, 500000);
    timer_wheel_move(&wheel, &later, 9000);
    timer_wheel_move(&wheel, &earlier, 2000);
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, 1999));
    ck_assert_ptr_eq(timer_wheel_take_due(&wheel, 2000 + TICK_MS), &earlier);
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, 8999));
    ck_assert_ptr_eq(timer_wheel_take_due(&wheel, 9000 + TICK_MS), &later);
}
END_TEST

START_TEST(a_removed_node_does_not_come_up_even_when_it_is_due)
{
    struct timer_wheel wheel;
    struct timer_node a = {0}, b = {0};
    timer_wheel_init(&wheel, 0);
    timer_wheel_add(&wheel, &a, 100);
    timer_wheel_add(&wheel, &b, 100);
    struct timer_node *first = timer_wheel_take_due(&wheel, 200); /* both lie in `due` now */
    timer_wheel_remove(&wheel, first == &a ? &b : &a);
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, 100000));
}
END_TEST

START_TEST(an_empty_wheel_jumps)
{
    struct timer_wheel wheel;
    struct timer_node node = {0};
    timer_wheel_init(&wheel, 0);
    int64_t far_ms = (int64_t)400 * 24 * HOUR_MS;
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, far_ms));
    timer_wheel_add(&wheel, &node, far_ms + 40);
    ck_assert_ptr_eq(timer_wheel_take_due(&wheel, far_ms + 40 + TICK_MS), &node);
}
END_TEST

START_TEST(a_sleeper_is_not_sent_past_a_deadline_that_a_high_level_holds)
{
    struct timer_wheel wheel;
    struct timer_node high = {0}, low = {0};
    timer_wheel_init(&wheel, 0);
    timer_wheel_add(&wheel, &high, 70 * TICK_MS);                   /* level 1 */
    ck_assert_ptr_null(timer_wheel_take_due(&wheel, 60 * TICK_MS)); /* its slot comes at tick 64 */
    timer_wheel_add(&wheel, &low, 100 * TICK_MS);
    ck_assert_int_le(timer_wheel_next_ms(&wheel), 70 * TICK_MS);
    ck_assert_int_ge(timer_wheel_next_ms(&wheel), 60 * TICK_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timer_wheel");
    TCase *cases = tcase_create("timer_wheel");
    tcase_add_test(cases, a_deadline_is_never_early_and_at_most_a_tick_late);
    tcase_add_test(cases, a_deadline_beyond_the_wheel_is_kept_until_it_comes);
    tcase_add_test(cases, a_moved_deadline_counts_in_both_directions);
    tcase_add_test(cases, a_removed_node_does_not_come_up_even_when_it_is_due);
    tcase_add_test(cases, an_empty_wheel_jumps);
    tcase_add_test(cases, a_sleeper_is_not_sent_past_a_deadline_that_a_high_level_holds);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
