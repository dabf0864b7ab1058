/* Where the newest regression set is left for each shard, as budgets are (budget_view.h): nobody
 * waits, a box that was not emptied is overwritten.
 *   keeper --exchange--> [ set or empty ] --exchange--> shard
 * Each box, and each shard, holds the set once. */
#pragma once
#include <stdatomic.h>

#include "pipelines/decide/regression.h"
#include "processor/receive/request.h"

struct regression_board {
    _Atomic(struct regression_set *) boxes[SHARDS_MAX];
    uint32_t shards;
};
void regression_board_init(struct regression_board *board, uint32_t shards);
void regression_board_finish(struct regression_board *board);
/* One thread; the caller keeps its own hold. */
void regression_board_publish(struct regression_board *board, struct regression_set *set);
/* A shard: the newest set, in exchange for the one that it holds. NULL: none yet. */
struct regression_set *regression_board_take(struct regression_board *board, uint32_t shard,
                                             struct regression_set *held);
