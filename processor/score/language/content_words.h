/* What a text speaks of: its words without those that carry no content, each by its stem. */
#pragma once
#include "processor/base/text/words.h"

/* In the arena, in order; empty when that is full. */
struct words content_words(struct bytes text, struct arena *arena);
/* The same of all words of the text, in their place. */
struct words content_words_of(struct bytes text, struct words words);
