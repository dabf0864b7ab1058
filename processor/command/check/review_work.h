/* What the budget of review work comes to: for the store, and for people. */
#pragma once
#include "pipelines/config/config.h"

/* One or two lines; nothing without a results pipeline. `item_bytes`: of one that was seen, or 0. */
void review_work_print(const struct pipeline_config *config, double item_bytes, struct buffer *to);
