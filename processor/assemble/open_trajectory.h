/* What one unfinished trajectory holds: its spans in pieces, the resources and scopes they name
 * (once each), its logs. Only in_flight.c calls this; it keeps the sums of the table. */
#pragma once
#include "processor/assemble/in_flight.h"

enum { MALLOC_OVERHEAD = 16 }; /* of a block, in what a trajectory is said to cost */

struct open_trajectory *open_trajectory_create(const uint8_t trace_id[TRACE_ID_SIZE],
                                               int64_t now_ms);
void open_trajectory_destroy(struct open_trajectory *trajectory);
MUST_CHECK enum status open_trajectory_add_spans(struct open_trajectory *trajectory,
                                                 const struct gated_request *request,
                                                 uint32_t first, uint32_t *ret_next);
MUST_CHECK enum status open_trajectory_add_log(struct open_trajectory *trajectory,
                                               const struct gated_request *request,
                                               const struct log_record *log);
/* Is there a span with a remote parent that is not here? */
bool open_trajectory_has_local_root(const struct open_trajectory *trajectory);
