/* What the files of the report share. */
#pragma once
#include "pipelines/review/calibration_report.h"

/* calibration_rules.c: the word of each rule, from the sums and the rate of all runs. False: out of
 * memory. */
MUST_CHECK bool calibration_rules_read(const struct pipeline_config *config,
                                       const struct calibration_request *request,
                                       struct calibration *calibration);
