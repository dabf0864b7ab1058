/* The partition is always 0: the topic only lends its name, since offsets need one that exists. A
 * reader of committed offsets waits for transactions that are not settled yet. */
#include "processor/emit/kafka_place.h"

rd_kafka_resp_err_t kafka_place_read(const rd_kafka_conf_t *conf_of_producer, const char *topic,
                                     const char *group, int timeout_ms, int64_t *ret_offset)
{
    char text[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    static const char *const taken[] = {
        "bootstrap.servers", "security.protocol",
        "ssl.ca.location",   "ssl.certificate.location",
        "ssl.key.location",  "sasl.mechanism",
        "sasl.username",     "sasl.password",
        "client.id",         "enable.ssl.certificate.verification",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        char value[4096];
        size_t size = sizeof value;
        if (rd_kafka_conf_get(conf_of_producer, taken[i], value, &size) == RD_KAFKA_CONF_OK &&
            size > 1)
            (void)rd_kafka_conf_set(conf, taken[i], value, text, sizeof text);
    }
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
    rd_kafka_destroy(reader);
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
