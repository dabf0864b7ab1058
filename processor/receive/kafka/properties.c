/* Two tables for the consumer: what it starts with, and what nobody may change. One property is not
 * what it seems: a user may say auto.offset.reset=earliest, which is what happens, but librdkafka
 * is told "error", so that a reset is seen, counted and done by the receiver (offset.c). */
#include "processor/receive/kafka/properties.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "processor/base/log.h"

struct property {
    const char *name, *value;
};

static const struct property consumer_defaults[] = {
    /* What is fetched ahead waits in memory: of all partitions together. */
    {"queued.max.messages.kbytes", "32768"},
    {"fetch.max.bytes", "16777216"},
    {"check.crcs", "true"},
    /* How long a fetch may wait at the broker: what is made anew and filled while one does is not
     * seen to be another topic (doubt.c). */
    {"fetch.wait.max.ms", "100"},
    {"topic.metadata.refresh.interval.ms", "60000"},
    {"socket.keepalive.enable", "true"},
    {"reconnect.backoff.max.ms", "5000"},
    {"heartbeat.interval.ms", "1000"}, /* how soon a fenced member knows that it is */
    {"log.connection.close", "false"},
    {"statistics.interval.ms", "0"},
};

static const struct property consumer_fixed[] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    {"auto.offset.reset", "earliest"},
};

/* What has an option of its own, other names of fixed properties, and what would break them. */
static const char *const consumer_refused[] = {
    "bootstrap.servers", "metadata.broker.list", "group.id",
    "group.instance.id", "auto.commit.enable",   "group.protocol",
};

static const struct property letter_defaults[] = {
    {"compression.codec", "zstd"},       {"linger.ms", "10"},
    {"message.max.bytes", "70000000"}, /* the topic's own limit decides */
    {"socket.keepalive.enable", "true"}, {"reconnect.backoff.max.ms", "5000"},
};

static const struct property letter_fixed[] = {
    {"acks", "all"},
    {"enable.idempotence", "false"},
    {"batch.num.messages", "1"},     /* one that is refused takes no other with it */
    {"message.timeout.ms", "10000"}, /* how long a letter may wait for its delivery report */
};

/* Before 2.10 cooperative rebalancing has faults that lose an assignment or the process. */
enum { COOPERATIVE_SINCE = 0x020a00ff };

void kafka_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    log_debug("librdkafka", "level=%d facility=%s text=\"%s\"", level, facility, text);
}

static bool set(rd_kafka_conf_t *conf, const char *who, const char *name, const char *value,
                struct error *ret_error)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    error_set(ret_error, EXIT_CONFIG, "%s: property %s: %s", who, name, text);
    return false;
}

static bool set_all(rd_kafka_conf_t *conf, const char *who, const struct property *properties,
                    size_t count, struct error *ret_error)
{
    for (size_t i = 0; i < count; i++)
        if (!set(conf, who, properties[i].name, properties[i].value, ret_error))
            return false;
    return true;
}

static bool may_set_strategy(const char *value, struct error *ret_error)
{
    if (strcmp(value, "range") == 0 || strcmp(value, "roundrobin") == 0 ||
        rd_kafka_version() >= COOPERATIVE_SINCE)
        return true;
    error_set(ret_error, EXIT_CONFIG,
              "kafka receiver: property partition.assignment.strategy must be range or roundrobin "
              "with librdkafka %s; cooperative rebalancing needs 2.10",
              rd_kafka_version_str());
    return false;
}

static bool may_set(const char *name, const char *value, struct error *ret_error)
{
    for (size_t i = 0; i < sizeof consumer_fixed / sizeof *consumer_fixed; i++)
        if (strcmp(consumer_fixed[i].name, name) == 0 &&
            strcmp(consumer_fixed[i].value, value) != 0) {
            error_set(ret_error, EXIT_CONFIG,
                      "kafka receiver: property %s must stay %s, since delivery without loss rests "
                      "on it",
                      name, consumer_fixed[i].value);
            return false;
        }
    for (size_t i = 0; i < sizeof consumer_refused / sizeof *consumer_refused; i++)
        if (strcmp(consumer_refused[i], name) == 0) {
            error_set(ret_error, EXIT_CONFIG,
                      "kafka receiver: property %s is set by the receiver itself; remove it", name);
            return false;
        }
    return strcmp(name, "partition.assignment.strategy") != 0 || may_set_strategy(value, ret_error);
}

