/* How steps of one run relate: which are the agent's own, and which calls were written twice. */
#pragma once
#include "processor/agent_run.h"

/* After all steps are read. A call counts once: of two spans of one call the one that stays gets
 * what the other alone knows, and the other is a repeat. */
void relate_steps(struct agent_run *run);
