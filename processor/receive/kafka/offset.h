/* What is committed to the group, lag, offsets that are not there, and the count of partitions. */
#pragma once
#include "processor/receive/kafka/state.h"

/* Commits what the intake names, when it is time. */
void kafka_commit(struct kafka_receiver *receiver, int64_t now_ms);
/* The commit before these partitions are given up, waited for as long as a revoke may. */
void kafka_commit_last(struct kafka_receiver *receiver,
                       const rd_kafka_topic_partition_list_t *partitions);
/* Results of commits of this assignment are not waited for any more. */
void kafka_forget_commits(struct kafka_receiver *receiver);
/* The offset to read is in doubt: nothing is read until it is found anew. */
void kafka_needs_reset(struct kafka_receiver *receiver, struct partition *partition);
void kafka_reset_offsets(struct kafka_receiver *receiver, int64_t now_ms);
/* Asks how many partitions the topic has, when it is time. */
void kafka_count_partitions(struct kafka_receiver *receiver, int64_t now_ms);
