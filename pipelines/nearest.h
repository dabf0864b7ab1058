/* "Did you mean": the known name that is closest to a misspelled one. */
#pragma once
#include "processor/base/bytes.h"

struct nearest {
    struct bytes wanted;
    const char *name; /* NULL while nothing is close enough */
    size_t name_size;
    uint32_t distance;
};

void nearest_init(struct nearest *nearest, struct bytes wanted);
/* Offers one known name; `name` is kept by reference. */
void nearest_offer(struct nearest *nearest, struct bytes name);