/* A message over the limit has to be received to be put aside, or it would stall its partition. */
static bool set_sizes(rd_kafka_conf_t *conf, size_t max_message_bytes, struct error *ret_error)
{
    enum { RESPONSE_MIN = 128 * 1024 * 1024, RESPONSE_MAX = 2147483647 };
    uint64_t size = 2 * (uint64_t)max_message_bytes;
    char text[32];
    size = size < RESPONSE_MIN ? RESPONSE_MIN : size > RESPONSE_MAX ? RESPONSE_MAX : size;
    (void)snprintf(text, sizeof text, "%" PRIu64, size);
    return set(conf, "kafka receiver", "receive.message.max.bytes", text, ret_error);
}

/* A static member may be away for a restart without a rebalance. One that was named has somebody
 * who brings it back; a volume may be gone for good, and its partitions then wait no longer than
 * librdkafka's own default. */
static bool set_group(rd_kafka_conf_t *conf, const struct kafka_consumer_config *config,
                      const char *volume_instance_id, struct error *ret_error)
{
    static const char who[] = "kafka receiver";
    bool is_named = config->group_instance_id && *config->group_instance_id;
    const char *instance_id = is_named ? config->group_instance_id : volume_instance_id;
    if (!set(conf, who, "group.id", config->group_id, ret_error) ||
        !set(conf, who, "partition.assignment.strategy", "range", ret_error))
        return false;
    return !instance_id ||
           (set(conf, who, "group.instance.id", instance_id, ret_error) &&
            set(conf, who, "session.timeout.ms", is_named ? "120000" : "45000", ret_error));
}

int64_t kafka_property_ms(const rd_kafka_conf_t *conf, const char *name)
{
    char text[32];
    size_t size = sizeof text;
    return rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK ? strtoll(text, NULL, 10)
                                                                          : 0;
}

rd_kafka_conf_t *kafka_consumer_properties(const struct kafka_consumer_config *config,
                                           const char *volume_instance_id, struct error *ret_error)
{
    static const char who[] = "kafka receiver";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_good = set(conf, who, "bootstrap.servers", config->brokers, ret_error) &&
                   set(conf, who, "client.id", config->client_id, ret_error) &&
                   set_group(conf, config, volume_instance_id, ret_error) &&
                   set_sizes(conf, config->max_message_bytes, ret_error) &&
                   set_all(conf, who, consumer_defaults,
                           sizeof consumer_defaults / sizeof *consumer_defaults, ret_error);
    const char *const *user = config->properties;
    for (; is_good && user && user[0] && user[1]; user += 2)
        is_good =
            may_set(user[0], user[1], ret_error) && set(conf, who, user[0], user[1], ret_error);
    is_good = is_good &&
              set_all(conf, who, consumer_fixed, sizeof consumer_fixed / sizeof *consumer_fixed,
                      ret_error) &&
              set(conf, who, "auto.offset.reset", "error", ret_error);
    if (is_good)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_conf_t *kafka_letter_properties(const struct dead_letter_config *config,
                                         struct error *ret_error)
{
    static const char who[] = "dead letters";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_good = set(conf, who, "bootstrap.servers", config->brokers, ret_error) &&
                   set(conf, who, "client.id", "flywheel-dead-letter", ret_error) &&
                   set_all(conf, who, letter_defaults,
                           sizeof letter_defaults / sizeof *letter_defaults, ret_error);
    const char *const *user = config->properties;
    for (; is_good && user && user[0] && user[1]; user += 2)
        is_good = set(conf, who, user[0], user[1], ret_error);
    is_good = is_good && set_all(conf, who, letter_fixed,
                                 sizeof letter_fixed / sizeof *letter_fixed, ret_error);
    if (is_good)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}
