/* link: emit base */
#include <check.h>
#include <stdlib.h>

#include "processor/base/clock.h"
#include "processor/emit/inbox.h"

enum { LONG_MS = 600000 };

static struct inbox inbox;
static _Atomic int taken;

static void setup(void)
{
    inbox = (struct inbox){0};
    atomic_store(&taken, 0);
    ck_assert(inbox_init(&inbox, 3, 100));
}

static void teardown(void)
{
    inbox_stop(&inbox, 0);
    inbox_finish(&inbox, free);
}

static enum status send_item(size_t bytes)
{
    char *item = malloc(1);
    enum status status = inbox_send(&inbox, item, bytes);
    if (status != STATUS_OK)
        free(item);
    return status;
}

/* Takes and releases all; each item was sent with 10 bytes. */
static void *take_all(void *argument)
{
    (void)argument;
    while (!inbox_is_over(&inbox, clock_monotonic_ms())) {
        void *item;
        if (queue_pop(inbox.queue, &item, 1) == 0) {
            queue_wait(inbox.queue, LONG_MS);
            continue;
        }
        atomic_fetch_add(&taken, 1);
        free(item);
        inbox_release(&inbox, 10);
    }
    return NULL;
}

/* Takes nothing, as an emitter whose disk is full. */
static void *pause_for_long(void *argument)
{
    (void)argument;
    while (!inbox_is_over(&inbox, clock_monotonic_ms()))
        inbox_pause(&inbox, LONG_MS);
    return NULL;
}

static void start(void *(*run)(void *argument))
{
    struct error error = {0};
    ck_assert_int_eq(inbox_start(&inbox, run, NULL, "the test", &error), STATUS_OK);
}

START_TEST(what_is_held_is_bounded_in_items_and_in_bytes)
{
    ck_assert_int_eq(send_item(10), STATUS_OK);
    ck_assert_int_eq(send_item(91), STATUS_BUSY);
    ck_assert_int_eq(send_item(90), STATUS_OK);
    ck_assert(!inbox_has_room(&inbox, 1));
    inbox_release(&inbox, 90);
    ck_assert_int_eq(send_item(1), STATUS_OK);
    ck_assert_int_eq(send_item(1), STATUS_OK);
    ck_assert_int_eq(send_item(1), STATUS_BUSY);
    inbox_release(&inbox, 1);
    ck_assert_int_eq(send_item(1), STATUS_OK);
}
END_TEST

START_TEST(an_item_above_the_limit_is_let_in_alone)
{
    ck_assert_int_eq(send_item(1000), STATUS_OK);
    ck_assert_int_eq(send_item(1), STATUS_BUSY);
    inbox_release(&inbox, 1000);
    ck_assert_int_eq(send_item(1), STATUS_OK);
}
END_TEST

START_TEST(copies_count_with_the_items)
{
    ck_assert_int_eq(send_item(10), STATUS_OK);
    inbox_hold_bytes(&inbox, 90);
    ck_assert(!inbox_has_room(&inbox, 1));
    inbox_release_bytes(&inbox, 90);
    ck_assert(inbox_has_room(&inbox, 90));
}
END_TEST

START_TEST(a_stop_lets_the_thread_take_what_was_sent)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(send_item(10), STATUS_OK);
    start(take_all);
    inbox_stop(&inbox, LONG_MS);
    ck_assert_int_eq(atomic_load(&taken), 3);
    ck_assert_uint_eq(atomic_load(&inbox.held_bytes), 0);
}
END_TEST

START_TEST(a_pause_ends_with_the_grace_and_not_before)
{
    int64_t grace_ms = 200, began_ms = clock_monotonic_ms();
    ck_assert_int_eq(send_item(10), STATUS_OK);
    start(pause_for_long);
    inbox_stop(&inbox, grace_ms);
    ck_assert_int_ge(clock_monotonic_ms() - began_ms, grace_ms);
    ck_assert_uint_eq(atomic_load(&inbox.held_items), 1);
}
END_TEST

START_TEST(a_stop_without_a_start_does_nothing)
{
    inbox_stop(&inbox, LONG_MS);
    ck_assert(!inbox_is_stopping(&inbox));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("inbox");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_held_is_bounded_in_items_and_in_bytes);
    tcase_add_test(tests, an_item_above_the_limit_is_let_in_alone);
    tcase_add_test(tests, copies_count_with_the_items);
    tcase_add_test(tests, a_stop_lets_the_thread_take_what_was_sent);
    tcase_add_test(tests, a_pause_ends_with_the_grace_and_not_before);
    tcase_add_test(tests, a_stop_without_a_start_does_nothing);
    Suite *suite = suite_create("inbox");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
