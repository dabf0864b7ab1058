/* One walk over the words of a text. At each word the longest reading wins:
 *
 *   a date | a decade | groups and a magnitude ("1 234 567,89", "1.2 million") | words ("forty-two") | the word
 *   alone */
#include "processor/score/language/numbers.h"

#include "processor/base/text/words.h"
#include "processor/score/language/dates.h"
#include "processor/score/language/decades.h"
#include "processor/score/language/number_words.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Reads one text. */
struct scan {
    struct bytes text;
    struct words words;
    bool with_parts;
    number_fn *tell;
    void *context;
    bool stopped;
};

static struct bytes word_at(const struct scan *scan, size_t at)
{
    struct word word = scan->words.items[at];
    return bytes_of(scan->text.data + word.start, word.end - word.start);
}

static void tell(struct scan *scan, const struct number *number)
{
    if (!scan->stopped)
        scan->stopped = !scan->tell(scan->context, number);
}

static void tell_word(struct scan *scan, size_t at)
{
    struct word word = scan->words.items[at];
    struct number number = {.start = word.start, .end = word.end};
    number_of_word(word_at(scan, at), word.hash, &number);
    tell(scan, &number);
}

/* The power of ten of the word behind a number, 0 for none. `ret_words`: words that it takes. */
static int magnitude_behind(const struct scan *scan, size_t at, size_t *ret_words)
{
    static const struct {
        const char *word;
        int magnitude;
    } names[] = {
        {"thousand", 3}, {"tausend", 3},  {"mille", 3},     {"mil", 3},       {"duizend", 3},
        {"million", 6},  {"millions", 6}, {"millionen", 6}, {"mio", 6},       {"millón", 6},
        {"millones", 6}, {"milione", 6},  {"milioni", 6},   {"milhão", 6},    {"milhões", 6},
        {"miljoen", 6},  {"billion", 9},  {"billions", 9},  {"milliarde", 9}, {"milliarden", 9},
        {"mrd", 9},      {"milliard", 9}, {"milliards", 9}, {"miljard", 9},   {"miliardi", 9}};
    static const struct {
        const char *sign;
        int magnitude;
    } signs[] = {{"万", 4}, {"萬", 4}, {"만", 4}, {"億", 8}, {"亿", 8}, {"억", 8}};
    const struct words *words = &scan->words;
    size_t end = words->items[at].end;
    struct bytes behind = bytes_of(scan->text.data + end, scan->text.size - end);
    *ret_words = 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (bytes_starts_with(behind, bytes_of_text(signs[i].sign)))
            return signs[i].magnitude;
    if (at + 1 >= words->count || words->items[at + 1].start > end + 2)
        return 0;
    struct bytes next = word_at(scan, at + 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size = strlen(names[i].word), same = 0;
        while (next.size == size && same < size &&
               ((next.data[same] | 0x20) == names[i].word[same] ||
                next.data[same] == (uint8_t)names[i].word[same]))
            same++;
        if (same == size) {
            *ret_words = 1;
            return names[i].magnitude;
        }
    }
    return 0;
}

/* A space that joins groups of three digits: 0 for none, 1 for one that may also separate words, 2
 * for one that only joins. */
static int group_space(struct bytes gap)
{
    static const char *const joining[] = {"\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x89"};
    if (bytes_equal_text(gap, " "))
        return 1;
    for (size_t i = 0; i < sizeof joining / sizeof *joining; i++)
        if (bytes_equal_text(gap, joining[i]))
            return 2;
    return 0;
}

/* Words of one number written in groups, "1 234 567,89"; 1 for a word that stands alone. */
static size_t grouped_words(const struct scan *scan, size_t at, struct decimal *ret_joined,
                            bool *ret_is_certain)
{
    struct decimal part;
    size_t used = 1;
    *ret_is_certain = true;
    if (!number_read_decimal(word_at(scan, at), ret_joined) || ret_joined->magnitude ||
        ret_joined->size > GROUP_DIGITS)
        return 1;
    for (size_t i = 0; i < ret_joined->size; i++)
        if (!is_digit(ret_joined->text[i]))
            return 1;
    while (at + used < scan->words.count) {
        uint32_t end = scan->words.items[at + used - 1].end;
        uint32_t start = scan->words.items[at + used].start;
        int space = start > end ? group_space(bytes_of(scan->text.data + end, start - end)) : 0;
        size_t whole = 0;
        if (space == 0 || !number_read_decimal(word_at(scan, at + used), &part) || part.magnitude)
            break;
        while (whole < part.size && is_digit(part.text[whole]))
            whole++;
        if (whole != GROUP_DIGITS || ret_joined->size + part.size > NUMBER_DIGITS_MAX)
            break;
        memcpy(ret_joined->text + ret_joined->size, part.text, part.size);
        ret_joined->size += part.size;
        *ret_is_certain &= space == 2;
        used++;
        if (part.size > GROUP_DIGITS)
            break; /* the fraction ends it */
    }
    return used;
}

