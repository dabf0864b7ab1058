/* Is the pass rate of a cohort below its target, or its error budget spent too fast? Pure functions
 * of the sums of windows, the row of the alert and the time. */
#pragma once
#include "pipelines/cohorts/release_gate.h"
#include "state/cohorts/windows.h"
#include "state/tables/alert.h"

struct burn_windows { /* of one burn rate, at one time */
    struct release_gate_rate of_long, of_short;
    double long_burn, short_burn; /* negative: too little data */
};

/* The row after `row`; firing: the release gate at 99.9 % would say fail, on at least min_n. It
 * ends when the rate itself is back, or the data has gone. */
struct alert_row alert_rates_floor(const struct alert_config *alert,
                                   const struct cohort_windows *windows,
                                   const struct alert_row *row, int64_t wall_ms,
                                   struct release_gate_rate *ret_rate);
/* The same for the burn rates; `burning` is the one that fires, the first in the file. Firing: both
 * windows are above the factor, the long one with 99.9 % confidence (or nothing in it passed). It
 * lasts at least as long as its short window. */
struct alert_row alert_rates_burn(const struct alert_config *alert,
                                  const struct cohort_windows *windows, const struct alert_row *row,
                                  int64_t wall_ms, struct burn_windows ret_burns[BURNS_MAX],
                                  uint32_t *burning);
