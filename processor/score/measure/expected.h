/* The answers that would be right, where the expected one names several. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"

enum { EXPECTED_MAX = 128 }; /* alternatives; what comes behind them is not read */

struct expected_answers {
    struct bytes items[EXPECTED_MAX];
    uint32_t count;
};

/* A JSON list is its elements, "Paris | Lutetia" and "New York/NYC" are two; anything else is one.
 * Absent or empty: none. Decoded elements live in the arena. */
struct expected_answers expected_read(struct bytes expected, struct arena *arena);
