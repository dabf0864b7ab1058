/* What a sentence opens with and says nothing, and what lists of such are matched with. Lists in
 * the larger languages of support desks, anchored at the start, because the same words further on
 * mean something else. */
#pragma once
#include "processor/base/bytes.h"

/* Length of `phrase` (lower case, single spaces, `'`) at the start of `text`, 0 when it is not
 * there. Case, runs of spaces and the shape of an apostrophe don't count; a phrase ends at the end
 * of a word, where words are written apart. */
size_t phrase_at_start(struct bytes text, struct bytes phrase);
/* Length of the longest phrase of a list (`|` between them) that stands at the start. */
size_t phrase_any_at_start(struct bytes text, const char *list);
/* Where the first phrase of a list that stands anywhere, at the start of a word, ends; 0: none. */
size_t phrase_any_within(struct bytes text, const char *list);
/* The same of a list of beginnings of words. */
size_t phrase_stem_within(struct bytes text, const char *list);
/* Without punctuation and spaces in front. */
struct bytes phrase_skip_marks(struct bytes text);

/* Without what says nothing at the start: greetings with a name, "sure", hedges ("I'm not sure, but"),
 * and announcements up to their colon ("Here is what I found:"). */
struct bytes phrase_skip_openings(struct bytes sentence);
/* "I hope this helps": says nothing, whatever follows. */
bool phrase_is_courtesy(struct bytes text);
