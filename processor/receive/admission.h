/* How the bytes of a request become gated tables, at the door and ever after.
 *
 *   at the door   body -> gate under the limits -> over one? trim -> gate under the ceilings
 *   read again    body -> gate under the ceilings                    what was admitted once is in
 *
 * A trimmed body takes the place of the one that came, so that the journal holds what was admitted:
 * limits that have changed since change nothing of it. */
#pragma once
#include "processor/receive/request.h"

/* Reads request_body() into request->gated. MALFORMED: undecodable; BUSY: no room for the tables
 * (or no memory, see request_lacks_memory()). */
MUST_CHECK enum status admission_gate(struct request *request,
                                      const struct wire_gate_limits *limits);
/* Of the journal: as it was admitted. */
MUST_CHECK enum status admission_gate_again(struct request *request);
