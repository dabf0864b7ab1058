/* Differences of shares, and their sums over cells. */
#include "pipelines/review/lift.h"

#include <math.h>

static double clip(double value)
{
    return fmax(-1, fmin(1, value));
}

/* Newcombe's, for any two intervals: with Wilson's it is his method 10. */
struct lift_difference lift_of(const struct lift_arm *before, const struct lift_arm *after)
{
    if (!before->is_known || !after->is_known)
        return (struct lift_difference){.is_known = false};
    double value = after->p - before->p;
    return (struct lift_difference){
        .is_known = true,
        .value = value,
        .low = clip(value - hypot(after->p - after->low, before->high - before->p)),
        .high = clip(value + hypot(after->high - after->p, before->p - before->low)),
    };
}

static bool counts(const struct lift_cell *cell)
{
    return cell->before.is_known && cell->after.is_known && cell->before.n >= LIFT_CELL_RUNS_MIN &&
           cell->after.n >= LIFT_CELL_RUNS_MIN;
}

struct lift_adjusted lift_adjust(const struct lift_cell *cells, uint32_t count)
{
    struct lift_adjusted adjusted = {.cells = count};
    double all = 0, counted = 0, value = 0, below = 0, above = 0;
    for (uint32_t i = 0; i < count; i++) {
        all += cells[i].before.weight;
        counted += counts(&cells[i]) ? cells[i].before.weight : 0;
        adjusted.cells_counted += counts(&cells[i]);
    }
    adjusted.covered = all > 0 ? counted / all : 0;
    if (counted <= 0 || adjusted.covered < LIFT_COVERED_MIN)
        return adjusted;
    for (uint32_t i = 0; i < count; i++) {
        if (!counts(&cells[i]))
            continue;
        double share = cells[i].before.weight / counted;
        struct lift_difference cell = lift_of(&cells[i].before, &cells[i].after);
        value += share * cell.value;
        below = hypot(below, share * (cell.value - cell.low));
        above = hypot(above, share * (cell.high - cell.value));
    }
    adjusted.lift = (struct lift_difference){true, value, clip(value - below), clip(value + above)};
    return adjusted;
}
