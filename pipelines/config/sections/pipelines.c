/* One main pipeline runs in a process: traces, or a relay. What it does not name is left out, except
 * what takes alerts, rows or the audit trail.
 *   exporters -> those of alerts and results -> those of the main pipeline -> receivers -> what a
 * relay may be */
#include "pipelines/config/sections/pipelines.h"

#include <string.h>

#include "pipelines/config/sections/exporters.h"
#include "pipelines/config/sections/kafka.h"
#include "processor/base/nearest.h"

static void not_defined(struct config_loader *loader, const struct config_node *node,
                        const char *kind, struct nearest *nearest)
{
    config_loader_error(
        loader, node, "there is no %s of that name: define it under %ss%s%.*s%s", kind, kind,
        nearest->name.data ? "; did you mean " : "", (int)nearest->name.size,
        nearest->name.data ? (const char *)nearest->name.data : "", nearest->name.data ? "?" : "");
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
    const struct config_node *place = config_loader_place(loader, path), *item = place;
    for (uint32_t i = 0; i < names->exporter_count; i++) {
        struct nearest nearest = nearest_to(names->exporters[i]);
        if (config_loader_is_given(loader, path)) /* else they are our own choice, and right */
            item = i == 0 ? place->first : item->next;
        for (at[i] = 0; at[i] < config->exporter_count; at[i]++) {
            nearest_offer(&nearest, bytes_of_text(config->exporters[at[i]].name));
            if (bytes_equal_text(names->exporters[i], config->exporters[at[i]].name))
                break;
        }
        for (uint32_t j = 0; j < i; j++)
            if (at[j] == at[i])
                config_loader_error(loader, item, "this exporter is named twice: remove one");
        if (at[i] == config->exporter_count)
            not_defined(loader, item, "exporter", &nearest);
        if (config_loader_failed(loader))
            return false;
    }
    if (names->exporter_count == 0)
        config_loader_error(loader, place, "a pipeline needs at least one exporter");
    return names->exporter_count > 0;
}

/* Alerts go beside the records, or elsewhere; always as JSON. */
static bool choose_alert_exporters(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    const char *path = config_loader_is_given(loader, "service.pipelines.alerts.exporters")
                           ? "service.pipelines.alerts.exporters"
                           : "service.pipelines.alerts";
    uint32_t at[PIPELINE_NAMES_MAX];
    if (!config->alerts_told.is_present)
        return true;
    if (config->relay.is_present) {
        config_loader_error_at_key(loader, config_loader_place(loader, path),
                                   "a relay scores nothing, so it has no alerts: remove this");
        return false;
    }
    if (!find_exporters(loader, &config->alerts_told, path, at))
        return false;
    for (uint32_t i = 0; i < config->alerts_told.exporter_count; i++) {
        struct exporter_config *exporter = &config->exporters[at[i]];
        exporter->takes_alerts = true;
        if (exporter->kind == EXPORTER_KAFKA && exporter->encoding != ENCODING_JSON)
            config_loader_error(
                loader, config_loader_place(loader, path),
                "%s takes alerts, which are json: give them an exporter of their own",
                exporter->name);
    }
    return true;
}

/* Rows and the audit trail, each in an exporter of its own: readers of one are not readers of the
 * other. The name of a list may be left out by the file, and then it is our own choice. */
static bool choose_of_results(struct config_loader *loader, const struct pipeline_names *names,
                              const char *path, bool is_audit)
{
    struct pipeline_config *config = loader->config;
    uint32_t at[PIPELINE_NAMES_MAX];
    if (names->exporter_count == 0)
        return true;
    if (!find_exporters(loader, names, path, at))
        return false;
    for (uint32_t i = 0; i < names->exporter_count; i++) {
        struct exporter_config *exporter = &config->exporters[at[i]];
        const struct config_node *place = config_loader_place(loader, path);
        if (exporter->takes_alerts || exporter->takes_rows)
            config_loader_error(loader, place, "%s takes %s already: give the %s another exporter",
                                exporter->name, exporter->takes_alerts ? "alerts" : "rows",
                                is_audit ? "audit trail" : "rows");
        else if (exporter->kind == EXPORTER_KAFKA && exporter->encoding != ENCODING_JSON)
            config_loader_error(loader, place, "%s takes %s, which is json: leave encoding out",
                                exporter->name, is_audit ? "the audit trail" : "rows");
        exporter->takes_audit = is_audit;
        exporter->takes_rows = !is_audit;
    }
    return !config_loader_failed(loader);
}

