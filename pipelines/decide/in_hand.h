/* What a shard is judging, noted where it outlives a crash of the process (run/in_hand.c), and what
 * was in hand for long at two crashes in a row: that is set aside, not judged.
 *
 *   turn   even: nothing in hand, odd: trace_id; a new one each time
 *
 * One thread, the shard's, takes and releases: two stores a run. Another one looks on and notes how
 * long a turn has lasted. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "processor/assemble/open_trajectory.h"

struct in_hand_slot {
    _Atomic uint32_t turn;
    _Atomic uint32_t seen, held_ms; /* of the one who looks on */
    uint8_t trace_id[TRACE_ID_SIZE];
};

static inline void in_hand_take(struct in_hand_slot *slot, const uint8_t trace_id[TRACE_ID_SIZE])
{
    if (!slot)
        return;
    memcpy(slot->trace_id, trace_id, TRACE_ID_SIZE);
    uint32_t turn = atomic_load_explicit(&slot->turn, memory_order_relaxed);
    atomic_store_explicit(&slot->turn, (turn + 2) | 1, memory_order_release);
}

static inline void in_hand_release(struct in_hand_slot *slot)
{
    if (slot)
        atomic_store_explicit(&slot->turn,
                              (atomic_load_explicit(&slot->turn, memory_order_relaxed) + 1) &
                                  ~(uint32_t)1,
                              memory_order_release);
}

/* Few, and none but after crashes. */
struct set_aside {
    const uint8_t (*ids)[TRACE_ID_SIZE];
    uint32_t count;
    void (*keep)(void *context, const struct open_trajectory *open); /* as a dead letter */
    void *context;
};

static inline bool set_aside_has(const struct set_aside *set, const uint8_t id[TRACE_ID_SIZE])
{
    for (uint32_t i = 0; set && i < set->count; i++)
        if (memcmp(set->ids[i], id, TRACE_ID_SIZE) == 0)
            return true;
    return false;
}
