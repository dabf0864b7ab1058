/* Finding things of a run by name: scores, attributes. */
#pragma once
#include "processor/agent_run.h"
#include "processor/otlp/attributes.h"

/* Names are matched without regard to case, `_`, `-` and spaces ("GroundTruthMatch" =
 * "ground_truth-match"). */
bool lookup_name_equal(struct bytes a, struct bytes b);
/* The score of that name: on the root, else the last by time; judge errors do not count. NULL when
 * there is none. */
const struct score *lookup_score(const struct agent_run *run, struct bytes name);

/* The value of attributes["key"]: root, then other spans in order, then resources. VALUE_NONE when
 * absent. */
struct value lookup_attribute(const struct agent_run *run, struct bytes key);
