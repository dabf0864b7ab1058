/* The calibration as a document. */
#pragma once
#include "pipelines/review/calibration_curve.h"
#include "pipelines/review/calibration_report.h"
#include "processor/base/json/writer.h"

/* The member `rule_lift` of an open object: P(bad | fired) / P(bad) of each rule. */
void calibration_put_rule_lift(struct json_writer *to, const struct calibration *calibration);
/* flywheel.calibration/v1; `curve` NULL: none was asked for. */
void calibration_json(const struct pipeline_config *config,
                      const struct calibration_request *request,
                      const struct calibration *calibration, const struct calibration_curve *curve,
                      struct buffer *to);
