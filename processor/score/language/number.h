/* One number as the ways it can be read, and the digits that one word of a text gives it. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum { NUMBER_READINGS_MAX = 4, NUMBER_PARTS_MAX = 4, NUMBER_DIGITS_MAX = 64, GROUP_DIGITS = 3 };
enum { NUMBER_TOLD_MAX = 2 };

struct number {
    uint32_t start, end; /* in the text */
    uint64_t readings[NUMBER_READINGS_MAX];
    uint32_t reading_count;
    /* Of a date: its day and month, and the same of a date that stands without a year (what a full
     * one may be put together from, with the reading of its year); 0: no date, no year. */
    uint64_t day, yearless, year;
    /* What a text that has it tells besides: of a year its decade. */
    uint64_t told[NUMBER_TOLD_MAX];
    uint32_t told_count;
    /* Of what is one number or several, "12 300" with a plain space: known too when all are. */
    uint64_t parts[NUMBER_PARTS_MAX];
    uint32_t part_count;
    bool is_list_item; /* "2." at the start of a line */
    bool is_spelled;   /* as words */
    bool is_weak;      /* of those: one that mostly counts nothing ("one", "first", "once") */
};

/* Readings of a single word with a digit, of which `hash` is that of its folded text. */
void number_of_word(struct bytes word, uint64_t hash, struct number *ret_number);
/* The decade that starts in the year of these two or four digits; false for others, and for years
 * that start none. */
bool number_add_decade(struct number *number, const uint8_t *digits, size_t count);
/* The reading of whole digits with a power of ten behind them. */
uint64_t number_reading(const uint8_t *digits, size_t count, int exponent);

/* The digits of a word as ASCII, its marks as `.` and `,`. */
struct decimal {
    uint8_t text[NUMBER_DIGITS_MAX];
    size_t size;
    int magnitude; /* power of ten of a suffix: 5k, 1.2M */
};

/* False for what is no number. */
bool number_read_decimal(struct bytes word, struct decimal *ret_decimal);
/* The one or two ways to read it, times ten to the power of `magnitude`. */
void number_add_readings(struct number *number, const struct decimal *decimal, int magnitude);
