/* The regression set of a file of dataset rows: what `--dataset FILE` gives to runs that are judged
 * offline. Lines are flywheel.row/v1, as the exporters of rows and `dataset export` write them; of each
 * row the newest revision counts. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/decide/regression.h"

/* Held once by the caller. NULL after a sentence. */
struct regression_set *dataset_file_read(const char *path, const struct pipeline_config *config,
                                         struct error *ret_error);
