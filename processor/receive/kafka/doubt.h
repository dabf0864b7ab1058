/* Moments at which the topic that is read may have become another one. */
#pragma once
#include "processor/receive/kafka/state.h"

/* Raises `is_doubted` whenever `conf`'s client looks for the topic anew. */
void kafka_watch_doubts(struct kafka_receiver *receiver, rd_kafka_conf_t *conf);
/* What comes now may be another topic's: it is left, and read again. */
bool kafka_is_doubted(struct kafka_receiver *receiver);
/* What was doubted is looked at again before anything else is read. False: not yet, nothing may be
 * polled. */
bool kafka_settle_doubt(struct kafka_receiver *receiver, int64_t now_ms);
