/* How clients of librdkafka end. */
#pragma once
#include <librdkafka/rdkafka.h>

/* Without a word to the group. */
void kafka_client_destroy(rd_kafka_t *client);
/* Not waited for: one that waits for a broker may hold its caller for up to a session timeout. */
void kafka_client_abandon(rd_kafka_t *client);
