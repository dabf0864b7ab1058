/* The distinct content words of a text: what the lexical measurements compare. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

struct word_set {
    uint64_t *hashes; /* sorted */
    uint32_t count;
};

/* At most `max` words, the first in the text; stop words are left out. In the arena. */
struct word_set content_words(struct bytes text, uint32_t max, struct arena *arena);
/* The same with stop words, for texts that are compared as a whole. */
struct word_set all_words(struct bytes text, uint32_t max, struct arena *arena);
/* Index of a word, -1 when it is not in the set. */
int64_t word_set_find(const struct word_set *set, uint64_t hash);
/* |a ∩ b| */
uint32_t word_set_common(const struct word_set *a, const struct word_set *b);

/* Texts longer than this are read up to here: a bound on the work of one run. */
enum {
    ANSWER_BYTES_MAX = 64 * 1024,
    DOCUMENT_BYTES_MAX = 256 * 1024,
    CONTEXT_BYTES_MAX = 4 * 1024 * 1024, /* of all documents */
    SCRATCH_BYTES_MAX = 64 * 1024 * 1024,
};
