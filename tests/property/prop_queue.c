/* link: base */
/* Several producers against one consumer through a ring that is far too small. Invariants:
 * nothing is lost, nothing comes twice, and the items of one producer keep their order. Every
 * thread draws from its own seed. */
#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "processor/base/queue.h"

enum { PRODUCERS = 4, ITEMS = 5000 };

struct producer {
    pthread_t thread;
    struct queue *queue;
    uint64_t random;
    int number;
    bool waits; /* pushes with queue_push_wait(), otherwise polls */
};

struct item {
    int producer, sequence;
};

static uint64_t seed;
static struct item items[PRODUCERS][ITEMS];

static uint64_t draw(uint64_t *random, uint64_t below)
{
    *random ^= *random << 13, *random ^= *random >> 7, *random ^= *random << 17;
    return (*random >> 11) % below;
}

static void seed_from_environment(void)
{
    const char *given = getenv("SEED");
    seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    printf("SEED=%" PRIu64 "\n", seed);
    fflush(stdout); /* before the test forks */
}

static void *produce(void *context)
{
    struct producer *producer = context;
    for (int i = 0; i < ITEMS; i++) {
        struct item *item = &items[producer->number][i];
        *item = (struct item){.producer = producer->number, .sequence = i};
        if (producer->waits)
            queue_push_wait(producer->queue, item);
        else
            while (!queue_push(producer->queue, item))
                sched_yield();
        if (draw(&producer->random, 64) == 0)
            sched_yield();
        if (draw(&producer->random, 512) == 0)
            queue_wake(producer->queue);
    }
    return NULL;
}

static void run(size_t capacity, bool waits)
{
    struct queue *queue = queue_create(capacity);
    struct producer producers[PRODUCERS];
    uint64_t random = seed | 1;
    for (int i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){
            .queue = queue, .random = (seed + (uint64_t)i * 7919) | 1, .number = i, .waits = waits};
        ck_assert_int_eq(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
    }
    int expected[PRODUCERS] = {0};
    for (int left = PRODUCERS * ITEMS; left > 0;) {
        void *taken[8];
        size_t count = queue_pop(queue, taken, 1 + draw(&random, 8));
        ck_assert_uint_le(queue_length(queue), queue_capacity(queue));
        for (size_t i = 0; i < count; i++) {
            const struct item *item = taken[i];
            ck_assert_int_eq(item->sequence, expected[item->producer]++);
        }
        left -= (int)count;
        if (count == 0 && left > 0)
            queue_wait(queue, -1);
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    void *taken;
    ck_assert_uint_eq(queue_pop(queue, &taken, 1), 0);
    queue_destroy(queue);
}

START_TEST(producers_that_wait_lose_nothing_and_keep_their_order)
{
    run(2, true);
    run(16, true);
}
END_TEST

START_TEST(producers_that_poll_lose_nothing_and_keep_their_order)
{
    run(2, false);
    run(256, false);
}
END_TEST

int main(void)
{
    seed_from_environment();
    Suite *suite = suite_create("queue");
    TCase *tests = tcase_create("queue");
    tcase_add_test(tests, producers_that_wait_lose_nothing_and_keep_their_order);
    tcase_add_test(tests, producers_that_poll_lose_nothing_and_keep_their_order);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
