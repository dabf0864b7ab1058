/* What a pipeline file leaves open, said once at the start. */
#pragma once
#include "pipelines/config/config.h"

/* Logs a warning for each endpoint that strangers reach, and when the file at `path` (NULL: the
 * embedded default) holds a password that others may read; how many. */
uint32_t config_exposure_warn(const char *path, const struct pipeline_config *config);
