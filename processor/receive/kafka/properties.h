/* The properties of the receiver's librdkafka clients: ours, then the user's over them, except
 * those that the promise of delivery stands on. */
#pragma once
#include <librdkafka/rdkafka.h>

#include "processor/base/error.h"
#include "processor/receive/dead_letter/config.h"
#include "processor/receive/kafka/config.h"

/* NULL with `ret_error` set when a property is unknown, has an impossible value, or is one of those
 * that are fixed. */
rd_kafka_conf_t *kafka_consumer_properties(const struct kafka_consumer_config *config,
                                           struct error *ret_error);
/* Of the producer of dead letters. */
rd_kafka_conf_t *kafka_letter_properties(const struct dead_letter_config *config,
                                         struct error *ret_error);
/* librdkafka's own lines, from its own threads; what matters comes to the error callbacks. */
void kafka_log(const rd_kafka_t *client, int level, const char *facility, const char *text);
