/* The system's two clocks, and RFC 3339 in both directions without the C library's time zones.
 * Days are counted in the proleptic Gregorian calendar with years that begin in March, so that a
 * leap day is the last day of its year and the length of the months before it is a linear formula
 * (153 days in five months). */
#include "processor/base/clock.h"

#include <assert.h>
#include <time.h>

static const int64_t days_in_era = 146097;       /* 400 years */
static const int64_t days_to_1970 = 719468;      /* from 0000-03-01 */
static const int64_t last_second = 253402300799; /* 9999-12-31T23:59:59Z */

static int64_t read_ms(clockid_t id)
{
    struct timespec now;
    int failed = clock_gettime(id, &now);
    assert(!failed);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t clock_realtime_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400; /* years are at least 1, so still >= 0 after the shift */
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_in_era + day_of_era - days_to_1970;
}

static void date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += days_to_1970;
    int64_t era = days / days_in_era;
    int64_t day_of_era = days - era * days_in_era;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    *ret_month = shifted_month + (shifted_month < 10 ? 3 : -9);
    *ret_year = year_of_era + era * 400 + (*ret_month <= 2);
}

static char *put_digits(char *to, int64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + count;
}

void clock_format_rfc3339(char to[CLOCK_RFC3339_SIZE], uint64_t unix_ns)
{
    int64_t second = (int64_t)(unix_ns / 1000000000), fraction = (int64_t)(unix_ns % 1000000000);
    if (second > last_second) {
        second = last_second;
        fraction = 999999999;
    }
    int64_t year, month, day, of_day = second % 86400;
    date_from_days(second / 86400, &year, &month, &day);
    to = put_digits(to, year, 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    to = put_digits(to, day, 2);
    *to++ = 'T';
    to = put_digits(to, of_day / 3600, 2);
    *to++ = ':';
    to = put_digits(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, of_day % 60, 2);
    *to++ = '.';
    to = put_digits(to, fraction, 9);
    *to++ = 'Z';
    *to = 0;
}

/* Reads exactly `count` digits at *at and moves on; -1 when there are fewer. */
static int64_t take_digits(struct bytes text, size_t *at, size_t count)
{
    if (text.size - *at < count)
        return -1;
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t c = text.data[*at + i];
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    *at += count;
    return value;
}

static bool take_byte(struct bytes text, size_t *at, char wanted)
{
    if (*at >= text.size || text.data[*at] != (uint8_t)wanted)
        return false;
    ++*at;
    return true;
}

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool take_date(struct bytes text, size_t *at, int64_t *ret_days)
{
    static const int64_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = take_digits(text, at, 4);
    if (year < 1 || !take_byte(text, at, '-'))
        return false;
    int64_t month = take_digits(text, at, 2);
    if (month < 1 || month > 12 || !take_byte(text, at, '-'))
        return false;
    int64_t day = take_digits(text, at, 2);
    if (day < 1 || day > lengths[month - 1] + (month == 2 && is_leap(year)))
        return false;
    *ret_days = days_from_date(year, month, day);
    return true;
}

/* Milliseconds of the day; a fraction may have any number of digits, of which three count. */
static bool take_time(struct bytes text, size_t *at, int64_t *ret_ms)
{
    int64_t hour = take_digits(text, at, 2);
    if (hour < 0 || hour > 23 || !take_byte(text, at, ':'))
        return false;
    int64_t minute = take_digits(text, at, 2);
    if (minute < 0 || minute > 59 || !take_byte(text, at, ':'))
        return false;
    int64_t second = take_digits(text, at, 2);
    if (second < 0 || second > 60) /* 60: a leap second, read as the first of the next minute */
        return false;
    int64_t ms = 0, weight = 100;
    if (take_byte(text, at, '.')) {
        int64_t digit = take_digits(text, at, 1);
        if (digit < 0)
            return false;
        for (; digit >= 0; digit = take_digits(text, at, 1)) {
            ms += digit * weight;
            weight /= 10;
        }
    }
    *ret_ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool take_offset(struct bytes text, size_t *at, int64_t *ret_ms)
{
    *ret_ms = 0;
    if (take_byte(text, at, 'Z') || take_byte(text, at, 'z'))
        return true;
    int64_t sign = take_byte(text, at, '-') ? -1 : take_byte(text, at, '+') ? 1 : 0;
    if (!sign)
        return false;
    int64_t hour = take_digits(text, at, 2);
    if (hour < 0 || hour > 23 || !take_byte(text, at, ':'))
        return false;
    int64_t minute = take_digits(text, at, 2);
    if (minute < 0 || minute > 59)
        return false;
    *ret_ms = sign * (hour * 60 + minute) * 60000;
    return true;
}

static bool whole_seconds(struct bytes text, int64_t *ret_seconds)
{
    if (text.size == 0 || text.size > 12)
        return false;
    size_t at = 0;
    *ret_seconds = take_digits(text, &at, text.size);
    return *ret_seconds >= 0 && *ret_seconds <= last_second;
}

enum status clock_parse_rfc3339(struct bytes text, int64_t *ret_unix_ms)
{
    int64_t seconds;
    if (whole_seconds(text, &seconds)) {
        *ret_unix_ms = seconds * 1000;
        return STATUS_OK;
    }
    size_t at = 0;
    int64_t days, of_day_ms, offset_ms;
    if (!take_date(text, &at, &days))
        return STATUS_MALFORMED;
    if (!take_byte(text, &at, 'T') && !take_byte(text, &at, 't') && !take_byte(text, &at, ' '))
        return STATUS_MALFORMED;
    if (!take_time(text, &at, &of_day_ms) || !take_offset(text, &at, &offset_ms))
        return STATUS_MALFORMED;
    if (at != text.size)
        return STATUS_MALFORMED;
    *ret_unix_ms = days * 86400000 + of_day_ms - offset_ms;
    return STATUS_OK;
}
