/* The effective configuration, and what of another one a running process can't take over. */
#pragma once
#include "pipelines/config/config.h"

/* As YAML, defaults included, secrets masked. */
void config_print(const struct pipeline_config *config, struct buffer *to);
/* Every difference that a reload can't apply (receivers, exporters, dimensions, state, shards), one
 * per line; empty: none. */
void config_print_restart_differences(const struct pipeline_config *running,
                                      const struct pipeline_config *loaded, struct buffer *to);
