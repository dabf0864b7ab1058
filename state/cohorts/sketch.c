/* Bins lie in an array in order of index, found by bisection. At level L the index of a value is
 * its index at level 0 divided by 2^L, rounded up; so two sketches agree on bins once their
 * levels do. */
#include "state/cohorts/sketch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double SMALLEST = 1e-3;
/* ln((1 + 0.01) / (1 - 0.01)) */
static const double LN_GAMMA = 0.020000666706669435;
enum { INDEX_LIMIT = 40000 }; /* ln(largest double) / LN_GAMMA is 35,488 */

void sketch_finish(struct sketch *sketch)
{
    free(sketch->bins);
    *sketch = (struct sketch){0};
}

bool sketch_reserve(struct sketch *sketch, size_t more)
{
    /* Twice the limit for one moment of a merge would be the most; merges use a stack array, so one
     * more than the limit, while adding, is enough. */
    size_t needed = sketch->bin_count + more;
    if (needed > SKETCH_BINS_MAX + 1)
        needed = SKETCH_BINS_MAX + 1;
    if (needed <= sketch->bin_capacity)
        return true;
    size_t capacity = sketch->bin_capacity ? sketch->bin_capacity * 2u : 4;
    if (capacity < needed)
        capacity = needed;
    if (capacity > SKETCH_BINS_MAX + 1)
        capacity = SKETCH_BINS_MAX + 1;
    struct sketch_bin *bins = realloc(sketch->bins, capacity * sizeof *bins);
    if (!bins)
        return false;
    sketch->bins = bins;
    sketch->bin_capacity = (uint16_t)capacity;
    return true;
}

static int32_t half_up(int32_t index)
{
    return index >= 0 ? (index + 1) / 2 : -(-index / 2);
}

static int32_t index_of(double value, uint8_t level)
{
    int32_t index = (int32_t)ceil(log(value) / LN_GAMMA);
    for (uint8_t i = 0; i < level; i++)
        index = half_up(index);
    return index;
}

/* Halves the indexes of `count` ordered bins, joining those that meet; returns how many stay. */
static size_t halve(struct sketch_bin *bins, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t index = half_up(bins[i].index);
        if (left > 0 && bins[left - 1].index == index)
            bins[left - 1].count = value_sum(bins[left - 1].count, bins[i].count);
        else
            bins[left++] = (struct sketch_bin){index, bins[i].count};
    }
    size_t kept = 0;
    for (size_t i = 0; i < left; i++)
        if (bins[i].count != 0)
            bins[kept++] = bins[i];
    return kept;
}

