/* Sorted by verdict, queue, priority and day, a class and each coarser one are ranges. */
#include "pipelines/review/escape.h"

#include <math.h>
#include <stdlib.h>

#include "processor/base/beta.h"
#include "processor/base/fail_rate.h"

/* How many of the leading fields are equal. */
static int common(const struct escape_review *a, const struct escape_review *b)
{
    return a->verdict != b->verdict     ? 0
           : a->queue != b->queue       ? 1
           : a->priority != b->priority ? 2
           : a->day != b->day           ? 3
                                        : 4;
}

static int compare(const void *left, const void *right)
{
    const struct escape_review *a = left, *b = right;
    switch (common(a, b)) {
    case 0:
        return a->verdict < b->verdict ? -1 : 1;
    case 1:
        return a->queue < b->queue ? -1 : 1;
    case 2:
        return a->priority < b->priority ? -1 : 1;
    case 3:
        return a->day < b->day ? -1 : 1;
    default:
        return 0;
    }
}

/* What of the class nobody reviewed goes to those that somebody did; weight 0: it is gone. */
static void give(struct escape_review *of_class, size_t count)
{
    double reviewed = 0, left = 0;
    for (size_t i = 0; i < count; i++)
        *(of_class[i].is_reviewed ? &reviewed : &left) += of_class[i].weight;
    if (reviewed <= 0 || left <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        of_class[i].weight =
            of_class[i].is_reviewed ? of_class[i].weight * (reviewed + left) / reviewed : 0;
}

void escape_respond(struct escape_review *reviews, size_t count)
{
    if (count == 0)
        return;
    qsort(reviews, count, sizeof *reviews, compare);
    for (int fields = 4; fields > 0; fields--)
        for (size_t from = 0, to; from < count; from = to) {
            for (to = from + 1; to < count && common(&reviews[from], &reviews[to]) >= fields;)
                to++;
            give(reviews + from, to - from);
        }
}

/* --- the rate --- */

static struct interval interval_of(const struct fail_rate_share *share, uint64_t reviews,
                                   double confidence)
{
    double n = share->n_linear, failed = n * share->p, passed = n - failed;
    double alpha = 1 - confidence;
    if (reviews >= ESCAPE_FEW)
        return statistics_wilson(share->p, n, statistics_z(confidence));
    return (struct interval){
        failed > 0 ? 1 - beta_quantile(1 - alpha / 2, passed + 1, failed) : 0,
        passed > 0 ? beta_quantile(1 - alpha / 2, failed + 1, passed) : 1,
    };
}

struct stratum {
    struct weighted_count all, escaped;
    double largest;
};

static void add(const struct escape_review *review, struct stratum *to)
{
    const struct weighted_count one = {.n = 1,
                                       .heavy = review->weight > 1,
                                       .weight = review->weight,
                                       .weight_squared = review->weight * review->weight};
    fail_rate_count_add(&to->all, &one);
    if (review->is_escaped)
        fail_rate_count_add(&to->escaped, &one);
    to->largest = fmax(to->largest, review->weight);
}

struct escape_rate escape_rate_of(const struct escape_runs *runs,
                                  const struct escape_review *reviews, size_t count,
                                  double confidence)
{
    struct stratum strata[ESCAPE_VERDICTS] = {{.largest = 0}};
    struct escape_rate rate = {.runs = 0};
    double below = 0, above = 0;
    for (int v = 0; v < ESCAPE_VERDICTS; v++) {
        rate.runs += runs->runs[v];
        rate.hits += runs->hits[v];
    }
    if (rate.runs <= 0)
        return rate;
    for (size_t i = 0; i < count; i++)
        if (reviews[i].is_reviewed && reviews[i].verdict < ESCAPE_VERDICTS)
            add(&reviews[i], &strata[reviews[i].verdict]);
    rate.value = (double)rate.hits / (double)rate.runs;
    for (int v = 0; v < ESCAPE_VERDICTS; v++) {
        const struct stratum *of = &strata[v];
        double share = (double)(runs->runs[v] - runs->hits[v]) / (double)rate.runs;
        rate.reviewed += (uint64_t)of->all.n;
        rate.escaped += (uint64_t)of->escaped.n;
        if (share <= 0)
            continue;
        if (of->all.n == 0) {
            rate.unreviewed_share += share;
            continue;
        }
        struct fail_rate_share q = fail_rate_share_of(&of->all, &of->escaped, of->largest);
        struct interval interval = interval_of(&q, (uint64_t)of->all.n, confidence);
        rate.has_few |= of->all.n < ESCAPE_FEW;
        rate.value += share * q.p;
        below = hypot(below, share * (q.p - interval.low));
        above = hypot(above, share * (interval.high - q.p));
    }
    rate.is_known = rate.unreviewed_share <= ESCAPE_UNREVIEWED_MAX;
    rate.low = fmax(0, rate.value - below);
    rate.high = fmin(1, rate.value + above + rate.unreviewed_share);
    return rate;
}
