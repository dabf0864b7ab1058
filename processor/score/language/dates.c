/* A date is tried as one word, as words joined by a mark, with the signs of year, month and day,
 * and with the name of a month, in this order. */
#include "processor/score/language/dates.h"

#include <stdio.h>

#include "processor/base/digest.h"
#include "processor/score/language/number_words.h"

/* Twelve names a row, folded. Abbreviations that are words of another language (Italian "set",
 * "gen") are left out: "we set 2 alarms" is no date. */
static const char *const month_names[][12] = {
    {"january", "february", "march", "april", "may", "june", "july", "august", "september",
     "october", "november", "december"},
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
    {"januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "sept", "oktober",
     "november", "dezember"},
    {"jänner", "feber", "mrz", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"},
    {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
     "octobre", "novembre", "décembre"},
    {"janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc"},
    {"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre",
     "octubre", "noviembre", "diciembre"},
    {"ene", "feb", "mar", "abr", "may", "jun", "jul", "agosto", "sep", "oct", "nov", "dic"},
    {"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre",
     "ottobre", "novembre", "dicembre"},
    {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro",
     "outubro", "novembro", "dezembro"},
    {"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september",
     "oktober", "november", "december"},
    {"styczeń", "luty", "marzec", "kwiecień", "maj", "czerwiec", "lipiec", "sierpień", "wrzesień",
     "październik", "listopad", "grudzień"},
    {"stycznia", "lutego", "marca", "kwietnia", "maja", "czerwca", "lipca", "sierpnia", "września",
     "października", "listopada", "grudnia"},
};

/* A word of the list, and what stands between it and the next. */
static struct bytes word_text(struct bytes text, const struct words *words, size_t at)
{
    struct word word = words->items[at];
    return bytes_of(text.data + word.start, word.end - word.start);
}

static struct bytes gap_after(struct bytes text, const struct words *words, size_t at)
{
    uint32_t end = words->items[at].end;
    uint32_t next = at + 1 < words->count ? words->items[at + 1].start : (uint32_t)text.size;
    /* Pairs of ideographs overlap. */
    return bytes_of(text.data + end, next > end ? next - end : 0);
}

static bool equal_lower(struct bytes word, const char *name)
{
    size_t i = 0;
    for (; i < word.size && name[i]; i++) {
        uint8_t c = word.data[i];
        if ((c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c) != (uint8_t)name[i])
            return false;
    }
    return i == word.size && !name[i];
}

/* Open addressing by the hash of the folded name, as words have it; written once, before main. */
enum { MONTH_SLOTS = 512 };
static struct {
    uint64_t hash;
    uint32_t month; /* 0: free */
} month_slots[MONTH_SLOTS];

__attribute__((constructor)) static void build_month_slots(void)
{
    for (size_t row = 0; row < sizeof month_names / sizeof *month_names; row++)
        for (uint32_t month = 0; month < 12; month++) {
            uint64_t hash = digest_fnv1a64(bytes_of_text(month_names[row][month]));
            size_t slot = hash % MONTH_SLOTS;
            while (month_slots[slot].month && month_slots[slot].hash != hash)
                slot = (slot + 1) % MONTH_SLOTS;
            month_slots[slot].hash = hash;
            month_slots[slot].month = month + 1;
        }
}

/* 0 for a word that names no month, and for the verb in "you may" but not in "third of may". */
static uint32_t month_of(struct bytes text, const struct words *words, size_t at, bool is_linked)
{
    struct word word = words->items[at];
    size_t slot = word.hash % MONTH_SLOTS;
    while (month_slots[slot].month && month_slots[slot].hash != word.hash)
        slot = (slot + 1) % MONTH_SLOTS;
    bool is_verb =
        !is_linked && word.end - word.start == 3 && memcmp(text.data + word.start, "may", 3) == 0;
    return is_verb ? 0 : month_slots[slot].month;
}

/* Up to `digits_max` ASCII digits at the start; 0 when there are none or more. `ret_rest`: behind
 * them. */
static uint32_t leading_number(struct bytes text, size_t digits_max, struct bytes *ret_rest)
{
    uint32_t number = 0;
    size_t at = 0;
    for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        if (at == digits_max)
            return 0;
        number = number * 10 + text.data[at] - '0';
    }
    *ret_rest = bytes_of(text.data + at, text.size - at);
    return number;
}

static bool is_ordinal_end(struct bytes text)
{
    static const char *const ends[] = {"", "st", "nd", "rd", "th", "er", "º", "°", "."};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (equal_lower(text, ends[i]))
            return true;
    return false;
}

