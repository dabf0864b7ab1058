/* By the part of the file that it is about: rules, names of scores, settings, exporters and receivers,
 * texts that look like variables. */
#include "pipelines/config/sections/warnings.h"

#include <string.h>

#include "pipelines/config/sections/warnings_review.h"
#include "pipelines/config/sections/warnings_rules.h"
#include "processor/score/measure/expected_calls.h"
#include "processor/step.h"

/* --- settings that nothing reads --- */

static bool reads(const struct ruleset *ruleset, const char *const *measurements)
{
    for (; *measurements; measurements++)
        if (warnings_names_measurement(ruleset, *measurements))
            return true;
    return false;
}

/* Settings of measurements that no rule and no condition names. */
static void find_unread_measurements(struct config_loader *loader)
{
    static const struct {
        const char *path;
        const char *readers[3]; /* a name that ends in `.` stands for all that begin so */
    } settings[] = {
        {"measurements.tool_selection", {"tool_selection.accuracy", "trajectory."}},
        {"measurements.trajectory", {"trajectory."}},
        {"measurements.loop", {"loop"}},
        {"measurements.groundedness", {"groundedness.lexical"}},
        {"measurements.context_relevance", {"context_relevance."}},
        {"measurements.step_efficiency", {"step_efficiency"}},
        {"measurements.output_contract", {"output.contract"}},
        {"measurements.leak", {"leak"}},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        if (!config_loader_is_given(loader, settings[i].path) ||
            reads(&loader->config->ruleset, settings[i].readers))
            continue;
        bool is_family = strchr(settings[i].readers[0], '\0')[-1] == '.';
        config_loader_warn_at_key(loader, config_loader_place(loader, settings[i].path),
                                  "no rule names %s%s: this setting is not used",
                                  settings[i].readers[0], is_family ? "*" : "");
    }
}

static void find_unread_settings(struct config_loader *loader)
{
    const struct pipeline_config *config = loader->config;
    bool has_budget = config->budget.per_hour > 0 || config->budget.per_signature_per_hour > 0;
    const struct {
        const char *path;
        bool is_read;
        const char *why;
    } settings[] = {
        {"trajectory.await.timeout", config->assembly.await_count > 0,
         "there are no trajectory.await.scores to wait for"},
        {"trajectory.conversation_idle", config->scope_is_conversation,
         "trajectory.scope is not conversation"},
        {"trajectory.single_instance",
         config->scope_is_conversation || config->dataset.train_share > 0,
         "trajectory.scope is not conversation"},
        {"trajectory.late.retain", config->late_window_ms > 0, "trajectory.late.window is 0"},
        {"selection.budget.instances", has_budget, "there is no budget to share"},
        {"redaction.key_file", config->redaction.hash_count > 0, "redaction.hash names no key"},
        {"cohorts.change", config->pinned_count > 0, "no cohort is pinned"},
        {"service.pipelines.alerts", config->alert_count > 0 || config->pinned_count > 0,
         "there are neither cohorts.alerts nor pinned cohorts"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (config_loader_is_given(loader, settings[i].path) && !settings[i].is_read)
            config_loader_warn_at_key(loader, config_loader_place(loader, settings[i].path),
                                      "%s: this setting is not used", settings[i].why);
    bool asks_for_reviews = config->selection.share[VERDICT_FAIL] > 0 ||
                            config->selection.share[VERDICT_BORDERLINE] > 0;
    if (asks_for_reviews && !has_budget && config->ruleset.rule_count > 0)
        config_loader_warn_at_key(
            loader, config_loader_place(loader, "selection"),
            "there is no selection.budget: where everything fails, everything becomes review work; "
            "write selection: { budget: { per_hour: 500, per_signature_per_hour: 20 } }");
}

/* --- tools whose arguments are compared --- */

static bool is_expected(const struct measurement_config *measurements, struct bytes tool)
{
    const struct tool_expectation *sets =
        measurements->reference_count > 0 ? measurements->reference : measurements->required;
    uint32_t count = measurements->reference_count > 0 ? measurements->reference_count
                                                       : measurements->required_count;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < sets[i].tools.count; k++)
            if (step_tool_is(expected_call_tool(sets[i].tools.items[k]), tool))
                return true;
    return false;
}

static void find_unexpected_tools(struct config_loader *loader)
{
    const char *path = "measurements.trajectory.arguments";
    if (!config_loader_is_given(loader, path))
        return;
    const struct config_node *map = config_loader_place(loader, path);
    for (const struct config_node *list = map->first; list; list = list->next)
        for (const struct config_node *item = list->first; item; item = item->next)
            if (!bytes_equal_text(item->text, "*") &&
                !is_expected(&loader->config->ruleset.measurements, item->text))
                config_loader_warn(loader, item,
                                   "no reference names the tool %.*s: how its arguments are "
                                   "compared is never asked",
                                   (int)item->text.size, (const char *)item->text.data);
}

/* --- what no pipeline names --- */

static bool holds_text(const struct config_node *node, struct bytes text)
{
    if (node->kind == NODE_SCALAR)
        return bytes_equal(node->text, text);
    for (const struct config_node *child = node->first; child; child = child->next)
        if (holds_text(child, text))
            return true;
    return false;
}

/* By a pipeline that does not say what it names. */
static bool is_used(const struct pipeline_config *config, struct bytes name)
{
    for (uint32_t i = 0; i < config->exporter_count; i++)
        if (bytes_equal_text(name, config->exporters[i].name))
            return true;
    return config->reads_results && bytes_equal_text(name, "kafka/results");
}

/* A pipeline that names none takes all. */
static void find_unnamed(struct config_loader *loader, const char *section, const char *named,
                         const char *of_relay)
{
    if (!config_loader_is_given(loader, named) && !config_loader_is_given(loader, of_relay))
        return;
    const struct config_node *pipelines = config_loader_place(loader, "service.pipelines");
    const struct config_node *map = config_tree_find(loader->root, section);
    for (const struct config_node *node = map ? map->first : NULL; node; node = node->next)
        if (!holds_text(pipelines, node->key) && !is_used(loader->config, node->key))
            config_loader_warn_at_key(loader, node, "no pipeline names %.*s: it is not used",
                                      (int)node->key.size, (const char *)node->key.data);
}

/* --- texts that look like variables --- */

/* `$NAME`, and nothing else. */
static bool looks_like_variable(struct bytes text)
{
    for (size_t i = 1; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!((c >= 'A' && c <= 'Z') || c == '_' || (i > 1 && c >= '0' && c <= '9')))
            return false;
    }
    return text.size > 1 && text.data[0] == '$';
}

static void find_variables(struct config_loader *loader, const struct config_node *node)
{
    if (node->kind == NODE_SCALAR && looks_like_variable(node->text))
        config_loader_warn(loader, node,
                           "this is taken as it stands: for the variable write ${env:NAME}");
    for (const struct config_node *child = node->first; child; child = child->next)
        find_variables(loader, child);
}

void config_warnings_find(struct config_loader *loader)
{
    if (!loader->config->relay.is_present) {
        warnings_find_in_rules(loader);
        find_unread_measurements(loader);
        find_unread_settings(loader);
        find_unexpected_tools(loader);
        warnings_find_in_review(loader);
    }
    find_unnamed(loader, "exporters", "service.pipelines.traces.exporters",
                 "service.pipelines.relay.exporters");
    find_unnamed(loader, "receivers", "service.pipelines.traces.receivers",
                 "service.pipelines.relay.receivers");
    find_variables(loader, loader->root);
}
