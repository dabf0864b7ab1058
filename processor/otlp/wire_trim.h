/* Makes a request fit its limits: what is over one is left out, the span that it stood in is kept.
 * The gate has found that something is; most requests never come here.
 *
 *   Span [ ids, times, attribute, ATTRIBUTE OF 2 MiB, event ]  ->  [ ids, times, attribute, event,
 *                                                                    dropped 1, note ]
 *
 * Attributes, events and links go that are too large, too deep, too many, or have a NUL in the
 * key; of a span that grows over its size those that come last. An event or link loses the
 * attributes that are over a limit and stays. The id of a parent that is none goes. Beyond
 * spans_max a span keeps its ids, times and status alone: a stub. Log records beyond it are
 * refused, and so is, by the gate, what has bad ids. What was left out is noted in the message
 * (left_out.h) and in `parts`.
 */
#pragma once
#include "processor/otlp/refused_parts.h"
#include "processor/otlp/wire_gate.h"

/* Appends the request as it fits to `to`; it passes the gate under wire_gate_ceilings. `parts` adds
 * up; `*ret_refused` are log records that are not there any more. MALFORMED: not well-formed, in a
 * place that the gate had not read. A full buffer is sticky, as ever. */
MUST_CHECK enum status wire_trim(struct bytes request, enum wire_gate_signal signal,
                                 const struct wire_gate_limits *limits, struct buffer *to,
                                 struct refused_parts *parts, uint32_t *ret_refused);
