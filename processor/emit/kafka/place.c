/* The partition is always 0: the topic only lends its name, since offsets need one that exists. A
 * reader of committed offsets waits for transactions that are not settled yet. */
#include "processor/emit/kafka/place.h"

#include <stdbool.h>
#include <string.h>

#include "processor/net/brokers.h"

/* Nothing of this reader is worth a line: what fails is returned. */
static void on_log(const rd_kafka_t *reader, int level, const char *facility, const char *text)
{
    (void)reader, (void)level, (void)facility, (void)text;
}

/* How to reach the brokers, and as whom, is the same for the reader. */
static rd_kafka_conf_t *conf_of_reader(const rd_kafka_conf_t *conf_of_producer)
{
    static const char *const shared[] = {"metadata.broker.list",
                                         "client.id",
                                         "security.",
                                         "ssl.",
                                         "sasl.",
                                         "socket.",
                                         "broker.",
                                         "enable.ssl"};
    char text[256], usual[4096];
    size_t count;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    const char **pairs = rd_kafka_conf_dump((rd_kafka_conf_t *)(uintptr_t)conf_of_producer, &count);
    for (size_t i = 0; i + 1 < count; i += 2) {
        bool is_shared = false;
        for (size_t j = 0; j < sizeof shared / sizeof *shared; j++)
            is_shared = is_shared || strncmp(pairs[i], shared[j], strlen(shared[j])) == 0;
        size_t size = sizeof usual;
        bool is_usual = rd_kafka_conf_get(conf, pairs[i], usual, &size) == RD_KAFKA_CONF_OK &&
                        strcmp(usual, pairs[i + 1]) == 0;
        if (is_shared && !is_usual)
            (void)rd_kafka_conf_set(conf, pairs[i], pairs[i + 1], text, sizeof text);
    }
    rd_kafka_conf_dump_free(pairs, count);
    return conf;
}

rd_kafka_resp_err_t kafka_place_read(const rd_kafka_conf_t *conf_of_producer, const char *topic,
                                     const char *group, int timeout_ms, int64_t *ret_offset)
{
    char text[256];
    rd_kafka_conf_t *conf = conf_of_reader(conf_of_producer);
    (void)rd_kafka_conf_set(conf, "group.id", group, text, sizeof text);
    rd_kafka_t *reader = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (!reader) {
        rd_kafka_conf_destroy(conf);
        return RD_KAFKA_RESP_ERR__FAIL;
    }
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(places, topic, 0);
    rd_kafka_resp_err_t error = rd_kafka_committed(reader, places, timeout_ms);
    if (!error)
        error = places->elems[0].err;
    *ret_offset = places->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(places);
    (void)brokers_destroy(reader, timeout_ms);
    return error;
}

rd_kafka_error_t *kafka_place_send(rd_kafka_t *producer, const char *topic, const char *group,
                                   int timeout_ms, int64_t offset)
{
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(places, topic, 0)->offset = offset;
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata_new(group);
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(producer, places, metadata, timeout_ms);
    rd_kafka_consumer_group_metadata_destroy(metadata);
    rd_kafka_topic_partition_list_destroy(places);
    return error;
}
