/* From spans to one vocabulary. The attribute names of every convention are rows of
 * semconv_table.c. */
#pragma once
#include "processor/agent_run.h"
#include "processor/otlp/attributes.h"
#include "processor/route_sources.h"

enum { NORMALIZER_VERSION = 2 }; /* part of the ruleset digest: raise it when a reading changes */

/* Reads the facts of an ordered trajectory. Allocates in `arena`; a full arena leaves lists short
 * and sets arena->failed, never fails. One pass over the attributes of each span. */
void normalize_facts(const struct trajectory *trajectory, struct arena *arena,
                     struct agent_run *ret_run);
/* The same; `sources` (may be NULL) says where a route is read besides the defaults. */
void normalize_facts_from(const struct trajectory *trajectory, const struct route_sources *sources,
                          struct arena *arena, struct agent_run *ret_run);

/* Adds the content. Does nothing when it is there already. */
void normalize_content(struct agent_run *run);

/* The value that the answer was read from, as its span holds it: "{"answer": ..., "sources": []}"
 * where a person is shown the answer alone. In the arena or the wire bytes; absent when only
 * messages hold it. After normalize_content(). */
struct bytes run_output_value(const struct agent_run *run);

/* Names are matched without regard to case, `_`, `-` and spaces ("GroundTruthMatch" =
 * "ground_truth-match"). */
bool score_name_equal(struct bytes a, struct bytes b);
/* The score of that name: on the root, else the last by time; judge errors do not count. NULL when
 * there is none. */
const struct score *run_find_score(const struct agent_run *run, struct bytes name);

/* The value of attributes["key"]: root, then other spans in order, then resources. VALUE_NONE when
 * absent. */
struct value run_attribute(const struct agent_run *run, struct bytes key);
