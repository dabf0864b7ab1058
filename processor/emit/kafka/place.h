/* A place in the outbox as the brokers keep it: the offset of a group of its own, committed in the
 * transaction of the records before it. */
#pragma once
#include <librdkafka/rdkafka.h>

/* Reads it by a consumer that joins nothing; `conf` is the producer's. Waits up to `timeout_ms`.
 * `*ret_offset` is not positive when there is none. */
rd_kafka_resp_err_t kafka_place_read(const rd_kafka_conf_t *conf, const char *topic,
                                     const char *group, int timeout_ms, int64_t *ret_offset);
/* Puts it into the transaction under way. */
rd_kafka_error_t *kafka_place_send(rd_kafka_t *producer, const char *topic, const char *group,
                                   int timeout_ms, int64_t offset);
