/* Decimal numbers without arithmetic: a number is its significant digits and the place of the
 * point, d1 d2 ... dn * 10^e without zeroes at either end, and its reading is a hash of both.
 * Groups, magnitudes and trailing zeroes only move e. */
#include "processor/score/language/number.h"

#include "processor/base/digest.h"
#include "processor/base/text/utf8.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

uint64_t number_reading(const uint8_t *digits, size_t count, int exponent)
{
    while (count > 0 && *digits == '0')
        digits++, count--;
    while (count > 0 && digits[count - 1] == '0')
        count--, exponent++;
    uint64_t hash = digest_fnv1a64(bytes_of(digits, count));
    return count ? hash ^ ((uint64_t)(exponent + 1000) * 0x9e3779b97f4a7c15) : hash;
}

/* The value of a digit of the scripts that are written with ours. */
static int digit_of(uint32_t c)
{
    static const uint32_t zeroes[] = {'0', 0xff10, 0x660, 0x6f0, 0x966, 0xe50};
    for (size_t i = 0; i < sizeof zeroes / sizeof *zeroes; i++)
        if (c >= zeroes[i] && c < zeroes[i] + 10)
            return (int)(c - zeroes[i]);
    return -1;
}

/* What may stand behind the digits of a word: an ordinal's ending, or a magnitude. */
static bool read_suffix(struct bytes suffix, int *ret_magnitude)
{
    static const struct {
        const char *text;
        int magnitude;
    } suffixes[] = {{"st", 0}, {"nd", 0}, {"rd", 0}, {"th", 0}, {"k", 3},   {"K", 3},
                    {"M", 6},  {"m", 6},  {"mn", 6}, {"bn", 9}, {"Mio", 6}, {"Mrd", 9}};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (bytes_equal_text(suffix, suffixes[i].text)) {
            *ret_magnitude = suffixes[i].magnitude;
            return true;
        }
    return false;
}

bool number_read_decimal(struct bytes word, struct decimal *ret_decimal)
{
    *ret_decimal = (struct decimal){.size = 0};
    for (size_t at = 0; at < word.size;) {
        size_t next;
        uint32_t c = utf8_decode(word, at, &next);
        int digit = digit_of(c);
        if (ret_decimal->size == NUMBER_DIGITS_MAX)
            return false;
        if (digit >= 0)
            ret_decimal->text[ret_decimal->size++] = (uint8_t)('0' + digit);
        else if (c == '.' || c == ',')
            ret_decimal->text[ret_decimal->size++] = (uint8_t)c;
        else if (c != '\'' && c != 0x2019)
            return ret_decimal->size > 0 &&
                   read_suffix(bytes_of(word.data + at, word.size - at), &ret_decimal->magnitude);
        at = next;
    }
    return ret_decimal->size > 0;
}

/* `point`: where the decimal one stands, the size for a whole number. */
static uint64_t reading_of(const struct decimal *decimal, size_t point, int magnitude)
{
    uint8_t digits[NUMBER_DIGITS_MAX];
    size_t count = 0;
    int exponent = magnitude;
    for (size_t i = 0; i < decimal->size; i++) {
        if (!is_digit(decimal->text[i]))
            continue;
        digits[count++] = decimal->text[i];
        exponent -= i > point;
    }
    return number_reading(digits, count, exponent);
}

void number_add_readings(struct number *number, const struct decimal *decimal, int magnitude)
{
    size_t dots = 0, commas = 0, last = 0, size = decimal->size;
    for (size_t i = 0; i < size; i++) {
        dots += decimal->text[i] == '.';
        commas += decimal->text[i] == ',';
        if (!is_digit(decimal->text[i]))
            last = i;
    }
    bool is_grouped_only = (dots == 0 || commas == 0) && dots + commas > 1;
    if (dots + commas == 0 || is_grouped_only) {
        number->readings[number->reading_count++] = reading_of(decimal, size, magnitude);
        return;
    }
    number->readings[number->reading_count++] = reading_of(decimal, last, magnitude);
    if (dots + commas == 1 && size - last == GROUP_DIGITS + 1 && last <= GROUP_DIGITS)
        number->readings[number->reading_count++] = reading_of(decimal, size, magnitude);
}

/* "1990s" names its decade in full and by its last digits, "90s" by these alone. A full one is known
 * where a text has it in full, a year of it, or "90s"; "90s" where a text has any that ends so. What
 * a text tells (`day`, else a reading) and what is looked for (readings, parts) differ, so that
 * 1890s is not 1990s. */
static bool decade_of(struct bytes word, struct number *number)
{
    static const uint64_t in_full = 0x5d, as_short = 0x5e, ends_so = 0x5f;
    size_t digits = word.size - 1;
    if ((digits != 2 && digits != 4) || word.data[digits] != 's' || word.data[digits - 1] != '0')
        return false;
    for (size_t i = 0; i < digits; i++)
        if (!is_digit(word.data[i]))
            return false;
    uint64_t last = number_reading(word.data + digits - 2, 2, 0);
    number->readings[number->reading_count++] =
        digits == 4 ? number_reading(word.data, digits, 0) ^ in_full : last ^ as_short;
    if (digits == 4) {
        number->year = number->readings[0];
        number->day = last ^ ends_so;
        number->parts[number->part_count++] = last ^ as_short;
    } else
        number->readings[number->reading_count++] = last ^ ends_so;
    return true;
}

/* A year tells the decade that it is in. */
static void note_decade(struct bytes word, struct number *number)
{
    uint8_t decade[5] = "0000s";
    if (word.size != 4 || (word.data[0] != '1' && word.data[0] != '2') || number->day != 0)
        return;
    for (size_t i = 0; i < 4; i++)
        if (!is_digit(word.data[i]))
            return;
    memcpy(decade, word.data, 3);
    struct number as_decade = {0};
    if (decade_of(bytes_of(decade, sizeof decade), &as_decade))
        number->year = number->day = as_decade.readings[0];
}

void number_of_word(struct bytes word, uint64_t hash, struct number *ret_number)
{
    struct decimal decimal;
    ret_number->reading_count = 0;
    if (word.size > 2 && decade_of(word, ret_number))
        return;
    if (!number_read_decimal(word, &decimal)) {
        ret_number->readings[ret_number->reading_count++] = hash;
        return;
    }
    number_add_readings(ret_number, &decimal, 0);
    note_decade(word, ret_number);
    if (decimal.magnitude > 0) /* 5m may be millions, meters or minutes */
        number_add_readings(ret_number, &decimal, decimal.magnitude);
}
