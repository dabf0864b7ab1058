/* Numbers that are written as words: cardinals and ordinals of en de fr es it pt nl. */
#pragma once
#include "processor/base/text/words.h"
#include "processor/score/language/number.h"

/* The number that starts at word `at`; returns the words that it takes, 0 for none. `is_weak` of
 * it: a word that mostly counts nothing ("one", "first", "second"). */
size_t number_words_at(struct bytes text, const struct words *words, size_t at,
                       struct number *ret_number);
