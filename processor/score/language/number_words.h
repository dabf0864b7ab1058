/* Numbers that are written as words: cardinals, ordinals and decades of en de fr es it pt nl. */
#pragma once
#include "processor/base/text/words.h"
#include "processor/score/language/number.h"

/* The number that starts at word `at`; returns the words that it takes, 0 for none. `is_weak` of
 * it: a word that mostly counts nothing ("one", "first", "second"). */
size_t number_words_at(struct bytes text, const struct words *words, size_t at,
                       struct number *ret_number);

/* What the words from `at` on say, whether it is a number, a day or a decade. */
struct spelled {
    uint64_t value;
    uint32_t count; /* words that it takes; 0: none */
    bool is_ordinal, is_decade;
};
struct spelled number_words_read(struct bytes text, const struct words *words, size_t at);
