/* The process_* families that every Prometheus client exports: CPU time, memory, file descriptors,
 * start. */
#pragma once
#include "processor/base/metrics.h"

/* A collector; `context` is not used. What the kernel doesn't tell is left out. */
void process_metrics_collect(void *context, struct buffer *to);
