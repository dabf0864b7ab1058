/* When an alert fires and when it ends: pure functions of sums, rows and time. */
#pragma once
#include "pipelines/cohorts/alerts_state.h"

/* The design of one direction: from the configured rate, else from what was learned. A rate that
 * has been configured anew begins at S = 0. */
void alerts_design(const struct pipeline_config *config, struct watched *watched, int direction);
/* One more scored run of the cohort. */
void alerts_step(const struct pipeline_config *config, struct watched *watched, int direction,
                 bool is_failure, int64_t event_ms);

/* The row after `row`; firing: the gate at 99.9 % would say fail, on at least min_n. It ends when the
 * rate itself is back, or the data has gone. */
struct alert_row alerts_floor(const struct alert_config *alert,
                              const struct cohort_windows *windows, const struct alert_row *row,
                              int64_t wall_ms, struct gate_rate *ret_rate);
/* The same for the burn rates; `burning` is the one that fires, the first in the file. Firing: both
 * windows are above the factor, the long one with 99.9 % confidence (or nothing in it passed). It
 * lasts at least as long as its short window. */
struct alert_row alerts_burn(const struct alert_config *alert, const struct cohort_windows *windows,
                             const struct alert_row *row, int64_t wall_ms,
                             struct burn_windows ret_burns[BURNS_MAX], uint32_t *burning);
