/* Rules: each entry of the list is an object of the option table; what a name stands for and
 * whether the bands make sense is asked of score. */
#include "pipelines/config/sections/rules.h"

#include "pipelines/config/walk.h"
#include "processor/base/text/utf8.h"
#include "processor/regression.h"
#include "processor/score/expression/expression.h"
#include "processor/score/measurements.h"
#include "processor/score/rules.h"

/* A measurement, or several: `measure: x` or `measure: [x, y]`. */
void config_rules_load_measures(struct config_loader *loader, const struct option *row,
                                const struct config_node *node, void *base)
{
    (void)row;
    struct rule *rule = base;
    const struct config_node *item = node->kind == NODE_LIST ? node->first : node;
    uint32_t count = node->kind == NODE_LIST ? node->child_count : 1;
    if (node->kind == NODE_MAP || count == 0 || count > RULE_MEASURES_MAX) {
        config_loader_error(loader, node, "measure takes one measurement, or a list of at most 8");
        return;
    }
    for (uint32_t i = 0; i < count; i++, item = item->next) {
        const char *nearest = NULL;
        struct measure *measure = &rule->measures[i];
        if (item->kind != NODE_SCALAR || item->text.size == 0) {
            config_loader_error(loader, item, "a measurement must be a name");
            return;
        }
        struct bytes name = config_loader_keep(loader, item->text);
        if (!name.data)
            return;
        if (!measurements_resolve(name, measure, &nearest)) {
            config_loader_error(loader, item, "unknown measurement %.*s; %s%s%s",
                                (int)utf8_cut(name, 60).size, (const char *)name.data,
                                nearest ? "did you mean "
                                        : "`flywheel help measurements` lists them",
                                nearest ? nearest : "", nearest ? "?" : "");
            return;
        }
        if (measure->measurement && measure->measurement->is_text) {
            config_loader_error(loader, item,
                                "%.*s is a text and has no threshold: compare it in `when`",
                                (int)name.size, (const char *)name.data);
            return;
        }
    }
    rule->measure_count = count;
}

void config_rules_load_when(struct config_loader *loader, const struct option *row,
                            const struct config_node *node, void *base)
{
    (void)row;
    struct rule *rule = base;
    const struct pipeline_config *config = loader->config;
    struct expression_names names = {config->dimension_names, config->dimension_count};
    struct error problem = {0};
    if (!config_loader_require(loader, node, NODE_SCALAR, "when") ||
        !config_loader_is_sound(loader, "cohorts")) /* whose dimensions it may name */
        return;
    struct bytes text = config_loader_keep(loader, node->text);
    if (!config_loader_failed(loader))
        rule->when = expression_parse(text, &names, &problem);
    if (!rule->when)
        config_loader_error(loader, node, "%s", problem.text);
}

void config_rules_load_judges(struct config_loader *loader, const struct option *row,
                              const struct config_node *node, void *base)
{
    (void)row;
    struct rule *rule = base;
    if (!config_loader_require(loader, node, NODE_SCALAR, "judges"))
        return;
    bool is_true = bytes_equal_text(node->text, "true");
    if (!is_true && !bytes_equal_text(node->text, "false"))
        config_loader_error(loader, node, "judges is true or false");
    rule->judges = rule->is_vouched = is_true;
}

/* What a rule needs besides single values that are right. */
static void check_rule(struct config_loader *loader, const struct config_node *node,
                       const struct rule *rules, uint32_t index)
{
    static const char *const bands[] = {"fail_below", "borderline_below", "fail_above",
                                        "borderline_above"};
    const struct rule *rule = &rules[index];
    if (!rule->name.data || rule->measure_count == 0) {
        config_loader_error(loader, node, "this rule has no %s: add one",
                            rule->name.data ? "measure" : "name");
        return;
    }
    if (bytes_equal_text(rule->name, REGRESSION_RULE))
        config_loader_error(loader, config_tree_find(node, "name"),
                            "the built-in rule of the regression set is named " REGRESSION_RULE
                            ": choose another name");
    for (uint32_t i = 0; i < index; i++)
        if (bytes_equal(rules[i].name, rule->name))
            config_loader_error(loader, config_tree_find(node, "name"),
                                "another rule is already named %.*s: rename one of them",
                                (int)rule->name.size, (const char *)rule->name.data);
    const struct config_node *place = node;
    for (size_t i = 0; i < 4 && place == node; i++)
        if (config_tree_find(node, bands[i]))
            place = config_tree_find(node, bands[i]);
    const char *problem = rule_check(rule);
    if (problem)
        config_loader_error(loader, place, "%s", problem);
}

void config_rules_load(struct config_loader *loader)
{
    if (config_loader_failed(loader) || !config_loader_is_given(loader, "rules"))
        return;
    struct ruleset *ruleset = &loader->config->ruleset;
    const struct config_node *list = config_loader_place(loader, "rules");
    if (config_tree_is_null(list) || !config_loader_require(loader, list, NODE_LIST, "rules")) {
        config_loader_error_at_key(loader, list, "rules has no value: list the rules below it");
        return;
    }
    if (list->child_count > RULES_MAX) {
        config_loader_error(loader, list, "more than %d rules: remove some", RULES_MAX);
        return;
    }
    ruleset->rules = config_loader_alloc(loader, list->child_count, sizeof *ruleset->rules);
    for (const struct config_node *node = list->first; node && !config_loader_failed(loader);
         node = node->next) {
        uint32_t errors = loader->findings->error_count;
        struct rule *rule = &ruleset->rules[ruleset->rule_count++];
        config_walk_defaults(loader, "rules[]", rule);
        rule->judges = true;
        if (config_loader_require(loader, node, NODE_MAP, "a rule") &&
            config_walk_object(loader, node, "rules[]", rule) && !node->is_broken)
            check_rule(loader, node, ruleset->rules, ruleset->rule_count - 1);
        (void)config_loader_recover(loader, errors);
    }
}
