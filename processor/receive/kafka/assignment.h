/* What librdkafka is told to read. */
#pragma once
#include "processor/receive/kafka/state.h"

bool kafka_is_cooperative(const struct kafka_receiver *receiver);
/* `partitions` are read from their offsets on (`is_assign`), or not any more. */
void kafka_tell_assigned(struct kafka_receiver *receiver,
                         const rd_kafka_topic_partition_list_t *partitions, bool is_assign);
/* All that is ours is read from `next_offset` on. */
void kafka_read_again(struct kafka_receiver *receiver);
