/* The coverage as a document. */
#pragma once
#include "pipelines/review/dataset_coverage.h"

/* flywheel.dataset_coverage/v1. */
void dataset_coverage_json(const struct cohort_report_request *request,
                           const struct coverage *coverage, struct buffer *to);
