/* Which exporters can write: a gauge and the `degraded` lines of /readyz. Spans are taken while
 * they can't, so it is no reason to be taken out of a load balancer. */
#pragma once
#include "pipelines/config/config.h"
#include "processor/base/metrics.h"

struct telemetry_exporters {
    const struct pipeline_config *config;
    /* Why exporter number `exporter` cannot write; NULL: it can. Any thread. */
    const char *(*trouble)(const void *context, uint32_t exporter);
    const void *context;
};

/* flywheel_exporter_up{exporter}; a collector of metrics_add_collector. */
void telemetry_exporters_collect(void *exporters, struct buffer *to);
/* Appends "degraded: exporter NAME cannot write: REASON\n" for each that can't. */
void telemetry_exporters_degraded(const struct telemetry_exporters *exporters, struct buffer *to);