static uint32_t day_of(struct bytes word)
{
    struct bytes rest = {0};
    uint32_t day = leading_number(word, 2, &rest);
    bool is_day = day >= 1 && day <= 31 &&
                  (is_ordinal_end(rest) || rest.data[0] == 'T' || rest.data[0] == 't');
    return is_day ? day : 0;
}

/* Four digits; two stand for the century of this program. */
static uint32_t year_of(struct bytes word, bool may_be_short)
{
    struct bytes rest = {0};
    uint32_t year = leading_number(word, 4, &rest);
    if (rest.size > 0)
        return 0;
    if (word.size == 4 && year >= 1000)
        return year;
    return may_be_short && word.size == 2 ? 2000 + year : 0;
}

static uint64_t date_reading(const char *kind, uint32_t year, uint32_t month, uint32_t day)
{
    char text[48];
    int size = snprintf(text, sizeof text, "%s %04u-%02u-%02u", kind, year, month, day);
    return digest_fnv1a64(bytes_of(text, (size_t)size));
}

static void add_reading(struct number *date, uint32_t year, uint32_t month, uint32_t day)
{
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return;
    date->day = date_reading("day", 0, month, day);
    date->yearless = date_reading("yearless", 0, month, day);
    date->readings[date->reading_count++] =
        year ? date_reading("date", year, month, day) : date->day;
    if (year > 0) {
        char text[16];
        int size = snprintf(text, sizeof text, "%u", year);
        date->year = number_reading((const uint8_t *)text, (size_t)size, 0);
    }
}

/* Day and month in both orders where both are possible. */
static void add_both_orders(struct number *date, uint32_t year, uint32_t first, uint32_t second)
{
    add_reading(date, year, second, first);
    if (first != second)
        add_reading(date, year, first, second);
}

static bool is_gap(struct bytes gap, const char *one, const char *other)
{
    return bytes_equal_text(gap, one) || bytes_equal_text(gap, other);
}

/* 03.05.2026 is one word, since points stand between digits. */
static size_t dotted_date(struct bytes word, struct number *ret_date)
{
    struct bytes rest = {0};
    uint32_t first = leading_number(word, 2, &rest);
    if (first == 0 || rest.size < 2 || rest.data[0] != '.')
        return 0;
    uint32_t second = leading_number(bytes_of(rest.data + 1, rest.size - 1), 2, &rest);
    if (second == 0 || rest.size < 2 || rest.data[0] != '.')
        return 0;
    uint32_t year = year_of(bytes_of(rest.data + 1, rest.size - 1), rest.size == 3);
    if (year > 0)
        add_both_orders(ret_date, year, first, second);
    return ret_date->reading_count > 0;
}

/* 2026-05-03, 3/5/2026, 05-03-26. */
static size_t joined_date(struct bytes text, const struct words *words, size_t at,
                          struct number *ret_date)
{
    if (at + 2 >= words->count)
        return 0;
    struct bytes gap = gap_after(text, words, at), second_gap = gap_after(text, words, at + 1);
    if (!is_gap(gap, "-", "/") || !bytes_equal(gap, second_gap))
        return 0;
    struct bytes parts[3], rest = {0};
    for (size_t i = 0; i < 3; i++)
        parts[i] = word_text(text, words, at + i);
    uint32_t middle = leading_number(parts[1], 2, &rest);
    uint32_t year = year_of(parts[0], false), first = leading_number(parts[0], 2, &rest);
    if (year > 0)
        add_reading(ret_date, year, middle, day_of(parts[2]));
    else if (first > 0 && rest.size == 0 && (year = year_of(parts[2], true)) > 0)
        add_both_orders(ret_date, year, first, middle);
    return ret_date->reading_count > 0 ? 3 : 0;
}

/* 2026年5月3日 and 2026년 5월 3일; the year may be left out. Signs are words of their own. */
static size_t signed_date(struct bytes text, const struct words *words, size_t at,
                          struct number *ret_date)
{
    static const char *const signs[][2] = {{"年", "년"}, {"月", "월"}, {"日", "일"}};
    uint32_t parts[3] = {0};
    size_t part = 0, next = at;
    while (part < 3 && next < words->count) {
        struct bytes rest = {0}, word = word_text(text, words, next);
        uint32_t number = leading_number(word, part == 0 ? 4 : 2, &rest);
        struct bytes behind =
            bytes_of(text.data + words->items[next].end, text.size - words->items[next].end);
        size_t i = part;
        while (i < 3 && !bytes_starts_with(behind, bytes_of_text(signs[i][0])) &&
               !bytes_starts_with(behind, bytes_of_text(signs[i][1])))
            i++;
        if (number == 0 || rest.size > 0 || i == 3 || (next > at && i != part))
            break;
        parts[i] = number;
        part = i + 1;
        for (next++; next < words->count && !words->items[next].has_digit; next++)
            if (words->items[next].start > words->items[at].start + 40)
                break;
    }
    if (parts[1] == 0 || parts[2] == 0)
        return 0;
    add_reading(ret_date, parts[0], parts[1], parts[2]);
    size_t used = next > at ? next - at : 1;
    while (used > 1 && !words->items[at + used - 1].has_digit)
        used--;
    return ret_date->reading_count > 0 ? used : 0;
}

