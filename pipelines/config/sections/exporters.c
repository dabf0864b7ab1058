/* An exporter is named by its kind: kafka/NAME or file/NAME, each an object of the option table. */
#include "pipelines/config/sections/exporters.h"

#include "pipelines/config/sections/kafka.h"
#include "pipelines/config/walk.h"
#include "processor/base/text/utf8.h"

static void load_exporter(struct config_loader *loader, const struct config_node *node,
                          struct exporter_config *exporter)
{
    bool is_kafka = bytes_equal_text(node->key, "kafka") ||
                    bytes_starts_with(node->key, BYTES_LITERAL("kafka/"));
    bool is_file =
        bytes_equal_text(node->key, "file") || bytes_starts_with(node->key, BYTES_LITERAL("file/"));
    if (!is_kafka && !is_file) {
        config_loader_error_at_key(loader, node,
                                   "unknown exporter %.*s: name it kafka/NAME or file/NAME",
                                   (int)utf8_cut(node->key, 60).size, (const char *)node->key.data);
        return;
    }
    const char *object = is_kafka ? "exporters.kafka/NAME" : "exporters.file/NAME";
    exporter->kind = is_kafka ? EXPORTER_KAFKA : EXPORTER_FILE;
    exporter->name = (const char *)config_loader_keep(loader, node->key).data;
    config_walk_defaults(loader, object, exporter);
    if (!config_walk_object(loader, node, object, exporter) || !is_kafka)
        return;
    config_kafka_add_security(loader, node, &exporter->security, exporter->properties,
                              exporter->own_property_count);
}

void config_exporters_load(struct config_loader *loader, const struct option *row,
                           const struct config_node *node, void *base)
{
    (void)row;
    struct pipeline_config *config = base;
    if (config_tree_is_null(node) || !config_loader_require(loader, node, NODE_MAP, "exporters"))
        return;
    if (node->child_count > EXPORTERS_MAX) {
        config_loader_error(loader, node, "more than %d exporters: remove some", EXPORTERS_MAX);
        return;
    }
    uint32_t errors = loader->findings->error_count;
    for (const struct config_node *item = node->first; item && !config_loader_failed(loader);
         item = item->next) {
        load_exporter(loader, item, &config->exporters[config->exporter_count++]);
        (void)config_loader_recover(loader, errors);
    }
}

static bool is_named(const struct pipeline_names *names, const char *exporter)
{
    for (uint32_t i = 0; i < names->exporter_count; i++)
        if (bytes_equal_text(names->exporters[i], exporter))
            return true;
    return false;
}

/* A relay has no state to keep them in. */
static void complete_dead_letters(struct config_loader *loader, struct exporter_config *exporter)
{
    const struct pipeline_config *config = loader->config;
    if (exporter->kind != EXPORTER_KAFKA || exporter->dead_letter_directory ||
        config->relay.is_present)
        return;
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s.dead", config->state.directory, exporter->name);
    for (size_t at = strlen(config->state.directory) + 1; at < path.size; at++)
        if (path.data[at] == '/')
            path.data[at] = '-';
    exporter->dead_letter_directory =
        (const char *)config_loader_keep(loader, buffer_bytes(&path)).data;
    buffer_finish(&path);
}

static void add_file(struct config_loader *loader, const char *name)
{
    struct pipeline_config *config = loader->config;
    if (config->exporter_count == EXPORTERS_MAX) {
        config_loader_error(loader, config_loader_place(loader, "exporters"),
                            "with %s there are more than %d exporters: remove some", name,
                            EXPORTERS_MAX);
        return;
    }
    config->exporters[config->exporter_count++] =
        (struct exporter_config){.kind = EXPORTER_FILE, .name = name};
}

static bool is_defined(const struct pipeline_config *config, const char *exporter)
{
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (strcmp(config->exporters[i].name, exporter) == 0)
            return true;
    return false;
}

/* What is not said of the way back goes to files. */
static void complete_results(struct config_loader *loader, struct pipeline_names *names,
                             const char *path, const char *exporter)
{
    if (!loader->config->review.is_present || config_loader_is_given(loader, path))
        return;
    names->exporters[names->exporter_count++] = bytes_of_text(exporter);
    if (!is_defined(loader->config, exporter))
        add_file(loader, exporter);
}

/* Those that the results pipeline names take no records. */
static bool has_exporter_of_records(const struct pipeline_config *config)
{
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (!is_named(&config->results, config->exporters[i].name) &&
            !is_named(&config->results_audit, config->exporters[i].name))
            return true;
    return false;
}

static const char *file_of(const struct pipeline_config *config, const char *exporter)
{
    if (is_named(&config->alerts_told, exporter))
        return "alerts";
    if (is_named(&config->results, exporter))
        return "rows";
    return is_named(&config->results_audit, exporter) ? "audit" : "annotations";
}

void config_exporters_complete(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    complete_results(loader, &config->results, "service.pipelines.results.exporters", "file/rows");
    complete_results(loader, &config->results_audit, "service.pipelines.results.audit",
                     "file/audit");
    if (!has_exporter_of_records(config))
        add_file(loader, "file/annotations");
    if (config_loader_failed(loader))
        return;
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        struct exporter_config *exporter = &config->exporters[i];
        complete_dead_letters(loader, exporter);
        if (exporter->kind != EXPORTER_FILE || exporter->path)
            continue;
        struct buffer path = {0};
        buffer_printf(&path, "%s/%s.jsonl", config->state.directory,
                      file_of(config, exporter->name));
        exporter->path = (const char *)config_loader_keep(loader, buffer_bytes(&path)).data;
        buffer_finish(&path);
    }
    for (uint32_t i = 0; i < config->exporter_count; i++)
        for (uint32_t j = 0; j < i; j++)
            if (config->exporters[i].kind == EXPORTER_FILE &&
                config->exporters[j].kind == EXPORTER_FILE &&
                strcmp(config->exporters[i].path, config->exporters[j].path) == 0)
                config_loader_error(loader, config_loader_place(loader, "exporters"),
                                    "%s and %s write to the same file: give one another path",
                                    config->exporters[j].name, config->exporters[i].name);
}
