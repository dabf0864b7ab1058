/* Sums over patterns, each with the number of its items as weight. */
#include "processor/base/agreement.h"

#include <math.h>

#include "processor/base/statistics.h"

#define CONFIDENCE 0.95
enum { THIN_RATINGS = 10 };

struct measuring {
    const struct rating_pattern *patterns;
    size_t count;
    uint32_t categories;
    struct agreement_figures *figures;
};

static double raters_of(const struct measuring *it, const struct rating_pattern *pattern)
{
    double raters = 0;
    for (uint32_t k = 0; k < it->categories; k++)
        raters += pattern->counts[k];
    return raters;
}

/* Share of the pairs of its raters that agree; 0 of a single one. */
static double pairs_of(const struct measuring *it, const struct rating_pattern *pattern)
{
    double raters = raters_of(it, pattern), same = 0;
    for (uint32_t k = 0; k < it->categories; k++)
        same += (double)pattern->counts[k] * ((double)pattern->counts[k] - 1);
    return raters >= 2 ? same / (raters * (raters - 1)) : 0;
}

static double clip(double value, double low)
{
    return fmin(1, fmax(low, value));
}

static void put_interval(struct agreement_figure *figure, double spread, double low)
{
    figure->low = clip(figure->value - spread, low);
    figure->high = clip(figure->value + spread, low);
    figure->has_interval = true;
}

/* --- raw, kappa, AC1 --- */

static void count_all(const struct measuring *it)
{
    struct agreement_figures *figures = it->figures;
    double same = 0;
    for (size_t i = 0; i < it->count; i++) {
        const struct rating_pattern *pattern = &it->patterns[i];
        double raters = raters_of(it, pattern);
        figures->items += raters > 0 ? pattern->items : 0;
        figures->doubled += raters >= 2 ? pattern->items : 0;
        same += pattern->items * pairs_of(it, pattern);
        for (uint32_t k = 0; k < it->categories && raters > 0; k++)
            figures->prevalence[k] += pattern->items * pattern->counts[k] / raters;
    }
    for (uint32_t k = 0; k < it->categories && figures->items > 0; k++)
        figures->prevalence[k] /= figures->items;
    figures->raw.has_value = figures->doubled > 0;
    figures->raw.value = figures->raw.has_value ? same / figures->doubled : 0;
}

/* The linearized variance of (raw - pe) / (1 - pe): an item's own share of raw, less what it moves pe,
 * of which `moved` is what a rating of each category adds. */
static double error_of(const struct measuring *it, double value, double expected,
                       const double moved[RATING_CATEGORIES_MAX])
{
    const struct agreement_figures *figures = it->figures;
    double n = figures->items, squares = 0;
    for (size_t i = 0; i < it->count; i++) {
        const struct rating_pattern *pattern = &it->patterns[i];
        double raters = raters_of(it, pattern), own = 0;
        if (!(raters > 0))
            continue;
        for (uint32_t k = 0; k < it->categories; k++)
            own += pattern->counts[k] * moved[k] / raters;
        double part =
            raters >= 2 ? n / figures->doubled * (pairs_of(it, pattern) - expected) / (1 - expected)
                        : 0;
        double moves = 2 * (1 - value) * (own - expected) / (1 - expected);
        squares += pattern->items * pow(part - moves - value, 2);
    }
    return sqrt(squares / (n * (n - 1)));
}

static void correct_for_chance(const struct measuring *it, double expected,
                               const double moved[RATING_CATEGORIES_MAX],
                               struct agreement_figure *figure)
{
    const struct agreement_figures *figures = it->figures;
    figure->has_value = figures->raw.has_value && 1 - expected > 1e-12;
    if (!figure->has_value)
        return;
    figure->value = (figures->raw.value - expected) / (1 - expected);
    if (figures->items < 2)
        return;
    figure->error = error_of(it, figure->value, expected, moved);
    put_interval(figure, statistics_t(CONFIDENCE, figures->items - 1) * figure->error, -1);
}

static void measure_raw(const struct measuring *it)
{
    static const double nothing[RATING_CATEGORIES_MAX];
    struct agreement_figure *raw = &it->figures->raw;
    struct interval wilson =
        statistics_wilson(raw->value, it->figures->doubled, statistics_z(CONFIDENCE));
    if (it->figures->items >= 2)
        raw->error = error_of(it, raw->value, 0, nothing);
    raw->low = wilson.low;
    raw->high = wilson.high;
    raw->has_interval = true;
}

static void measure_kappa(const struct measuring *it)
{
    double expected = 0;
    for (uint32_t k = 0; k < it->categories; k++)
        expected += pow(it->figures->prevalence[k], 2);
    correct_for_chance(it, expected, it->figures->prevalence, &it->figures->kappa);
}

static void measure_ac1(const struct measuring *it)
{
    const struct agreement_figures *figures = it->figures;
    struct agreement_figure *ac1 = &it->figures->ac1;
    double expected = 0, moved[RATING_CATEGORIES_MAX] = {0};
    for (uint32_t k = 0; k < it->categories; k++) {
        moved[k] = (1 - figures->prevalence[k]) / (it->categories - 1);
        expected += figures->prevalence[k] * moved[k];
    }
    correct_for_chance(it, expected, moved, ac1);
    if (!ac1->has_interval)
        return;
    ac1->low = clip(fmin(ac1->low, (figures->raw.low - expected) / (1 - expected)), -1);
    ac1->high = clip(fmax(ac1->high, (figures->raw.high - expected) / (1 - expected)), -1);
}

