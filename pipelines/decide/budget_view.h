/* The probabilities in force, as a shard sees them: made by the writer, never changed after, shared
 * by count. A view that has been replaced lives until the last shard has taken its successor. */
#pragma once
#include <stdatomic.h>

#include "pipelines/config/config.h"
#include "pipelines/decide/control_days.h"
#include "processor/receive/request.h"

enum { BUDGET_HOURS = 8 }; /* event-time hours kept; an older one counts as the oldest */

struct budget_signature {
    uint64_t id;
    double probability;
};

struct budget_hour_view {
    int64_t hour;
    double probability[VERDICTS];
    const struct budget_signature *signatures; /* those below 1, by id */
    uint32_t signature_count;
};

/* Hits of the regression set in an hour, and of each row in it; of those not told 1. */
struct regression_hour_view {
    int64_t hour;
    double probability;
    const struct budget_signature *rows; /* those below 1, by the first eight bytes of their ids */
    uint32_t row_count;
};

struct budget_view {
    _Atomic uint32_t holders;
    uint32_t regression_hour_count;
    struct regression_hour_view regression_hours[BUDGET_HOURS];
    /* By hour: those kept, and behind each the one that may follow it. */
    uint32_t hour_count;
    struct budget_hour_view hours[2 * BUDGET_HOURS];
    struct control_days days;
    struct budget_signature signatures[]; /* of all hours, and rows */
};

/* Event-time hour of a trajectory, since 1970. A clock that runs ahead opens no hour: it counts in
 * that of its receipt. */
int64_t budget_hour_of(uint64_t event_ms, uint64_t received_ms);
/* What the budgets allow. 1 each where the view says nothing: no view, or an hour whose
 * predecessor brought nothing. */
struct selection_limits budget_view_limits(const struct budget_view *view, int64_t hour,
                                           enum verdict verdict, uint64_t signature);
/* The least share of the control stratum; 0 where the view says nothing of the day before. */
double budget_view_control(const struct budget_view *view, const struct selection_policy *policy,
                           int64_t hour);
/* Of a hit: what its hour allows, and of the rows that it failed the one that allows most. */
struct met_rows;
double budget_view_hit(const struct budget_view *view, int64_t hour, const struct met_rows *rows);
void budget_view_release(const struct budget_view *view);

/* Where the writer leaves the newest view for each shard. Nobody waits: a box that was not emptied
 * is overwritten. */
struct budget_board {
    _Atomic(struct budget_view *) boxes[SHARDS_MAX];
    uint32_t shards;
};
void budget_board_init(struct budget_board *board, uint32_t shards);
void budget_board_finish(struct budget_board *board);
/* The writer; takes over the view, which has no holders yet. */
void budget_board_publish(struct budget_board *board, struct budget_view *view);
/* A shard: the newest view, in exchange for the one that it holds. NULL: none yet. */
const struct budget_view *budget_board_take(struct budget_board *board, uint32_t shard,
                                            const struct budget_view *held);
