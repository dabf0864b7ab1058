/* A grouping of cohorts as the store and people know it: the names of its dimensions, joined by
 * commas, in the order of the file: `release,intent`. */
#pragma once
#include "pipelines/config/config.h"

void config_groupings_text(const struct pipeline_config *config, uint32_t grouping,
                           struct buffer *to);
