/* librdkafka's mock cluster of one broker, inside this process: set up in a fixture, and ended by
 * it. Errors are told to `cluster` itself (rd_kafka_mock_push_request_errors). Only for tests that
 * link a library that has librdkafka (receive, emit). */
#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

/* Numbers of the Kafka protocol, for errors. */
enum kafka_api {
    KAFKA_API_PRODUCE = 0,
    KAFKA_API_OFFSET_FETCH = 9,
    KAFKA_API_HEARTBEAT = 12,
    KAFKA_API_END_TXN = 26,
    KAFKA_API_TXN_OFFSET_COMMIT = 28,
};

struct kafka_mock {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *cluster;
    const char *brokers; /* of the cluster, as a list of bootstrap servers */
};

void kafka_mock_start(struct kafka_mock *mock);
void kafka_mock_add_topic(struct kafka_mock *mock, const char *topic, int partitions);
void kafka_mock_set_down(struct kafka_mock *mock);
void kafka_mock_set_up(struct kafka_mock *mock);
/* After whatever is connected to it has ended. */
void kafka_mock_stop(struct kafka_mock *mock);

/* A client of the cluster with properties: name, value, name, value, ..., NULL; NULL for none. The
 * caller destroys it. */
rd_kafka_t *kafka_mock_client(const struct kafka_mock *mock, rd_kafka_type_t type,
                              const char *const *properties);

/* Reads a topic from its beginning to its present end. */
struct kafka_mock_reader {
    rd_kafka_t *consumer;
    int partitions_left;
};

struct kafka_mock_reader kafka_mock_read(const struct kafka_mock *mock, const char *topic,
                                         int partitions);
/* The caller destroys the message. NULL: all partitions are read, and the reader is no more. */
rd_kafka_message_t *kafka_mock_next(struct kafka_mock_reader *reader);
