/* The fraction converges fast on the near side of the mean; the far side is the whole minus it. */
#include "processor/base/beta.h"

#include <math.h>

enum { TERMS_MAX = 100000 };

static double log_whole(double a, double b)
{
    /* lgamma() writes a global sign; its arguments are positive here. */
    int sign;
    return lgamma_r(a, &sign) + lgamma_r(b, &sign) - lgamma_r(a + b, &sign);
}

static double away_from_zero(double x)
{
    return fabs(x) < 1e-300 ? 1e-300 : x;
}

static double fraction(double x, double a, double b)
{
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < TERMS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        value *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        double step = c * d;
        value *= step;
        if (fabs(step - 1) < 1e-15)
            break;
    }
    return value;
}

static double log_near(double x, double a, double b)
{
    return a * log(x) + b * log1p(-x) - log(a) + log(fraction(x, a, b));
}

double beta_log_incomplete(double x, double a, double b)
{
    if (!(x > 0))
        return -INFINITY;
    if (x >= 1)
        return log_whole(a, b);
    double value;
    if (x < (a + 1) / (a + b + 2)) {
        value = log_near(x, a, b);
    } else {
        double whole = log_whole(a, b), rest = exp(log_near(1 - x, b, a) - whole);
        value = rest < 1 ? whole + log1p(-rest) : -INFINITY;
    }
    return isnan(value) ? -INFINITY : value;
}

double beta_probability(double x, double a, double b)
{
    return exp(beta_log_incomplete(x, a, b) - log_whole(a, b));
}

double beta_quantile(double probability, double a, double b)
{
    double low = 0, high = 1;
    for (int i = 0; i < 200 && high - low > 1e-16 * high; i++) {
        double middle = (low + high) / 2;
        if (beta_probability(middle, a, b) < probability)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
