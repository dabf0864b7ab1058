/* The properties of the receiver's librdkafka clients: ours, then the user's over them, except
 * those that the promise of delivery stands on. */
#pragma once
#include <librdkafka/rdkafka.h>

#include "processor/base/error.h"
#include "processor/receive/dead_letter/config.h"
#include "processor/receive/kafka/config.h"

/* NULL with `ret_error` set when a property is unknown, has an impossible value, or is
 * one of those that are fixed. `volume_instance_id` is the member's when the file names
 * none; NULL: it has none. */
rd_kafka_conf_t *kafka_consumer_properties(const struct kafka_consumer_config *config,
                                           const char *volume_instance_id, struct error *ret_error);
/* A property as it is in force, a time in ms; 0 when it has none. */
int64_t kafka_property_ms(const rd_kafka_conf_t *conf, const char *name);
/* Of the producer of dead letters. */
rd_kafka_conf_t *kafka_letter_properties(const struct dead_letter_config *config,
                                         struct error *ret_error);
/* librdkafka's own lines, from its own threads; what matters comes to the error callbacks. */
void kafka_log(const rd_kafka_t *client, int level, const char *facility, const char *text);
