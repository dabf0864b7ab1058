/* The incomplete beta function, in logarithms where it stands alone: its tails are smaller than any
 * double. By the continued fraction of W. H. Press and others, Numerical Recipes, section 6.4
 * (modified Lentz). a, b > 0. */
#pragma once

/* ln of the integral of t^(a-1) (1-t)^(b-1) from 0 to x, not normalized; -INFINITY at x = 0, and
 * where it is too small to be told from nothing. Never NaN. */
double beta_log_incomplete(double x, double a, double b);
/* I_x(a, b), normalized. */
double beta_probability(double x, double a, double b);
/* The x with I_x(a, b) = probability. */
double beta_quantile(double probability, double a, double b);
