/* How far raters agree beyond chance, from counts of patterns alone: how many of an item's raters chose
 * each category. The patterns are sufficient for all of these, and may be summed and subtracted. With
 * r raters of an item, of whom r_k chose category k:
 *
 *   raw    mean over items with r >= 2 of  sum_k r_k (r_k - 1) / (r (r - 1))
 *   kappa  (raw - pe) / (1 - pe), pe = sum_k pi_k^2: J. L. Fleiss, Measuring nominal scale agreement
 *          among many raters, Psychological Bulletin 76 (1971) 378-382
 *   AC1    the same, pe = sum_k pi_k (1 - pi_k) / (q - 1): K. L. Gwet, Computing inter-rater
 *          reliability and its variance in the presence of high agreement, British Journal of
 *          Mathematical and Statistical Psychology 61 (2008) 29-48
 *   alpha  1 - Do / De of coincidences: K. Krippendorff, Content Analysis, 3rd edition (2013), ch. 12
 *
 * pi_k is the mean of r_k / r over all items, single ones too (K. L. Gwet, Handbook of Inter-Rater
 * Reliability, 4th edition (2014), chapters 2 and 5: raters that are missing here and there). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RATING_CATEGORIES_MAX = 4 };

struct rating_pattern {
    uint32_t counts[RATING_CATEGORIES_MAX];
    double items; /* that have it */
};

struct agreement_figure {
    bool has_value, has_interval;
    double value, error /* standard */, low, high; /* two-sided 95 % */
};

struct agreement_figures {
    double items, doubled;                    /* of them with two raters and more */
    double prevalence[RATING_CATEGORIES_MAX]; /* pi */
    struct agreement_figure raw, kappa, alpha, ac1;
    bool
        is_thin; /* hardly anybody chose another category than the usual one (in doubled items fewer
                     than ten times): the intervals of kappa and alpha promise too much */
};

/* kappa and alpha have no value where only one category occurs, and no interval where raw is 1. Bounds
 * are within [-1, 1], of raw in [0, 1].
 *   raw    Wilson's of the doubled items; its error is Gwet's
 *   kappa  Gwet's linearized variance (2014, section 5.3), t with items - 1 degrees
 *   AC1    likewise, joined with Wilson's interval of raw, put through the formula: else it has no
 *          width where all agree
 *   alpha  the delete-one jackknife, a replicate for each pattern, with its weight; a replicate in
 *          which one category is left counts as 1 */
void agreement_measure(const struct rating_pattern *patterns, size_t count, uint32_t categories,
                       struct agreement_figures *ret_figures);

/* Cohen's kappa of two raters, `cells[i][j]` items of which the first chose i and the second j: J. Cohen,
 * A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20 (1960)
 * 37-46; its error by J. L. Fleiss, J. Cohen, B. S. Everitt, Psychological Bulletin 72 (1969) 323-327. */
struct pair_figures {
    double items;
    struct agreement_figure raw, kappa; /* kappa of a rater who knows one category alone is 0 by
                                           construction: without an interval */
};
void agreement_measure_pair(double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX],
                            uint32_t categories, struct pair_figures *ret_figures);
