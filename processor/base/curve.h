/* Weighted precision and recall of a threshold, at each distinct value of what it is held against. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURVE_POINTS_MAX = 512 };

struct curve_sample {
    double value, weight;
    bool is_bad;
    uint8_t stratum;   /* the caller's */
    double own_weight; /* likewise */
};

struct curve_point { /* of a rule that fires at this value and at worse ones */
    double value, precision, recall, fired_share;
    size_t fired; /* samples */
};

struct curve {
    struct curve_point points[CURVE_POINTS_MAX]; /* the worst first; the last fires on all */
    uint32_t count;
    size_t distinct, bad; /* values; samples */
};

/* Sorts the samples, the worst first: the largest values when `is_above`. Beyond the number of points
 * values are merged, at steps of equal weight; a point that is there is exact. */
void curve_make(struct curve_sample *samples, size_t count, bool is_above, struct curve *ret_curve);
