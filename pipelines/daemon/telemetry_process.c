/* The version, and what the kernel knows of the process. */
#include "pipelines/daemon/telemetry_process.h"

#include "processor/report/process_metrics.h"

static const struct metric_family build_family = {"flywheel_build_info", METRIC_GAUGE,
                                                  "Always 1; the version is a label."};

static void collect_build(void *context, struct buffer *to)
{
    (void)context;
    metrics_write_family(to, &build_family);
    metrics_write_sample(to, build_family.name, "version=\"" FLYWHEEL_VERSION "\"", 1);
}

void telemetry_process_register(struct metrics *metrics)
{
    metrics_add_collector(metrics, collect_build, NULL);
    metrics_add_collector(metrics, process_metrics_collect, NULL);
}
