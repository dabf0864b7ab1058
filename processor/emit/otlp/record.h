/* The run of a review record as OTLP (TracesData, the value that the Collector's Kafka receiver
 * reads without an extension), redacted: for exporters with `encoding: otlp_proto`.
 *
 *   span        ids, times, kind, status and links as they came; names and texts masked
 *   attributes  those that redaction.allow or hash names, masked or hashed (all, when content is
 *               full), and what the record states of the step, in the words of the GenAI
 *               conventions: gen_ai.request.model, gen_ai.tool.name, gen_ai.usage.*, and
 *               input.value, output.value where texts may leave
 *   the root    flywheel.verdict, .labels, .record_id, .queue, .revision, .ruleset.sha256,
 *               .selection.reason, .selection.inclusion_probability, .cohort.<dimension>
 *
 * Structured values (lists, maps, bytes) leave only when content is full. */
#pragma once
#include "processor/emit/record/record.h"

enum { OTLP_RECORD_MAX = 800000 }; /* bytes; larger: texts are cut, then spans left out */

/* Appends the message. Spans stand in the order of the trajectory below their Resource and scope.
 * Deterministic. FATAL only when memory ran out. */
MUST_CHECK enum status otlp_record_write(const struct review_input *input,
                                         const struct review_record *record, struct buffer *to);
