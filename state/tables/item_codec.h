/* How rows of the item tables are written; seen by state/tables/item.c and its tests. */
#pragma once
#include "state/tables/item.h"

/* What an index row holds: its version alone. */
extern const struct bytes item_nothing, item_content_head;

void item_row_encode(const struct item_row *row, struct buffer *to);
void item_queue_encode(const struct item_queue *queue, struct buffer *to);
void item_sequence_encode(uint64_t sequence, struct buffer *to);
uint64_t item_sequence_decode(struct bytes value); /* 0: it is none */
