/* `cohorts`: dimensions, groupings of them, the cohorts that are pinned, alerts. */
#pragma once
#include "pipelines/config/loader.h"

/* Reads the section once the whole file is known, for each part refers to the one before. */
void config_cohorts_load(struct config_loader *loader);
