/* How to reach brokers, the same for the receiver and for exporters: `properties`, `tls`,
 * `auth`. */
#pragma once
#include "pipelines/config/loader.h"

/* Any property of librdkafka, but for those that have a key or that a guarantee rests on. */
option_load_fn config_kafka_load_properties;

/* tls and auth in the names of librdkafka, behind the file's own properties. */
void config_kafka_add_security(struct config_loader *loader, const struct config_node *place,
                               const struct kafka_security *security, const char **properties,
                               uint32_t own);
