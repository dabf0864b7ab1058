/* Intervals and tests of a proportion, each with its source. Counts may be weighted: n is then the
 * effective sample size. No state and no clock: the same numbers give the same answer. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "processor/base/status.h"

struct interval {
    double low, high;
};

/* The z of a two-sided confidence: 0.95 -> 1.95996. `confidence` in (0, 1). */
double statistics_z(double confidence);
/* Kish 1965: (sum w)^2 / sum w^2; 0 when there is nothing. */
double statistics_effective_n(double weight, double weight_squared);
/* Wilson score interval of the proportion `p` of `n`, within [0, 1]. n = 0: [0, 1]. E. B. Wilson,
 * Probable inference, JASA 22 (1927) 209-212. */
struct interval statistics_wilson(double p, double n, double z);
/* How many samples in all until a rate that stays at `p` is decided against `target`: the lower
 * bound reaches it (p >= target) or the upper bound falls below it (p < target). UINT64_MAX: not
 * within 10^12, as when p is the target itself. */
uint64_t statistics_needed_n(double p, double target, double z);

/* Interval of the difference p - q of two independent proportions, of n and m samples, within
 * [-1, 1]: Newcombe's hybrid score interval (method 10 of R. G. Newcombe, Interval estimation for
 * the difference between independent proportions, Statistics in Medicine 17 (1998) 873-890), which
 * joins the two Wilson intervals. It excludes 0 when the rates differ. n = 0 or m = 0: all that
 * the other side leaves open. */
struct interval statistics_newcombe(double p, double n, double q, double m, double z);

/* --- error budgets --- */

/* How many times faster than allowed a budget of failures is spent: fail rate / (1 - target), with
 * the target a pass rate (B. Beyer and others, The Site Reliability Workbook, 2018, chapter 5). */
double statistics_burn_rate(double fail_rate, double target);
/* What the burn rate is when everything fails; no higher one can be reached. */
double statistics_burn_rate_max(double target);

/* --- change points --- */

/* Bernoulli CUSUM: the likelihood ratio of p1 against p0, observation by observation,
 *   S = max(0, S + x ln(p1/p0) + (1 - x) ln((1 - p1)/(1 - p0)))       alarm: S > limit
 * for x = 1 a failure. (E. S. Page, Continuous inspection schemes, Biometrika 41 (1954) 100-115;
 * M. R. Reynolds and Z. G. Stoumbos, A CUSUM chart for monitoring a proportion, J. Quality
 * Technology 31 (1999) 87-108.) One struct watches one direction: p1 above p0 sees things get
 * worse, p1 below p0 better. */
struct cusum_design {
    double p0, p1;
    double on_failure, on_success; /* what one observation adds */
    double limit;
};
/* p1 has `odds_ratio` times the odds of p0 (above 1: worse, below 1: better). The limit is
 * ln(observations), for then at the rate p0 (or on its good side) at least that many observations
 * pass on average before an alarm, whatever p0 and p1 are (G. Lorden, Procedures for reacting to a
 * change in distribution, Annals of Math. Statistics 42 (1971) 1897-1908: E >= e^limit). The bound
 * is not tight: false alarms are several times rarer in fact. `p0` in (0, 1). */
struct cusum_design statistics_cusum_design(double p0, double odds_ratio, double observations);
/* S after one more observation. */
double statistics_cusum_step(const struct cusum_design *design, double s, bool is_failure);
