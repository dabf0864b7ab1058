/* Quantiles of non-negative numbers within a relative error: a sparse DDSketch (Masson, Rim and
 * Lee, 2019). Bin i counts values in (gamma^(i-1), gamma^i], gamma = (1+a)/(1-a), a = 0.01.
 * When more than 128 bins are in use, every two neighbors become one (i -> ceil(i/2)), which
 * squares gamma; `level` counts how often. The error is then 2 %, 4 %, ..., but the same for
 * every quantile. (Collapsing the lowest bins instead would keep p99 at 1 % and lose the median
 * of any cohort whose durations span more than a factor of 13.) Bins are a function of the values
 * alone, in whatever order they were added or merged. Counts are signed: a revision takes back
 * what was added, and a delta may hold less than nothing. */
#pragma once
#include "state/store/value.h"

enum { SKETCH_BINS_MAX = 128, SKETCH_LEVEL_MAX = 10 };

struct sketch_bin {
    int32_t index;
    int64_t count; /* never 0 */
};

/* A zeroed struct is an empty sketch; sketch_finish() frees its bins. */
struct sketch {
    struct sketch_bin *bins; /* in order of index */
    uint16_t bin_count, bin_capacity;
    uint8_t level;
    int64_t zero_count; /* values below 0.001, in the caller's unit */
};

void sketch_finish(struct sketch *sketch);
/* Room for `more` bins beside those there are (or for all there may be). Without memory: false. */
MUST_CHECK bool sketch_reserve(struct sketch *sketch, size_t more);
/* After sketch_reserve(sketch, 1). A `value` that is negative or no number counts as 0. */
void sketch_add(struct sketch *sketch, double value, int64_t count);
/* After sketch_reserve(into, from->bin_count). */
void sketch_merge(struct sketch *into, const struct sketch *from);
int64_t sketch_count(const struct sketch *sketch);
/* `q` in [0, 1]. False when it holds nothing. */
bool sketch_quantile(const struct sketch *sketch, double q, double *ret_value);
void sketch_encode(const struct sketch *sketch, struct buffer *to);
/* Into an empty sketch. Sets the reader's `failed` when malformed or out of memory. */
void sketch_decode(struct value_reader *reader, struct sketch *ret_sketch);
