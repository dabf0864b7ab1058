/* The fail rate of runs of which some broke before anybody could judge them:
 *
 *   all runs ---- condemned ----------------------------- c        by rules that only condemn
 *            \--- not condemned --- scored --- failed --- f        by rules that judge
 *
 *   P = c + (1 - c) f        absent when none of the runs that were not condemned was scored
 *
 * Over scored runs alone crashes are invisible; "scored or failed" overstates. Counts are weighted;
 * the interval joins those of c and f by MOVER (G. Y. Zou, A. Donner, Construction of confidence
 * limits about effect measures, Statistics in Medicine 27 (2008) 1693-1702). Pure functions. */
#pragma once
#include "processor/base/statistics.h"

/* Runs and their weights. A sum of none has sums of exactly 0. */
struct weighted_count {
    int64_t n, heavy; /* of these, of weight above 1 */
    double weight, weight_squared;
};
void fail_rate_count_add(struct weighted_count *to, const struct weighted_count *from);

/* The weighted share `p` of failed among all, and what it is worth:
 *   n_linear  p (1 - p) / Var with the linearized variance
 *             [W2f (1 - p)^2 + (W2 - W2f) p^2] / W^2; Kish's (sum w)^2 / sum w^2 at p 0 and 1
 *   n_guard   the least of n_linear, and n_linear after one more run of the largest weight, failed
 *             or passed: right when failures are few and weights mixed
 *   n         of the interval that is reported: n_guard when `is_thin`, else n_linear */
struct fail_rate_share {
    bool is_known; /* there was a run */
    bool is_thin;  /* p is 0 or 1, or fewer than 5 failed runs are heavy, and it matters */
    double p, n_linear, n_guard, n;
};
struct fail_rate_share fail_rate_share_of(const struct weighted_count *all,
                                          const struct weighted_count *failed,
                                          double largest_weight);

struct fail_rate_sums {
    struct weighted_count all, condemned;
    struct weighted_count scored, failed; /* of the runs that were not condemned */
    double largest_weight;
    bool may_condemn; /* false: no rule could have, so c is 0 and has no width */
};

struct fail_rate {
    bool is_known, is_thin;
    double p;
    double n_effective; /* runs of weight 1 that would be worth as much */
    struct fail_rate_share condemned, judged;
};
struct fail_rate fail_rate_of(const struct fail_rate_sums *sums);
struct interval fail_rate_interval(const struct fail_rate *rate, double z);
/* With n_guard whatever is reported: what a gate passes by. */
struct interval fail_rate_guarded(const struct fail_rate *rate, double z);
/* The lower bound that a gate fails by: parts worth less than 50 runs have Clopper's and Pearson's
 * exact one instead of Wilson's. */
double fail_rate_low_exact(const struct fail_rate *rate, double confidence);