/* --- alpha --- */

struct coincidences { /* of items with two raters and more */
    double values, chosen[RATING_CATEGORIES_MAX], differing;
};

static void coincide(const struct measuring *it, const struct rating_pattern *pattern, double items,
                     struct coincidences *to)
{
    double raters = raters_of(it, pattern);
    if (raters < 2)
        return;
    to->values += items * raters;
    for (uint32_t k = 0; k < it->categories; k++) {
        to->chosen[k] += items * pattern->counts[k];
        to->differing += items * pattern->counts[k] * (raters - pattern->counts[k]) / (raters - 1);
    }
}

/* False: one category alone. */
static bool alpha_of(const struct measuring *it, const struct coincidences *sums, double *ret_alpha)
{
    double expected = 0;
    for (uint32_t k = 0; k < it->categories; k++)
        expected += sums->chosen[k] * (sums->values - sums->chosen[k]);
    if (!(expected > 0))
        return false;
    *ret_alpha = 1 - sums->differing * (sums->values - 1) / expected;
    return true;
}

static void measure_alpha(const struct measuring *it)
{
    struct agreement_figure *alpha = &it->figures->alpha;
    struct coincidences all = {0};
    double n = it->figures->doubled, sum = 0, squares = 0;
    for (size_t i = 0; i < it->count; i++)
        coincide(it, &it->patterns[i], it->patterns[i].items, &all);
    double usual = 0;
    for (uint32_t k = 0; k < it->categories; k++)
        usual = fmax(usual, all.chosen[k]);
    it->figures->is_thin = all.values - usual < THIN_RATINGS;
    alpha->has_value = alpha_of(it, &all, &alpha->value);
    if (!alpha->has_value || n < 2)
        return;
    for (size_t i = 0; i < it->count; i++) {
        struct coincidences rest = all;
        double replicate = 1;
        if (raters_of(it, &it->patterns[i]) < 2)
            continue;
        coincide(it, &it->patterns[i], -1, &rest);
        (void)alpha_of(it, &rest, &replicate);
        sum += it->patterns[i].items * (replicate - alpha->value);
        squares += it->patterns[i].items * pow(replicate - alpha->value, 2);
    }
    alpha->error = sqrt(fmax(0, (n - 1) / n * (squares - sum * sum / n)));
    put_interval(alpha, statistics_t(CONFIDENCE, n - 1) * alpha->error, -1);
}

void agreement_measure(const struct rating_pattern *patterns, size_t count, uint32_t categories,
                       struct agreement_figures *ret_figures)
{
    const struct measuring it = {patterns, count, categories, ret_figures};
    *ret_figures = (struct agreement_figures){.items = 0};
    count_all(&it);
    if (!ret_figures->raw.has_value)
        return;
    measure_raw(&it);
    measure_kappa(&it);
    measure_ac1(&it);
    measure_alpha(&it);
    if (ret_figures->raw.value >= 1)
        ret_figures->kappa.has_interval = ret_figures->alpha.has_interval = false;
}

/* --- two raters --- */

static bool is_constant(const double shares[RATING_CATEGORIES_MAX], uint32_t categories)
{
    for (uint32_t i = 0; i < categories; i++)
        if (shares[i] >= 1)
            return true;
    return false;
}

void agreement_measure_pair(double cells[RATING_CATEGORIES_MAX][RATING_CATEGORIES_MAX],
                            uint32_t categories, struct pair_figures *ret_figures)
{
    double first[RATING_CATEGORIES_MAX] = {0}, second[RATING_CATEGORIES_MAX] = {0};
    double n = 0, observed = 0, expected = 0, variance = 0;
    *ret_figures = (struct pair_figures){.items = 0};
    for (uint32_t i = 0; i < categories; i++)
        for (uint32_t j = 0; j < categories; j++) {
            n += cells[i][j];
            first[i] += cells[i][j];
            second[j] += cells[i][j];
            observed += i == j ? cells[i][j] : 0;
        }
    ret_figures->items = n;
    if (!(n > 0))
        return;
    observed /= n;
    for (uint32_t i = 0; i < categories; i++) {
        first[i] /= n;
        second[i] /= n;
        expected += first[i] * second[i];
    }
    struct interval wilson = statistics_wilson(observed, n, statistics_z(CONFIDENCE));
    ret_figures->raw = (struct agreement_figure){.has_value = true,
                                                 .has_interval = true,
                                                 .value = observed,
                                                 .error = sqrt(observed * (1 - observed) / n),
                                                 .low = wilson.low,
                                                 .high = wilson.high};
    struct agreement_figure *kappa = &ret_figures->kappa;
    kappa->has_value = 1 - expected > 1e-12;
    if (!kappa->has_value)
        return;
    kappa->value = (observed - expected) / (1 - expected);
    for (uint32_t i = 0; i < categories; i++)
        for (uint32_t j = 0; j < categories; j++) {
            double share = cells[i][j] / n;
            variance += i == j
                            ? share * pow(1 - expected - (first[i] + second[i]) * (1 - observed), 2)
                            : share * pow((1 - observed) * (second[i] + first[j]), 2);
        }
    variance -= pow(observed * expected - 2 * expected + observed, 2);
    kappa->error = sqrt(fmax(0, variance / n)) / pow(1 - expected, 2);
    put_interval(kappa, statistics_z(CONFIDENCE) * kappa->error, -1);
    kappa->has_interval =
        observed < 1 && !is_constant(first, categories) && !is_constant(second, categories);
}
