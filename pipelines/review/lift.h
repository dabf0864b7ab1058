/* Did a release get better, or only its sample friendlier? The pass share of release B less that of
 * release A, as the cohorts counted them, and the same over A's mix of what is known before a run
 * (intent, locale, product):
 *
 *   lift           p_B - p_A, by Newcombe's interval
 *   lift adjusted  sum of w_c (p_Bc - p_Ac) over cells c with 5 judged runs in both arms; w_c is A's
 *                  share of runs in c, among these cells; its interval by MOVER over cells
 *
 * tool_path, model_route and retriever_version are no mix: a better path would be adjusted away.
 * Definitions and names: pages about direct standardization; R. G. Newcombe 1998 for a difference,
 * Zou and Donner 2008 for sums. The arithmetic is pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { LIFT_CELL_RUNS_MIN = 5 };
#define LIFT_COVERED_MIN 0.8

/* A share with its interval. */
struct lift_arm {
    bool is_known;
    int64_t n;     /* runs that were judged */
    double weight; /* of the runs that it speaks for */
    double p, low, high;
};

struct lift_difference {
    bool is_known;
    double value, low, high;
};
struct lift_difference lift_of(const struct lift_arm *before, const struct lift_arm *after);

struct lift_cell {
    struct lift_arm before, after;
};
struct lift_adjusted {
    struct lift_difference lift; /* not known below LIFT_COVERED_MIN */
    double covered;              /* share of A's runs in the cells that count */
    uint32_t cells, cells_counted;
};
struct lift_adjusted lift_adjust(const struct lift_cell *cells, uint32_t count);
