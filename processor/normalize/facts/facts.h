/* What happened in a run, content apart: its steps, tools, errors, route, and the
 * scores that others gave it. */
#pragma once
#include "processor/agent_run.h"
#include "processor/route_sources.h"

/* Reads the facts of an ordered trajectory. Allocates in `arena`; a full arena leaves lists short
 * and sets arena->failed, never fails. One pass over the attributes of each span. */
void facts_read(const struct trajectory *trajectory, struct arena *arena,
                struct agent_run *ret_run);
/* The same; `sources` (may be NULL) says where a route is read besides the defaults. */
void facts_read_from(const struct trajectory *trajectory, const struct route_sources *sources,
                     struct arena *arena, struct agent_run *ret_run);
