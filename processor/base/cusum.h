/* Has a proportion changed? A Bernoulli CUSUM, the likelihood ratio of p1 against p0, run by run,
 *   S = max(0, S + x ln(p1/p0) + (1 - x) ln((1 - p1)/(1 - p0)))       alarm: S > limit
 * for x = 1 a failure. (E. S. Page, Continuous inspection schemes, Biometrika 41 (1954) 100-115;
 * M. R. Reynolds and Z. G. Stoumbos, A CUSUM chart for monitoring a proportion, J. Quality
 * Technology 31 (1999) 87-108.) One design watches one direction.
 *
 * Both increments are whole steps of one length, the smaller one at most 64 of them, so S is a walk
 * on a lattice and the run length is known exactly, as of a Markov chain (D. Brook and D. A. Evans,
 * An approach to the probability distribution of CUSUM run length, Biometrika 59 (1972) 539-549):
 *   L_i = 1 + p_up L_(i+up) + (1 - p_up) L_max(0, i-down),   L = 0 beyond the limit
 * The bound ln(observations) would be 30 to 50 times too cautious. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { CUSUM_RATES = 64 }; /* log-spaced from 0.002 to 0.5, and their complements */

struct cusum_design {
    double p0, p1;
    int on_failure, on_success; /* steps that one observation adds */
    int limit_steps;
    double step, limit; /* in units of the log likelihood ratio */
};

/* The smallest limit that `observations` runs pass on average before a false alarm, by rate and
 * direction: each worked out when it is first asked for, in some milliseconds. */
struct cusum_table {
    double odds_ratio, observations;
    struct cusum_design worse[2 * CUSUM_RATES], better[2 * CUSUM_RATES];
};
void cusum_table_init(struct cusum_table *table, double odds_ratio, double observations);
/* Of the nearest rate: p1 has `odds_ratio` times the odds of p0 (worse), or that part of them. */
const struct cusum_design *cusum_table_find(struct cusum_table *table, double p0, bool is_worse);

/* S after one more observation; S is a whole number of steps of the design. */
double cusum_next(const struct cusum_design *design, double s, bool is_failure);
/* On average how many observations of rate `p` until an alarm, beginning at 0. */
double cusum_run_length(const struct cusum_design *design, double p);
