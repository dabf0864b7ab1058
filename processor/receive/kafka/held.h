/* Messages that the intake did not take, and partitions that are paused for one. */
#pragma once
#include "processor/receive/kafka/state.h"

/* Keeps the message, which is to be given to the intake again. */
void kafka_hold(struct kafka_receiver *receiver, struct partition *partition,
                rd_kafka_message_t *message);
/* Tries again what is held and due; pauses whose grace is over. Returns how long nothing is due. */
int64_t kafka_retry_held(struct kafka_receiver *receiver, int64_t now_ms);
/* A message is held whose partition is not paused: polling would read past it. */
bool kafka_is_in_grace(const struct kafka_receiver *receiver);
/* The partition has nothing held and is not paused any more. */
void kafka_drop_held(struct kafka_receiver *receiver, struct partition *partition);
