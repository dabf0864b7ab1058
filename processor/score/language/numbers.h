/* The numbers and dates of a text, each as the ways it can be read, so that texts which write one
 * value differently agree:
 *
 *   1,200.00 = 1200 = 1.200,00 = 1 200     separators of groups; the later of two is the decimal one
 *   1.200                                  one separator before three digits: read both ways
 *   1.2 million = 1.2M = 120万 / 万 = 10^4  a magnitude behind a number multiplies it
 *   2nd = 2, １２ = 12                     ordinals; digits of other scripts
 *   3 May 2026 = 2026-05-03 = 03.05.2026 = 05/03/2026 = 2026年5月3日
 *   AB-12                                  no number: its words with a digit, folded
 *
 * Numbers written as words (three, drei) are not seen. */
#pragma once
#include "processor/base/text/words.h"

enum { NUMBER_READINGS_MAX = 4, NUMBER_PARTS_MAX = 4 };

struct number {
    uint32_t start, end; /* in the text */
    uint64_t readings[NUMBER_READINGS_MAX];
    uint32_t reading_count;
    /* Of a date: its day and month, and the same of a date that stands without a year (what a full
     * one may be put together from, with the reading of its year); 0: no date, no year. */
    uint64_t day, yearless, year;
    /* Of what is one number or several, "12 300" with a plain space: known too when all are. */
    uint64_t parts[NUMBER_PARTS_MAX];
    uint32_t part_count;
    bool is_list_item; /* "2." at the start of a line */
};

/* What is told of each number; false stops. */
typedef bool number_fn(void *context, const struct number *number);

/* Tells the numbers of a text in order. For a text that is searched (`with_parts`) also the parts
 * of what may be read as one: of "1 200" 1 and 200, of a date its day and year. Words are taken
 * from the arena, which the caller resets. */
void numbers_read(struct bytes text, bool with_parts, struct arena *scratch, number_fn *tell,
                  void *context);

/* Readings of a single word with a digit, of which `hash` is that of its folded text. */
void number_of_word(struct bytes word, uint64_t hash, struct number *ret_number);
/* The reading of whole digits with a power of ten behind them. */
uint64_t number_reading(const uint8_t *digits, size_t count, int exponent);

/* A date in the words from `at` on: how many words it takes, 0 for none. */
size_t date_at(struct bytes text, const struct words *words, size_t at, struct number *ret_date);
