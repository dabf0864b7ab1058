/* link: base */
#include <check.h>
#include <pthread.h>
#include <time.h>

#include "processor/base/clock.h"
#include "processor/base/queue.h"

static int items[64];

START_TEST(items_leave_in_the_order_they_came)
{
    struct queue *queue = queue_create(8);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 6; i++)
            ck_assert(queue_push(queue, &items[i]));
        ck_assert_uint_eq(queue_length(queue), 6);
        void *taken[8];
        ck_assert_uint_eq(queue_pop(queue, taken, 4), 4);
        ck_assert_uint_eq(queue_pop(queue, taken + 4, 4), 2);
        for (int i = 0; i < 6; i++)
            ck_assert_ptr_eq(taken[i], &items[i]);
        ck_assert_uint_eq(queue_pop(queue, taken, 8), 0);
    }
    queue_destroy(queue);
}
END_TEST

START_TEST(a_full_queue_refuses_and_takes_nothing)
{
    struct queue *queue = queue_create(3);
    ck_assert_uint_eq(queue_capacity(queue), 4);
    for (int i = 0; i < 4; i++)
        ck_assert(queue_push(queue, &items[i]));
    ck_assert(!queue_push(queue, &items[4]));
    ck_assert_uint_eq(queue_length(queue), 4);
    void *taken;
    ck_assert_uint_eq(queue_pop(queue, &taken, 1), 1);
    ck_assert_ptr_eq(taken, &items[0]);
    ck_assert(queue_push(queue, &items[4]));
    queue_destroy(queue);
}
END_TEST

START_TEST(waiting_ends_by_the_timeout)
{
    struct queue *queue = queue_create(2);
    int64_t before = clock_monotonic_ms();
    queue_wait(queue, 30);
    ck_assert_int_ge(clock_monotonic_ms() - before, 29);
    queue_wait(queue, 0);
    queue_destroy(queue);
}
END_TEST

START_TEST(waiting_ends_at_once_when_there_is_an_item)
{
    struct queue *queue = queue_create(2);
    ck_assert(queue_push(queue, &items[0]));
    queue_wait(queue, -1);
    queue_destroy(queue);
}
END_TEST

START_TEST(a_wake_before_the_wait_is_not_lost)
{
    struct queue *queue = queue_create(2);
    queue_wake(queue);
    queue_wait(queue, -1);
    int64_t before = clock_monotonic_ms();
    queue_wait(queue, 20); /* and counts once */
    ck_assert_int_ge(clock_monotonic_ms() - before, 19);
    queue_destroy(queue);
}
END_TEST

static void *push_later(void *context)
{
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    queue_push_wait(context, &items[1]);
    return NULL;
}

START_TEST(a_sleeping_consumer_is_woken_by_a_push)
{
    struct queue *queue = queue_create(2);
    pthread_t producer;
    ck_assert_int_eq(pthread_create(&producer, NULL, push_later, queue), 0);
    void *taken;
    while (queue_pop(queue, &taken, 1) == 0)
        queue_wait(queue, -1);
    ck_assert_ptr_eq(taken, &items[1]);
    pthread_join(producer, NULL);
    queue_destroy(queue);
}
END_TEST

START_TEST(a_waiting_producer_is_woken_by_a_pop)
{
    struct queue *queue = queue_create(2);
    ck_assert(queue_push(queue, &items[0]));
    ck_assert(queue_push(queue, &items[0]));
    pthread_t producer;
    ck_assert_int_eq(pthread_create(&producer, NULL, push_later, queue), 0);
    struct timespec pause = {.tv_nsec = 50000000};
    nanosleep(&pause, NULL);
    void *taken[3];
    size_t count = 0;
    while (count < 3) {
        queue_wait(queue, -1);
        count += queue_pop(queue, taken + count, 1);
    }
    ck_assert_ptr_eq(taken[2], &items[1]);
    pthread_join(producer, NULL);
    queue_destroy(queue);
}
END_TEST

static void *close_soon(void *queue)
{
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    queue_close(queue);
    return NULL;
}

START_TEST(closing_ends_the_waits_of_producer_and_consumer)
{
    struct queue *queue = queue_create(2);
    pthread_t closer;
    ck_assert_int_eq(pthread_create(&closer, NULL, close_soon, queue), 0);
    queue_wait(queue, -1);
    pthread_join(closer, NULL);
    ck_assert(queue_push_wait(queue, &items[0]));
    ck_assert(queue_push_wait(queue, &items[1]));
    ck_assert(!queue_push_wait(queue, &items[2]));
    queue_wait(queue, -1);
    void *taken[3];
    ck_assert_uint_eq(queue_pop(queue, taken, 3), 2);
    queue_destroy(queue);
}
END_TEST

START_TEST(closing_wakes_a_producer_that_waits_for_room)
{
    struct queue *queue = queue_create(2);
    pthread_t closer;
    ck_assert(queue_push(queue, &items[0]));
    ck_assert(queue_push(queue, &items[1]));
    ck_assert_int_eq(pthread_create(&closer, NULL, close_soon, queue), 0);
    ck_assert(!queue_push_wait(queue, &items[2]));
    pthread_join(closer, NULL);
    queue_destroy(queue);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tests = tcase_create("queue");
    tcase_add_test(tests, items_leave_in_the_order_they_came);
    tcase_add_test(tests, a_full_queue_refuses_and_takes_nothing);
    tcase_add_test(tests, waiting_ends_by_the_timeout);
    tcase_add_test(tests, waiting_ends_at_once_when_there_is_an_item);
    tcase_add_test(tests, a_wake_before_the_wait_is_not_lost);
    tcase_add_test(tests, a_sleeping_consumer_is_woken_by_a_push);
    tcase_add_test(tests, a_waiting_producer_is_woken_by_a_pop);
    tcase_add_test(tests, closing_ends_the_waits_of_producer_and_consumer);
    tcase_add_test(tests, closing_wakes_a_producer_that_waits_for_room);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
