/* What describes the process: the same whatever the pipeline does. */
#pragma once
#include "processor/base/metrics.h"

void telemetry_process_register(struct metrics *metrics);
