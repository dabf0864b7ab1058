/* Deadlines in constant time: a hierarchical wheel of four levels of 64 slots.
 *   level 0: 64 slots of 32 ms (2 s)  | level 1: of 2 s (2 min)
 *   level 2: of 2 min (2.3 h)         | level 3: of 2.3 h (6 days)
 * A node lies in the slot of its deadline on the lowest level that reaches it; when the wheel turns
 * past a slot of a higher level, its nodes move down. A deadline that only moves later costs
 * nothing: the owner changes `deadline_ms` and the node is filed again when its old slot comes up.
 * Later than the top level reaches: the last slot, filed again from there. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WHEEL_LEVELS = 4,
    WHEEL_SLOT_BITS = 6,
    WHEEL_SLOTS = 1 << WHEEL_SLOT_BITS,
    WHEEL_TICK_BITS = 5
};

struct timer_node {
    struct timer_node *next, *previous; /* NULL when not in a wheel */
    int64_t deadline_ms;
};

struct timer_wheel {
    int64_t tick; /* everything before this tick has been delivered */
    size_t count;
    struct timer_node slots[WHEEL_LEVELS][WHEEL_SLOTS]; /* heads of rings */
    struct timer_node due;                              /* passed, not yet taken */
};

void timer_wheel_init(struct timer_wheel *wheel, int64_t now_ms);
void timer_wheel_add(struct timer_wheel *wheel, struct timer_node *node, int64_t deadline_ms);
void timer_wheel_remove(struct timer_wheel *wheel, struct timer_node *node);
/* Moves the deadline of a node that is in the wheel. */
void timer_wheel_move(struct timer_wheel *wheel, struct timer_node *node, int64_t deadline_ms);
/* Takes one node whose deadline is at or before `now_ms` out of the wheel; NULL when there is none.
 * Never early, at most one tick (32 ms) late. */
struct timer_node *timer_wheel_take_due(struct timer_wheel *wheel, int64_t now_ms);
/* A time not later than the next deadline, for a sleeper; INT64_MAX when the wheel is empty. */
int64_t timer_wheel_next_ms(const struct timer_wheel *wheel);
