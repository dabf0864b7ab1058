/* Intervals of a proportion. Counts may be weighted: n is then the effective sample size. */
#pragma once
#include <stdint.h>

#include "processor/base/status.h"

struct interval {
    double low, high;
};

/* The z of a two-sided confidence: 0.95 -> 1.95996. `confidence` in (0, 1). */
double statistics_z(double confidence);
/* Kish: (sum w)^2 / sum w^2; 0 when there is nothing. */
double statistics_effective_n(double weight, double weight_squared);
/* Wilson score interval of the proportion `p` of `n` (Wilson 1927), within [0, 1]. n = 0: [0, 1].
 */
struct interval statistics_wilson(double p, double n, double z);
/* How many samples in all until a rate that stays at `p` is decided against `target`: the lower
 * bound reaches it (p >= target) or the upper bound falls below it (p < target). UINT64_MAX: not
 * within 10^12, as when p is the target itself. */
uint64_t statistics_needed_n(double p, double target, double z);
