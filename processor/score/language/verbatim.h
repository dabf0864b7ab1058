/* Does a short text stand in another word for word, numbers by value? */
#pragma once
#include "processor/base/text/words.h"

enum { VERBATIM_WORDS_MAX = 32 };

struct verbatim {
    struct bytes text;
    struct words words; /* in the arena of the caller */
};

/* False for a text that is too long for it, or that says nothing. */
bool verbatim_init(struct verbatim *verbatim, struct bytes text, struct arena *arena);
bool verbatim_stands_in(const struct verbatim *verbatim, struct bytes text, struct arena *scratch);
