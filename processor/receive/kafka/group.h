/* Which partitions are ours: what the group offers and takes away. */
#pragma once
#include "processor/receive/kafka/state.h"

void kafka_rebalance(rd_kafka_t *consumer, rd_kafka_resp_err_t error,
                     rd_kafka_topic_partition_list_t *partitions, void *opaque);
/* Goes on with an assignment whose offsets are not known yet. */
void kafka_take_offered(struct kafka_receiver *receiver, int64_t now_ms);
/* Everything that is ours is revoked, without a word to the group except the last commit. */
void kafka_give_up_all(struct kafka_receiver *receiver, bool commits);
