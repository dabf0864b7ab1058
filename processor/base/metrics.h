/* The registry of series and its Prometheus text (exposition format 0.0.4).
 * A `struct counter` has one writer thread (relaxed load + store, no lock); several series of one
 * name and label set, one per shard for example, are summed when rendered. Modules describe their
 * families as constant rows beside the code that counts. Registration happens at start-up;
 * rendering may happen at any time from the admin thread. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "processor/base/bytes.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_family {
    const char *name; /* with its unit and, for counters, `_total` */
    enum metric_type type;
    const char *help; /* one sentence */
};

struct counter {
    _Atomic uint64_t value;
};

static inline void counter_add(struct counter *counter, uint64_t by)
{
    atomic_store_explicit(&counter->value,
                          atomic_load_explicit(&counter->value, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

static inline void counter_set(struct counter *counter, uint64_t to)
{
    atomic_store_explicit(&counter->value, to, memory_order_relaxed);
}

static inline uint64_t counter_get(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

/* Fixed buckets, in seconds: 1ms 2.5ms 5ms ... 60s (see metrics.c); one writer. */
enum { HISTOGRAM_BUCKETS = 16 };
struct histogram {
    struct counter buckets[HISTOGRAM_BUCKETS + 1]; /* the last is +Inf */
    struct counter sum_us;
};
void metrics_observe_us(struct histogram *histogram, uint64_t us);

struct metrics; /* the registry */

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);

/* A series. `labels` is the inside of the braces, already escaped ("receiver=\"otlp\""), or "" for
 * none; copied. The counter stays the caller's and must outlive the registry. `scale`: the printed
 * value is value * scale (1 for counts, 1e-3 for milliseconds printed as seconds). */
void metrics_add(struct metrics *metrics, const struct metric_family *family, const char *labels,
                 const struct counter *counter, double scale);
void metrics_add_histogram(struct metrics *metrics, const struct metric_family *family,
                           const char *labels, const struct histogram *histogram);
/* Series that come and go (rules, cohorts, sources): called while rendering, in the admin thread.
 */
typedef void metrics_collect_fn(void *context, struct buffer *to);
void metrics_add_collector(struct metrics *metrics, metrics_collect_fn *collect, void *context);

/* Appends every family once: HELP, TYPE, its series; then what the collectors write (each writes
 * whole families, with metrics_write_family and metrics_write_sample). */
void metrics_render(struct metrics *metrics, struct buffer *to);
void metrics_write_family(struct buffer *to, const struct metric_family *family);
void metrics_write_sample(struct buffer *to, const char *name, const char *labels, double value);
/* Appends label="value", with a comma before it where a label went before, and with the value
 * escaped (backslash, quote, newline; invalid UTF-8 becomes U+FFFD). */
void metrics_append_label(struct buffer *to, const char *label, struct bytes value);
