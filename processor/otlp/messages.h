/* protobuf-c in a budgeted arena, for the small messages: responses, google.rpc.Status, RetryInfo.
 * The only reader of OTLP's generated code. Untrusted bytes get here only behind the wire gate. */
#pragma once
#include "processor/base/arena.h"
#include "processor/base/bytes.h"
#include "processor/otlp/wire_gate.h"

/* Export{Trace,Logs}ServiceResponse. Without rejections and message partial_success is left unset.
 * The text is shortened so that the response stays below 4 KiB. */
void message_export_response(struct buffer *to, enum wire_gate_signal signal, uint32_t rejected,
                             struct bytes error_message);
/* Reads one back (send, tests). */
MUST_CHECK enum status message_read_response(struct bytes response, enum wire_gate_signal signal,
                                             struct arena *arena, int64_t *ret_rejected,
                                             struct bytes *ret_error_message);
/* google.rpc.Status with RetryInfo among its details when `retry_delay_ms` > 0. */
void message_status(struct buffer *to, int code, struct bytes text, int64_t retry_delay_ms);
/* google.rpc.RetryInfo alone: the Python exporter reads it from its own trailer. */
void message_retry_info(struct buffer *to, int64_t retry_delay_ms);
/* A whole unpack of an export request under `budget` bytes, for the differential fuzz target: true
 * when protobuf-c accepts it, with the number of spans or log records. */
bool message_unpack_request(struct bytes request, enum wire_gate_signal signal, size_t budget,
                            uint32_t *ret_count);
