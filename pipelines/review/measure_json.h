/* How a measure is told: its value with what it was made of, or null with the reason. */
#pragma once
#include "pipelines/cohorts/report.h"
#include "processor/base/json/writer.h"

/* Opens the document: schema, as_of, window. */
void measure_json_begin(struct json_writer *writer, struct buffer *to, const char *schema,
                        const struct cohort_report_request *request);
/* {"value": null, "reason": ...} */
void measure_json_null(struct json_writer *to, const char *reason);
/* A share of what was counted whole, so without an interval; null with `reason` of nothing. */
void measure_json_census(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                         const char *reason);
/* The same of a sample: with Wilson's interval of 95 %. */
void measure_json_share(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                        const char *reason);
/* Members of an open object: value, low, high, numerator, denominator; or value and reason. */
void measure_json_share_members(struct json_writer *to, uint64_t numerator, uint64_t denominator,
                                const char *reason);
