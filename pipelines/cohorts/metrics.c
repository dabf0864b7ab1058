/* Samples of one family must stand together, but only one result is in memory at a time: each
 * family has a part of the page, and every grouping adds to all parts.
 *   grouping -> since start, 1h, 24h -> part of each family        parts -> page */
#include "pipelines/cohorts/metrics.h"

#include <stdlib.h>

#include "pipelines/cohorts/report.h"
#include "pipelines/config/groupings.h"
#include "processor/base/clock.h"
#include "processor/base/memory.h"

enum { TOP_COHORTS = 200, REST_FACTOR = 10, HOUR_MS = 3600000 };

enum part {
    PART_TRAJECTORIES,
    PART_SCORED,
    PART_FAIL_RATE,
    PART_KNOWN_FAIL_RATE,
    PART_LAST_SEEN,
    PART_OVERFLOW,
    PARTS
};

static const struct metric_family families[PARTS] = {
    {"flywheel_cohort_trajectories_total", METRIC_COUNTER,
     "Trajectories of a cohort by their first verdict."},
    {"flywheel_cohort_scored_trajectories_total", METRIC_COUNTER,
     "Trajectories of a cohort whose first verdict a judging rule had a value for."},
    {"flywheel_cohort_fail_rate", METRIC_GAUGE,
     "Fail rate of a cohort over a window of event time, weighted: what was condemned of all, and "
     "what failed of the rest that was scored. Absent where nothing was scored."},
    {"flywheel_cohort_known_fail_rate", METRIC_GAUGE,
     "Weighted share of the failed among all trajectories of a cohort over a window of event time: "
     "a floor, for what nobody scored counts as not failed."},
    {"flywheel_cohort_last_seen_timestamp_seconds", METRIC_GAUGE,
     "Event time of the latest trajectory of a cohort."},
    {"flywheel_cohort_overflow_ratio", METRIC_GAUGE,
     "Share of the trajectories of a grouping that were counted under __other__, because "
     "cohorts.max_per_group was reached."},
};

static const struct {
    const char *name;
    int64_t ms;
} windows[] = {{"1h", HOUR_MS}, {"24h", 24 * HOUR_MS}};

struct group {
    struct buffer text; /* "release,intent" */
    uint32_t count;
    struct bytes dimensions[GROUPING_DIMENSIONS_MAX];
    char labels[GROUPING_DIMENSIONS_MAX][COHORT_LABEL_SIZE + 4];
};

struct cohort_metrics {
    const struct pipeline_config *config;
    struct store *store;
    struct group groups[GROUPINGS_MAX];
    struct buffer page, parts[PARTS];
    int64_t made_ms, took_ms; /* monotonic; of the page */
};

void cohort_metrics_label_name(char to[COHORT_LABEL_SIZE], struct bytes dimension)
{
    static const char *const taken[] = {"group", "window", "verdict",  "kind",    "direction",
                                        "le",    "job",    "quantile", "instance"};
    static const char prefix[] = "dimension_";
    char name[COHORT_LABEL_SIZE - sizeof prefix];
    size_t size = dimension.size < sizeof name - 1 ? dimension.size : sizeof name - 1;
    for (size_t i = 0; i < size; i++) {
        uint8_t c = dimension.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        name[i] = is_plain ? (char)c : '_';
    }
    name[size] = 0;
    bool is_taken = size == 0 || (name[0] >= '0' && name[0] <= '9') || strncmp(name, "__", 2) == 0;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        is_taken |= strcmp(name, taken[i]) == 0;
    strcpy(to, is_taken ? prefix : "");
    strcat(to, name);
}

/* `a.b` and `a_b` are one name to Prometheus; the later gets its place in the grouping added. */
static void name_labels(struct group *group)
{
    for (uint32_t i = 0; i < group->count; i++) {
        cohort_metrics_label_name(group->labels[i], group->dimensions[i]);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(group->labels[i], group->labels[k]) == 0) {
                strcat(group->labels[i], (char[]){'_', (char)('1' + i), 0});
                break;
            }
    }
}

static void open_group(struct group *group, const struct pipeline_config *config, uint32_t grouping)
{
    group->count = config->groupings[grouping].count;
    for (uint32_t d = 0; d < group->count; d++)
        group->dimensions[d] = config->dimensions[config->groupings[grouping].dimensions[d]].name;
    config_groupings_text(config, grouping, &group->text);
    name_labels(group);
}

static void append_labels(struct buffer *to, const struct group *group, const struct bytes *values)
{
    metrics_append_label(to, "group", buffer_bytes(&group->text));
    for (uint32_t i = 0; values && i < group->count; i++)
        metrics_append_label(to, group->labels[i], values[i]);
}

void cohort_metrics_append_labels(struct buffer *to, const struct pipeline_config *config,
                                  uint32_t grouping, const struct bytes *values)
{
    struct group group = {.count = 0};
    open_group(&group, config, grouping);
    append_labels(to, &group, values);
    buffer_finish(&group.text);
}

struct cohort_metrics *cohort_metrics_create(const struct pipeline_config *config,
                                             struct store *store)
{
    struct cohort_metrics *metrics = memory_need(calloc(1, sizeof *metrics));
    metrics->config = config;
    metrics->store = store;
    for (uint32_t i = 0; i < config->grouping_count; i++)
        open_group(&metrics->groups[i], config, i);
    return metrics;
}

void cohort_metrics_destroy(struct cohort_metrics *metrics)
{
    if (!metrics)
        return;
    for (uint32_t i = 0; i < GROUPINGS_MAX; i++)
        buffer_finish(&metrics->groups[i].text);
    for (int i = 0; i < PARTS; i++)
        buffer_finish(&metrics->parts[i]);
    buffer_finish(&metrics->page);
    free(metrics);
}

