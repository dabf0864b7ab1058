/* The formulas; their sources stand in the header. */
#include "processor/base/statistics.h"

#include <assert.h>
#include <math.h>

#include "processor/base/beta.h"

double statistics_z(double confidence)
{
    assert(confidence > 0 && confidence < 1);
    /* P(|Z| > z) = erfc(z / sqrt 2) is convex and falls, so Newton's steps
     * from 0 never overshoot. */
    double z = 0, step = 1;
    for (int i = 0; i < 100 && step > 1e-15 * z; i++) {
        step = (erfc(z / M_SQRT2) - (1 - confidence)) * exp(z * z / 2) / (M_2_SQRTPI / M_SQRT2);
        z += step;
    }
    return z;
}

/* t^2 / (degrees + t^2) is beta distributed: (1/2, degrees/2). */
double statistics_t(double confidence, double degrees)
{
    assert(confidence > 0 && confidence < 1 && degrees > 0);
    double share = beta_quantile(confidence, 0.5, degrees / 2);
    return sqrt(degrees * share / (1 - share));
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

/* The bound of d = p - q lies as far from d as the two nearer Wilson bounds lie from p and q,
 * taken together as if they were standard errors: the root of the sum of their squares. */
struct interval statistics_newcombe(double p, double n, double q, double m, double z)
{
    struct interval first = statistics_wilson(p, n, z), second = statistics_wilson(q, m, z);
    if (!(n > 0) || !(m > 0)) /* no rate of its own: only what the other interval excludes */
        return (struct interval){fmax(-1, first.low - second.high),
                                 fmin(1, first.high - second.low)};
    double low = p - q - hypot(p - first.low, second.high - q);
    double high = p - q + hypot(first.high - p, q - second.low);
    return (struct interval){fmax(-1, low), fmin(1, high)};
}

static double phi(const struct paired_counts *pairs, double n)
{
    double a = pairs->both, b = pairs->first, c = pairs->second, d = pairs->neither;
    double margins = (a + b) * (c + d) * (a + c) * (b + d), excess = a * d - b * c;
    if (!(margins > 0))
        return 0;
    if (excess > 0)
        excess = fmax(excess - n / 2, 0);
    return excess / sqrt(margins);
}

static double joined(double x, double y, double correlation)
{
    return sqrt(fmax(0, x * x - 2 * correlation * x * y + y * y));
}

struct interval statistics_newcombe_paired(const struct paired_counts *pairs, double z)
{
    double n = pairs->both + pairs->first + pairs->second + pairs->neither;
    if (!(n > 0))
        return (struct interval){-1, 1};
    double p = (pairs->both + pairs->first) / n, q = (pairs->both + pairs->second) / n;
    struct interval first = statistics_wilson(p, n, z), second = statistics_wilson(q, n, z);
    double correlation = phi(pairs, n);
    double low = p - q - joined(p - first.low, second.high - q, correlation);
    double high = p - q + joined(first.high - p, q - second.low, correlation);
    return (struct interval){fmax(-1, low), fmin(1, high)};
}

/* P(X >= k) of n tosses of a fair coin is I_1/2(k, n - k + 1). */
static double tosses_at_least(double k, double n)
{
    return k <= 0 ? 1 : k > n ? 0 : beta_probability(0.5, k, n - k + 1);
}

double statistics_mcnemar(double worse, double better)
{
    double most = fmax(worse, better), n = worse + better;
    return n > 0 ? fmin(1, 2 * tosses_at_least(most, n)) : 1;
}

double statistics_mcnemar_worse(double worse, double better)
{
    return tosses_at_least(worse, worse + better);
}

double statistics_burn_rate(double fail_rate, double target)
{
    assert(target >= 0 && target < 1);
    return fail_rate / (1 - target);
}

double statistics_burn_rate_max(double target)
{
    return statistics_burn_rate(1, target);
}
