/* One box a shard:   writer --exchange--> [ view or empty ] --exchange--> shard
 * so a view is never looked at without being held. */
#include "pipelines/decide/budget_view.h"

#include <stdlib.h>

#include "pipelines/decide/met_rows.h"

enum { HOUR_MS = 3600000 };

int64_t budget_hour_of(uint64_t event_ms, uint64_t received_ms)
{
    return (int64_t)((event_ms < received_ms ? event_ms : received_ms) / HOUR_MS);
}

/* The hour's own row; for one before all that are kept the oldest. */
static const struct budget_hour_view *find_hour(const struct budget_view *view, int64_t hour)
{
    if (view->hour_count > 0 && hour < view->hours[0].hour)
        return &view->hours[0];
    for (uint32_t i = view->hour_count; i > 0; i--)
        if (view->hours[i - 1].hour == hour)
            return &view->hours[i - 1];
    return NULL;
}

static double probability_of(const struct budget_signature *signatures, uint32_t count, uint64_t id)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (signatures[middle].id == id)
            return signatures[middle].probability;
        if (signatures[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return 1;
}

struct selection_limits budget_view_limits(const struct budget_view *view, int64_t hour,
                                           enum verdict verdict, uint64_t signature)
{
    struct selection_limits limits = {1, 1, 0};
    const struct budget_hour_view *row = view ? find_hour(view, hour) : NULL;
    if (!row)
        return limits;
    limits.stratum = row->probability[verdict];
    if (verdict == VERDICT_FAIL)
        limits.signature = probability_of(row->signatures, row->signature_count, signature);
    return limits;
}

double budget_view_hit(const struct budget_view *view, int64_t hour, const struct met_rows *rows)
{
    const struct regression_hour_view *at = NULL;
    for (uint32_t i = 0; view && i < view->regression_hour_count; i++)
        if (view->regression_hours[i].hour == hour ||
            (i == 0 && hour < view->regression_hours[0].hour))
            at = &view->regression_hours[i];
    if (!at)
        return 1;
    double most = 0;
    uint32_t failed = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].outcome == OUTCOME_PASS)
            continue;
        double p = probability_of(at->rows, at->row_count, get_be64(rows->rows[i].row_id));
        most = p > most ? p : most;
        failed++;
    }
    return failed == 0 || most > at->probability ? at->probability : most;
}

double budget_view_control(const struct budget_view *view, const struct selection_policy *policy,
                           int64_t hour)
{
    return view ? select_control(policy, control_days_basis(&view->days, control_day_of(hour))) : 0;
}

void budget_view_release(const struct budget_view *view)
{
    struct budget_view *held = (struct budget_view *)(uintptr_t)view;
    if (held && atomic_fetch_sub_explicit(&held->holders, 1, memory_order_acq_rel) == 1)
        free(held);
}

void budget_board_init(struct budget_board *board, uint32_t shards)
{
    board->shards = shards;
    for (uint32_t i = 0; i < SHARDS_MAX; i++)
        atomic_init(&board->boxes[i], NULL);
}

void budget_board_finish(struct budget_board *board)
{
    for (uint32_t i = 0; i < board->shards; i++)
        budget_view_release(atomic_exchange(&board->boxes[i], NULL));
}

void budget_board_publish(struct budget_board *board, struct budget_view *view)
{
    atomic_init(&view->holders, board->shards);
    for (uint32_t i = 0; i < board->shards; i++)
        budget_view_release(atomic_exchange_explicit(&board->boxes[i], view, memory_order_acq_rel));
}

const struct budget_view *budget_board_take(struct budget_board *board, uint32_t shard,
                                            const struct budget_view *held)
{
    if (!atomic_load_explicit(&board->boxes[shard], memory_order_relaxed))
        return held;
    struct budget_view *newest =
        atomic_exchange_explicit(&board->boxes[shard], NULL, memory_order_acq_rel);
    if (!newest)
        return held;
    budget_view_release(held);
    return newest;
}
