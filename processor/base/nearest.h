/* The nearest known name, for the error of someone who mistyped one. */
#pragma once
#include "processor/base/bytes.h"

/* Of several names, offered one by one, keeps the nearest within a third of its length. */
struct nearest {
    struct bytes wanted;
    struct bytes name; /* absent: none is near */
    uint32_t distance;
};

struct nearest nearest_to(struct bytes wanted);
void nearest_offer(struct nearest *nearest, struct bytes name);
/* Number of insertions, deletions, replacements and swaps of neighbours; ASCII case does not count.
 * Names above 64 bytes are as far as they are long. */
uint32_t nearest_distance(struct bytes a, struct bytes b);
