/* Sets of word hashes, sorted, so that finding and intersecting need no table. */
#include "processor/score/language/word_set.h"

#include <stdlib.h>

#include "processor/score/language/content_words.h"

static int compare_hashes(const void *a_, const void *b_)
{
    uint64_t a = *(const uint64_t *)a_, b = *(const uint64_t *)b_;
    return (a > b) - (a < b);
}

void word_set_sort(struct word_set *set)
{
    uint32_t taken = set->count;
    set->count = 0;
    if (taken > 0)
        qsort(set->hashes, taken, sizeof *set->hashes, compare_hashes);
    for (uint32_t i = 0; i < taken; i++)
        if (i == 0 || set->hashes[i] != set->hashes[i - 1])
            set->hashes[set->count++] = set->hashes[i];
}

struct word_set word_set_of(struct words words, uint32_t max, struct arena *arena)
{
    struct word_set set = {0};
    uint32_t room = words.count < max ? (uint32_t)words.count : max;
    if (room > 0)
        set.hashes = arena_alloc(arena, room * sizeof *set.hashes);
    if (!set.hashes)
        return set;
    while (set.count < room) {
        set.hashes[set.count] = words.items[set.count].hash;
        set.count++;
    }
    word_set_sort(&set);
    return set;
}

struct word_set word_set_content(struct bytes text, uint32_t max, struct arena *arena)
{
    return word_set_of(content_words(text, arena), max, arena);
}

struct word_set word_set_all(struct bytes text, uint32_t max, struct arena *arena)
{
    return word_set_of(text_words(text, arena), max, arena);
}

int64_t word_set_find(const struct word_set *set, uint64_t hash)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->hashes[middle] == hash)
            return middle;
        if (set->hashes[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

uint32_t word_set_common(const struct word_set *a, const struct word_set *b)
{
    uint32_t common = 0;
    for (uint32_t i = 0, j = 0; i < a->count && j < b->count;) {
        if (a->hashes[i] == b->hashes[j]) {
            common++;
            i++, j++;
        } else if (a->hashes[i] < b->hashes[j])
            i++;
        else
            j++;
    }
    return common;
}
