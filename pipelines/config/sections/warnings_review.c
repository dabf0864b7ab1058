/* Each is a promise of the way back that the file gives up, perhaps without knowing. */
#include "pipelines/config/sections/warnings_review.h"

static void warn(struct config_loader *loader, const char *path, const char *text)
{
    config_loader_warn_at_key(loader, config_loader_place(loader, path), "%s", text);
}

static bool is_queue_of_rule(const struct pipeline_config *config, struct bytes name)
{
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        if (bytes_equal(config->ruleset.rules[i].queue, name))
            return true;
    return false;
}

static void find_unnamed_queues(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    if (!config_loader_is_given(loader, "review.queues"))
        return;
    const struct config_node *map = config_loader_place(loader, "review.queues");
    for (const struct config_node *node = map->first; node; node = node->next)
        if (!bytes_equal_text(node->key, "*") && !bytes_equal_text(node->key, "control") &&
            !is_queue_of_rule(config, node->key))
            config_loader_warn_at_key(loader, node,
                                      "no rule sends runs to the queue %.*s: it is not used",
                                      (int)node->key.size, (const char *)node->key.data);
}

static bool is_label(const struct label_set *labels, struct bytes id)
{
    return label_set_find(labels, id) >= 0;
}

/* A reviewer could not say what the rule says. */
static void find_missing_labels(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        for (uint32_t j = 0; j < config->ruleset.rules[i].label_count; j++) {
            struct bytes id = config->ruleset.rules[i].labels[j];
            if (is_label(&config->review.labels, id))
                continue;
            config_loader_warn_at_key(
                loader,
                config_loader_place(loader, config_loader_is_given(loader, "review.labels")
                                                ? "review.labels"
                                                : "rules"),
                "the label %.*s of the rule %.*s is not among review.labels: reviewers can't give "
                "it",
                (int)id.size, (const char *)id.data, (int)config->ruleset.rules[i].name.size,
                (const char *)config->ruleset.rules[i].name.data);
            return; /* One is enough to look there. */
        }
}

static bool reaches(const struct review_settings *review, uint32_t reviews)
{
    for (uint32_t i = 0; i < review->queue_count; i++)
        if (review->queues[i].reviewers + (review->queues[i].overlap > 0) >= reviews)
            return true;
    return false;
}

/* A backup that is put back looks into files for the numbers that were given away since. */
static void find_unread_topics(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    bool has_topic[2] = {false}, has_file[2] = {false}; /* of rows, of the trail */
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        const struct exporter_config *exporter = &config->exporters[i];
        if (!exporter->takes_rows && !exporter->takes_audit)
            continue;
        has_topic[exporter->takes_audit] |= exporter->kind == EXPORTER_KAFKA;
        has_file[exporter->takes_audit] |= exporter->kind == EXPORTER_FILE && !exporter->is_stream;
    }
    if (has_topic[0] && !has_file[0])
        warn(loader, "service.pipelines.results.exporters",
             "topics are not read when a backup is put back, so that versions of the dataset would "
             "be given twice: name a file exporter, too");
    if (has_topic[1] && !has_file[1])
        warn(loader, "service.pipelines.results.audit",
             "topics are not read when a backup is put back, so that numbers of the trail would be "
             "given twice: name a file exporter, too");
}

static void find_unkept(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    bool has_rows = config->dataset.promote != PROMOTE_NEVER;
    if (has_rows && config->dataset.retain_ms == 0)
        warn(loader,
             config_loader_is_given(loader, "dataset.retain") ? "dataset.retain"
                                                              : "service.pipelines.results",
             "rows hold people's texts and are kept for ever: set dataset.retain, such as 400d");
    if (config->review.audit_exporters == 0)
        warn(loader, "service.pipelines.results.audit",
             "the audit trail has no exporter: nothing off this directory can prove that it was "
             "not rewritten");
    if (config->dataset.train_share > 0 && config->budget.instances > 1 && !config->single_instance)
        warn(loader, "dataset.train_share",
             "clusters grow by arrival, so that two instances can put one question into both "
             "splits: use train_share with one instance");
    if (has_rows && !reaches(&config->review, config->dataset.require_reviews))
        warn(loader, "dataset.require_reviews",
             "no queue has so many reviewers: without an adjudicator no decision becomes a row");
}

/* The control stratum: what is never looked at has no known rate. */
static void find_unknowable(struct config_loader *loader)
{
    const struct selection_policy *selection = &loader->config->selection;
    if (selection->control_per_day > 0 || loader->config->ruleset.rule_count == 0)
        return;
    if (selection->share[VERDICT_PASS] == 0)
        warn(loader, "selection",
             "no passed run is ever reviewed (selection.pass is 0): there is no recall of rules, "
             "and no rate of what they miss");
    if (selection->share[VERDICT_UNSCORED] == 0)
        warn(loader, "selection",
             "no unscored run is ever reviewed (selection.unscored is 0): nothing is known of "
             "them");
}

void warnings_find_in_review(struct config_loader *loader)
{
    static const char *const sections[] = {"review", "dataset"};
    if (!loader->config->review.is_present) {
        for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
            if (config_loader_is_given(loader, sections[i]))
                warn(loader, sections[i],
                     "service.pipelines.results is not there: this setting is not used");
        return;
    }
    find_unnamed_queues(loader);
    find_missing_labels(loader);
    find_unkept(loader);
    find_unread_topics(loader);
    find_unknowable(loader);
}
