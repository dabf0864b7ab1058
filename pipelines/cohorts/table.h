/* A report of cohorts for a terminal: cells first, then widths, then lines.
 *   intent            total  pass  borderline  fail  unscored  fail rate (95 %)       p95 ms
 *   mortgage payoff     120    90          10    20         0  16.7 % (11.1 to 24.4)   18320
 * Cohort columns are flushed left, numbers right; control characters of values are shown as `?`. */
#pragma once
#include "pipelines/cohorts/report.h"

void cohort_table_write(const struct cohort_report_request *request,
                        const struct cohort_result *result, struct buffer *to);
