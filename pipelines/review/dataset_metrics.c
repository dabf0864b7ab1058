/* What /metrics says of the dataset; the numbers are those of the last commit. */
#include <stdio.h>

#include "pipelines/review/dataset_state.h"
#include "processor/base/metrics.h"

static const struct metric_family families[] = {
    {"flywheel_dataset_rows", METRIC_GAUGE, "Live rows by split; held ones are in no version."},
    {"flywheel_dataset_version", METRIC_GAUGE, "The newest version of the dataset."},
    {"flywheel_dataset_used_ratio", METRIC_GAUGE, "Share of limits.dataset that its rows take."},
    {"flywheel_erase_pending", METRIC_GAUGE,
     "Erasures whose freed pages still have to be overwritten: flywheel state compact."},
};

void dataset_collect_metrics(void *dataset, struct buffer *to)
{
    struct dataset *it = dataset;
    char labels[64];
    metrics_write_family(to, &families[0]);
    for (size_t split = 0; split < ROW_SPLITS; split++)
        for (size_t i = 0; i < 2; i++) {
            int64_t rows = atomic_load_explicit(&it->shown_rows[split][i], memory_order_relaxed);
            snprintf(labels, sizeof labels, "split=\"%s\",regression=\"%s\"",
                     row_split_names[split], i ? "true" : "false");
            metrics_write_sample(to, families[0].name, labels, (double)rows);
        }
    metrics_write_family(to, &families[1]);
    metrics_write_sample(to, families[1].name, "",
                         (double)atomic_load_explicit(&it->shown_version, memory_order_relaxed));
    uint64_t most = atomic_load_explicit(&it->bytes_max, memory_order_relaxed);
    int64_t bytes = atomic_load_explicit(&it->shown_bytes, memory_order_relaxed);
    metrics_write_family(to, &families[2]);
    metrics_write_sample(to, families[2].name, "", most > 0 ? (double)bytes / (double)most : 0);
    metrics_write_family(to, &families[3]);
    metrics_write_sample(to, families[3].name, "",
                         (double)atomic_load_explicit(&it->shown_pending, memory_order_relaxed));
}
