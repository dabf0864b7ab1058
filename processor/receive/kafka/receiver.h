/* OTLP messages from a Kafka topic, as a member of a consumer group. One thread polls one message
 * at a time; offsets are handed over explicitly and nothing is automatic. What is paused, skipped,
 * held back or given up is decided here; what has been read is decided by the topic's intake.
 *
 * A broker that is away is waited for. A consumer that can't go on is created again after a pause;
 * one that another static member has fenced stays out until its instance id is free (fenced.c). The
 * process never ends because of it. */
#pragma once
#include "processor/receive/dead_letter/dead_letter.h"
#include "processor/receive/kafka/config.h"
#include "processor/receive/kafka/topic.h"

/* NULL with `ret_error`: a property that can't be, no memory. The intake, the dead letter (NULL:
 * none) and the counters stay the caller's. */
struct receiver *kafka_receiver_create(const struct kafka_consumer_config *config,
                                       const struct topic_intake *intake, struct dead_letter *dead,
                                       struct receiver_counters *counters, struct error *ret_error);
/* Why nothing is read, as one sentence; false: it is read, or nothing is assigned to us. Any
 * thread. */
bool kafka_receiver_why_unread(struct receiver *receiver, struct buffer *to);
const struct kafka_receiver_counters *kafka_receiver_counters(const struct receiver *receiver);
/* Once, before metrics are rendered; the receiver must outlive the registry. */
void kafka_receiver_register_metrics(struct receiver *receiver, struct metrics *metrics);
