/* The index holds places in the ring, not copies; growing the ring lays it out from 0 without the
 * dead ones and files every place anew. The entries of one trace have one home, so they stand in
 * one run of slots. The oldest of the ring is never dead. */
#include "processor/assemble/decided_set.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"

enum { FIRST_RING = 1024 };

static size_t home_of(const struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE])
{
    return digest_table_hash(bytes_of(trace_id, TRACE_ID_SIZE)) & (set->ring_capacity * 2 - 1);
}

static struct decided_entry *entry_at(const struct decided_set *set, size_t slot)
{
    return set->index[slot] ? &set->ring[set->index[slot] - 1] : NULL;
}

static bool is_of(const struct decided_entry *entry, const uint8_t trace_id[TRACE_ID_SIZE])
{
    return memcmp(entry->trace_id, trace_id, TRACE_ID_SIZE) == 0;
}

/* The slot of the entry, or the free one where it would go. */
static size_t find_slot(const struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE],
                        uint16_t source)
{
    size_t mask = set->ring_capacity * 2 - 1, slot = home_of(set, trace_id);
    for (const struct decided_entry *entry; (entry = entry_at(set, slot)); slot = (slot + 1) & mask)
        if (entry->source == source && is_of(entry, trace_id))
            break;
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
    size_t count = 0;
    for (size_t i = 0; i < set->used; i++) {
        const struct decided_entry *entry =
            &set->ring[(set->oldest + i) & (set->ring_capacity - 1)];
        if (!entry->is_dead)
            ring[count++] = *entry;
    }
    assert(count == set->count);
    free(set->ring);
    free(set->index);
    *set = (struct decided_set){ring, index, capacity, 0, count, count};
    for (size_t i = 0; i < count; i++)
        index[find_slot(set, ring[i].trace_id, ring[i].source)] = (uint32_t)i + 1;
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

static void pass_dead(struct decided_set *set)
{
    while (set->used > 0 && set->ring[set->oldest].is_dead) {
        set->oldest = (set->oldest + 1) & (set->ring_capacity - 1);
        set->used--;
    }
}

/* Room at the newest end: without the dead ones if they are many, else with a larger ring. */
static bool make_room(struct decided_set *set)
{
    if (set->used < set->ring_capacity)
        return true;
    if (set->count <= set->ring_capacity / 2)
        return resize(set, set->ring_capacity);
    return set->ring_capacity <= UINT32_MAX / 4 && resize(set, set->ring_capacity * 2);
}

enum status decided_set_add(struct decided_set *set, const struct decided_entry *entry)
{
    struct decided_entry *kept = entry_at(set, find_slot(set, entry->trace_id, entry->source));
    if (kept && entry->decided_ms <= kept->decided_ms) {
        uint64_t decided_ms = kept->decided_ms;
        *kept = *entry;
        kept->decided_ms = decided_ms;
        return STATUS_OK;
    }
    if (!make_room(set))
        return STATUS_FATAL;
    size_t slot = find_slot(set, entry->trace_id, entry->source);
    kept = entry_at(set, slot);
    if (kept)
        kept->is_dead = true;
    else
        set->count++;
    size_t place = (set->oldest + set->used) & (set->ring_capacity - 1);
    set->ring[place] = *entry;
    set->ring[place].is_dead = false;
    set->index[slot] = (uint32_t)place + 1;
    set->used++;
    pass_dead(set);
    return STATUS_OK;
}

const struct decided_entry *decided_set_find(const struct decided_set *set,
                                             const uint8_t trace_id[TRACE_ID_SIZE])
{
    size_t mask = set->ring_capacity * 2 - 1, slot = home_of(set, trace_id);
    const struct decided_entry *entry;
    while ((entry = entry_at(set, slot)) && !is_of(entry, trace_id))
        slot = (slot + 1) & mask;
    return entry;
}

const struct decided_entry *decided_set_find_source(const struct decided_set *set,
                                                    const uint8_t trace_id[TRACE_ID_SIZE],
                                                    uint16_t source)
{
    return entry_at(set, find_slot(set, trace_id, source));
}

void decided_set_move_row(struct decided_set *set, const uint8_t trace_id[TRACE_ID_SIZE],
                          uint64_t sequence, bool is_exhausted)
{
    size_t mask = set->ring_capacity * 2 - 1;
    struct decided_entry *entry;
    for (size_t slot = home_of(set, trace_id); (entry = entry_at(set, slot));
         slot = (slot + 1) & mask)
        if (is_of(entry, trace_id)) {
            entry->sequence = sequence;
            entry->is_exhausted = is_exhausted;
        }
}

const struct decided_entry *decided_set_oldest(const struct decided_set *set)
{
    return set->count ? &set->ring[set->oldest] : NULL;
}

void decided_set_drop_oldest(struct decided_set *set)
{
    assert(set->count > 0);
    const struct decided_entry *oldest = &set->ring[set->oldest];
    size_t mask = set->ring_capacity * 2 - 1;
    size_t hole = find_slot(set, oldest->trace_id, oldest->source);
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
    set->used--;
    set->count--;
    pass_dead(set);
    if (set->ring_capacity > FIRST_RING && set->used < set->ring_capacity / 8)
        (void)resize(set, set->ring_capacity /
                              2); /* No memory for the smaller one: the larger one serves. */
}