/* Passes over "de", "of", "di" between the parts of a date. */
static size_t skip_link(struct bytes text, const struct words *words, size_t at)
{
    static const char *const links[] = {"de", "of", "di", "del", "do"};
    for (size_t i = 0; at < words->count && i < sizeof links / sizeof *links; i++)
        if (equal_lower(word_text(text, words, at), links[i]))
            return at + 1;
    return at;
}

/* Only spaces and at most one of `.,` between the words: no sentence ends in a date. */
static bool are_near(struct bytes text, const struct words *words, size_t at)
{
    struct bytes gap = gap_after(text, words, at);
    if (at + 1 >= words->count || gap.size == 0 || gap.size > 3)
        return false;
    for (size_t i = 0; i < gap.size; i++)
        if (gap.data[i] != ' ' && gap.data[i] != '-' && !(i == 0 && gap.data[i] == '.') &&
            !(i == 0 && gap.data[i] == ','))
            return false;
    return true;
}

/* A day as digits or as words, with an article in front where `may_have_article`. */
struct day {
    uint32_t number;
    size_t at, end; /* its words */
    bool is_spelled, is_ordinal, has_article;
};

static struct day day_at(struct bytes text, const struct words *words, size_t at,
                         bool may_have_article)
{
    struct day day = {.at = at};
    if (at >= words->count)
        return day;
    if (may_have_article && at + 1 < words->count && equal_lower(word_text(text, words, at), "the"))
        day.has_article = ++day.at > 0;
    day.end = day.at + 1;
    if (words->items[day.at].has_digit) {
        day.number = day_of(word_text(text, words, day.at));
        return day;
    }
    struct spelled spelled = number_words_read(text, words, day.at);
    if (spelled.count == 0 || spelled.is_decade || spelled.value < 1 || spelled.value > 31)
        return day;
    day.number = (uint32_t)spelled.value;
    day.end = day.at + spelled.count;
    day.is_spelled = true;
    day.is_ordinal = spelled.is_ordinal;
    return day;
}

/* "five March" and "in June third parties" are mostly none. */
static bool is_doubtful(const struct day *day, bool is_before_month)
{
    enum { EVERYDAY_ORDINALS = 3 };
    if (!day->is_spelled || day->has_article)
        return false;
    return is_before_month ? !day->is_ordinal : day->number <= EVERYDAY_ORDINALS;
}

/* 3 May 2026, 3. Mai 2026, 3 de mayo de 2026, third of May, May 3, 2026, May the third. */
static size_t named_date(struct bytes text, const struct words *words, size_t at,
                         struct number *ret_date)
{
    struct day day = day_at(text, words, at, false);
    bool is_day_first = day.number > 0;
    uint32_t month = 0;
    size_t last;
    if (is_day_first) {
        if (!are_near(text, words, day.end - 1))
            return 0;
        last = skip_link(text, words, day.end);
        month = last < words->count ? month_of(text, words, last, last > day.end) : 0;
    } else {
        month = month_of(text, words, at, false);
        if (month == 0 || !are_near(text, words, at))
            return 0;
        day = day_at(text, words, at + 1, true);
        last = day.end - 1;
        if (day.is_spelled && !day.is_ordinal)
            return 0;
    }
    if (day.number == 0 || month == 0)
        return 0;
    uint32_t year = 0;
    size_t year_at = skip_link(text, words, last + 1);
    if (are_near(text, words, last) && year_at < words->count)
        year = year_of(word_text(text, words, year_at), false);
    if (year > 0)
        last = year_at;
    add_reading(ret_date, year, month, day.number);
    ret_date->is_weak = year == 0 && is_doubtful(&day, is_day_first);
    return ret_date->reading_count > 0 ? last - at + 1 : 0;
}

size_t dates_at(struct bytes text, const struct words *words, size_t at, struct number *ret_date)
{
    *ret_date = (struct number){.start = words->items[at].start};
    size_t used = 0;
    if (words->items[at].has_digit) {
        used = dotted_date(word_text(text, words, at), ret_date);
        if (used == 0)
            used = joined_date(text, words, at, ret_date);
        if (used == 0)
            used = signed_date(text, words, at, ret_date);
    }
    if (used == 0)
        used = named_date(text, words, at, ret_date);
    if (used > 0)
        ret_date->end = words->items[at + used - 1].end;
    return used;
}
