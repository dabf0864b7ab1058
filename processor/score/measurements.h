/* One row per measurement of a trajectory: name, unit, range, function, meaning. Only what rules,
 * dimensions or expressions name is computed. */
#pragma once
#include "processor/score/measurement.h"

extern const struct measurement measurements[];
extern const uint32_t measurement_count;

/* What a name stands for; false with the nearest known name in `ret_nearest` (may be NULL). */
bool measurements_resolve(struct bytes name, struct measure *ret_measure, const char **ret_nearest);
/* The table, for `flywheel help measurements` and the reference page (Markdown). */
void measurements_print(struct buffer *to);