static bool numbers_item(struct bytes text, struct word word)
{
    if (word.end >= text.size || (text.data[word.end] != '.' && text.data[word.end] != ')'))
        return false;
    size_t at = word.start;
    while (at > 0 && (text.data[at - 1] == ' ' || text.data[at - 1] == '\t'))
        at--;
    bool ends_sentence = word.end + 1 >= text.size || text.data[word.end + 1] == '\n';
    return (at == 0 || text.data[at - 1] == '\n') && !ends_sentence;
}

/* Groups that a plain space keeps apart may be numbers of their own. */
static void note_parts(const struct scan *scan, size_t at, size_t used, struct number *number)
{
    for (size_t i = 0; used <= NUMBER_PARTS_MAX && i < used; i++) {
        struct number part = {0};
        number_of_word(word_at(scan, at + i), scan->words.items[at + i].hash, &part);
        number->parts[number->part_count++] = part.readings[0];
    }
}

/* A number at a word with a digit; returns the words that it takes. */
static size_t tell_number(struct scan *scan, size_t at)
{
    struct decimal whole = {.size = 0};
    bool is_certain = true;
    size_t magnitude_words, used = grouped_words(scan, at, &whole, &is_certain);
    struct word first = scan->words.items[at], last = scan->words.items[at + used - 1];
    struct number number = {.start = first.start, .end = last.end};
    number.is_list_item = used == 1 && numbers_item(scan->text, first);
    if (used > 1)
        number_add_readings(&number, &whole, 0);
    else
        number_of_word(word_at(scan, at), first.hash, &number);
    if (!is_certain)
        note_parts(scan, at, used, &number);
    int magnitude = magnitude_behind(scan, at + used - 1, &magnitude_words);
    if (magnitude > 0 && (used > 1 || number_read_decimal(word_at(scan, at), &whole)) &&
        whole.magnitude == 0) {
        if (scan->with_parts)
            tell(scan, &number); /* with the magnitude it is another one */
        number.reading_count = number.part_count = 0;
        number_add_readings(&number, &whole, magnitude);
    } else
        magnitude_words = 0;
    tell(scan, &number);
    for (size_t i = 0; scan->with_parts && used > 1 && i < used; i++)
        tell_word(scan, at + i);
    return used + magnitude_words;
}

/* A number that may start at a word without a digit; returns the words that it takes. */
static size_t tell_spelled(struct scan *scan, size_t at)
{
    struct number number;
    size_t used = number_words_at(scan->text, &scan->words, at, &number);
    if (used == 0)
        return 1;
    if (scan->with_parts || !number.is_weak)
        tell(scan, &number);
    return used;
}

/* What is made of several words, each of which may be looked for by itself. */
static size_t tell_whole(struct scan *scan, size_t at, size_t used, const struct number *whole)
{
    if (!scan->with_parts && whole->is_weak)
        return 0;
    tell(scan, whole);
    for (size_t i = 0; scan->with_parts && i < used;) {
        if (scan->words.items[at + i].has_digit) {
            tell_word(scan, at + i);
            i++;
        } else
            i += tell_spelled(scan, at + i);
    }
    return used;
}

static size_t tell_at(struct scan *scan, size_t at)
{
    struct number whole;
    size_t used = dates_at(scan->text, &scan->words, at, &whole);
    bool is_item = whole.year == 0 && numbers_item(scan->text, scan->words.items[at]);
    if (used > 0 && !is_item) /* "1. May I ..." is no date */
        used = tell_whole(scan, at, used, &whole);
    else
        used = 0;
    if (used == 0 && (used = decades_at(scan->text, &scan->words, at, &whole)) > 0)
        used = tell_whole(scan, at, used, &whole);
    if (used > 0)
        return used;
    return scan->words.items[at].has_digit ? tell_number(scan, at) : tell_spelled(scan, at);
}

static void scan_words(struct scan *scan)
{
    for (size_t at = 0; at < scan->words.count && !scan->stopped;)
        at += tell_at(scan, at);
}

void numbers_read(struct bytes text, bool with_parts, struct arena *scratch, number_fn *tell_fn,
                  void *context)
{
    struct scan scan = {
        .text = text, .with_parts = with_parts, .tell = tell_fn, .context = context};
    scan.words = text_words(text, scratch);
    scan_words(&scan);
}
