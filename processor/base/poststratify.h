/* A rate of all runs from those that people have reviewed. Runs are cut into strata whose shares of the
 * traffic are known (by the machine's verdict); in each some were chosen with known probabilities pi
 * and reviewed:
 *
 *   P = sum W p     W share of the traffic, p Hajek's mean of bad: sum of 1/pi of the bad / of all
 *   low = P - sqrt(sum W^2 (p - l)^2), high alike     [l, u] of each stratum
 *
 * Whatever the machine gets wrong, its verdict only cuts. Post-stratification: W. G. Cochran, Sampling
 * Techniques, 1977, 5A.9; J. Hajek, discussion in Foundations of Statistical Inference, 1971; what a
 * stratum is worth by the linearized variance (fail_rate.h). [l, u]: Wilson's interval; with fewer than
 * 5 reviews that of C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413, and the rate is
 * marked `few`. Intervals joined by MOVER (G. Y. Zou, A. Donner, Statistics in Medicine 27 (2008)
 * 1693-1702), for a ratio by A. Donner, G. Y. Zou, Statistical Methods in Medical Research 21 (2012)
 * 347-359.
 *
 * A stratum with traffic and without a review enters with its whole share U: in P as good, in `high` as
 * bad. Above 5 % of the traffic there is no P. Pure functions. */
#pragma once
#include <stddef.h>

#include "processor/base/fail_rate.h"

#define POSTSTRATIFY_UNREVIEWED_MAX 0.05
enum { POSTSTRATIFY_FEW = 5 };

struct estimate {
    bool is_known;
    double value, low, high;
};

/* Weights are 1/pi of what was reviewed. */
struct poststratum {
    double share;
    struct weighted_count all, bad;
};

struct poststratum_rate {
    struct estimate rate;
    double n_effective; /* reviews of equal weight that would be worth as much */
    bool is_few;        /* 1 to 4 reviews */
};
struct poststratum_rate poststratify_one(const struct weighted_count *all,
                                         const struct weighted_count *bad, double confidence);

struct poststratified {
    struct estimate rate; /* not known: `unreviewed` is too large, or there is no traffic */
    double unreviewed;    /* U */
    int64_t reviewed;
    bool is_few; /* some stratum is */
};
/* Shares sum to 1, or all are 0: no traffic. */
struct poststratified poststratify(const struct poststratum *strata, size_t count,
                                   double confidence);

/* a / b of two rates, or a / (a + b); not known: neither is above 0. Where b may be 0 the ratio has no
 * upper bound. */
struct estimate poststratify_ratio(const struct estimate *a, const struct estimate *b);
struct estimate poststratify_part(const struct estimate *a, const struct estimate *b);

/* --- who was chosen and not reviewed --- */

/* Within a class whoever is reviewed stands for those who are not. */
struct response_class {
    uint8_t verdict;
    uint64_t queue;
    uint8_t priority;
    int64_t day;
    int64_t eligible, reviewed;              /* eligible: without those that are not due yet */
    double eligible_weight, reviewed_weight; /* sums of 1/pi */
    double factor;                           /* by which the weights of its reviewed ones grow */
};
/* Sorts the classes and sets their factors: eligible / reviewed, by weight, since what is reviewed may
 * be of hours with another pi. What is eligible in a class without a review is borne, in proportion, by
 * those of the next coarser class: by all days, then all priorities, then all queues of its verdict.
 * Where nobody at all was reviewed the factor is 0. */
void poststratify_response(struct response_class *classes, size_t count);
/* In sorted classes; NULL: it is not there. */
const struct response_class *poststratify_find(const struct response_class *classes, size_t count,
                                               const struct response_class *key);
