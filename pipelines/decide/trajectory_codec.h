/* A trajectory as bytes and back, for what has to outlive memory: spilled trajectories, and the
 * content that a revision starts from.
 *   varint size | ExportTraceServiceRequest | ExportLogsServiceRequest
 * Spans and logs are as received, under their resource and scope. What comes back passes the
 * ordinary gate and is added to an open trajectory like anything that arrives, so that there is one
 * way in. Duplicates and positions are the caller's to keep. */
#pragma once
#include "processor/assemble/in_flight.h"

/* Appends; false when out of memory, and `to` has failed. */
MUST_CHECK bool trajectory_encode(const struct open_trajectory *open, struct buffer *to);
/* The same of a view; the order of its spans does not matter. `scratch` may be reset afterwards. */
MUST_CHECK bool trajectory_encode_view(const struct trajectory *trajectory, struct arena *scratch,
                                       struct buffer *to);

/* Spans and logs are chained in order, from 0 on, and point into `encoded`; tables are in `arena`.
 * Of `limits` only the nesting counts, because the rest was held when the spans came. MALFORMED:
 * not what was encoded; BUSY: the arena is too small. */
MUST_CHECK enum status trajectory_decode(struct bytes encoded,
                                         const struct wire_gate_limits *limits, struct arena *arena,
                                         struct gated_request *ret_spans,
                                         struct gated_request *ret_logs);
