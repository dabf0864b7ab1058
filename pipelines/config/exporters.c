/* Exporters, the properties of Kafka clients, and which receivers and exporters the pipelines
 * connect. */
#include "pipelines/config/option.h"
#include "processor/base/nearest.h"
#include "processor/base/text/utf8.h"

#include <stdio.h>
#include <stdlib.h>

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

void load_properties(struct config_loader *loader, const struct option *row,
                     const struct config_node *node, void *base)
{
    const char **properties = (const char **)((char *)base + row->at - 1);
    uint32_t count = 0;
    if (config_node_is_null(node) || !config_require(loader, node, NODE_MAP, "properties"))
        return;
    /* Room stays for what tls and auth become. */
    if (node->child_count > PROPERTIES_MAX - 8) {
        config_error(loader, node, "more than %d properties: remove some", PROPERTIES_MAX - 8);
        return;
    }
    for (const struct config_node *item = node->first; item; item = item->next) {
        if (item->kind != NODE_SCALAR) {
            config_error(loader, item, "the value of a property must be a text");
            return;
        }
        for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
            if (bytes_equal_text(item->key, reserved[i].name)) {
                config_error_at_key(loader, item, "%s can't be set here: %s", reserved[i].name,
                                    reserved[i].instead);
                return;
            }
        properties[2 * count] = (const char *)config_keep(loader, item->key).data;
        properties[2 * count + 1] = (const char *)config_keep(loader, item->text).data;
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
        config_error_at_key(loader, place, "auth.sasl needs mechanism, username and password");
    if ((security->cert_file != NULL) != (security->key_file != NULL))
        config_error_at_key(loader, place, "tls needs both cert_file and key_file, or neither");
}

static void load_exporter(struct config_loader *loader, const struct config_node *node,
                          struct exporter_config *exporter)
{
    bool is_kafka = bytes_equal_text(node->key, "kafka") ||
                    bytes_starts_with(node->key, BYTES_LITERAL("kafka/"));
    bool is_file =
        bytes_equal_text(node->key, "file") || bytes_starts_with(node->key, BYTES_LITERAL("file/"));
    if (!is_kafka && !is_file) {
        config_error_at_key(loader, node, "unknown exporter %.*s: name it kafka/NAME or file/NAME",
                            (int)utf8_cut(node->key, 60).size, (const char *)node->key.data);
        return;
    }
    const char *object = is_kafka ? "exporters.kafka/NAME" : "exporters.file/NAME";
    exporter->kind = is_kafka ? EXPORTER_KAFKA : EXPORTER_FILE;
    exporter->name = (const char *)config_keep(loader, node->key).data;
    config_load_defaults(loader, object, exporter);
    config_load_object(loader, node, object, exporter);
    if (config_failed(loader) || !is_kafka)
        return;
    check_security(loader, node, &exporter->security);
    derive_properties(&exporter->security, exporter->properties, exporter->own_property_count);
}

void load_exporters(struct config_loader *loader, const struct option *row,
                    const struct config_node *node, void *base)
{
    (void)row;
    struct pipeline_config *config = base;
    if (config_node_is_null(node) || !config_require(loader, node, NODE_MAP, "exporters"))
        return;
    if (node->child_count > EXPORTERS_MAX) {
        config_error(loader, node, "more than %d exporters: remove some", EXPORTERS_MAX);
        return;
    }
    for (const struct config_node *item = node->first; item && !config_failed(loader);
         item = item->next)
        load_exporter(loader, item, &config->exporters[config->exporter_count++]);
}

static bool is_named(const struct pipeline_names *names, const char *exporter)
{
    for (uint32_t i = 0; i < names->exporter_count; i++)
        if (bytes_equal_text(names->exporters[i], exporter))
            return true;
    return false;
}

/* A file exporter without a path writes into the data directory. */
static void complete_exporters(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    if (config->exporter_count == 0)
        config->exporters[config->exporter_count++] =
            (struct exporter_config){.kind = EXPORTER_FILE, .name = "file/annotations"};
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        struct exporter_config *exporter = &config->exporters[i];
        if (exporter->kind != EXPORTER_FILE || exporter->path)
            continue;
        struct buffer path = {0};
        bool is_of_alerts = is_named(&config->alerts_told, exporter->name);
        buffer_printf(&path, "%s/%s.jsonl", config->state.directory,
                      is_of_alerts ? "alerts" : "annotations");
        exporter->path = (const char *)config_keep(loader, buffer_bytes(&path)).data;
        buffer_finish(&path);
    }
    for (uint32_t i = 0; i < config->exporter_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (config->exporters[i].kind == EXPORTER_FILE &&
                config->exporters[j].kind == EXPORTER_FILE &&
                strcmp(config->exporters[i].path, config->exporters[j].path) == 0)
                config_error(loader, config_place(loader, "exporters"),
                             "%s and %s write to the same file: give one another path",
                             config->exporters[j].name, config->exporters[i].name);
}

static void not_defined(struct config_loader *loader, const struct config_node *node,
                        const char *kind, struct nearest *nearest)
{
    config_error(loader, node, "there is no %s of that name: define it under %ss%s%.*s%s", kind,
                 kind, nearest->name.data ? "; did you mean " : "", (int)nearest->name.size,
                 nearest->name.data ? (const char *)nearest->name.data : "",
                 nearest->name.data ? "?" : "");
}

/* The one pipeline of the process, and the paths of what it names. */
struct chosen_pipeline {
    struct pipeline_names *names;
    const char *receivers, *exporters;
};

static struct chosen_pipeline choose_pipeline(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    if (config->relay.is_present)
        return (struct chosen_pipeline){&config->relay, "service.pipelines.relay.receivers",
                                        "service.pipelines.relay.exporters"};
    return (struct chosen_pipeline){&config->traces, "service.pipelines.traces.receivers",
                                    "service.pipelines.traces.exporters"};
}

/* Where the exporters that a pipeline names stand among all; false with the error set. */
static bool find_exporters(struct config_loader *loader, const struct pipeline_names *names,
                           const char *path, uint32_t at[PIPELINE_NAMES_MAX])
{
    const struct pipeline_config *config = loader->config;
    const struct config_node *place = config_place(loader, path), *item = place;
    for (uint32_t i = 0; i < names->exporter_count; i++) {
        struct nearest nearest = nearest_to(names->exporters[i]);
        if (config_is_given(loader, path)) /* else they are our own choice, and right */
            item = i == 0 ? place->first : item->next;
        for (at[i] = 0; at[i] < config->exporter_count; at[i]++) {
            nearest_offer(&nearest, bytes_of_text(config->exporters[at[i]].name));
            if (bytes_equal_text(names->exporters[i], config->exporters[at[i]].name))
                break;
        }
        for (uint32_t j = 0; j < i; j++)
            if (at[j] == at[i])
                config_error(loader, item, "this exporter is named twice: remove one");
        if (at[i] == config->exporter_count)
            not_defined(loader, item, "exporter", &nearest);
        if (config_failed(loader))
            return false;
    }
    if (names->exporter_count == 0)
        config_error(loader, place, "a pipeline needs at least one exporter");
    return names->exporter_count > 0;
}

/* Alerts go beside the records, or elsewhere; always as JSON. */
static bool choose_alert_exporters(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    const char *path = config_is_given(loader, "service.pipelines.alerts.exporters")
                           ? "service.pipelines.alerts.exporters"
                           : "service.pipelines.alerts";
    uint32_t at[PIPELINE_NAMES_MAX];
    if (!config->alerts_told.is_present)
        return true;
    if (config->relay.is_present) {
        config_error_at_key(loader, config_place(loader, path),
                            "a relay scores nothing, so it has no alerts: remove this");
        return false;
    }
    if (!find_exporters(loader, &config->alerts_told, path, at))
        return false;
    for (uint32_t i = 0; i < config->alerts_told.exporter_count; i++) {
        struct exporter_config *exporter = &config->exporters[at[i]];
        exporter->takes_alerts = true;
        if (exporter->kind == EXPORTER_KAFKA && exporter->encoding != ENCODING_JSON)
            config_error(loader, config_place(loader, path),
                         "%s takes alerts, which are json: give them an exporter of their own",
                         exporter->name);
    }
    return true;
}

/* What takes alerts alone needs a topic of its own. */
static void check_alert_topic(struct config_loader *loader, const struct exporter_config *exporter)
{
    if (exporter->kind == EXPORTER_KAFKA && strcmp(exporter->topic, "annotations") == 0)
        config_error(loader, config_place(loader, "service.pipelines.alerts"),
                     "%s would write alerts among the records: set its topic to alerts, or another "
                     "one",
                     exporter->name);
}

/* Keeps the exporters that a pipeline names: the main one's in its order, then those of alerts. */
static void choose_exporters(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    struct chosen_pipeline pipeline = choose_pipeline(loader);
    struct pipeline_names *names = pipeline.names;
    struct exporter_config chosen[EXPORTERS_MAX];
    bool is_chosen[EXPORTERS_MAX] = {false};
    uint32_t at[PIPELINE_NAMES_MAX], count = 0;
    if (!choose_alert_exporters(loader))
        return;
    if (!config_is_given(loader, pipeline.exporters)) {
        for (uint32_t i = 0; i < config->exporter_count; i++)
            if (!config->exporters[i].takes_alerts)
                names->exporters[names->exporter_count++] =
                    bytes_of_text(config->exporters[i].name);
    }
    if (names->exporter_count == 0 && config->alerts_told.is_present)
        config_error(loader, config_place(loader, "service.pipelines.alerts"),
                     "alerts take every exporter, and none is left for the records: define one "
                     "more, or name it under traces as well");
    if (config_failed(loader) || !find_exporters(loader, names, pipeline.exporters, at))
        return;
    for (uint32_t i = 0; i < names->exporter_count; i++) {
        is_chosen[at[i]] = true;
        chosen[count++] = config->exporters[at[i]];
    }
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (config->exporters[i].takes_alerts && !is_chosen[i]) {
            config->exporters[i].takes_no_records = true;
            check_alert_topic(loader, &config->exporters[i]);
            chosen[count++] = config->exporters[i];
        }
    memcpy(config->exporters, chosen, count * sizeof chosen[0]);
    config->exporter_count = count;
}

static void choose_receivers(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    struct chosen_pipeline pipeline = choose_pipeline(loader);
    struct pipeline_names *names = pipeline.names;
    const char *path = pipeline.receivers;
    if (!config->otlp.is_present && !config->kafka.is_present)
        config->otlp.is_present = true;
    if (config->otlp.is_present && !config->otlp.has_http)
        config->otlp.has_grpc = true;
    if (!config_is_given(loader, path)) {
        if (config->otlp.is_present)
            names->receivers[names->receiver_count++] = BYTES_LITERAL("otlp");
        if (config->kafka.is_present)
            names->receivers[names->receiver_count++] = BYTES_LITERAL("kafka");
    }
    const struct config_node *item =
        config_is_given(loader, path) ? config_place(loader, path)->first : NULL;
    for (uint32_t i = 0; i < names->receiver_count; i++, item = item ? item->next : NULL) {
        struct nearest nearest = nearest_to(names->receivers[i]);
        bool is_otlp = bytes_equal_text(names->receivers[i], "otlp");
        bool is_kafka = bytes_equal_text(names->receivers[i], "kafka");
        config->reads_otlp = config->reads_otlp || is_otlp;
        config->reads_kafka = config->reads_kafka || is_kafka;
        if (config->otlp.is_present && !is_otlp)
            nearest_offer(&nearest, BYTES_LITERAL("otlp"));
        if (config->kafka.is_present && !is_kafka)
            nearest_offer(&nearest, BYTES_LITERAL("kafka"));
        if (!(is_otlp && config->otlp.is_present) && !(is_kafka && config->kafka.is_present)) {
            not_defined(loader, item, "receiver", &nearest);
            return;
        }
    }
    if (names->receiver_count == 0)
        config_error(loader, config_place(loader, path), "a pipeline needs at least one receiver");
}

/* A relay takes requests in and sends them on: one topic, and nothing that scores. */
static void check_relay(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    const struct config_node *place = config_place(loader, "service.pipelines.relay");
    const struct exporter_config *exporter = &config->exporters[0];
    if (config_is_given(loader, "service.pipelines.traces"))
        config_error_at_key(loader, place,
                            "traces and relay do not go together in one process: "
                            "start one for each");
    else if (config->reads_kafka)
        config_error_at_key(loader, place,
                            "a relay reads otlp only; its topic is what others read");
    else if (config->exporter_count != 1 || exporter->kind != EXPORTER_KAFKA)
        config_error_at_key(loader, place, "a relay needs exactly one exporter, kafka/NAME");
    else if (strcmp(exporter->topic, "annotations") == 0)
        config_error_at_key(loader, place,
                            "%s needs the topic of the spans here: set topic to "
                            "otlp_spans, or another one",
                            exporter->name);
    else if (exporter->encoding == ENCODING_PROTOBUF || exporter->is_transactional)
        config_error_at_key(loader, place,
                            "a relay writes otlp_proto, by the idempotent producer: "
                            "leave encoding and emit out of %s",
                            exporter->name);
}

void config_check_pipelines(struct config_loader *loader)
{
    if (config_failed(loader))
        return;
    struct pipeline_config *config = loader->config;
    complete_exporters(loader);
    if (!config_failed(loader))
        choose_exporters(loader);
    if (!config_failed(loader))
        choose_receivers(loader);
    if (config->relay.is_present && !config_failed(loader))
        check_relay(loader);
    config->traces.is_present = !config->relay.is_present;
    if (config->kafka.is_present)
        check_security(loader, config_place(loader, "receivers.kafka"), &config->kafka.security);
    derive_properties(&config->kafka.security, config->kafka.properties,
                      config->kafka.own_property_count);
}
