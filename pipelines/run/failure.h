/* A thread that can't go on: the first one says why, and nobody waits for it any more. */
#pragma once
#include <stdbool.h>

#include "processor/base/error.h"

struct runtime;

/* Sets the exit code of the process unless it is set, closes every queue and
 * wakes the main thread. */
void failure_report(struct runtime *runtime, enum exit_code exit_code);
bool failure_is_reported(const struct runtime *runtime);
