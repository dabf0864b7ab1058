/* The formulas; their sources stand in the header. */
#include "processor/base/poststratify.h"

#include <math.h>
#include <stdlib.h>

#include "processor/base/beta.h"

/* --- one stratum --- */

/* Of n reviews a share p was bad, by weight: as if p * n had been. */
static struct interval clopper_pearson(double p, double n, double confidence)
{
    double bad = p * n, good = (1 - p) * n, tail = (1 - confidence) / 2;
    return (struct interval){.low = bad > 0 ? beta_quantile(tail, bad, good + 1) : 0,
                             .high = good > 0 ? beta_quantile(1 - tail, bad + 1, good) : 1};
}

struct poststratum_rate poststratify_one(const struct weighted_count *all,
                                         const struct weighted_count *bad, double confidence)
{
    struct fail_rate_share share = fail_rate_share_of(all, bad, 0);
    struct poststratum_rate rate = {.rate = {.low = 0, .high = 1}};
    struct interval interval;
    if (!share.is_known)
        return rate;
    rate.is_few = all->n < POSTSTRATIFY_FEW;
    rate.n_effective = share.n_linear;
    double n = fmin(share.n_linear, (double)all->n);
    interval = rate.is_few ? clopper_pearson(share.p, n, confidence)
                           : statistics_wilson(share.p, share.n_linear, statistics_z(confidence));
    rate.rate = (struct estimate){true, share.p, interval.low, interval.high};
    return rate;
}

/* --- all of them --- */

static double square(double x)
{
    return x * x;
}

struct poststratified poststratify(const struct poststratum *strata, size_t count,
                                   double confidence)
{
    struct poststratified all = {.rate = {.low = 0, .high = 1}};
    double p = 0, below = 0, above = 0, shares = 0;
    for (size_t i = 0; i < count; i++) {
        struct poststratum_rate one = poststratify_one(&strata[i].all, &strata[i].bad, confidence);
        double share = strata[i].share;
        shares += share;
        all.reviewed += strata[i].all.n;
        if (!(share > 0))
            continue;
        if (!one.rate.is_known) {
            all.unreviewed += share;
            continue;
        }
        all.is_few = all.is_few || one.is_few;
        p += share * one.rate.value;
        below += square(share * (one.rate.value - one.rate.low));
        above += square(share * (one.rate.high - one.rate.value));
    }
    all.rate.is_known = shares > 0 && all.unreviewed <= POSTSTRATIFY_UNREVIEWED_MAX;
    if (!(shares > 0))
        return all;
    all.rate.value = p;
    all.rate.low = fmax(0, p - sqrt(below));
    all.rate.high = fmin(1, p + sqrt(above) + all.unreviewed);
    return all;
}

/* --- ratios --- */

/* With A = l (2 a - l) for the limit l of a, and B likewise, the limits of a / b solve
 * B r^2 - 2 a b r + A = 0. */
static double spread(double value, double limit)
{
    return limit * (2 * value - limit);
}

static double discriminant(double a, double b, double of_a, double of_b)
{
    return sqrt(fmax(0, square(a * b) - of_a * of_b));
}

struct estimate poststratify_ratio(const struct estimate *a, const struct estimate *b)
{
    struct estimate ratio = {.low = 0, .high = INFINITY};
    if (!a->is_known || !b->is_known || (a->value <= 0 && b->value <= 0))
        return ratio;
    double product = a->value * b->value;
    double low_a = spread(a->value, a->low), high_b = spread(b->value, b->high);
    double high_a = spread(a->value, a->high), low_b = spread(b->value, b->low);
    double divisor = product + discriminant(a->value, b->value, low_a, high_b);
    ratio.is_known = true;
    ratio.value = b->value > 0 ? a->value / b->value : INFINITY;
    if (divisor > 0)
        ratio.low = fmin(low_a / divisor, ratio.value);
    if (low_b > 0)
        ratio.high =
            fmax((product + discriminant(a->value, b->value, high_a, low_b)) / low_b, ratio.value);
    return ratio;
}

struct estimate poststratify_part(const struct estimate *a, const struct estimate *b)
{
    struct estimate part = poststratify_ratio(a, b);
    double *values[] = {&part.value, &part.low, &part.high};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        *values[i] = isinf(*values[i]) ? 1 : *values[i] / (1 + *values[i]);
    return part;
}

/* --- response --- */

enum { LEVELS = 4 }; /* of coarseness; the last has the verdict alone */

/* In their first parts: 4 verdict, queue, priority and day; 1 the verdict alone. */
static int compare_parts(const struct response_class *a, const struct response_class *b, int parts)
{
    if (a->verdict != b->verdict)
        return a->verdict < b->verdict ? -1 : 1;
    if (parts > 1 && a->queue != b->queue)
        return a->queue < b->queue ? -1 : 1;
    if (parts > 2 && a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    if (parts > 3 && a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return 0;
}

static int compare(const void *a, const void *b)
{
    return compare_parts(a, b, LEVELS);
}

/* What `group` holds that nobody has borne yet goes to its reviewed ones. */
static void bear(struct response_class *group, size_t count)
{
    double borne = 0, open = 0;
    for (size_t i = 0; i < count; i++) {
        if (group[i].reviewed > 0)
            borne += group[i].factor * group[i].reviewed_weight;
        else
            open += group[i].factor;
    }
    if (borne <= 0 || open <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        group[i].factor = group[i].reviewed > 0 ? group[i].factor * (borne + open) / borne : 0;
}

/* Until all is borne the factor of a class without a review is what it holds. */
void poststratify_response(struct response_class *classes, size_t count)
{
    if (count > 1)
        qsort(classes, count, sizeof *classes, compare);
    for (size_t i = 0; i < count; i++) {
        struct response_class *class = &classes[i];
        class->factor = class->reviewed > 0
                            ? fmax(1, class->eligible_weight / class->reviewed_weight)
                            : fmax(0, class->eligible > 0 ? class->eligible_weight : 0);
    }
    for (int parts = LEVELS - 1; parts > 0; parts--)
        for (size_t from = 0, to = 0; from < count; from = to) {
            while (to < count && compare_parts(&classes[from], &classes[to], parts) == 0)
                to++;
            bear(classes + from, to - from);
        }
    for (size_t i = 0; i < count; i++)
        if (classes[i].reviewed <= 0)
            classes[i].factor = 0;
}

const struct response_class *poststratify_find(const struct response_class *classes, size_t count,
                                               const struct response_class *key)
{
    return count > 0 ? bsearch(key, classes, count, sizeof *classes, compare) : NULL;
}
