/* Quantiles of non-negative numbers within a relative error: a sparse DDSketch (Masson, Rim and
 * Lee, 2019). Bin i counts values in (gamma^(i-1), gamma^i], gamma = (1+a)/(1-a), a = 0.01. When
 * more than 128 bins are in use, every two neighbors become one (i -> ceil(i/2)), which squares
 * gamma: `level` counts how often. The error is then 2 %, 4 %, ... but the same for every quantile,
 * and bins stay a function of the values alone, in whatever order they were added or merged. Counts
 * are signed: a correction takes back what was added, and a delta may hold less than nothing. */
#pragma once
#include "state/value.h"

enum { SKETCH_BINS_MAX = 128, SKETCH_LEVEL_MAX = 12 };

struct sketch_bin {
    int32_t index;
    int64_t count; /* never 0 */
};

/* A zeroed struct is an empty sketch; it owns nothing. */
struct sketch {
    uint8_t level;
    uint16_t bin_count;
    int64_t zero_count;                          /* values below 1e-3, in the unit of the caller */
    struct sketch_bin bins[SKETCH_BINS_MAX + 1]; /* in order of index; one more while adding */
};

/* `value` not finite or negative counts as 0. */
void sketch_add(struct sketch *sketch, double value, int64_t count);
void sketch_merge(struct sketch *into, const struct sketch *from);
int64_t sketch_count(const struct sketch *sketch);
/* `q` in [0, 1]. False when nothing was added. */
bool sketch_quantile(const struct sketch *sketch, double q, double *ret_value);
void sketch_encode(const struct sketch *sketch, struct buffer *to);
/* Sets the reader's `failed` when malformed. */
void sketch_decode(struct value_reader *reader, struct sketch *ret_sketch);
