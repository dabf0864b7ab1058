/* Does a text say this? What a reviewer marked as "must say" or "must not say"
 * is held against answers:
 *
 *   all words of the phrase but articles, in order, at most three words between two of them, in one
 *   sentence; numbers and dates by value ("2 %" is "two %"); and the same words of negation between
 *   and around them: "a prepayment fee applies" is not said by "no prepayment fee applies".
 *
 * It sees words: what says the same in others is not met. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

enum { FACTS_GAP_MAX = 3, FACTS_PHRASE_WORDS_MAX = 128 };

struct facts_text; /* a text read once, for many phrases; lives in its arena */

/* NULL: the arena is full, or its limit of looking met. */
const struct facts_text *facts_text_read(struct bytes text, struct arena *arena);
/* `scratch` is used for the phrase, and may be that of the text. A phrase without a word, or of
 * more than its limit, is never said. */
bool facts_say(const struct facts_text *text, struct bytes phrase, struct arena *scratch);
/* Any of them. */
bool facts_say_any(const struct facts_text *text, const struct bytes *phrases, uint32_t count,
                   struct arena *scratch);

/* Where it is said: bytes of the text. */
struct facts_place {
    uint32_t start, end;
};

/* A phrase read once, for many texts; immutable, in `arena`. Numbers of it that stand in `open` too are
 * met by any number: they are one customer's own (NULL: none is). NULL: it is never said, or the arena
 * is full. */
const struct facts_text *facts_phrase_read(struct bytes phrase, const struct facts_text *open,
                                           struct arena *scratch, struct arena *arena);
/* `ret_place`: the first of its sentences that says it; may be NULL. */
bool facts_find(const struct facts_text *text, const struct facts_text *phrase,
                struct arena *scratch, struct facts_place *ret_place);
