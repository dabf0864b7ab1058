/* What a sentence opens with: a greeting, a hedge, a refusal. Lists in the larger languages of
 * support desks, anchored at the start, because the same words further on mean something else. */
#pragma once
#include "processor/base/bytes.h"

/* Length of `phrase` (lower case, single spaces, `'`) at the start of `text`, 0 when it is not
 * there. ASCII case, runs of spaces and the shape of an apostrophe don't count; a phrase ends at
 * the end of a word. */
size_t phrase_at_start(struct bytes text, struct bytes phrase);

/* A greeting with no more behind it than a name, or a courtesy of any length. */
bool phrase_is_greeting(struct bytes sentence);
bool phrase_is_hedge(struct bytes sentence);
/* After an apology or without one. The apology alone is none. */
bool phrase_is_refusal(struct bytes sentence);
