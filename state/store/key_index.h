/* Numbers keys of one fixed size in order of arrival: key -> 0, 1, 2, ... A hash table of numbers
 * over an array of keys; entries leave only from the end. */
#pragma once
#include "processor/base/bytes.h"

#define KEY_INDEX_NONE UINT32_MAX

/* Zeroed with `key_size` set: empty. key_index_finish() frees. */
struct key_index {
    size_t key_size;
    uint8_t *keys;
    uint32_t *slots; /* number + 1; 0: free */
    uint32_t count, key_capacity, slot_capacity;
};

void key_index_finish(struct key_index *index);
/* KEY_INDEX_NONE when it is not there. */
uint32_t key_index_find(const struct key_index *index, const uint8_t *key);
/* The number of a key that is not there yet; KEY_INDEX_NONE without memory. */
MUST_CHECK uint32_t key_index_add(struct key_index *index, const uint8_t *key);
/* Forgets every key from number `count` on. */
void key_index_truncate(struct key_index *index, uint32_t count);

static inline const uint8_t *key_index_at(const struct key_index *index, uint32_t number)
{
    return index->keys + number * index->key_size;
}
