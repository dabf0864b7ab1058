/* What the measurements of a run said, each computed at most once: when the first rule, expression
 * or other measurement asks. */
#pragma once
#include "processor/score/measurement.h"

/* The reading of what a rule or an expression names. */
const struct reading *memo_read(const struct measure *measure, struct score_context *context);
/* The same for a row of the table. */
const struct reading *memo_read_named(const char *name, struct score_context *context);
/* Of a row that was computed already; NULL: it was not. */
const struct reading *memo_remembered(const char *name, const struct score_context *context);
