/* Where each span source stands: one row per receiver or Kafka partition, written in the
 * transaction of the verdicts that its spans produced.
 *
 *   taken in before             low_watermark      next_position
 *   ----------------------------|------------------|-------------> positions
 *     trimmed from the journal    a restart reads    never taken in
 *                                 these again
 *
 *   low_watermark  the smallest position that an open, unspilled trajectory still needs
 *   next_position  the first position never taken in; a restarted source has caught up there
 *   marks          what a replayed request lost without a decided row (late spans, logs, rejects)
 *                  must not be counted twice: for each shard of the run that wrote the row, effects
 *                  of positions up to and with through[shard] are committed. With another number of
 *                  shards the lowest mark holds for all. */
#pragma once
#include "state/store/store.h"

enum { SOURCE_NAME_BYTES_MAX = 250, SOURCE_SHARDS_MAX = 256, SOURCE_KNOWN_SIZE = 16 };

struct source_marks {
    uint32_t shards; /* 0: none yet */
    uint64_t through[SOURCE_SHARDS_MAX];
};

struct source_row {
    uint16_t id;
    char name[SOURCE_NAME_BYTES_MAX + 1]; /* "otlp/grpc", "kafka/otlp_spans/3" */
    uint64_t next_position, low_watermark;
    struct source_marks marks;
    /* A partition that another instance has read since: what stands here is past, and where to go
     * on is the group's to say. */
    bool is_handed_over;
    /* A message of the partition, the last taken in, as it looked: a topic with another one there
     * is another topic of the same name. 0: none is known. */
    uint64_t known_position;
    uint8_t known[SOURCE_KNOWN_SIZE];
};

/* The row of `name`; a new one (positions 0) gets the next free id. Write transaction. */
void source_open(struct store_txn *txn, const char *name, struct source_row *ret_row);
bool source_read(struct store_txn *txn, uint16_t id, struct source_row *ret_row);
void source_write(struct store_txn *txn, const struct source_row *row);
/* Calls `fn` for every row, in id order. */
void source_scan(struct store_txn *txn, void (*fn)(void *context, const struct source_row *row),
                 void *context);
/* The mark of `shard` in a run of `shards` shards; 0 when none, so compare with positions + 1:
 * `ret_through` is set only when true is returned. */
bool source_mark(const struct source_row *row, uint32_t shard, uint32_t shards,
                 uint64_t *ret_through);

void source_row_encode(const struct source_row *row, struct buffer *to);
MUST_CHECK enum status source_row_decode(struct bytes value, struct source_row *ret_row);
