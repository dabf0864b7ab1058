/* What a run lost at the door: spans that are stubs, and which kinds of text were left out, so that
 * nothing is judged by what is not there. */
#pragma once
#include "processor/agent_run.h"

/* Adds refused_spans, left_out, lost_at_top, lost_below and what dropped_attributes lacks; the
 * kinds of the steps are known. */
void losses_read(struct agent_run *run);
