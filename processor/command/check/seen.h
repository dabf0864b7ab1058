/* What the data directory, where there is one, has seen of the runs of a pipeline file. */
#pragma once
#include "pipelines/config/config.h"

/* A warning on stderr for each rule that never had a value; how many. `name`: of the file. */
uint32_t seen_warn(const char *name, const struct pipeline_config *config);
/* Bytes of a stored item of review, on average; 0: there are too few. */
double seen_item_bytes(const struct pipeline_config *config);
