/* What failed. A span's status is one of many ways to say it: exporters write OK beside an
 * exception, frameworks catch a tool's error and hand it to the model as its result. And some
 * exceptions are no failure: a run that pauses, hands over or is called off. */
#pragma once
#include "processor/normalize/semconv/semconv.h"

/* Sets `error` and `error_type` when the step failed, `is_control_flow` when it only looks so.
 * After kind, tool and finish reason are known. */
void failure_read(const struct semconv *semconv, struct arena *arena, struct step *step);
