/* The numbers and dates of a text, each as the ways it can be read, so that texts which write one
 * value differently agree:
 *
 *   1,200.00 = 1200 = 1.200,00 = 1 200     separators of groups; the later of two is the decimal one
 *   1.200                                  one separator before three digits: read both ways
 *   1.2 million = 1.2M = 120万 / 万 = 10^4  a magnitude behind a number multiplies it
 *   2nd = 2, １２ = 12                     ordinals; digits of other scripts
 *   3 May 2026 = 2026-05-03 = 03.05.2026 = 05/03/2026 = 2026年5月3日
 *   AB-12                                  no number: its words with a digit, folded
 *   forty-two = 42, third = 3, zweiundvierzig = 42; second of December = 2 December
 *   90s = 1990s (1994 is in it) = the nineties = années 90 = 90年代, not 1890s
 *
 * Words that mostly count nothing ("one", "first", "once") are told of a
 * text that is searched only.
 */
#pragma once
#include "processor/base/arena.h"
#include "processor/score/language/number.h"

/* What is told of each number; false stops. */
typedef bool number_fn(void *context, const struct number *number);

/* Tells the numbers of a text in order. For a text that is searched (`with_parts`) also the parts
 * of what may be read as one: of "1 200" 1 and 200, of a date its day and year. Words are taken
 * from the arena, which the caller resets. */
void numbers_read(struct bytes text, bool with_parts, struct arena *scratch, number_fn *tell,
                  void *context);
