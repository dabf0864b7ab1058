/* The formulas; what they mean stands in the header. */
#include "processor/base/fail_rate.h"

#include <math.h>

#include "processor/base/beta.h"

enum { HEAVY_FAILURES_MIN = 5, SMALL_N = 50 };

void fail_rate_count_add(struct weighted_count *to, const struct weighted_count *from)
{
    to->n += from->n;
    to->heavy += from->heavy;
    to->weight += from->weight;
    to->weight_squared += from->weight_squared;
}

static double linear_n(double w, double w2, double failed, double failed2)
{
    double p = fmin(1, fmax(0, failed / w)); /* sums may have rounded */
    if (p <= 0 || p >= 1)
        return statistics_effective_n(w, w2);
    double passed2 = fmax(0, w2 - failed2);
    double variance = (failed2 * (1 - p) * (1 - p) + passed2 * p * p) / (w * w);
    return variance > 0 ? p * (1 - p) / variance : statistics_effective_n(w, w2);
}

struct fail_rate_share fail_rate_share_of(const struct weighted_count *all,
                                          const struct weighted_count *failed,
                                          double largest_weight)
{
    double w = all->weight, w2 = all->weight_squared, m = largest_weight;
    struct fail_rate_share share = {.is_known = all->n > 0 && w > 0};
    if (!share.is_known)
        return share;
    double f = failed->n > 0 ? failed->weight : 0, f2 = failed->n > 0 ? failed->weight_squared : 0;
    share.p = failed->n >= all->n ? 1 : fmin(1, fmax(0, f / w));
    share.n_linear = linear_n(w, w2, share.p >= 1 ? w : f, share.p >= 1 ? w2 : f2);
    double if_failed = linear_n(w + m, w2 + m * m, f + m, f2 + m * m);
    double if_passed = linear_n(w + m, w2 + m * m, f, f2);
    share.n_guard = fmin(share.n_linear, fmin(if_failed, if_passed));
    bool has_few = share.p <= 0 || share.p >= 1 || failed->heavy < HEAVY_FAILURES_MIN;
    share.is_thin = has_few && share.n_guard < share.n_linear * (1 - 1e-9);
    share.n = has_few ? share.n_guard : share.n_linear;
    return share;
}

/* The variance of P is that of c, seen through 1 - f, and that of f, seen through 1 - c. */
static double effective_n(const struct fail_rate *rate)
{
    double c = rate->condemned.p, f = rate->judged.p;
    double variance = 0;
    if (rate->condemned.is_known && rate->condemned.n > 0)
        variance += (1 - f) * (1 - f) * c * (1 - c) / rate->condemned.n;
    if (rate->judged.is_known && rate->judged.n > 0)
        variance += (1 - c) * (1 - c) * f * (1 - f) / rate->judged.n;
    if (variance > 0)
        return rate->p * (1 - rate->p) / variance;
    return rate->judged.is_known ? rate->judged.n : rate->condemned.n;
}

struct fail_rate fail_rate_of(const struct fail_rate_sums *sums)
{
    struct fail_rate rate = {.is_known = false};
    if (sums->may_condemn || sums->condemned.n > 0)
        rate.condemned = fail_rate_share_of(&sums->all, &sums->condemned, sums->largest_weight);
    rate.judged = fail_rate_share_of(&sums->scored, &sums->failed, sums->largest_weight);
    bool are_all_condemned = rate.condemned.is_known && rate.condemned.p >= 1;
    rate.is_known = rate.judged.is_known || are_all_condemned;
    if (!rate.is_known)
        return rate;
    double c = rate.condemned.p;
    rate.p = are_all_condemned ? 1 : c + (1 - c) * rate.judged.p;
    rate.is_thin = rate.condemned.is_thin || rate.judged.is_thin;
    rate.n_effective = effective_n(&rate);
    return rate;
}

/* A part that is not known has no width: without a condemning rule c is 0, and where every run is
 * condemned f does not matter. */
static struct interval part_interval(const struct fail_rate_share *part, double n, double z)
{
    return part->is_known ? statistics_wilson(part->p, n, z) : (struct interval){part->p, part->p};
}

static struct interval mover(const struct fail_rate *rate, struct interval of_c,
                             struct interval of_f)
{
    double c = rate->condemned.p, f = rate->judged.p;
    double low = rate->p - hypot((1 - f) * (c - of_c.low), (1 - c) * (f - of_f.low));
    double high = rate->p + hypot((1 - f) * (of_c.high - c), (1 - c) * (of_f.high - f));
    return (struct interval){fmax(0, low), fmin(1, high)};
}

struct interval fail_rate_interval(const struct fail_rate *rate, double z)
{
    return mover(rate, part_interval(&rate->condemned, rate->condemned.n, z),
                 part_interval(&rate->judged, rate->judged.n, z));
}

struct interval fail_rate_guarded(const struct fail_rate *rate, double z)
{
    return mover(rate, part_interval(&rate->condemned, rate->condemned.n_guard, z),
                 part_interval(&rate->judged, rate->judged.n_guard, z));
}

static struct interval exact_interval(const struct fail_rate_share *part, double confidence)
{
    struct interval interval = part_interval(part, part->n, statistics_z(confidence));
    double passed = part->n * (1 - part->p), failed = part->n * part->p;
    if (!part->is_known || part->n >= SMALL_N)
        return interval;
    double alpha = 1 - confidence;
    interval.low = failed > 0 ? 1 - beta_quantile(1 - alpha / 2, passed + 1, failed) : 0;
    return interval;
}

double fail_rate_low_exact(const struct fail_rate *rate, double confidence)
{
    return mover(rate, exact_interval(&rate->condemned, confidence),
                 exact_interval(&rate->judged, confidence))
        .low;
}