static bool is_pinned(const struct pipeline_config *config, uint32_t grouping,
                      const struct cohort_result_row *row)
{
    for (uint32_t i = 0; i < config->pinned_count; i++) {
        if (config->pinned[i].grouping != grouping)
            continue;
        uint32_t same = 0, count = config->groupings[grouping].count;
        while (same < count && bytes_equal(config->pinned[i].values[same], row->values[same]))
            same++;
        if (same == count)
            return true;
    }
    return false;
}

/* group="...", the dimensions, and one more label when `name` is there. */
static void write_one(struct buffer *to, enum part part, const struct group *group,
                      const struct cohort_result_row *row, const char *name, const char *value,
                      double number)
{
    struct buffer labels = {0};
    append_labels(&labels, group, row ? row->values : NULL);
    if (name)
        metrics_append_label(&labels, name, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (labels.failed)
        to->failed = true;
    else
        metrics_write_sample(to, families[part].name, (const char *)labels.data, number);
    buffer_finish(&labels);
}

static void write_totals(struct cohort_metrics *metrics, uint32_t grouping,
                         const struct cohort_result *result)
{
    const struct group *group = &metrics->groups[grouping];
    int64_t total = 0, overflow = 0;
    for (size_t i = 0; i < result->row_count; i++) {
        const struct cohort_result_row *row = &result->rows[i];
        const struct cohort_bucket *sums = &row->sums;
        total += cohort_bucket_total(sums);
        overflow +=
            cohort_report_is_overflow(row->values, group->count) ? cohort_bucket_total(sums) : 0;
        if (i >= TOP_COHORTS && !is_pinned(metrics->config, grouping, row))
            continue;
        for (int verdict = 0; verdict < COHORT_VERDICTS; verdict++)
            write_one(&metrics->parts[PART_TRAJECTORIES], PART_TRAJECTORIES, group, row, "verdict",
                      verdict_name((enum verdict)verdict), (double)sums->first[verdict]);
        write_one(&metrics->parts[PART_SCORED], PART_SCORED, group, row, NULL, NULL,
                  (double)sums->first_scored);
        write_one(&metrics->parts[PART_LAST_SEEN], PART_LAST_SEEN, group, row, NULL, NULL,
                  (double)sums->last_event_ms / 1000);
    }
    write_one(&metrics->parts[PART_OVERFLOW], PART_OVERFLOW, group, NULL, NULL, NULL,
              total > 0 ? (double)overflow / (double)total : 0);
}

static void write_rates(struct cohort_metrics *metrics, uint32_t grouping, const char *window,
                        const struct cohort_result *result)
{
    struct cohort_rate_terms terms = cohort_rates_terms(metrics->config, result->largest_weight);
    for (size_t i = 0; i < result->row_count; i++) {
        const struct cohort_result_row *row = &result->rows[i];
        struct cohort_rates rates = cohort_rates_of(&row->sums, &terms);
        if (i >= TOP_COHORTS && !is_pinned(metrics->config, grouping, row))
            continue;
        if (rates.fail.is_known)
            write_one(&metrics->parts[PART_FAIL_RATE], PART_FAIL_RATE, &metrics->groups[grouping],
                      row, "window", window, rates.fail.p);
        if (rates.known.is_known)
            write_one(&metrics->parts[PART_KNOWN_FAIL_RATE], PART_KNOWN_FAIL_RATE,
                      &metrics->groups[grouping], row, "window", window, rates.known.p);
    }
}

/* A grouping that the store has not heard of yet has no cohorts. */
static bool query(struct cohort_metrics *metrics, uint32_t grouping, int64_t as_of_ms,
                  int64_t window_ms, struct cohort_result *ret_result)
{
    const struct group *group = &metrics->groups[grouping];
    struct error error = {0};
    enum status status =
        cohort_query_in(metrics->store, buffer_bytes(&group->text), group->dimensions, group->count,
                        as_of_ms, window_ms, ret_result, &error);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND)
        log_warn("cohort_metrics_incomplete", "reason=\"%s\"", error.text);
    return status == STATUS_OK;
}

static void make_page(struct cohort_metrics *metrics)
{
    int64_t as_of_ms = clock_realtime_ms();
    struct cohort_result result;
    for (int i = 0; i < PARTS; i++) {
        buffer_clear(&metrics->parts[i]);
        metrics_write_family(&metrics->parts[i], &families[i]);
    }
    for (uint32_t i = 0; i < metrics->config->grouping_count; i++) {
        if (query(metrics, i, as_of_ms, 0, &result)) {
            write_totals(metrics, i, &result);
            cohort_result_finish(&result);
        }
        for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
            if (query(metrics, i, as_of_ms, windows[w].ms, &result)) {
                write_rates(metrics, i, windows[w].name, &result);
                cohort_result_finish(&result);
            }
    }
    buffer_clear(&metrics->page);
    for (int i = 0; i < PARTS; i++) {
        buffer_append_bytes(&metrics->page, buffer_bytes(&metrics->parts[i]));
        metrics->page.failed |= metrics->parts[i].failed;
    }
}

void cohort_metrics_collect(void *context, struct buffer *to)
{
    struct cohort_metrics *metrics = context;
    int64_t now_ms = clock_monotonic_ms();
    if (metrics->page.size == 0 || now_ms - metrics->made_ms > REST_FACTOR * metrics->took_ms) {
        make_page(metrics);
        metrics->made_ms = clock_monotonic_ms();
        metrics->took_ms = metrics->made_ms - now_ms;
    }
    buffer_append_bytes(to, buffer_bytes(&metrics->page));
    to->failed |= metrics->page.failed;
}
