/* A revision: a verdict after the first. With the content of the record that is out, the run is
 * judged again as a whole. Without it the verdict before is what there is: late scores, labels and
 * feedback take the place of what their rules said, what can only grow with more spans (errors,
 * tokens, duration) takes the worse of both, everything else stands. */
#pragma once
#include "pipelines/decide/judge.h"
#include "pipelines/decide/revision_source.h"

/* Decides from `before` and the late spans and logs in `late`, and appends it to the effects.
 * When content is there and fits into the limits of a trajectory it is added to `late` (of
 * `table`), whose counts grow by it. `judgement` says budget, effects and whether content is
 * kept. FATAL: out of memory. */
MUST_CHECK enum status revise(struct judge *judge, struct judgement *judgement,
                              struct in_flight *table, struct open_trajectory *late,
                              const struct decided_before *before, struct arena *arena);
/* The same without a verdict, of `judgement->open`: the spans are dropped. `before` NULL: the store
 * has forgotten. */
MUST_CHECK enum status revise_refuse(struct judge *judge, struct judgement *judgement,
                                     const struct decided_before *before, enum late_fate fate);
