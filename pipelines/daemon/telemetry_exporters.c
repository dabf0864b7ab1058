/* An exporter is up until something it tried has failed, and again once something has worked. */
#include "pipelines/daemon/telemetry_exporters.h"

static const struct metric_family up_family = {
    "flywheel_exporter_up", METRIC_GAUGE,
    "1 while the exporter can write, as far as it has tried; 0 while records wait for it."};

void telemetry_exporters_collect(void *context, struct buffer *to)
{
    const struct telemetry_exporters *exporters = context;
    metrics_write_family(to, &up_family);
    for (uint32_t i = 0; i < exporters->config->exporter_count; i++) {
        struct buffer labels = {0};
        metrics_append_label(&labels, "exporter",
                             bytes_of_text(exporters->config->exporters[i].name));
        buffer_append_byte(&labels, 0);
        if (!labels.failed)
            metrics_write_sample(to, up_family.name, (const char *)labels.data,
                                 exporters->trouble(exporters->context, i) ? 0 : 1);
        buffer_finish(&labels);
    }
}

void telemetry_exporters_degraded(const struct telemetry_exporters *exporters, struct buffer *to)
{
    for (uint32_t i = 0; i < exporters->config->exporter_count; i++) {
        const char *trouble = exporters->trouble(exporters->context, i);
        if (trouble)
            buffer_printf(to, "degraded: exporter %s cannot write: %s\n",
                          exporters->config->exporters[i].name, trouble);
    }
}
