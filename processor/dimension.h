/* A dimension names one side of the cohorts of a run: intent=refund, locale=de. Plain data of the
 * pipeline file; normalize/facts/dimensions.h reads the values. */
#pragma once
#include <stdint.h>

#include "processor/base/bytes.h"

enum { DIMENSIONS_MAX = 32, DIMENSION_SOURCES_MAX = 16, DIMENSION_VALUE_MAX = 120 };

struct dimension {
    struct bytes name;
    struct bytes sources[DIMENSION_SOURCES_MAX];
    uint32_t source_count;
};
