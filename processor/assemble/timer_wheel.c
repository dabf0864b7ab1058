/* The slot of a deadline, and the turning of the wheel. Slots are rings with a head in the wheel,
 * so that a node leaves in constant time without knowing its slot. */
#include "processor/assemble/timer_wheel.h"

#include <assert.h>

static void ring_init(struct timer_node *head)
{
    head->next = head->previous = head;
}

static void ring_append(struct timer_node *head, struct timer_node *node)
{
    node->previous = head->previous;
    node->next = head;
    head->previous->next = node;
    head->previous = node;
}

static void ring_unlink(struct timer_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    node->next = node->previous = NULL;
}

/* The first tick that begins at or after the deadline, so that delivery is never early. */
static int64_t tick_of(int64_t deadline_ms)
{
    int64_t tick_ms = (int64_t)1 << WHEEL_TICK_BITS;
    if (deadline_ms >= INT64_MAX - tick_ms)
        return INT64_MAX >> WHEEL_TICK_BITS;
    return (deadline_ms + tick_ms - 1) >> WHEEL_TICK_BITS;
}

static void file_node(struct timer_wheel *wheel, struct timer_node *node)
{
    int64_t tick = tick_of(node->deadline_ms);
    if (tick <= wheel->tick) {
        ring_append(&wheel->due, node);
        return;
    }
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        int shift = level * WHEEL_SLOT_BITS;
        int64_t distance = (tick >> shift) - (wheel->tick >> shift);
        if (distance < WHEEL_SLOTS) {
            ring_append(&wheel->slots[level][(tick >> shift) & (WHEEL_SLOTS - 1)], node);
            return;
        }
    }
    int shift = (WHEEL_LEVELS - 1) * WHEEL_SLOT_BITS;
    int64_t last = (wheel->tick >> shift) + WHEEL_SLOTS - 1;
    ring_append(&wheel->slots[WHEEL_LEVELS - 1][last & (WHEEL_SLOTS - 1)], node);
}

void timer_wheel_init(struct timer_wheel *wheel, int64_t now_ms)
{
    assert(now_ms >= 0);
    wheel->tick = now_ms >> WHEEL_TICK_BITS;
    wheel->count = 0;
    ring_init(&wheel->due);
    for (int level = 0; level < WHEEL_LEVELS; level++)
        for (int slot = 0; slot < WHEEL_SLOTS; slot++)
            ring_init(&wheel->slots[level][slot]);
}

void timer_wheel_add(struct timer_wheel *wheel, struct timer_node *node, int64_t deadline_ms)
{
    assert(!node->next);
    node->deadline_ms = deadline_ms;
    file_node(wheel, node);
    wheel->count++;
}

void timer_wheel_remove(struct timer_wheel *wheel, struct timer_node *node)
{
    assert(node->next && wheel->count > 0);
    ring_unlink(node);
    wheel->count--;
}

void timer_wheel_move(struct timer_wheel *wheel, struct timer_node *node, int64_t deadline_ms)
{
    assert(node->next);
    bool is_later = deadline_ms >= node->deadline_ms;
    node->deadline_ms = deadline_ms;
    if (is_later)
        return; /* Filed again when its slot comes up. */
    ring_unlink(node);
    file_node(wheel, node);
}

/* Empties one slot by filing its nodes anew: into `due`, or a lower level, or further on when they
 * were moved. */
static void refile_slot(struct timer_wheel *wheel, struct timer_node *head)
{
    struct timer_node moved;
    if (head->next == head)
        return;
    moved.next = head->next;
    moved.previous = head->previous;
    moved.next->previous = &moved;
    moved.previous->next = &moved;
    ring_init(head);
    while (moved.next != &moved) {
        struct timer_node *node = moved.next;
        ring_unlink(node);
        file_node(wheel, node);
    }
}

static void turn_to(struct timer_wheel *wheel, int64_t tick)
{
    while (wheel->tick < tick) {
        wheel->tick++;
        /* From the top down, so that what falls out of a high slot is filed before the low slot is
         * emptied. */
        for (int level = WHEEL_LEVELS - 1; level >= 0; level--) {
            int shift = level * WHEEL_SLOT_BITS;
            if ((wheel->tick & (((int64_t)1 << shift) - 1)) == 0)
                refile_slot(wheel,
                            &wheel->slots[level][(wheel->tick >> shift) & (WHEEL_SLOTS - 1)]);
        }
    }
}

struct timer_node *timer_wheel_take_due(struct timer_wheel *wheel, int64_t now_ms)
{
    int64_t now_tick = now_ms >> WHEEL_TICK_BITS;
    for (;;) {
        while (wheel->due.next != &wheel->due) {
            struct timer_node *node = wheel->due.next;
            ring_unlink(node);
            if (node->deadline_ms <= now_ms) {
                wheel->count--;
                return node;
            }
            file_node(wheel, node); /* Moved later while it lay here. */
            if (tick_of(node->deadline_ms) <= wheel->tick)
                return NULL; /* Due within this tick, not yet now. */
        }
        if (wheel->tick >= now_tick)
            return NULL;
        if (wheel->count == 0) {
            wheel->tick = now_tick;
            return NULL;
        }
        turn_to(wheel, wheel->tick + 1);
    }
}

int64_t timer_wheel_next_ms(const struct timer_wheel *wheel)
{
    if (wheel->count == 0)
        return INT64_MAX;
    if (wheel->due.next != &wheel->due)
        return wheel->tick << WHEEL_TICK_BITS;
    int64_t now = wheel->tick << WHEEL_TICK_BITS, next = INT64_MAX;
    for (int level = 0; level < WHEEL_LEVELS;
         level++) { /* A high slot may come up before a low one. */
        int shift = level * WHEEL_SLOT_BITS;
        for (int64_t step = level == 0 ? 1 : 0; step < WHEEL_SLOTS; step++) {
            int64_t slot = (wheel->tick >> shift) + step;
            const struct timer_node *head = &wheel->slots[level][slot & (WHEEL_SLOTS - 1)];
            if (head->next == head)
                continue;
            int64_t at = (slot << shift) << WHEEL_TICK_BITS;
            next = at < next ? at : next;
            break;
        }
    }
    return next > now ? next : now;
}
