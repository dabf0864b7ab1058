/* The calibration as lines to read. */
#pragma once
#include "pipelines/review/calibration_curve.h"

/* `curve` NULL: none was asked for. */
void calibration_table(const struct pipeline_config *config,
                       const struct calibration_request *request,
                       const struct calibration *calibration, const struct calibration_curve *curve,
                       struct buffer *to);
