/* Which questions are the same, but for names of the day: greetings are taken off the front, numbers
 * become #, letters are folded. Then sets of four characters are compared.
 *
 *   text -> question_normalize -> question_grams -> question_sketch -> bands   propose
 *                                       `-> question_jaccard                  decides
 *
 * The sketch (one permutation, 128 bins; bands of 4) only proposes: on texts as short as these it is
 * off by a tenth. Two sets with a Jaccard similarity of 0.75 share a band but for one time in 10^5. */
#pragma once
#include "processor/base/arena.h"

enum {
    QUESTION_BYTES_MAX = 4096, /* of a normalized one; the rest is cut */
    QUESTION_BINS = 128,
    QUESTION_BANDS = 32,
    QUESTION_BAND_BINS = QUESTION_BINS / QUESTION_BANDS,
};

struct question_grams { /* ascending, each once */
    uint64_t *items;
    size_t count;
};

/* In the arena; absent when that is full. Empty when nothing is left. */
struct bytes question_normalize(struct bytes text, struct arena *arena);
/* Of a normalized one; a text below four characters is one gram. Empty without memory. */
struct question_grams question_grams(struct bytes normalized, struct arena *arena);
/* Of hashes of any kind: ascending, each once. */
void question_grams_sort(struct question_grams *grams);
/* 0 when both are empty: nothing is known of them. */
double question_jaccard(struct question_grams a, struct question_grams b);
void question_bands(struct question_grams grams, uint64_t ret_bands[QUESTION_BANDS]);
