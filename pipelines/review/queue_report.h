/* How far the review has come, by queue: `flywheel queue` and GET /api/v1/queue. No names of persons. */
#pragma once
#include "processor/base/arena.h"
#include "pipelines/review/figures.h"

struct queue_report {
    struct arena arena;
    struct review_figures *figures;  /* in the arena */
    uint32_t today[ITEM_QUEUES_MAX]; /* of figures->queues: decided since midnight, UTC */
    uint32_t all_today;
    int64_t wall_ms;
    bool is_single; /* one queue was asked for */
};

/* Of one queue, or of all (absent). NOT_FOUND: no such queue ever had an item. */
MUST_CHECK enum status queue_report_read(struct store *store,
                                         const struct review_settings *settings, struct bytes queue,
                                         int64_t wall_ms, struct queue_report *ret_report);
void queue_report_finish(struct queue_report *report);
void queue_report_json(const struct queue_report *report, struct buffer *to);
void queue_report_table(const struct queue_report *report, struct buffer *to);
