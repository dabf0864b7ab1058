/* A set is never looked at without being held. */
#include "pipelines/decide/regression_board.h"

void regression_board_init(struct regression_board *board, uint32_t shards)
{
    board->shards = shards;
    for (uint32_t i = 0; i < SHARDS_MAX; i++)
        atomic_init(&board->boxes[i], NULL);
}

void regression_board_finish(struct regression_board *board)
{
    for (uint32_t i = 0; i < board->shards; i++)
        regression_set_release(atomic_exchange(&board->boxes[i], NULL));
}

void regression_board_publish(struct regression_board *board, struct regression_set *set)
{
    for (uint32_t i = 0; i < board->shards; i++) {
        regression_set_hold(set);
        regression_set_release(
            atomic_exchange_explicit(&board->boxes[i], set, memory_order_acq_rel));
    }
}

struct regression_set *regression_board_take(struct regression_board *board, uint32_t shard,
                                             struct regression_set *held)
{
    if (!atomic_load_explicit(&board->boxes[shard], memory_order_relaxed))
        return held;
    struct regression_set *newest =
        atomic_exchange_explicit(&board->boxes[shard], NULL, memory_order_acq_rel);
    if (!newest)
        return held;
    regression_set_release(held);
    return newest;
}
