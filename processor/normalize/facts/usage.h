/* Tokens and cost: of one step, and of the run without counting anything twice. */
#pragma once
#include "processor/agent_run.h"
#include "processor/normalize/semconv/semconv.h"

/* Sets tokens and cost of `step` from the attributes of its span. */
void usage_read(const struct semconv *semconv, struct arena *arena, struct step *step);
/* Sums over what counts: model calls, or what agents and libraries summed up where calls do not
 * say. After relate_steps(). */
void usage_sum(struct agent_run *run);
