/* UTF-8, case folding and words, over utf8proc with an ASCII fast path. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/arena.h"
#include "processor/base/bytes.h"

/* Decodes one code point at `at` (< text.size); invalid input gives U+FFFD and advances one byte.
 */
uint32_t utf8_decode(struct bytes text, size_t at, size_t *ret_next);
bool utf8_is_valid(struct bytes text);
/* Number of code points; an invalid byte counts as one. */
size_t utf8_length(struct bytes text);
/* At most `limit` bytes, never cutting a code point in two. */
struct bytes utf8_cut(struct bytes text, size_t limit);
/* Without leading and trailing ASCII and Unicode white space. */
struct bytes text_trim(struct bytes text);

/* Words for comparing texts: runs of letters and digits (with inner apostrophes, dots and commas
 * between digits), case-folded (full folding, NFC); Han, Hiragana, Katakana and Hangul runs become
 * overlapping bigrams (a single character stays one word). */
struct word {
    uint64_t hash;  /* fnv1a64 of the folded text */
    uint32_t start; /* byte range in the source text */
    uint32_t end;
    bool has_digit;
};
struct words {
    struct word *items;
    size_t count;
};
/* Words of `text` in the arena; an empty list when the arena is full. */
struct words text_words(struct bytes text, struct arena *arena);
/* Case-folded NFC copy in the arena, without invisible code points (soft hyphen, joiners). */
struct bytes text_fold(struct bytes text, struct arena *arena);
/* Is this folded word one that carries no content (articles, pronouns, auxiliaries in en de fr es
 * it pt nl)? By hash. */
bool word_is_stop(uint64_t hash);

/* Sentences: ended by . ! ? and their CJK forms, or a line break; a dot inside a number, after a
 * single letter or a known abbreviation does not end one. Markdown bullets and headings are left
 * off the front. Byte ranges in the source. */
struct sentence {
    uint32_t start, end;
    bool is_question;
};
size_t text_sentences(struct bytes text, struct sentence *ret_sentences, size_t max);
