/* What `flywheel state check` looks at, as assertions: every row intact and understood, no item cut
 * off, and cohorts that say what the decided rows say. Link state. */
#pragma once
#include "state/store/store.h"

void check_state(struct store *store);