static bool choose_results(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    if (!config->review.is_present)
        return true;
    if (config->relay.is_present) {
        config_loader_error_at_key(loader, config_loader_place(loader, "service.pipelines.results"),
                                   "a relay scores nothing, so nothing is reviewed: remove this");
        return false;
    }
    return choose_of_results(loader, &config->results, "service.pipelines.results.exporters",
                             false) &&
           choose_of_results(loader, &config->results_audit, "service.pipelines.results.audit",
                             true);
}

/* What takes no records needs a topic of its own. */
static void check_topic(struct config_loader *loader, const struct exporter_config *exporter)
{
    const char *what = exporter->takes_rows    ? "rows"
                       : exporter->takes_audit ? "the audit trail"
                                               : "alerts";
    const char *topic = exporter->takes_rows    ? "dataset-rows"
                        : exporter->takes_audit ? "audit"
                                                : "alerts";
    if (exporter->kind == EXPORTER_KAFKA && strcmp(exporter->topic, "annotations") == 0)
        config_loader_error(
            loader,
            config_loader_place(loader, exporter->takes_alerts ? "service.pipelines.alerts"
                                                               : "service.pipelines.results"),
            "%s would write %s among the records: set its topic to %s, or another one",
            exporter->name, what, topic);
}

static bool takes_other_than_records(const struct exporter_config *exporter)
{
    return exporter->takes_alerts || exporter->takes_rows || exporter->takes_audit;
}

/* By their places among those that are kept. */
static void note_results(struct pipeline_config *config)
{
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        const struct exporter_config *exporter = &config->exporters[i];
        config->dataset.exporters |= (uint32_t)exporter->takes_rows << i;
        config->dataset.topics |=
            (uint32_t)(exporter->takes_rows && exporter->kind == EXPORTER_KAFKA) << i;
        config->review.audit_exporters |= (uint32_t)exporter->takes_audit << i;
    }
}

/* Keeps the exporters that a pipeline names: the main one's in its order, then the others. */
static void choose_exporters(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    struct chosen_pipeline pipeline = choose_pipeline(loader);
    struct pipeline_names *names = pipeline.names;
    struct exporter_config chosen[EXPORTERS_MAX];
    bool is_chosen[EXPORTERS_MAX] = {false};
    uint32_t at[PIPELINE_NAMES_MAX], count = 0;
    if (!choose_alert_exporters(loader) || !choose_results(loader))
        return;
    if (!config_loader_is_given(loader, pipeline.exporters)) {
        for (uint32_t i = 0; i < config->exporter_count; i++)
            if (!takes_other_than_records(&config->exporters[i]))
                names->exporters[names->exporter_count++] =
                    bytes_of_text(config->exporters[i].name);
    }
    if (names->exporter_count == 0 && config->alerts_told.is_present)
        config_loader_error(
            loader, config_loader_place(loader, "service.pipelines.alerts"),
            "alerts take every exporter, and none is left for the records: define one "
            "more, or name it under traces as well");
    if (config_loader_failed(loader) || !find_exporters(loader, names, pipeline.exporters, at))
        return;
    for (uint32_t i = 0; i < names->exporter_count; i++) {
        const struct exporter_config *exporter = &config->exporters[at[i]];
        if (exporter->takes_rows || exporter->takes_audit)
            config_loader_error(loader, config_loader_place(loader, pipeline.exporters),
                                "%s takes %s: give records another exporter", exporter->name,
                                exporter->takes_rows ? "rows" : "the audit trail");
        is_chosen[at[i]] = true;
        chosen[count++] = *exporter;
    }
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (takes_other_than_records(&config->exporters[i]) && !is_chosen[i]) {
            config->exporters[i].takes_no_records = true;
            check_topic(loader, &config->exporters[i]);
            chosen[count++] = config->exporters[i];
        }
    memcpy(config->exporters, chosen, count * sizeof chosen[0]);
    config->exporter_count = count;
    note_results(config);
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
    if (!config_loader_is_given(loader, path)) {
        if (config->otlp.is_present)
            names->receivers[names->receiver_count++] = BYTES_LITERAL("otlp");
        if (config->kafka.is_present)
            names->receivers[names->receiver_count++] = BYTES_LITERAL("kafka");
    }
    const struct config_node *item =
        config_loader_is_given(loader, path) ? config_loader_place(loader, path)->first : NULL;
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
        config_loader_error(loader, config_loader_place(loader, path),
                            "a pipeline needs at least one receiver");
}

