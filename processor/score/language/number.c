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
    } suffixes[] = {{"st", 0},  {"nd", 0},  {"rd", 0},  {"th", 0},   {"er", 0}, {"re", 0},
                    {"ère", 0}, {"ème", 0}, {"eme", 0}, {"ième", 0}, {"º", 0},  {"ª", 0},
                    {"°", 0},   {"ste", 0}, {"de", 0},  {"k", 3},    {"K", 3},  {"M", 6},
                    {"m", 6},   {"mn", 6},  {"bn", 9},  {"Mio", 6},  {"Mrd", 9}};
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

/* "1990s" names its decade in full and by its last digits, "90s" by these alone. A full one is
 * known where a text has it in full, a year of it, or "90s"; "90s" where a text has any that ends
 * so or a year of one. What a text tells besides and what is looked for (readings, parts) differ,
 * so that 1890s is not 1990s. */
bool number_add_decade(struct number *number, const uint8_t *digits, size_t count)
{
    static const uint64_t in_full = 0x5d, as_short = 0x5e, ends_so = 0x5f;
    if ((count != 2 && count != 4) || digits[count - 1] != '0')
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_digit(digits[i]))
            return false;
    uint64_t last = number_reading(digits + count - 2, 2, 0);
    number->readings[number->reading_count++] =
        count == 4 ? number_reading(digits, count, 0) ^ in_full : last ^ as_short;
    if (count == 4) {
        number->told[number->told_count++] = last ^ ends_so;
        number->parts[number->part_count++] = last ^ as_short;
    } else
        number->readings[number->reading_count++] = last ^ ends_so;
    return true;
}

/* 90s, 1990's, 90er, in den 90ern */
static bool is_decade(struct bytes word, struct number *number)
{
    static const char *const ends[] = {"s", "'s", "\xe2\x80\x99s", "er", "ern"};
    size_t count = 0;
    while (count < word.size && is_digit(word.data[count]))
        count++;
    struct bytes end = bytes_of(word.data + count, word.size - count);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (bytes_equal_text(end, ends[i]))
            return number_add_decade(number, word.data, count);
    return false;
}

/* A year tells the decade that it is in. */
static void tell_decade(struct bytes word, struct number *number)
{
    struct number decade = {0};
    uint8_t digits[4];
    if (word.size != 4 || (word.data[0] != '1' && word.data[0] != '2'))
        return;
    memcpy(digits, word.data, 3);
    digits[3] = '0';
    if (!is_digit(word.data[3]) || !number_add_decade(&decade, digits, sizeof digits))
        return;
    number->told[number->told_count++] = decade.readings[0];
    number->told[number->told_count++] = decade.told[0];
}

void number_of_word(struct bytes word, uint64_t hash, struct number *ret_number)
{
    struct decimal decimal;
    ret_number->reading_count = 0;
    ret_number->told_count = ret_number->part_count = 0;
    if (word.size > 2 && is_decade(word, ret_number))
        return;
    if (!number_read_decimal(word, &decimal)) {
        ret_number->readings[ret_number->reading_count++] = hash;
        return;
    }
    number_add_readings(ret_number, &decimal, 0);
    tell_decade(word, ret_number);
    if (decimal.magnitude > 0) /* 5m may be millions, meters or minutes */
        number_add_readings(ret_number, &decimal, decimal.magnitude);
}
