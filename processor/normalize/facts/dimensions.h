/* Dimensions name the cohorts of a run: intent=refund, locale=de. Each has attribute sources
 * in order; for each source: root, then other spans by (start, span id), then resource. The
 * source "*" of a dimension d stands for: attribute d; member d of the JSON in `metadata`;
 * traceloop.association.properties.d; ai.telemetry.metadata.d; langfuse.trace.metadata.d;
 * langsmith.metadata.d; app.d; a tag d:value in tag.tags. tool_path, model_route and
 * routing_policy are derived, not read. A value is the first element of an array, a number as
 * its shortest decimal, trimmed, cut at 120 bytes with `~` and 8 hex digits of SHA-256;
 * absent or empty: "unknown". */
#pragma once
#include "processor/agent_run.h"
#include "processor/dimension.h"

/* Masking like content is passed in: called with the raw value, returns what may leave (in the
 * arena). NULL: none. */
typedef struct bytes dimension_mask_fn(void *context, struct bytes value, struct arena *arena);

/* Values of all dimensions, in one pass over the attributes of each span until every dimension is
 * settled; same order as `dimensions`. `ret_values` has room for `count`. */
void dimensions_read(const struct agent_run *run, const struct dimension *dimensions,
                     uint32_t count, dimension_mask_fn *mask, void *mask_context,
                     struct bytes *ret_values);
/* A value as cohorts know it: cut as above, else as it is. */
struct bytes dimension_cut(struct bytes value, struct arena *arena);
