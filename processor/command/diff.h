/* What a second pipeline file would decide otherwise about the same recordings. */
#pragma once
#include "pipelines/replay.h"

/* Replays files under a configuration (replay.c). FATAL with `ret_error`. */
MUST_CHECK enum status replay_paths(const struct pipeline_config *config, char *const *paths,
                                    int count, bool is_all, replay_fn *fn, void *context,
                                    struct replay_totals *ret_totals, struct error *ret_error);

/* Prints one JSON object for each trajectory that the second file adds to the review work,
 * removes from it, or judges otherwise, and a summary on stderr. EXIT_DONE: no difference; 1:
 * some. */
int diff_print(const struct pipeline_config *before, const char *second_path, char *const *paths,
               int count, struct error *ret_error);
