/* How a refusal is said in each language, a row a language. Lists as phrases.h matches them, NULL
 * where a language has no use for one. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct refusal_phrases {
    const char *apologies; /* in front of a refusal; alone they are none */
    const char *links;     /* between an apology and what it is for */
    const char *refusals;  /* refuse, whatever follows */
    const char *negated;   /* "I cannot": refuse with one of `verbs` behind them, or with nothing */
    const char *bare;      /* the same, only behind an apology: "Sorry, can't ..." */
    const char *verbs;     /* of serving: help, answer, share, ... */
    const char *finals;    /* where the verb stands at the end: refuse anywhere in the sentence */
    /* Must the verb stand right behind "I cannot"? Else its beginning, anywhere in the sentence. */
    bool is_verb_next;
};

extern const struct refusal_phrases *const refusal_phrases[];
extern const size_t refusal_phrases_count;
