/* Linear probing, at most half full. */
#include "state/store/key_index.h"

#include <assert.h>
#include <stdlib.h>

#include "processor/base/digest.h"

void key_index_finish(struct key_index *index)
{
    free(index->keys);
    free(index->slots);
    *index = (struct key_index){.key_size = index->key_size};
}

/* The slot of `key`, or the free one where it belongs. */
static uint32_t *slot_of(const struct key_index *index, const uint8_t *key)
{
    uint32_t mask = index->slot_capacity - 1;
    uint32_t at = (uint32_t)digest_table_hash(bytes_of(key, index->key_size)) & mask;
    while (index->slots[at] != 0 &&
           memcmp(key_index_at(index, index->slots[at] - 1), key, index->key_size) != 0)
        at = (at + 1) & mask;
    return &index->slots[at];
}

uint32_t key_index_find(const struct key_index *index, const uint8_t *key)
{
    if (index->count == 0)
        return KEY_INDEX_NONE;
    uint32_t slot = *slot_of(index, key);
    return slot == 0 ? KEY_INDEX_NONE : slot - 1;
}

static void fill_slots(struct key_index *index)
{
    memset(index->slots, 0, index->slot_capacity * sizeof *index->slots);
    for (uint32_t i = 0; i < index->count; i++)
        *slot_of(index, key_index_at(index, i)) = i + 1;
}

static bool grow(struct key_index *index)
{
    if (index->count == index->key_capacity) {
        uint32_t capacity = index->key_capacity ? index->key_capacity * 2 : 32;
        uint8_t *keys = realloc(index->keys, capacity * index->key_size);
        if (!keys)
            return false;
        index->keys = keys;
        index->key_capacity = capacity;
    }
    if (index->slot_capacity < 2 * (index->count + 1)) {
        uint32_t capacity = index->slot_capacity ? index->slot_capacity * 2 : 64;
        uint32_t *slots = realloc(index->slots, capacity * sizeof *slots);
        if (!slots)
            return false;
        index->slots = slots;
        index->slot_capacity = capacity;
        fill_slots(index);
    }
    return true;
}

uint32_t key_index_add(struct key_index *index, const uint8_t *key)
{
    assert(index->count < UINT32_MAX / 4);
    if (!grow(index))
        return KEY_INDEX_NONE;
    uint32_t *slot = slot_of(index, key);
    assert(*slot == 0);
    memcpy(index->keys + index->count * index->key_size, key, index->key_size);
    *slot = ++index->count;
    return index->count - 1;
}

void key_index_truncate(struct key_index *index, uint32_t count)
{
    if (count >= index->count)
        return;
    index->count = count;
    fill_slots(index);
}
