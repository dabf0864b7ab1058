/* A light stem: no dictionary, no language to guess. Endings are what most languages inflect by, so
 * words are cut to their first letters, fewer where a script is dense and its endings are long:
 *
 *   Latin                 7, before it without a plural s     calculates, calculated: calcula
 *   others with letters   5                                   платежей, платежи: плате
 *   Arabic                5, behind the article               والبنوك, بنوك: بنوك
 *   with a digit: by its value (1,200 as 1200, 5k as 5000); a pair of characters: as it is
 *
 * Two words that share so many letters are mostly forms of one; where they are not, a text looks a
 * little more alike than it is. */
#include "processor/score/language/content_words.h"

#include "processor/base/digest.h"
#include "processor/base/text/fold.h"
#include "processor/base/text/utf8.h"
#include "processor/score/language/number.h"
#include "processor/score/language/stop_words.h"

enum { LATIN_LETTERS = 7, OTHER_LETTERS = 5, PLURAL_FROM = 4 };
enum { GREEK_START = 0x370, ARABIC_START = 0x600, ARABIC_END = 0x700 };

static const uint64_t fnv_start = 0xcbf29ce484222325, fnv_prime = 0x100000001b3;

/* False where a byte is not ASCII. An apostrophe ends the word: "bank's" is bank. */
static bool ascii_stem(const uint8_t *text, size_t size, uint64_t *ret_stem)
{
    uint64_t hash = fnv_start;
    for (size_t i = 0; i < size; i++) {
        if (text[i] >= 0x80)
            return false;
        if (text[i] == '\'')
            size = i;
    }
    bool is_plural =
        size >= PLURAL_FROM && (text[size - 1] | 0x20) == 's' && (text[size - 2] | 0x20) != 's';
    size -= is_plural;
    for (size_t i = 0; i < size && i < LATIN_LETTERS; i++)
        hash = (hash ^ (text[i] | 0x20)) * fnv_prime;
    *ret_stem = hash;
    return true;
}

/* Points of the article with what is written onto it, where three letters stay behind it. */
static size_t arabic_article(const uint32_t *points, size_t count)
{
    enum { ALEF = 0x627, LAM = 0x644, WAW = 0x648, BEH = 0x628, KAF = 0x643, FEH = 0x641 };
    size_t prefix = 0;
    if (count > 0 && (points[0] == WAW || points[0] == BEH || points[0] == KAF || points[0] == FEH))
        prefix = 1;
    if (count >= prefix + 5 && points[prefix] == ALEF && points[prefix + 1] == LAM)
        return prefix + 2;
    return count >= 5 && points[0] == LAM && points[1] == LAM ? 2 : 0;
}

static uint64_t wide_stem(struct bytes word, uint64_t whole)
{
    uint32_t points[FOLD_CHUNK];
    uint8_t folded[12 * FOLD_CHUNK];
    size_t count = 0;
    for (size_t at = 0; at < word.size && count < FOLD_CHUNK;)
        points[count++] = utf8_decode(word, at, &at);
    size_t size = text_fold_chunk(folded, points, count);
    struct bytes text = bytes_of(folded, size);
    count = 0;
    for (size_t at = 0; at < text.size && count < FOLD_CHUNK;)
        points[count++] = utf8_decode(text, at, &at);
    if (count == 0)
        return whole;
    bool is_latin = points[0] < GREEK_START;
    size_t skipped =
        points[0] >= ARABIC_START && points[0] < ARABIC_END ? arabic_article(points, count) : 0;
    size_t letters = is_latin ? LATIN_LETTERS : OTHER_LETTERS, start = 0, end = 0;
    for (size_t i = 0; i < skipped; i++)
        (void)utf8_decode(text, start, &start);
    end = start;
    for (size_t i = 0; i < letters && end < text.size; i++)
        (void)utf8_decode(text, end, &end);
    return digest_fnv1a64(bytes_of(text.data + start, end - start));
}

static uint64_t stem_of(struct bytes text, struct word word)
{
    struct bytes bytes = bytes_of(text.data + word.start, word.end - word.start);
    uint64_t stem;
    if (word.has_digit) {
        struct number number = {.start = word.start};
        number_of_word(bytes, word.hash, &number);
        return number.readings[number.reading_count - 1];
    }
    return ascii_stem(bytes.data, bytes.size, &stem) ? stem : wide_stem(bytes, word.hash);
}

struct words content_words(struct bytes text, struct arena *arena)
{
    return content_words_of(text, text_words(text, arena));
}

struct words content_words_of(struct bytes text, struct words words)
{
    size_t kept = 0;
    for (size_t i = 0; i < words.count; i++) {
        struct word word = words.items[i];
        if (stop_words_hold(word.hash))
            continue;
        word.hash = stem_of(text, word);
        words.items[kept++] = word;
    }
    words.count = kept;
    return words;
}
