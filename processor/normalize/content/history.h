/* What the user and the agent said before the run's question. */
#pragma once
#include "processor/agent_run.h"

/* Fills run->history; after the question was read. */
void history_read(struct agent_run *run);
