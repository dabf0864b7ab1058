/* A set of hashes, made for twice as many as it may hold; each has a bit for "found". */
#include "processor/score/language/word_pairs.h"

struct pair_slot {
    uint64_t hash; /* 0: free */
    bool is_found;
};

static uint64_t pair_hash(struct word first, struct word second)
{
    uint64_t hash = (first.hash ^ (second.hash >> 31)) * 0x9e3779b97f4a7c15 + second.hash;
    return hash ? hash : 1;
}

bool word_pairs_init(struct word_pairs *pairs, uint32_t max, struct arena *arena)
{
    uint32_t size = 64;
    while (size < max * 2)
        size *= 2;
    *pairs = (struct word_pairs){.mask = size - 1, .max = max};
    pairs->slots = arena_zalloc(arena, size, sizeof *pairs->slots);
    return pairs->slots;
}

static struct pair_slot *find(struct word_pairs *pairs, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> 32) & pairs->mask;
    while (pairs->slots[at].hash != 0 && pairs->slots[at].hash != hash)
        at = (at + 1) & pairs->mask;
    return &pairs->slots[at];
}

void word_pairs_add(struct word_pairs *pairs, struct words words)
{
    for (size_t i = 0; i + 1 < words.count && pairs->count < pairs->max; i++) {
        uint64_t hash = pair_hash(words.items[i], words.items[i + 1]);
        struct pair_slot *slot = find(pairs, hash);
        pairs->count += slot->hash == 0;
        slot->hash = hash;
    }
}

void word_pairs_match(struct word_pairs *pairs, struct words words)
{
    for (size_t i = 0; i + 1 < words.count; i++) {
        struct pair_slot *slot = find(pairs, pair_hash(words.items[i], words.items[i + 1]));
        if (slot->hash == 0 || slot->is_found)
            continue;
        slot->is_found = true;
        pairs->found++;
    }
}
