/* Is the topic still the one that was read? */
#pragma once
#include "processor/receive/kafka/state.h"

/* What a message looks like, told from its offset on by nobody else. */
void kafka_describe(const rd_kafka_message_t *message, uint8_t digest[REQUEST_ORIGIN_SIZE]);
/* Where reading has to begin, so that the known message is met again first;
 * -1: at the beginning. */
int64_t kafka_read_from(const struct partition *partition);
/* False: another topic; nothing of it may be handed over before the partition is reset. */
bool kafka_is_same(struct partition *partition, const rd_kafka_message_t *message);
/* The end of the partition was reached at `offset`. False as above. */
bool kafka_is_same_at_end(struct partition *partition, int64_t offset);
