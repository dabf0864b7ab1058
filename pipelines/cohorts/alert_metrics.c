/* One family after the other, in each the pinned cohorts in the order of the configuration. */
#include "pipelines/cohorts/alert_metrics.h"

#include "pipelines/cohorts/alerts_state.h"
#include "pipelines/cohorts/metrics.h"
#include "pipelines/config/value.h"

static const struct metric_family alert_family = {
    "flywheel_cohort_alert", METRIC_GAUGE,
    "Whether an alert of a pinned cohort fires: floor, burn_rate, worse, better."};
static const struct metric_family burn_family = {
    "flywheel_cohort_burn_rate", METRIC_GAUGE,
    "How many times too fast the error budget is spent over a window; absent with less than min_n "
    "scored runs in it."};
static const struct metric_family cusum_family = {
    "flywheel_cohort_cusum", METRIC_GAUGE,
    "CUSUM of the known failures of a pinned cohort; it alarms above the limit that its usual rate "
    "and "
    "cohorts.change.false_alarm_every give."};

static void write_sample(const struct alerts *alerts, const struct metric_family *family,
                         uint32_t pinned, const char *label, const char *value, double number,
                         struct buffer *to)
{
    const struct pinned_config *cohort = &alerts->config->pinned[pinned];
    struct buffer labels = {0};
    cohort_metrics_append_labels(&labels, alerts->config, cohort->grouping, cohort->values);
    metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (labels.failed)
        to->failed = true;
    else
        metrics_write_sample(to, family->name, (const char *)labels.data, number);
    buffer_finish(&labels);
}

/* A cohort may have several alerts: any of them. */
static void write_alerts(const struct alerts *alerts, uint32_t pinned, struct buffer *to)
{
    const struct watched *watched = &alerts->watched[pinned];
    bool is_floor = false, is_burn = false, has_burn = false;
    for (uint32_t i = 0; i < alerts->config->alert_count; i++) {
        const struct watch *watch = &alerts->watches[i];
        if (alerts->config->alerts[i].pinned != pinned)
            continue;
        is_floor |= atomic_load_explicit(&watch->shown_floor, memory_order_relaxed);
        is_burn |= atomic_load_explicit(&watch->shown_burn, memory_order_relaxed);
        has_burn |= alerts->config->alerts[i].burn_count > 0;
    }
    if (watched->windows)
        write_sample(alerts, &alert_family, pinned, "kind", "floor", is_floor, to);
    if (has_burn)
        write_sample(alerts, &alert_family, pinned, "kind", "burn_rate", is_burn, to);
    for (enum alert_direction direction = 0; direction < DIRECTIONS; direction++)
        write_sample(
            alerts, &alert_family, pinned, "kind", alert_kind_names[alert_change_kind(direction)],
            atomic_load_explicit(&watched->changes[direction].shown_firing, memory_order_relaxed),
            to);
}

static bool is_shown(const int64_t *shown, uint32_t count, int64_t window_ms)
{
    for (uint32_t i = 0; i < count; i++)
        if (shown[i] == window_ms)
            return true;
    return false;
}

/* The first alert of a cohort; each window once. */
static void write_burn_rates(const struct alerts *alerts, uint32_t pinned, struct buffer *to)
{
    const struct pipeline_config *config = alerts->config;
    int64_t shown[2 * BURNS_MAX];
    uint32_t number = 0, count = 0;
    while (number < config->alert_count && config->alerts[number].pinned != pinned)
        number++;
    if (number == config->alert_count)
        return;
    for (uint32_t i = 0; i < config->alerts[number].burn_count; i++) {
        const struct burn_config *burn = &config->alerts[number].burns[i];
        int64_t windows[] = {burn->long_ms, burn->short_ms};
        for (int k = 0; k < 2; k++) {
            double rate = atomic_load_explicit(&alerts->watches[number].shown_rates[i][k],
                                               memory_order_relaxed);
            if (rate < 0 || is_shown(shown, count, windows[k]))
                continue;
            shown[count++] = windows[k];
            struct buffer text = {0};
            config_value_print_duration(&text, windows[k]);
            buffer_append_byte(&text, 0);
            if (!text.failed)
                write_sample(alerts, &burn_family, pinned, "window", (const char *)text.data, rate,
                             to);
            buffer_finish(&text);
        }
    }
}

void alert_metrics_collect(void *context, struct buffer *to)
{
    const struct alerts *alerts = context;
    if (alerts->config->pinned_count == 0)
        return;
    metrics_write_family(to, &alert_family);
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        write_alerts(alerts, i, to);
    metrics_write_family(to, &burn_family);
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        write_burn_rates(alerts, i, to);
    metrics_write_family(to, &cusum_family);
    for (uint32_t i = 0; i < alerts->config->pinned_count; i++)
        for (enum alert_direction direction = 0; direction < DIRECTIONS; direction++)
            write_sample(alerts, &cusum_family, i, "direction",
                         alert_kind_names[alert_change_kind(direction)],
                         atomic_load_explicit(&alerts->watched[i].changes[direction].shown,
                                              memory_order_relaxed),
                         to);
}
