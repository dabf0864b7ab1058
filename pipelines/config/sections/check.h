/* What single values can't say, checked last: endpoints, limits, shards. */
#pragma once
#include "pipelines/config/loader.h"

void config_check_limits(struct config_loader *loader);
