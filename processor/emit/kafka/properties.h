/* The producer's properties: ours, then the user's over them, except those that the promise of
 * delivery stands on. */
#pragma once
#include <librdkafka/rdkafka.h>

#include "processor/base/error.h"
#include "processor/emit/kafka/config.h"

/* Records wait for their broker for ever, since the outbox holds them; a relay tells its senders
 * before they give up. */
enum kafka_role { KAFKA_RECORDS, KAFKA_RELAY, KAFKA_TRANSACTIONS };

/* NULL with `ret_error` set when a property is unknown, has an impossible value, or is one of those
 * that are fixed. */
rd_kafka_conf_t *kafka_properties_read(const struct kafka_emitter_config *config,
                                       enum kafka_role role, struct error *ret_error);
