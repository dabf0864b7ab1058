/* How much review work the hits of the regression set are, by event-time hour and row: kept by pace
 * as the budget is (score/budget.h), and beside it. Every hour begins with probability 1, whatever
 * the hour before had brought: a row that is failed again is news. Rows of the hours are in the
 * table `hit`; the newest hours are kept. Owner: the writer thread. */
#pragma once
#include "pipelines/decide/budget_view.h"
#include "pipelines/decide/met_rows.h"
#include "state/store/key_index.h"
#include "state/tables/regression.h"

enum {
    REGRESSION_PACE_ROWS_MAX = 2048
}; /* of an hour; further ones have their hour's pace alone */

struct regression_pace {
    double per_hour, per_row; /* 0: no limit */
    uint32_t hour_count;
    struct regression_pace_hour {
        struct key_index index; /* row id -> number; zeroes: the hour as a whole */
        struct regression_pace_row {
            struct regression_hit_hour row;
            bool is_dirty;
        } * rows;
        uint32_t capacity;
        int64_t hour;
        bool is_halved; /* and the shards have not seen it yet */
        bool is_dirty;
    } hours[BUDGET_HOURS]; /* ascending */
    bool has_news;         /* since the last view */
};

void regression_pace_finish(struct regression_pace *pace);
/* `instances` share what an hour may bring. */
void regression_pace_set(struct regression_pace *pace, uint32_t per_hour, uint32_t per_row,
                         uint32_t instances);
/* In place of what memory holds. */
void regression_pace_load(struct regression_pace *pace, struct store_txn *txn);
/* A hit of that hour. `is_first`: its first verdict; `is_emitted`: for its sake a record goes out. */
void regression_pace_count(struct regression_pace *pace, struct store_txn *txn, int64_t hour,
                           const struct met_rows *rows, bool is_first, bool is_emitted);
/* Halves once what is ahead, and no more until that is shown; writes what has changed. */
void regression_pace_write(struct regression_pace *pace, struct store_txn *txn, int64_t wall_ms);
void regression_pace_shown(struct regression_pace *pace);
/* Rows that a view may have to tell, at most. */
size_t regression_pace_room(const struct regression_pace *pace);
/* `room` has that many. */
void regression_pace_view(const struct regression_pace *pace, struct budget_signature *room,
                          struct budget_view *view);
