/* The index holds places in the ring, not copies; growing the ring lays it out from 0 and files
 * every place anew. */
#include "processor/assemble/decided_set.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"

enum { FIRST_RING = 1024 };

static size_t home_of(const struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE])
{
    return table_hash(bytes_of(trace_id, TRACE_ID_SIZE)) & (set->ring_capacity * 2 - 1);
}

static size_t find_slot(const struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE])
{
    size_t mask = set->ring_capacity * 2 - 1, slot = home_of(set, trace_id);
    while (set->index[slot] &&
           memcmp(set->ring[set->index[slot] - 1].trace_id, trace_id, TRACE_ID_SIZE) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

static bool resize(struct decided_set *set, size_t capacity)
{
    struct decided_entry *ring = malloc(capacity * sizeof(*ring));
    uint32_t *index = calloc(capacity * 2, sizeof(*index));
    if (!ring || !index) {
        free(ring);
        free(index);
        return false;
    }
    for (size_t i = 0; i < set->count; i++)
        ring[i] = set->ring[(set->oldest + i) & (set->ring_capacity - 1)];
    free(set->ring);
    free(set->index);
    *set = (struct decided_set){ring, index, capacity, 0, set->count};
    for (size_t i = 0; i < set->count; i++)
        index[find_slot(set, ring[i].trace_id)] = (uint32_t)i + 1;
    return true;
}

bool decided_set_init(struct decided_set *set)
{
    *set = (struct decided_set){0};
    return resize(set, FIRST_RING);
}

void decided_set_finish(struct decided_set *set)
{
    free(set->ring);
    free(set->index);
    *set = (struct decided_set){0};
}

size_t decided_set_bytes(const struct decided_set *set)
{
    return set->ring_capacity * (sizeof(*set->ring) + 2 * sizeof(*set->index));
}

enum status decided_set_add(struct decided_set *set, const struct decided_entry *entry)
{
    size_t slot = find_slot(set, entry->trace_id);
    if (set->index[slot]) {
        struct decided_entry *kept = &set->ring[set->index[slot] - 1];
        kept->position = entry->position;
        kept->source = entry->source;
        if (entry->decided_ms > kept->decided_ms)
            kept->decided_ms = entry->decided_ms;
        return STATUS_OK;
    }
    if (set->count == set->ring_capacity) {
        if (set->ring_capacity > UINT32_MAX / 4 || !resize(set, set->ring_capacity * 2))
            return STATUS_FATAL;
        slot = find_slot(set, entry->trace_id);
    }
    size_t place = (set->oldest + set->count) & (set->ring_capacity - 1);
    set->ring[place] = *entry;
    set->index[slot] = (uint32_t)place + 1;
    set->count++;
    return STATUS_OK;
}

const struct decided_entry *decided_set_find(const struct decided_set *set,
                                             const uint8_t trace_id[TRACE_ID_SIZE])
{
    size_t slot = find_slot(set, trace_id);
    return set->index[slot] ? &set->ring[set->index[slot] - 1] : NULL;
}

const struct decided_entry *decided_set_oldest(const struct decided_set *set)
{
    return set->count ? &set->ring[set->oldest] : NULL;
}

void decided_set_drop_oldest(struct decided_set *set)
{
    assert(set->count > 0);
    size_t mask = set->ring_capacity * 2 - 1;
    size_t hole = find_slot(set, set->ring[set->oldest].trace_id);
    assert(set->index[hole]);
    set->index[hole] = 0;
    for (size_t i = (hole + 1) & mask; set->index[i]; i = (i + 1) & mask) {
        size_t home = home_of(set, set->ring[set->index[i] - 1].trace_id);
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        set->index[hole] = set->index[i];
        set->index[i] = 0;
        hole = i;
    }
    set->oldest = (set->oldest + 1) & (set->ring_capacity - 1);
    set->count--;
    if (set->ring_capacity > FIRST_RING && set->count < set->ring_capacity / 8)
        (void)resize(set, set->ring_capacity /
                              2); /* No memory for the smaller one: the larger one serves. */
}
