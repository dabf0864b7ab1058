/* How far the review has come, by queue: for /metrics, /api/v1/queue and `flywheel queue`. Read from
 * the store in short transactions, so from any thread, and beside a running daemon. */
#pragma once
#include "processor/review/settings.h"
#include "state/tables/item.h"

struct queue_figures {
    struct bytes name; /* in the arena */
    uint64_t counts[ITEM_STATES];
    uint64_t over_due;           /* open and waiting for longer than `due` */
    double age_p50_s, age_p95_s; /* of open and waiting items, to the minute; 0: none */
};

struct review_figures {
    struct queue_figures queues[ITEM_QUEUES_MAX];
    uint32_t queue_count;
    struct queue_figures all; /* name "" */
    uint64_t pending;
};

MUST_CHECK enum status figures_read(struct store *store, const struct review_settings *settings,
                                    int64_t wall_ms, struct arena *arena,
                                    struct review_figures *ret_figures);
/* The value of a metric family or two each; `used_ratio` of limits.review. */
void figures_write_metrics(const struct review_figures *figures, double used_ratio,
                           struct buffer *to);
