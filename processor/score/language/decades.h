/* Decades that take more than a word with an "s": the nineties, nineteen-nineties, années 90, anni
 * novanta, 90-е, 1990年代. */
#pragma once
#include "processor/base/text/words.h"
#include "processor/score/language/number.h"

/* The decade that starts at word `at`; returns the words that it takes, 0 for none. `is_weak` of
 * one that may be an age or a temperature ("in his nineties"). */
size_t decades_at(struct bytes text, const struct words *words, size_t at,
                  struct number *ret_number);
