/* The OTLP JSON mapping to wire bytes, so that everything behind it reads one format: hex ids in
 * any case, enums as integers only, 64-bit integers as numbers or strings, lowerCamelCase only,
 * unknown members ignored. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/wire_gate.h"

/* Appends one ExportTraceServiceRequest or ExportLogsServiceRequest to `to`. MALFORMED: not JSON,
 * or not this mapping (an enum as text, an id that is no hex). BUSY: the budget of the arena or the
 * buffer ran out. */
MUST_CHECK enum status otlp_json_to_wire(struct bytes json, enum wire_gate_signal signal,
                                         struct arena *arena, struct buffer *to);
