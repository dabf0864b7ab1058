/* One message on its way to the intake. */
#pragma once
#include "processor/receive/kafka/state.h"

/* True: the message is taken over and the partition moves
 * on; false: it has to wait, and nothing has happened. */
bool kafka_hand_over(struct kafka_receiver *receiver, struct partition *partition,
                     rd_kafka_message_t *message);
