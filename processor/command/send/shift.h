/* Moves the times of recorded requests, so that old runs look as if they had just ended. All times
 * of one recording move by the same amount: every difference stays. Ids stay too. */
#pragma once
#include <stdint.h>

#include "processor/otlp/wire_gate.h"

/* The latest end of a span, or time of a log record, in the request; 0 when it has none. */
uint64_t shift_latest_ns(struct bytes request, enum wire_gate_signal signal);
/* Adds `by_ns` to start, end and event times of spans and to both times of log records, in place:
 * they are fixed64, so no length changes. A time of 0 means unset and stays. What is not
 * well-formed is left as it is. */
void shift_times(struct buffer *request, enum wire_gate_signal signal, int64_t by_ns);
