/* A member whose instance id another one has taken. */
#pragma once
#include "processor/receive/kafka/state.h"

/* This consumer is closed: we are out. */
void kafka_fenced_begin(struct kafka_receiver *receiver, int64_t now_ms);
/* True: the id is free, a consumer may be opened. */
bool kafka_fenced_turn(struct kafka_receiver *receiver, int64_t now_ms);
/* Nothing is watched any more. */
void kafka_fenced_end(struct kafka_receiver *receiver);
