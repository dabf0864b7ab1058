/* The way a run took: which tools, which models, what had to be tried again. */
#pragma once
#include "processor/agent_run.h"

/* Sets tool_path, model_route, retries, fallback and cache_hit of `run` from its steps. */
void route_read(struct agent_run *run);
