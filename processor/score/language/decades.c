/* A decade is known by a noun in front of a number, by a mark behind it, or by a word of its own:
 *
 *   années 90, años noventa      90-х, 90年代      nineties, neunziger Jahre */
#include "processor/score/language/decades.h"

#include <stdio.h>

#include "processor/base/digest.h"
#include "processor/score/language/number_words.h"
#include "processor/score/language/phrases.h"

static const char nouns[] = "années|années de|anni|años|anos|década de|décadas de|decennio|jaren"
                            "|lata|latach|décennie";
/* In front of a decade, but of no age: "the nineties". */
static const char articles[] = "the|die|den|der|les|los|os|de";

static bool has_mark_behind(struct bytes text, size_t end)
{
    static const char *const marks[] = {"年代", "년대", "-е", "-х", "-ые", "-ых", "-tal", "-talet"};
    struct bytes behind = bytes_of(text.data + end, text.size - end);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (bytes_starts_with(behind, bytes_of_text(marks[i])))
            return true;
    return false;
}

/* Is what stands right in front one of the list? Between them are a space and at most an apostrophe
 * ("anni '90"). */
static bool has_in_front(struct bytes text, const struct words *words, size_t at, const char *list)
{
    enum { WORDS_BEFORE_MAX = 2, GAP_MAX = 4 };
    if (at == 0 || words->items[at].start - words->items[at - 1].end > GAP_MAX)
        return false;
    uint32_t end = words->items[at - 1].end;
    for (size_t i = 1; i <= WORDS_BEFORE_MAX && i <= at; i++) {
        uint32_t start = words->items[at - i].start;
        struct bytes front = bytes_of(text.data + start, end - start);
        if (phrase_any_at_start(front, list) == front.size)
            return true;
    }
    return false;
}

static bool add(struct number *number, uint64_t value)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    return number_add_decade(number, (const uint8_t *)digits, (size_t)size);
}

size_t decades_at(struct bytes text, const struct words *words, size_t at,
                  struct number *ret_number)
{
    struct word word = words->items[at];
    *ret_number = (struct number){.start = word.start, .end = word.end};
    if (word.has_digit) {
        struct bytes digits = bytes_of(text.data + word.start, word.end - word.start);
        bool is_decade = has_mark_behind(text, word.end) || has_in_front(text, words, at, nouns);
        return is_decade && number_add_decade(ret_number, digits.data, digits.size);
    }
    struct spelled spelled = number_words_read(text, words, at);
    if (spelled.count == 0 || spelled.is_ordinal)
        return 0;
    bool has_noun = !spelled.is_decade && has_in_front(text, words, at, nouns);
    if ((!spelled.is_decade && !has_noun) || !add(ret_number, spelled.value))
        return 0;
    ret_number->end = words->items[at + spelled.count - 1].end;
    ret_number->is_spelled = true;
    ret_number->is_weak =
        spelled.is_decade && spelled.value < 100 && !has_in_front(text, words, at, articles);
    return spelled.count;
}
