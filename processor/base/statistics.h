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
/* The same of Student's t with so many degrees of freedom (above 0): 0.95, 10 -> 2.22814. */
double statistics_t(double confidence, double degrees);
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

/* --- pairs: the same questions, answered twice --- */

/* How many of both, of the first alone, of the second alone, of neither are good. */
struct paired_counts {
    double both, first, second, neither;
};
/* Interval of the difference of the two shares, first - second, within [-1, 1]: R. G. Newcombe,
 * Improved confidence intervals for the difference between binomial proportions based on paired data,
 * Statistics in Medicine 17 (1998) 2635-2650, method 10: the Wilson intervals of both, joined with the
 * correlation that the pairs show (with a continuity correction where it is positive). No pair:
 * [-1, 1]. */
struct interval statistics_newcombe_paired(const struct paired_counts *pairs, double z);
/* Exact test of Q. McNemar, Psychometrika 12 (1947) 153-157: of `better + worse` pairs that differ a
 * fair coin gives as few of the rarer kind, or fewer, on either side. 1 when none differs. */
double statistics_mcnemar(double worse, double better);
/* One-sided: so many worse ones, or more, of as many that differ. */
double statistics_mcnemar_worse(double worse, double better);

/* --- error budgets --- */

/* How many times faster than allowed a budget of failures is spent: fail rate / (1 - target), with
 * the target a pass rate (B. Beyer and others, The Site Reliability Workbook, 2018, chapter 5). */
double statistics_burn_rate(double fail_rate, double target);
/* What the burn rate is when everything fails; no higher one can be reached. */
double statistics_burn_rate_max(double target);
