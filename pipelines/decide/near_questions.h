/* Which questions are near to one, without comparing it with all: two sets of grams with a Jaccard
 * similarity of t share at least one of the rarest 1 - t of each (and one more), when all are ordered by
 * how many questions have them.
 *
 *   gram -> how many questions have it, and which of them have it among their rarest
 *   question -> its rarest grams -> candidates -> bits of both (a bound) -> grams of both decide
 *
 * Unlike bands of a sketch it proposes few where a set's questions are all alike in their common words,
 * and misses none, unless even the rarest grams are in hundreds of questions: then work is bounded, and
 * some are missed. Immutable once built. */
#pragma once
#include "processor/review/question.h"

enum {
    NEAR_GRAMS_MAX = 1024, /* of a question; longer ones are met exactly or not at all */
    NEAR_FOUND_MAX = 64,
};

struct near_questions;

/* `questions` are normalized, and borrowed until it returns. NULL: out of memory. */
struct near_questions *near_questions_create(const struct bytes *questions, uint32_t count,
                                             double similarity);
void near_questions_destroy(struct near_questions *near); /* accepts NULL */
size_t near_questions_bytes(const struct near_questions *near);
/* Places in `questions` of those that are near, ascending, at most NEAR_FOUND_MAX; returns how many.
 * Work is done in `arena`. */
uint32_t near_questions_find(const struct near_questions *near, struct bytes question,
                             struct arena *arena, uint32_t ret_found[NEAR_FOUND_MAX]);
