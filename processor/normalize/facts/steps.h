/* One span to one step: everything but content. */
#pragma once
#include "processor/agent_run.h"
#include "processor/normalize/semconv/semconv.h"

/* Fills `ret` from what was read of its span. `scope` is the scope's name. */
void step_read(const struct span *span, const struct semconv *semconv, struct bytes scope,
               struct arena *arena, struct step *ret);
/* The name that an agent was given; absent when it is a placeholder. */
struct bytes steps_agent_name(const struct semconv *semconv);
/* Fills what is still missing from a log record about the span. */
void step_fill_gaps(const struct semconv *semconv, struct step *step);
