/* The section `limits` of a pipeline file as plain data: sizes in bytes, times in ms, the rest counts.
 * Those of the way back are in processor/review/settings.h. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct limit_settings {
    size_t memory_bytes, journal_bytes, outbox_bytes, late_bytes;
    uint32_t decided;
    uint32_t request_spans, request_depth, span_attributes, attribute_bytes, span_bytes;
    uint32_t connections, streams, header_bytes;
    size_t receiving_bytes, queue_bytes;
    int64_t queue_ms, answer_wait_ms;
    int64_t handshake_ms, connection_idle_ms, connection_age_ms;
};
