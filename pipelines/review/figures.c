/* Counts stand in the table; ages are those of the keys by which items are served, in minutes. */
#include "pipelines/review/figures.h"

#include <stdlib.h>

#include "processor/base/metrics.h"
#include "state/tables/result.h"

enum {
    MINUTE_MS = 60000,
    AGE_MINUTES_MAX = 400 * 24 * 60, /* older ones are that old */
    KEYS_PER_TRANSACTION = 50000,
};

/* Open items by age in minutes. */
struct ages {
    uint32_t *minutes; /* AGE_MINUTES_MAX + 1 */
    uint64_t count;
};

static bool ages_create(struct ages *ages)
{
    *ages = (struct ages){.minutes = calloc(AGE_MINUTES_MAX + 1, sizeof *ages->minutes)};
    return ages->minutes != NULL;
}

static void ages_clear(struct ages *ages)
{
    if (ages->count > 0)
        memset(ages->minutes, 0, (AGE_MINUTES_MAX + 1) * sizeof *ages->minutes);
    ages->count = 0;
}

static void ages_add(struct ages *ages, int64_t age_ms)
{
    int64_t minute = age_ms < 0 ? 0 : age_ms / MINUTE_MS;
    ages->minutes[minute < AGE_MINUTES_MAX ? minute : AGE_MINUTES_MAX]++;
    ages->count++;
}

/* In seconds: the least age that so many have not passed. */
static double ages_quantile(const struct ages *ages, double q)
{
    uint64_t rank = (uint64_t)(q * (double)ages->count), seen = 0;
    if (ages->count == 0)
        return 0;
    if (rank >= ages->count)
        rank = ages->count - 1;
    for (size_t minute = 0; minute <= AGE_MINUTES_MAX; minute++)
        if ((seen += ages->minutes[minute]) > rank)
            return (double)minute * 60;
    return 0;
}

struct walk {
    struct store *store;
    int64_t wall_ms, due_ms;
    struct ages *own, *all;
    uint64_t over_due;
};

/* The keys 'p' of one queue, a piece a transaction. */
static enum status walk_queue(struct walk *walk, struct bytes name)
{
    struct state_key from = {.size = 0};
    bool is_done = false;
    enum status status = STATUS_OK;
    key_u8(&from, 'p');
    key_be64(&from, item_row_hash(name));
    size_t prefix = from.size;
    while (!is_done && status == STATUS_OK) {
        struct store_txn txn;
        struct store_cursor cursor;
        uint32_t seen = 0;
        store_begin(walk->store, false, &txn);
        store_cursor_begin(&txn, TABLE_ITEM_OPEN, key_bytes(&from), prefix, &cursor);
        while (seen < KEYS_PER_TRANSACTION && store_cursor_next(&cursor)) {
            int64_t age_ms = walk->wall_ms - (int64_t)get_be64(cursor.key.data + prefix + 1);
            ages_add(walk->own, age_ms);
            ages_add(walk->all, age_ms);
            walk->over_due += age_ms > walk->due_ms;
            seen++;
            from = cursor.key;
        }
        is_done = seen < KEYS_PER_TRANSACTION;
        key_u8(&from, 0); /* behind the last one */
        store_cursor_finish(&cursor);
        status = store_commit(&txn);
    }
    return status;
}

static enum status read_counts(struct store *store, struct arena *arena,
                               struct review_figures *figures)
{
    struct store_txn txn;
    struct item_queue *queues = arena_zalloc(arena, ITEM_QUEUES_MAX, sizeof *queues);
    if (!queues)
        return STATUS_BUSY;
    store_begin(store, false, &txn);
    figures->queue_count = item_queues_read(&txn, arena, queues);
    figures->pending = store_count(&txn, TABLE_RESULT_PENDING);
    enum status status = store_commit(&txn);
    for (uint32_t i = 0; i < figures->queue_count; i++) {
        figures->queues[i].name = queues[i].name;
        for (int state = 0; state < ITEM_STATES; state++) {
            figures->queues[i].counts[state] = queues[i].counts[state];
            figures->all.counts[state] += queues[i].counts[state];
        }
    }
    return status;
}

