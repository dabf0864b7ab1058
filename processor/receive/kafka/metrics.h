/* The series of a Kafka receiver. */
#pragma once
#include "processor/base/metrics.h"
#include "processor/receive/kafka/config.h"

/* The counters must outlive the registry. */
void kafka_metrics_register(const struct kafka_receiver_counters *counters,
                            struct metrics *metrics);
