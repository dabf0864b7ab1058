/* The cluster lives in a client that is used for nothing else. */
#include "tests/support/kafka_mock.h"

#include <check.h>

enum { BROKER_ID = 1, READ_MS = 10000 };

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char text[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, name, value, text, sizeof text);
    ck_assert_msg(result == RD_KAFKA_CONF_OK, "%s: %s", name, text);
}

static rd_kafka_t *create(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    char text[256];
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    ck_assert_msg(client != NULL, "%s", text);
    return client;
}

void kafka_mock_start(struct kafka_mock *mock)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "log_level", "0");
    mock->host = create(RD_KAFKA_PRODUCER, conf);
    mock->cluster = rd_kafka_mock_cluster_new(mock->host, 1);
    ck_assert_ptr_nonnull(mock->cluster);
    mock->brokers = rd_kafka_mock_cluster_bootstraps(mock->cluster);
}

void kafka_mock_add_topic(struct kafka_mock *mock, const char *topic, int partitions)
{
    ck_assert_int_eq(rd_kafka_mock_topic_create(mock->cluster, topic, partitions, 1), 0);
}

void kafka_mock_set_down(struct kafka_mock *mock)
{
    ck_assert_int_eq(rd_kafka_mock_broker_set_down(mock->cluster, BROKER_ID), 0);
}

void kafka_mock_set_up(struct kafka_mock *mock)
{
    ck_assert_int_eq(rd_kafka_mock_broker_set_up(mock->cluster, BROKER_ID), 0);
}

void kafka_mock_stop(struct kafka_mock *mock)
{
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->host);
}

rd_kafka_t *kafka_mock_client(const struct kafka_mock *mock, rd_kafka_type_t type,
                              const char *const *properties)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", mock->brokers);
    for (; properties && properties[0]; properties += 2)
        set(conf, properties[0], properties[1]);
    return create(type, conf);
}

struct kafka_mock_reader kafka_mock_read(const struct kafka_mock *mock, const char *topic,
                                         int partitions)
{
    static const char *const properties[] = {"group.id", "test", "enable.partition.eof", "true",
                                             NULL};
    struct kafka_mock_reader reader = {kafka_mock_client(mock, RD_KAFKA_CONSUMER, properties),
                                       partitions};
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(all, topic, i)->offset = 0;
    ck_assert_int_eq(rd_kafka_assign(reader.consumer, all), 0);
    rd_kafka_topic_partition_list_destroy(all);
    return reader;
}

rd_kafka_message_t *kafka_mock_next(struct kafka_mock_reader *reader)
{
    while (reader->partitions_left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->consumer, READ_MS);
        ck_assert_msg(message != NULL, "%d partitions have not ended", reader->partitions_left);
        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            ck_assert_int_eq(message->err, 0);
            return message;
        }
        reader->partitions_left--;
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_consumer_close(reader->consumer);
    rd_kafka_destroy(reader->consumer);
    reader->consumer = NULL;
    return NULL;
}
