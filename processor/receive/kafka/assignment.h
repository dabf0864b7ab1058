/* What librdkafka is told to read. */
#pragma once
#include "processor/receive/kafka/state.h"

bool kafka_is_cooperative(const struct kafka_receiver *receiver);
/* `partitions` are read from their offsets on (`is_assign`), or not any more. */
void kafka_tell_assigned(struct kafka_receiver *receiver,
                         const rd_kafka_topic_partition_list_t *partitions, bool is_assign);
/* Asks the group for partitions of the topic, also when they were asked for before. */
bool kafka_subscribe(struct kafka_receiver *receiver);
/* All that is ours is read from `next_offset` on, or from a known message before it. */
void kafka_read_again(struct kafka_receiver *receiver);
