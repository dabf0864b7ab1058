/* The calibration as a document. */
#pragma once
#include "pipelines/review/calibration_curve.h"
#include "pipelines/review/calibration_report.h"

/* flywheel.calibration/v1; `curve` NULL: none was asked for. */
void calibration_json(const struct pipeline_config *config,
                      const struct calibration_request *request,
                      const struct calibration *calibration, const struct calibration_curve *curve,
                      struct buffer *to);
