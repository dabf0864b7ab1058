/* The texts of a result: masked before anything is stored, and their bytes in its row. */
#pragma once
#include "processor/emit/redact.h"
#include "processor/review/result.h"

/* Masks what people wrote, in place; texts are in the arena. False: out of memory. */
MUST_CHECK bool texts_mask(struct result *result, const struct redaction_policy *policy,
                           struct regex_scratch *scratch, struct arena *arena);
void texts_encode(const struct result *result, struct buffer *to);
/* Sets the texts alone, borrowed from `encoded`; of no bytes: there are none any more. */
MUST_CHECK enum status texts_decode(struct bytes encoded, struct result *result);
