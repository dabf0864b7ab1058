/* Fixed words, to be known by the hash of their folded text: no list has to know the folding of its
 * script. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct word_list { /* open addressing; the slots are whoever's makes it, zeroed, mostly free */
    uint64_t *slots;
    size_t size;
};

/* Adds the words of `texts`, with spaces between them. Once, before the first question. */
void word_list_make(struct word_list *list, const char *const *texts, size_t count);
bool word_list_holds(const struct word_list *list, uint64_t hash);
