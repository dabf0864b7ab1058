/* The option reference as Markdown (pipelines/options.md). */
#pragma once
#include "processor/base/bytes.h"

void config_reference(struct buffer *to);
