/* The distinct words of a text: what the lexical measurements compare. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/base/text/words.h"

struct word_set {
    uint64_t *hashes; /* sorted */
    uint32_t count;
};

/* The first `max` content words at most, by their stems. In the arena. */
struct word_set word_set_content(struct bytes text, uint32_t max, struct arena *arena);
struct word_set word_set_of(struct words words, uint32_t max, struct arena *arena);
/* All words as they are, for texts that are compared as a whole. */
struct word_set word_set_all(struct bytes text, uint32_t max, struct arena *arena);
/* Sorts the hashes that were put in and drops repeats. */
void word_set_sort(struct word_set *set);
/* Index of a word, -1 when it is not in the set. */
int64_t word_set_find(const struct word_set *set, uint64_t hash);
/* |a ∩ b| */
uint32_t word_set_common(const struct word_set *a, const struct word_set *b);
