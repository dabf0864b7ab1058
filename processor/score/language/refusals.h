/* Sentences that refuse, in the languages of refusal_phrases.c. */
#pragma once
#include "processor/base/bytes.h"

struct refusal {
    bool is_refusal;
    bool goes_on;       /* the sentence answers behind what it refuses */
    bool is_disclaimer; /* only of an opinion or a feeling: a next sentence may answer as it is */
};

/* After an apology or without one; the apology alone is none. `is_first`: of an answer. */
struct refusal refusal_of(struct bytes sentence, bool is_first);
/* Does the next sentence answer what was refused? */
bool refusal_is_answered_by(const struct refusal *refusal, struct bytes next);
