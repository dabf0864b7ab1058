/* What the outside is told of the receiver. */
#pragma once
#include "processor/receive/kafka/state.h"

/* As things stand now; when nothing has changed, nothing is done. */
void kafka_tell(struct kafka_receiver *receiver);
/* What was told last; false: nothing is wrong. Any thread. */
bool kafka_told(struct kafka_receiver *receiver, struct buffer *to);
