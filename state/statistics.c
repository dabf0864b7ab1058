/* Formulas: Kish 1965 for the effective size, Wilson 1927 for the interval. */
#include "state/statistics.h"

#include <assert.h>
#include <math.h>

double statistics_z(double confidence)
{
    assert(confidence > 0 && confidence < 1);
    /* P(|Z| > z) = erfc(z / sqrt 2); bisection, for it falls all the way. */
    double low = 0, high = 40;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (erfc(middle / sqrt(2)) > 1 - confidence)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double statistics_effective_n(double weight, double weight_squared)
{
    return weight > 0 && weight_squared > 0 ? weight * weight / weight_squared : 0;
}

struct interval statistics_wilson(double p, double n, double z)
{
    if (!(n > 0))
        return (struct interval){0, 1};
    double square = z * z;
    double middle = p + square / (2 * n);
    double spread = z * sqrt(p * (1 - p) / n + square / (4 * n * n));
    double scale = 1 + square / n;
    /* At 0 and 1 the bound is exact; rounding must not say 1e-17. */
    double low = p <= 0 ? 0 : (middle - spread) / scale;
    double high = p >= 1 ? 1 : (middle + spread) / scale;
    return (struct interval){fmax(0, low), fmin(1, high)};
}

static int is_decided(double p, double target, double z, double n)
{
    struct interval interval = statistics_wilson(p, n, z);
    return p >= target ? interval.low >= target : interval.high < target;
}

uint64_t statistics_needed_n(double p, double target, double z)
{
    const uint64_t most = 1000000000000;
    if (!is_decided(p, target, z, (double)most))
        return UINT64_MAX;
    uint64_t low = 0, high = most; /* low: not decided, high: decided */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (is_decided(p, target, z, (double)middle))
            high = middle;
        else
            low = middle;
    }
    return high;
}
