/* Which brokers and topic, and with what properties: of whatever produces to Kafka. */
#pragma once
#include "processor/emit/outgoing_form.h"

struct kafka_emitter_config {
    const char *brokers; /* comma-separated */
    const char *topic;
    const char *const *properties; /* name, value, name, value, ..., NULL: librdkafka's own names */
    const char *client_id;
    enum record_form form;
};