void sketch_add(struct sketch *sketch, double value, int64_t count)
{
    if (!isfinite(value) || value < SMALLEST) {
        sketch->zero_count = value_sum(sketch->zero_count, count);
        return;
    }
    int32_t index = index_of(value, sketch->level);
    size_t low = 0, high = sketch->bin_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sketch->bins[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    struct sketch_bin *bin = &sketch->bins[low];
    size_t behind = (sketch->bin_count - low) * sizeof *bin;
    if (low < sketch->bin_count && bin->index == index) {
        bin->count = value_sum(bin->count, count);
        if (bin->count == 0) {
            memmove(bin, bin + 1, behind - sizeof *bin);
            sketch->bin_count--;
        }
        return;
    }
    if (count == 0)
        return;
    assert(sketch->bin_count < sketch->bin_capacity);
    if (behind > 0)
        memmove(bin + 1, bin, behind);
    *bin = (struct sketch_bin){index, count};
    sketch->bin_count++;
    while (sketch->bin_count > SKETCH_BINS_MAX) {
        sketch->bin_count = (uint16_t)halve(sketch->bins, sketch->bin_count);
        sketch->level++;
    }
}

void sketch_merge(struct sketch *into, const struct sketch *from)
{
    struct sketch_bin all[2 * (SKETCH_BINS_MAX + 1)], other[SKETCH_BINS_MAX + 1];
    size_t count = 0, other_count = from->bin_count;
    if (other_count > 0)
        memcpy(other, from->bins, other_count * sizeof *other);
    into->zero_count = value_sum(into->zero_count, from->zero_count);
    for (uint8_t level = from->level; level < into->level; level++)
        other_count = halve(other, other_count);
    for (; into->level < from->level; into->level++)
        into->bin_count = (uint16_t)halve(into->bins, into->bin_count);
    for (size_t a = 0, b = 0; a < into->bin_count || b < other_count;) {
        bool has_a = a < into->bin_count, has_b = b < other_count;
        if (has_a && has_b && into->bins[a].index == other[b].index) {
            int64_t sum = value_sum(into->bins[a].count, other[b].count);
            if (sum != 0)
                all[count++] = (struct sketch_bin){other[b].index, sum};
            a++, b++;
        } else if (has_a && (!has_b || into->bins[a].index < other[b].index)) {
            all[count++] = into->bins[a++];
        } else {
            all[count++] = other[b++];
        }
    }
    for (; count > SKETCH_BINS_MAX; into->level++)
        count = halve(all, count);
    assert(count <= into->bin_capacity);
    if (count > 0)
        memcpy(into->bins, all, count * sizeof *all);
    into->bin_count = (uint16_t)count;
}

int64_t sketch_count(const struct sketch *sketch)
{
    int64_t count = sketch->zero_count;
    for (size_t i = 0; i < sketch->bin_count; i++)
        count = value_sum(count, sketch->bins[i].count);
    return count;
}

bool sketch_quantile(const struct sketch *sketch, double q, double *ret_value)
{
    int64_t count = sketch_count(sketch);
    if (count <= 0)
        return false;
    double rank = q * (double)(count - 1), seen = (double)sketch->zero_count;
    double value = 0, ln_gamma = ldexp(LN_GAMMA, sketch->level);
    for (size_t i = 0; i < sketch->bin_count && (seen <= rank || seen <= 0); i++) {
        seen += (double)sketch->bins[i].count;
        /* The value with the same relative error to both ends of the bin. */
        value = 2 * exp(ln_gamma * sketch->bins[i].index) / (exp(ln_gamma) + 1);
    }
    *ret_value = isfinite(value) ? value : 0;
    return true;
}

void sketch_encode(const struct sketch *sketch, struct buffer *to)
{
    int32_t before = 0;
    buffer_append_byte(to, sketch->level);
    value_put_signed(to, sketch->zero_count);
    value_put_varint(to, sketch->bin_count);
    for (size_t i = 0; i < sketch->bin_count; i++) {
        value_put_signed(to, sketch->bins[i].index - before);
        value_put_signed(to, sketch->bins[i].count);
        before = sketch->bins[i].index;
    }
}

void sketch_decode(struct value_reader *reader, struct sketch *ret_sketch)
{
    uint8_t level = value_get_u8(reader);
    int64_t zero_count = value_get_signed(reader);
    size_t bin_count = (size_t)value_get_count(reader, SKETCH_BINS_MAX);
    if (level > SKETCH_LEVEL_MAX || !sketch_reserve(ret_sketch, bin_count))
        reader->failed = true;
    int64_t index = 0;
    for (size_t i = 0; i < bin_count && !reader->failed; i++) {
        int64_t step = value_get_signed(reader), count = value_get_signed(reader);
        bool is_in_order = (i == 0 || step > 0) && step >= -INDEX_LIMIT && step <= 2 * INDEX_LIMIT;
        index += is_in_order ? step : 0;
        if (!is_in_order || index < -INDEX_LIMIT || index > INDEX_LIMIT || count == 0) {
            reader->failed = true;
            break;
        }
        ret_sketch->bins[i] = (struct sketch_bin){(int32_t)index, count};
        ret_sketch->bin_count = (uint16_t)(i + 1);
    }
    ret_sketch->level = level;
    ret_sketch->zero_count = zero_count;
}
