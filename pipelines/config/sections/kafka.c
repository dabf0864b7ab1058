/* Properties are pairs of texts, ended by NULL. */
#include "pipelines/config/sections/kafka.h"

#include <string.h>

/* Properties that have a key of their own, or that a guarantee rests on. */
static const struct reserved {
    const char *name, *instead;
} reserved[] = {
    {"bootstrap.servers", "set brokers"},
    {"metadata.broker.list", "set brokers"},
    {"group.id", "set group_id"},
    {"group.instance.id", "set group_instance_id"},
    {"enable.auto.commit", "offsets are committed after the store's commit"},
    {"enable.auto.offset.store", "offsets are committed after the store's commit"},
    {"auto.offset.reset", "reading begins where the store says, else at the earliest message"},
    {"enable.partition.eof", "the receiver needs it"},
    {"group.protocol", "the receiver needs the classic one"},
    {"enable.idempotence", "set emit"},
    {"transactional.id", "set emit"},
    {"sasl.password", "set auth.sasl.password, which is never printed"},
};

void config_kafka_load_properties(struct config_loader *loader, const struct option *row,
                                  const struct config_node *node, void *base)
{
    const char **properties = (const char **)((char *)base + row->at - 1);
    uint32_t count = 0;
    if (config_tree_is_null(node) || !config_loader_require(loader, node, NODE_MAP, "properties"))
        return;
    /* Room stays for what tls and auth become. */
    if (node->child_count > PROPERTIES_MAX - 8) {
        config_loader_error(loader, node, "more than %d properties: remove some",
                            PROPERTIES_MAX - 8);
        return;
    }
    for (const struct config_node *item = node->first; item; item = item->next) {
        if (item->kind != NODE_SCALAR) {
            config_loader_error(loader, item, "the value of a property must be a text");
            return;
        }
        for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
            if (bytes_equal_text(item->key, reserved[i].name)) {
                config_loader_error_at_key(loader, item, "%s can't be set here: %s",
                                           reserved[i].name, reserved[i].instead);
                return;
            }
        properties[2 * count] = (const char *)config_loader_keep(loader, item->key).data;
        properties[2 * count + 1] = (const char *)config_loader_keep(loader, item->text).data;
        count++;
    }
    *(uint32_t *)((char *)base + row->count_at - 1) = count;
}

/* tls and auth in the names of librdkafka, behind the file's own properties. */
static void derive_properties(const struct kafka_security *security, const char **properties,
                              uint32_t own)
{
    const char *pairs[][2] = {
        {"security.protocol", security->tls_is_present
                                  ? (security->sasl_mechanism ? "SASL_SSL" : "SSL")
                                  : (security->sasl_mechanism ? "SASL_PLAINTEXT" : NULL)},
        {"ssl.ca.location", security->ca_file},
        {"ssl.certificate.location", security->cert_file},
        {"ssl.key.location", security->key_file},
        {"enable.ssl.certificate.verification", security->insecure_skip_verify ? "false" : NULL},
        {"sasl.mechanism", security->sasl_mechanism},
        {"sasl.username", security->sasl_username},
        {"sasl.password", security->sasl_password},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][1]) {
            properties[2 * own] = pairs[i][0];
            properties[2 * own++ + 1] = pairs[i][1];
        }
    properties[2 * own] = NULL;
}

static void check_security(struct config_loader *loader, const struct config_node *place,
                           const struct kafka_security *security)
{
    bool has_any = security->sasl_mechanism || security->sasl_username || security->sasl_password;
    bool has_all = security->sasl_mechanism && security->sasl_username && security->sasl_password;
    if (has_any && !has_all)
        config_loader_error_at_key(loader, place,
                                   "auth.sasl needs mechanism, username and password");
    if ((security->cert_file != NULL) != (security->key_file != NULL))
        config_loader_error_at_key(loader, place,
                                   "tls needs both cert_file and key_file, or neither");
}

void config_kafka_add_security(struct config_loader *loader, const struct config_node *place,
                               const struct kafka_security *security, const char **properties,
                               uint32_t own)
{
    check_security(loader, place, security);
    derive_properties(security, properties, own);
}
