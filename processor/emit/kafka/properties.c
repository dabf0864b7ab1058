/* Two tables: what a producer starts with, and what nobody may change; by the role it has. */
#include "processor/emit/kafka/properties.h"

struct property {
    const char *name, *value, *of_relay; /* NULL: the same */
};

/* A message must not outlive its transaction: a broker that is away ends the transaction instead,
 * and the next one sends the same records. */
static const struct property of_transactions[] = {
    {"transaction.timeout.ms", "60000", NULL},
    {"message.timeout.ms", "50000", NULL},
};

static const struct property defaults[] = {
    {"compression.codec", "zstd", "lz4"},
    /* As the Collector's exporter spreads keys (sarama's FNV-1a), so that topics keyed by trace id
     * stay partitioned alike; librdkafka's own default is CRC32. */
    {"partitioner", "fnv1a_random", NULL},
    {"linger.ms", "10", "5"},
    {"queue.buffering.max.messages", "10000000", NULL}, /* what is held is bounded before it */
    {"queue.buffering.max.kbytes", "2097151", NULL},
    /* Records have at most 800,000 bytes and brokers take 1 MB by default. */
    {"message.max.bytes", "1000000", NULL},
    {"batch.size", "1000000", NULL},
    {"socket.keepalive.enable", "true", NULL},
    {"reconnect.backoff.max.ms", "5000", NULL},
    {"statistics.interval.ms", "0", NULL},
};

static const struct property fixed[] = {
    {"enable.idempotence", "true", NULL},
    {"acks", "all", NULL},
    /* Infinite: a broker that is away loses nothing. Senders of a relay wait up to 30 s or so. */
    {"message.timeout.ms", "0", "20000"},
    {"queuing.strategy", "fifo", NULL},
};

/* Other names of fixed properties, and what would break them. */
static const char *const refused[] = {
    "bootstrap.servers",        "metadata.broker.list", "request.required.acks",
    "delivery.timeout.ms",      "transactional.id",     "retries",
    "message.send.max.retries",
};

static bool set(rd_kafka_conf_t *conf, const char *name, const char *value, struct error *ret_error)
{
    char text[256];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
        return true;
    /* librdkafka may speak of an alias of the name. */
    error_set(ret_error, EXIT_CONFIG, "kafka exporter: property %s: %s", name, text);
    return false;
}

static const char *value_for(const struct property *property, enum kafka_role role)
{
    return role == KAFKA_RELAY && property->of_relay ? property->of_relay : property->value;
}

static bool may_set(const char *name, const char *value, enum kafka_role role,
                    struct error *ret_error)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fixed[i].name, name) == 0 && strcmp(value_for(&fixed[i], role), value) != 0) {
            error_set(ret_error, EXIT_CONFIG,
                      "kafka exporter: property %s must stay %s, since delivery without loss rests "
                      "on it",
                      name, value_for(&fixed[i], role));
            return false;
        }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i], name) == 0) {
            error_set(ret_error, EXIT_CONFIG,
                      "kafka exporter: property %s is set by the exporter itself; remove it", name);
            return false;
        }
    return true;
}

rd_kafka_conf_t *kafka_properties_read(const struct kafka_emitter_config *config,
                                       enum kafka_role role, struct error *ret_error)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    bool is_good = set(conf, "bootstrap.servers", config->brokers, ret_error) &&
                   set(conf, "client.id", config->client_id, ret_error);
    for (size_t i = 0; is_good && i < sizeof defaults / sizeof *defaults; i++)
        is_good = set(conf, defaults[i].name, value_for(&defaults[i], role), ret_error);
    const char *const *user = config->properties;
    for (; is_good && user && user[0] && user[1]; user += 2)
        is_good =
            may_set(user[0], user[1], role, ret_error) && set(conf, user[0], user[1], ret_error);
    for (size_t i = 0; is_good && i < sizeof fixed / sizeof *fixed; i++)
        is_good = set(conf, fixed[i].name, value_for(&fixed[i], role), ret_error);
    for (size_t i = 0; is_good && role == KAFKA_TRANSACTIONS && i < 2; i++)
        is_good = set(conf, of_transactions[i].name, of_transactions[i].value, ret_error);
    if (!is_good) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}