/* The page and its API are there in any case. */
static void choose_results_receivers(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    struct pipeline_names *names = &config->results;
    const char *path = "service.pipelines.results.receivers";
    bool is_given = config_loader_is_given(loader, path);
    if (!config->review.is_present)
        return;
    if (!is_given && config->results_topic.is_present)
        names->receivers[names->receiver_count++] = BYTES_LITERAL("kafka/results");
    const struct config_node *item = is_given ? config_loader_place(loader, path)->first : NULL;
    for (uint32_t i = 0; i < names->receiver_count; i++, item = item ? item->next : NULL) {
        struct nearest nearest = nearest_to(names->receivers[i]);
        bool is_topic = bytes_equal_text(names->receivers[i], "kafka/results");
        if (is_topic && config->reads_results)
            config_loader_error(loader, item, "this receiver is named twice: remove one");
        if (config->results_topic.is_present && !is_topic)
            nearest_offer(&nearest, BYTES_LITERAL("kafka/results"));
        if (!is_topic || !config->results_topic.is_present)
            not_defined(loader, item, "receiver", &nearest);
        if (config_loader_failed(loader))
            return;
        config->reads_results = true;
    }
    if (config->results_topic.is_present)
        config_kafka_add_security(
            loader, config_loader_place(loader, "receivers.kafka/results"),
            &config->results_topic.security, config->results_topic.properties,
            config->results_topic.own_property_count);
}

/* A relay takes requests in and sends them on: one topic, and nothing that scores. */
static void check_relay(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    const struct config_node *place = config_loader_place(loader, "service.pipelines.relay");
    const struct exporter_config *exporter = &config->exporters[0];
    if (config_loader_is_given(loader, "service.pipelines.traces"))
        config_loader_error_at_key(loader, place,
                                   "traces and relay do not go together in one process: "
                                   "start one for each");
    else if (config->reads_kafka)
        config_loader_error_at_key(loader, place,
                                   "a relay reads otlp only; its topic is what others read");
    else if (config->exporter_count != 1 || exporter->kind != EXPORTER_KAFKA)
        config_loader_error_at_key(loader, place, "a relay needs exactly one exporter, kafka/NAME");
    else if (strcmp(exporter->topic, "annotations") == 0)
        config_loader_error_at_key(loader, place,
                                   "%s needs the topic of the spans here: set topic to "
                                   "otlp_spans, or another one",
                                   exporter->name);
    else if (exporter->encoding == ENCODING_PROTOBUF || exporter->is_transactional)
        config_loader_error_at_key(loader, place,
                                   "a relay writes otlp_proto, by the idempotent producer: "
                                   "leave encoding and emit out of %s",
                                   exporter->name);
}

void config_pipelines_connect(struct config_loader *loader)
{
    if (config_loader_failed(loader))
        return;
    struct pipeline_config *config = loader->config;
    config->review.is_present = config_loader_is_given(loader, "service.pipelines.results");
    config_exporters_complete(loader);
    if (!config_loader_failed(loader))
        choose_exporters(loader);
    if (!config_loader_failed(loader))
        choose_receivers(loader);
    if (!config_loader_failed(loader))
        choose_results_receivers(loader);
    if (config->relay.is_present && !config_loader_failed(loader))
        check_relay(loader);
    config->traces.is_present = !config->relay.is_present;
    if (config->kafka.is_present)
        config_kafka_add_security(loader, config_loader_place(loader, "receivers.kafka"),
                                  &config->kafka.security, config->kafka.properties,
                                  config->kafka.own_property_count);
}
