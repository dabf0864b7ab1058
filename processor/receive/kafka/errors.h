/* What is said of errors. */
#pragma once
#include "processor/receive/kafka/state.h"

void kafka_note_error(struct kafka_receiver *receiver, rd_kafka_resp_err_t error, const char *text);
/* This consumer is done for: fenced by a member of the same instance id, or a fault of its own. */
void kafka_note_fatal(struct kafka_receiver *receiver);
/* A broker has answered. */
void kafka_is_back(struct kafka_receiver *receiver);
