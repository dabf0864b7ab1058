/* Sums of cells; most cells of most cohorts are empty, so only the others are stored. */
#include "state/cohorts/classes.h"

#include <assert.h>

enum { CELLS = COHORT_CONDEMNED * COHORT_JUDGED };

static struct weighted_count *cell_at(struct cohort_classes *classes, int at)
{
    return &classes->cells[at / COHORT_JUDGED][at % COHORT_JUDGED];
}

static const struct weighted_count *cell_of(const struct cohort_classes *classes, int at)
{
    return &classes->cells[at / COHORT_JUDGED][at % COHORT_JUDGED];
}

static bool is_empty(const struct weighted_count *cell)
{
    return cell->n == 0 && cell->heavy == 0;
}

void cohort_classes_add(struct cohort_classes *classes, const struct cohort_class *of,
                        double weight, int sign)
{
    if (!of->is_known)
        return;
    assert(of->condemned < COHORT_CONDEMNED && of->judged < COHORT_JUDGED);
    struct weighted_count *cell = &classes->cells[of->condemned][of->judged];
    cell->n += sign;
    cell->heavy += weight > 1 ? sign : 0;
    cell->weight += sign * weight;
    cell->weight_squared += sign * weight * weight;
}

void cohort_classes_merge(struct cohort_classes *into, const struct cohort_classes *from)
{
    for (int at = 0; at < CELLS; at++)
        fail_rate_count_add(cell_at(into, at), cell_of(from, at));
}

void cohort_classes_settle(struct cohort_classes *classes)
{
    for (int at = 0; at < CELLS; at++)
        if (cell_of(classes, at)->n == 0)
            *cell_at(classes, at) = (struct weighted_count){0};
}

struct weighted_count cohort_classes_sum(const struct cohort_classes *classes, int condemned_from,
                                         int condemned_to, int judged_from, int judged_to)
{
    struct weighted_count sum = {0};
    for (int c = condemned_from; c <= condemned_to; c++)
        for (int j = judged_from; j <= judged_to; j++)
            fail_rate_count_add(&sum, &classes->cells[c][j]);
    return sum;
}

void cohort_classes_encode(const struct cohort_classes *classes, struct buffer *to)
{
    uint16_t there = 0;
    for (int at = 0; at < CELLS; at++)
        there |= (uint16_t)(is_empty(cell_of(classes, at)) ? 0 : 1 << at);
    value_put_be16(to, there);
    for (int at = 0; at < CELLS; at++) {
        const struct weighted_count *cell = cell_of(classes, at);
        if (is_empty(cell))
            continue;
        value_put_signed(to, cell->n);
        value_put_signed(to, cell->heavy);
        value_put_double(to, cell->weight);
        value_put_double(to, cell->weight_squared);
    }
}

void cohort_classes_decode(struct value_reader *reader, struct cohort_classes *ret_classes)
{
    uint16_t there = value_get_be16(reader);
    if (there >> CELLS)
        reader->failed = true;
    for (int at = 0; at < CELLS && !reader->failed; at++) {
        if (!(there >> at & 1))
            continue;
        struct weighted_count *cell = cell_at(ret_classes, at);
        cell->n = value_get_signed(reader);
        cell->heavy = value_get_signed(reader);
        cell->weight = value_get_double(reader);
        cell->weight_squared = value_get_double(reader);
    }
}
