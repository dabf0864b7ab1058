/* family -> series -> sources. A family is looked up by its name and a series by its labels when
 * one is registered, so rendering is one walk. The lock keeps registration and rendering apart;
 * counting takes no lock. */
#include "processor/base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "processor/base/json/number.h"
#include "processor/base/text/utf8.h"

static const struct {
    uint64_t us;
    const char *le;
} bounds[HISTOGRAM_BUCKETS] = {
    {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},  {10000, "0.01"},
    {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},  {250000, "0.25"},
    {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {5000000, "5"},
    {10000000, "10"}, {30000000, "30"}, {60000000, "60"}, {120000000, "120"},
};

struct source {
    struct source *next;
    const struct counter *counter;
    const struct histogram *histogram;
    double scale;
};

struct series {
    struct series *next;
    char *labels;
    struct source *sources;
};

struct family {
    struct family *next;
    const struct metric_family *about;
    struct series *series;
};

struct collector {
    struct collector *next;
    metrics_collect_fn *collect;
    void *context;
};

struct metrics {
    pthread_mutex_t lock;
    struct family *families;
    struct collector *collectors;
};

void metrics_observe_us(struct histogram *histogram, uint64_t us)
{
    int bucket = 0;
    while (bucket < HISTOGRAM_BUCKETS && us > bounds[bucket].us)
        bucket++;
    counter_add(&histogram->buckets[bucket], 1);
    counter_add(&histogram->sum_us, us);
}

/* Memory for the registry is taken at start-up only; without it there is no program. */
static void *allocate(size_t size)
{
    void *place = calloc(1, size);
    assert(place);
    return place;
}

struct metrics *metrics_create(void)
{
    struct metrics *metrics = allocate(sizeof *metrics);
    int failed = pthread_mutex_init(&metrics->lock, NULL);
    assert(!failed);
    return metrics;
}

static void free_series(struct series *series)
{
    while (series->sources) {
        struct source *source = series->sources;
        series->sources = source->next;
        free(source);
    }
    free(series->labels);
    free(series);
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    while (metrics->families) {
        struct family *family = metrics->families;
        metrics->families = family->next;
        while (family->series) {
            struct series *series = family->series;
            family->series = series->next;
            free_series(series);
        }
        free(family);
    }
    while (metrics->collectors) {
        struct collector *collector = metrics->collectors;
        metrics->collectors = collector->next;
        free(collector);
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct family *find_family(struct metrics *metrics, const struct metric_family *about)
{
    struct family **place = &metrics->families;
    while (*place && strcmp((*place)->about->name, about->name) != 0)
        place = &(*place)->next;
    if (!*place) {
        *place = allocate(sizeof **place);
        (*place)->about = about;
    }
    assert((*place)->about->type == about->type);
    return *place;
}

static struct series *find_series(struct family *family, const char *labels)
{
    struct series **place = &family->series;
    while (*place && strcmp((*place)->labels, labels) != 0)
        place = &(*place)->next;
    if (!*place) {
        *place = allocate(sizeof **place);
        (*place)->labels = strdup(labels);
        assert((*place)->labels);
    }
    return *place;
}

static void add_source(struct metrics *metrics, const struct metric_family *about,
                       const char *labels, struct source source)
{
    struct source *copy = allocate(sizeof *copy);
    pthread_mutex_lock(&metrics->lock);
    struct series *series = find_series(find_family(metrics, about), labels);
    source.next = series->sources;
    *copy = source;
    series->sources = copy;
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_add(struct metrics *metrics, const struct metric_family *family, const char *labels,
                 const struct counter *counter, double scale)
{
    assert(family->type != METRIC_HISTOGRAM && scale > 0);
    add_source(metrics, family, labels, (struct source){.counter = counter, .scale = scale});
}

void metrics_add_histogram(struct metrics *metrics, const struct metric_family *family,
                           const char *labels, const struct histogram *histogram)
{
    assert(family->type == METRIC_HISTOGRAM);
    add_source(metrics, family, labels, (struct source){.histogram = histogram});
}

void metrics_add_collector(struct metrics *metrics, metrics_collect_fn *collect, void *context)
{
    struct collector *collector = allocate(sizeof *collector);
    *collector = (struct collector){.collect = collect, .context = context};
    pthread_mutex_lock(&metrics->lock);
    struct collector **place = &metrics->collectors;
    while (*place)
        place = &(*place)->next;
    *place = collector;
    pthread_mutex_unlock(&metrics->lock);
}

/* 1500 * 1e-3 is not always what 1500 / 1000 is; the division rounds once and prints short. */
static double scaled(uint64_t value, double scale)
{
    double inverse = 1 / scale;
    return inverse == rint(inverse) ? (double)value / inverse : (double)value * scale;
}

static void render_sum(struct buffer *to, const char *name, const struct series *series)
{
    double sum = 0;
    for (const struct source *source = series->sources; source; source = source->next)
        sum += scaled(counter_get(source->counter), source->scale);
    metrics_write_sample(to, name, series->labels, sum);
}

static void render_histogram(struct buffer *to, const char *name, const struct series *series)
{
    uint64_t below = 0, sum_us = 0;
    const char *comma = *series->labels ? "," : "";
    for (int i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        for (const struct source *source = series->sources; source; source = source->next)
            below += counter_get(&source->histogram->buckets[i]);
        buffer_printf(to, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, series->labels, comma,
                      i < HISTOGRAM_BUCKETS ? bounds[i].le : "+Inf", below);
    }
    for (const struct source *source = series->sources; source; source = source->next)
        sum_us += counter_get(&source->histogram->sum_us);
    char sum[NUMBER_TEXT_SIZE];
    number_format(sum, scaled(sum_us, 1e-6));
    const char *open = *series->labels ? "{" : "", *close = *series->labels ? "}" : "";
    buffer_printf(to, "%s_sum%s%s%s %s\n", name, open, series->labels, close, sum);
    buffer_printf(to, "%s_count%s%s%s %" PRIu64 "\n", name, open, series->labels, close, below);
}

void metrics_render(struct metrics *metrics, struct buffer *to)
{
    pthread_mutex_lock(&metrics->lock);
    for (const struct family *family = metrics->families; family; family = family->next) {
        metrics_write_family(to, family->about);
        for (const struct series *series = family->series; series; series = series->next) {
            if (family->about->type == METRIC_HISTOGRAM)
                render_histogram(to, family->about->name, series);
            else
                render_sum(to, family->about->name, series);
        }
    }
    for (const struct collector *collector = metrics->collectors; collector;
         collector = collector->next)
        collector->collect(collector->context, to);
    pthread_mutex_unlock(&metrics->lock);
}

void metrics_write_family(struct buffer *to, const struct metric_family *family)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    buffer_printf(to, "# HELP %s ", family->name);
    for (const char *c = family->help; *c; c++) {
        if (*c == '\\' || *c == '\n')
            buffer_append_text(to, *c == '\n' ? "\\n" : "\\\\");
        else
            buffer_append_byte(to, (uint8_t)*c);
    }
    buffer_printf(to, "\n# TYPE %s %s\n", family->name, types[family->type]);
}

void metrics_write_sample(struct buffer *to, const char *name, const char *labels, double value)
{
    char text[NUMBER_TEXT_SIZE];
    number_format(text, value);
    buffer_append_text(to, name);
    if (*labels) {
        buffer_append_byte(to, '{');
        buffer_append_text(to, labels);
        buffer_append_byte(to, '}');
    }
    buffer_append_byte(to, ' ');
    buffer_append_text(to, text);
    buffer_append_byte(to, '\n');
}

void metrics_append_label(struct buffer *to, const char *label, struct bytes value)
{
    if (to->size > 0 && to->data[to->size - 1] == '"')
        buffer_append_byte(to, ',');
    buffer_append_text(to, label);
    buffer_append_text(to, "=\"");
    for (size_t at = 0, next; at < value.size; at = next) {
        uint8_t c = value.data[at];
        next = at + 1;
        if (c >= 0x80 && utf8_decode(value, at, &next) == 0xfffd)
            buffer_append_text(to, "\xef\xbf\xbd");
        else if (c == '\n')
            buffer_append_text(to, "\\n");
        else if (c == '"' || c == '\\')
            buffer_append(to, (uint8_t[]){'\\', c}, 2);
        else
            buffer_append(to, value.data + at, next - at);
    }
    buffer_append_byte(to, '"');
}
