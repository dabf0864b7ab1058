/* What a second pipeline file would decide otherwise about the same recordings. */
#pragma once
#include "processor/command/replay/replay_run.h"

/* Prints one JSON object for each trajectory that the second file adds to the review work,
 * removes from it, or judges otherwise, and a summary on stderr: verdicts, rules, cohorts.
 * EXIT_DONE: no difference; 1: some. */
int diff_print(const struct pipeline_config *before, const char *second_path,
               const struct regression_set *regressions, char *const *paths, int count,
               enum progress_mode mode, struct error *ret_error);
