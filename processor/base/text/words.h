/* Words for comparing texts: runs of letters and digits (with inner apostrophes, dots and commas
 * between digits), case-folded (full folding, NFC); runs of Han, Hiragana, Katakana,
 * Hangul, Thai, Lao, Khmer and Burmese, which are written without spaces, become overlapping
 * bigrams of code points (a single one stays one word). */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/arena.h"
#include "processor/base/bytes.h"

struct word {
    uint64_t hash;  /* digest_fnv1a64() of the folded text */
    uint32_t start; /* byte range in the source text */
    uint32_t end;
    bool has_digit;
};
struct words {
    struct word *items;
    size_t count;
};
/* Words of `text` in the arena; an empty list when the arena is full. */
struct words text_words(struct bytes text, struct arena *arena);
