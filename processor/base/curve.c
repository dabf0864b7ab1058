/* One pass over the sorted samples. */
#include "processor/base/curve.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *first, const void *second)
{
    const struct curve_sample *a = first, *b = second;
    return (a->value > b->value) - (a->value < b->value);
}

static int by_value_falling(const void *first, const void *second)
{
    return by_value(second, first);
}

static bool ends_value(const struct curve_sample *samples, size_t count, size_t at)
{
    return at + 1 == count || samples[at].value < samples[at + 1].value ||
           samples[at].value > samples[at + 1].value;
}

void curve_make(struct curve_sample *samples, size_t count, bool is_above, struct curve *ret_curve)
{
    struct curve *curve = ret_curve;
    double all = 0, bad = 0, fired = 0, hits = 0;
    if (count > 1)
        qsort(samples, count, sizeof *samples, is_above ? by_value_falling : by_value);
    curve->count = 0;
    curve->bad = curve->distinct = 0;
    for (size_t i = 0; i < count; i++) {
        all += samples[i].weight;
        bad += samples[i].is_bad ? samples[i].weight : 0;
        curve->bad += samples[i].is_bad;
        curve->distinct += ends_value(samples, count, i);
    }
    for (size_t i = 0; i < count; i++) {
        fired += samples[i].weight;
        hits += samples[i].is_bad ? samples[i].weight : 0;
        if (!ends_value(samples, count, i))
            continue;
        bool is_due = curve->distinct <= CURVE_POINTS_MAX ||
                      fired * (CURVE_POINTS_MAX - 1) >= all * (curve->count + 1);
        if (i + 1 < count && (!is_due || curve->count == CURVE_POINTS_MAX - 1))
            continue;
        curve->points[curve->count++] =
            (struct curve_point){.value = samples[i].value,
                                 .precision = fired > 0 ? fmin(1, hits / fired) : 0,
                                 .recall = bad > 0 ? fmin(1, hits / bad) : 0,
                                 .fired_share = all > 0 ? fmin(1, fired / all) : 0,
                                 .fired = i + 1};
    }
}
