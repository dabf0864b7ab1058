/* Three bounds of each figure: value, low, high. */
#include "pipelines/review/calibration_metrics.h"

#include <math.h>
#include <stdlib.h>

#include "pipelines/cohorts/metrics.h"
#include "pipelines/review/calibration_report.h"
#include "processor/base/clock.h"
#include "processor/base/memory.h"
#include "processor/base/metrics.h"
#include "processor/verdict.h"

enum {
    COHORTS_MAX = 200, /* the first of each grouping has the most runs */
    STRATA_MAX = 200,
    RULES_SHOWN_MAX = 100,
    FRESH_MS = 60000,
    REST_FACTOR = 10,
};

static const struct metric_family
    precision_family = {"flywheel_rule_precision", METRIC_GAUGE,
                        "Share of bad runs among reviewed ones on which the rule fired, over 28 "
                        "days, with bounds."},
    recall_family = {"flywheel_rule_recall", METRIC_GAUGE,
                     "Share of all bad runs on which the rule fired, by what "
                     "reviews say, over 28 days, with bounds."},
    rate_family = {"flywheel_cohort_fail_rate_calibrated", METRIC_GAUGE,
                   "Fail rate of a cohort by what reviewers said, over a "
                   "window of event time, with bounds. Absent where it is not "
                   "known."},
    response_family = {"flywheel_review_response_ratio", METRIC_GAUGE,
                       "Reviewed of what was chosen for review and is due, by "
                       "queue, verdict and priority, over 28 days."};

struct calibration_metrics {
    const struct pipeline_config *config;
    struct store *store;
    struct buffer page;
    int64_t made_ms, took_ms; /* monotonic; of the page */
    bool is_made;
};

struct calibration_metrics *calibration_metrics_create(const struct pipeline_config *config,
                                                       struct store *store)
{
    struct calibration_metrics *metrics = memory_need(calloc(1, sizeof *metrics));
    metrics->config = config;
    metrics->store = store;
    return metrics;
}

void calibration_metrics_destroy(struct calibration_metrics *metrics)
{
    if (metrics)
        buffer_finish(&metrics->page);
    free(metrics);
}

/* --- samples --- */

/* `labels` stay as they were. */
static void write_bound(struct buffer *to, const struct metric_family *family,
                        const struct buffer *labels, const char *bound, double value)
{
    struct buffer all = {0};
    buffer_append_bytes(&all, buffer_bytes(labels));
    if (bound)
        metrics_append_label(&all, "bound", bytes_of_text(bound));
    buffer_append_byte(&all, 0);
    if (all.failed || labels->failed)
        to->failed = true;
    else if (isfinite(value))
        metrics_write_sample(to, family->name, (const char *)all.data, value);
    buffer_finish(&all);
}

static void write_estimate(struct buffer *to, const struct metric_family *family,
                           const struct buffer *labels, const struct estimate *estimate)
{
    if (!estimate->is_known)
        return;
    write_bound(to, family, labels, "value", estimate->value);
    write_bound(to, family, labels, "low", estimate->low);
    write_bound(to, family, labels, "high", estimate->high);
}

static void write_rules(const struct calibration *calibration, bool is_recall, struct buffer *to)
{
    const struct metric_family *family = is_recall ? &recall_family : &precision_family;
    metrics_write_family(to, family);
    for (uint32_t i = 0; i < calibration->rule_count && i < RULES_SHOWN_MAX; i++) {
        const struct calibration_rule_report *rule = &calibration->rules[i];
        struct buffer labels = {0};
        metrics_append_label(&labels, "rule", rule->rule);
        write_estimate(to, family, &labels,
                       is_recall ? &rule->recall.share : &rule->precision.share);
        buffer_finish(&labels);
    }
}

static void write_rates(const struct calibration_metrics *metrics,
                        const struct calibration *calibration,
                        const struct calibration_request *request, struct buffer *to)
{
    const struct calibration_settings *settings = &metrics->config->review.calibration;
    uint32_t shown = 0;
    metrics_write_family(to, &rate_family);
    for (uint32_t i = 0; i < calibration->rate_count && shown < COHORTS_MAX; i++) {
        const struct calibration_rate *rate = &calibration->rates[i];
        struct buffer labels = {0};
        if (rate->reason)
            continue;
        if (rate->grouping)
            cohort_metrics_append_labels(&labels, metrics->config,
                                         (uint32_t)(rate->grouping - settings->groupings),
                                         rate->values);
        else
            metrics_append_label(&labels, "group", BYTES_LITERAL("*"));
        metrics_append_label(&labels, "window", request->cohorts.window);
        write_estimate(to, &rate_family, &labels, &rate->calibrated.rate);
        buffer_finish(&labels);
        shown++;
    }
}

static void write_response(const struct calibration *calibration, struct buffer *to)
{
    metrics_write_family(to, &response_family);
    for (size_t i = 0; i < calibration->sums.queue_class_count && i < STRATA_MAX; i++) {
        const struct calibration_queue_class *class = &calibration->sums.queue_classes[i];
        struct buffer stratum = {0}, labels = {0};
        double ratio = calibration_response(class);
        buffer_append_bytes(&stratum, calibration_queue(calibration, class->class.queue));
        buffer_printf(&stratum, "/%s/%u", verdict_names[class->class.verdict],
                      class->class.priority);
        metrics_append_label(&labels, "stratum", buffer_bytes(&stratum));
        if (ratio >= 0)
            write_bound(to, &response_family, &labels, NULL, ratio);
        buffer_finish(&labels);
        buffer_finish(&stratum);
    }
}

/* --- the page --- */

static void make_page(struct calibration_metrics *metrics)
{
    const struct bytes none = {NULL, 0};
    struct calibration_request request;
    struct calibration calibration;
    struct arena arena;
    struct error error = {0};
    arena_init(&arena, 1 << 16);
    buffer_clear(&metrics->page);
    if (calibration_parse(none, none, none, metrics->config, clock_realtime_ms(), &arena, &request,
                          &error) == STATUS_OK &&
        calibration_read(metrics->store, metrics->config, &request, &calibration, &error) ==
            STATUS_OK) {
        write_rules(&calibration, false, &metrics->page);
        write_rules(&calibration, true, &metrics->page);
        write_rates(metrics, &calibration, &request, &metrics->page);
        write_response(&calibration, &metrics->page);
        calibration_finish(&calibration);
    }
    arena_finish(&arena);
}

void calibration_metrics_collect(struct calibration_metrics *metrics, struct buffer *to)
{
    int64_t now_ms = clock_monotonic_ms(), rest_ms = metrics->took_ms * REST_FACTOR;
    if (!metrics->is_made ||
        now_ms - metrics->made_ms >= (rest_ms > FRESH_MS ? rest_ms : FRESH_MS)) {
        make_page(metrics);
        metrics->made_ms = clock_monotonic_ms();
        metrics->took_ms = metrics->made_ms - now_ms;
        metrics->is_made = true;
    }
    if (!metrics->page.failed)
        buffer_append_bytes(to, buffer_bytes(&metrics->page));
    else
        buffer_clear(&metrics->page);
}
