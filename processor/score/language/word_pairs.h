/* Neighboring words of one text, and which of them another text has. */
#pragma once
#include "processor/base/text/words.h"

struct word_pairs {
    struct pair_slot *slots; /* open addressing */
    uint32_t mask, count, found;
    uint32_t max; /* pairs; what comes behind them is left out */
};

/* False when the arena is full. */
bool word_pairs_init(struct word_pairs *pairs, uint32_t max, struct arena *arena);
void word_pairs_add(struct word_pairs *pairs, struct words words);
/* Notes those that stand in these words. */
void word_pairs_match(struct word_pairs *pairs, struct words words);
