/* link: assemble otlp nouns base */
/* The wheel against a list of deadlines: after each look at the clock, what is overdue by a tick
 * has come, and nothing came early. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/assemble/timer_wheel.h"

enum { NODES = 300, STEPS = 30000, ROUNDS = 4, TICK_MS = 1 << WHEEL_TICK_BITS };

static uint64_t state;

static uint64_t below(uint64_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % bound;
}

/* From milliseconds to beyond the wheel's reach of six days. */
static int64_t some_time(void)
{
    static const int64_t scales[] = {40, 2000, 130000, 8400000, 540000000, 900000000};
    return (int64_t)below((uint64_t)scales[below(6)]);
}

static void take_all(struct timer_wheel *wheel, int64_t now_ms, const struct timer_node *nodes)
{
    struct timer_node *node;
    while ((node = timer_wheel_take_due(wheel, now_ms))) {
        ck_assert_int_le(node->deadline_ms, now_ms);
        ck_assert(node >= nodes && node < nodes + NODES);
        ck_assert_ptr_null(node->next);
    }
}

static void check_rest(const struct timer_wheel *wheel, int64_t now_ms,
                       const struct timer_node *nodes)
{
    size_t count = 0;
    int64_t earliest_ms = INT64_MAX, next_ms = timer_wheel_next_ms(wheel);
    for (int i = 0; i < NODES; i++) {
        if (!nodes[i].next)
            continue;
        count++;
        if (nodes[i].deadline_ms <=
            now_ms - TICK_MS) /* an assertion each would take most of the time */
            ck_abort_msg("late: %lld at %lld", (long long)nodes[i].deadline_ms, (long long)now_ms);
        earliest_ms = nodes[i].deadline_ms < earliest_ms ? nodes[i].deadline_ms : earliest_ms;
    }
    ck_assert_uint_eq(wheel->count, count);
    if (count == 0)
        ck_assert_int_eq(next_ms, INT64_MAX);
    else
        ck_assert_int_le(next_ms, earliest_ms + TICK_MS);
}

START_TEST(the_wheel_delivers_what_a_list_would)
{
    static struct timer_node nodes[NODES];
    const char *text = getenv("SEED");
    uint64_t seed = (text ? strtoull(text, NULL, 10) : 20261123u) + (unsigned)_i;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
    state = seed * 2654435761u + 1;
    memset(nodes, 0, sizeof(nodes));
    struct timer_wheel wheel;
    int64_t now_ms = some_time();
    timer_wheel_init(&wheel, now_ms);
    take_all(&wheel, now_ms, nodes);
    for (int step = 0; step < STEPS; step++) {
        struct timer_node *node = &nodes[below(NODES)];
        uint64_t dice = below(10);
        if (dice < 5 && !node->next)
            timer_wheel_add(&wheel, node, now_ms - 50 + some_time());
        else if (dice < 7 && node->next)
            timer_wheel_move(&wheel, node, now_ms - 50 + some_time());
        else if (dice == 7 && node->next)
            timer_wheel_remove(&wheel, node);
        else if (dice > 7) {
            /* Seldom far: each passed tick is looked at. */
            now_ms += below(8000) == 0 ? some_time() : (int64_t)below(below(20) ? 100 : 20000);
            take_all(&wheel, now_ms, nodes);
            check_rest(&wheel, now_ms, nodes);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timer_wheel");
    TCase *cases = tcase_create("timer_wheel");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, the_wheel_delivers_what_a_list_would, 0, ROUNDS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
