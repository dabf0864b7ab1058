/* How far the topic of results has been read, a row a partition in table meta: it moves in the
 * transaction that applies the results. */
#pragma once
#include "state/store/store.h"

enum { RESULTS_KNOWN_SIZE = 16 };

struct results_position {
    int64_t next_offset;               /* 0: nothing yet */
    uint8_t known[RESULTS_KNOWN_SIZE]; /* what the message before it looked like */
};

/* Nothing yet where another topic was read, or none. */
struct results_position results_position_get(struct store_txn *txn, const char *topic,
                                             int32_t partition);
void results_position_put(struct store_txn *txn, const char *topic, int32_t partition,
                          const struct results_position *position);