enum status figures_read(struct store *store, const struct review_settings *settings,
                         int64_t wall_ms, struct arena *arena, struct review_figures *ret_figures)
{
    struct ages own = {0}, all = {0};
    *ret_figures = (struct review_figures){.all.name = BYTES_LITERAL("")};
    enum status status = read_counts(store, arena, ret_figures);
    if (status == STATUS_OK && (!ages_create(&own) || !ages_create(&all)))
        status = STATUS_BUSY;
    for (uint32_t i = 0; i < ret_figures->queue_count && status == STATUS_OK; i++) {
        struct queue_figures *queue = &ret_figures->queues[i];
        struct walk walk = {.store = store,
                            .wall_ms = wall_ms,
                            .due_ms = review_settings_queue(settings, queue->name)->due_ms,
                            .own = &own,
                            .all = &all};
        ages_clear(&own);
        if (queue->counts[ITEM_OPEN] + queue->counts[ITEM_WAITING] > 0)
            status = walk_queue(&walk, queue->name);
        queue->over_due = walk.over_due;
        queue->age_p50_s = ages_quantile(&own, 0.5);
        queue->age_p95_s = ages_quantile(&own, 0.95);
        ret_figures->all.over_due += walk.over_due;
    }
    if (status == STATUS_OK) {
        ret_figures->all.age_p50_s = ages_quantile(&all, 0.5);
        ret_figures->all.age_p95_s = ages_quantile(&all, 0.95);
    }
    free(own.minutes);
    free(all.minutes);
    return status;
}

/* --- metrics --- */

static const struct metric_family items_family = {"flywheel_review_items", METRIC_GAUGE,
                                                  "Items of the review, by queue and state."};
static const struct metric_family age_family = {
    "flywheel_review_age_seconds", METRIC_GAUGE,
    "Age of open and waiting items, to the minute, by queue and quantile."};
static const struct metric_family pending_family = {"flywheel_results_pending", METRIC_GAUGE,
                                                    "Results that wait for their record."};
static const struct metric_family used_family = {"flywheel_review_used_ratio", METRIC_GAUGE,
                                                 "Share of limits.review that is in use."};

static void write_labeled(struct buffer *to, const char *family, struct bytes queue,
                          const char *label, const char *value, double number)
{
    struct buffer labels = {0};
    metrics_append_label(&labels, "queue", queue);
    metrics_append_label(&labels, label, bytes_of_text(value));
    buffer_append_byte(&labels, 0);
    if (!labels.failed)
        metrics_write_sample(to, family, (const char *)labels.data, number);
    buffer_finish(&labels);
}

void figures_write_metrics(const struct review_figures *figures, double used_ratio,
                           struct buffer *to)
{
    metrics_write_family(to, &items_family);
    for (uint32_t i = 0; i < figures->queue_count; i++)
        for (int state = 0; state < ITEM_STATES; state++)
            write_labeled(to, items_family.name, figures->queues[i].name, "state",
                          item_state_names[state], (double)figures->queues[i].counts[state]);
    metrics_write_family(to, &age_family);
    for (uint32_t i = 0; i < figures->queue_count; i++) {
        const struct queue_figures *queue = &figures->queues[i];
        write_labeled(to, age_family.name, queue->name, "quantile", "0.5", queue->age_p50_s);
        write_labeled(to, age_family.name, queue->name, "quantile", "0.95", queue->age_p95_s);
    }
    metrics_write_family(to, &pending_family);
    metrics_write_sample(to, pending_family.name, "", (double)figures->pending);
    metrics_write_family(to, &used_family);
    metrics_write_sample(to, used_family.name, "", used_ratio);
}
