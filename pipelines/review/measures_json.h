/* flywheel.measures/v1. */
#pragma once
#include "pipelines/review/measures.h"

void measures_json(const struct measures_request *request, struct measures *measures,
                   struct buffer *to);
