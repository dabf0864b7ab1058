/* Dates in a list of words. A date is read by its shape, never guessed from digits alone:
 *
 *   2026-05-03  2026/5/3  2026年5月3日  2026년 5월 3일      year first
 *   03.05.2026  3/5/2026  05-03-26                          both orders where both are possible
 *   3 May 2026  3. Mai 2026  3 de mayo de 2026  3rd of May  month by name, in eight languages
 *   May 3, 2026  May 3rd                                    the year may be left out */
#pragma once
#include "processor/base/text/words.h"
#include "processor/score/language/number.h"

/* A date in the words from `at` on: how many words it takes, 0 for none. */
size_t dates_at(struct bytes text, const struct words *words, size_t at, struct number *ret_date);
