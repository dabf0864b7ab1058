/* The OTLP JSON mapping to wire bytes, so that everything behind it reads one format: hex ids in
 * any case, enums as numbers or names, 64-bit integers as numbers or strings, members in
 * lowerCamelCase or by their names in the .proto, unknown ones ignored.
 *
 * A value that does not fit its member is no fault of the request. It costs the part that it is in
 * (an attribute, an event, a link, a field), which is left out, counted and noted (left_out.h); as
 * the id of a span it costs the span. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/refused_parts.h"
#include "processor/otlp/wire_gate.h"

/* Appends one ExportTraceServiceRequest or ExportLogsServiceRequest to `to`; `parts` adds up.
 * MALFORMED: not JSON, or no object; the place in `parts` is where that shows. BUSY: the budget of
 * the arena or the buffer ran out. */
MUST_CHECK enum status otlp_json_to_wire(struct bytes json, enum wire_gate_signal signal,
                                         struct arena *arena, struct buffer *to,
                                         struct refused_parts *parts);
