/* Dimensions, groupings of them, and the cohorts that are pinned. Read once the whole file is
 * known, in that order, because each refers to the one before. tool_path, model_route and
 * routing_policy are derived: they become dimensions when a grouping names them, behind the file's
 * own. */
#include "pipelines/config/sections/cohorts.h"

#include <stdio.h>

#include "pipelines/config/sections/alerts.h"
#include "pipelines/config/value.h"
#include "pipelines/config/walk.h"
#include "processor/base/nearest.h"
#include "processor/base/text/utf8.h"

static const char *const derived_names[] = {"tool_path", "model_route", "routing_policy"};
enum { DERIVED = sizeof derived_names / sizeof derived_names[0] };

static const struct default_dimension {
    const char *name, *source;
} default_dimensions[] = {
    {"intent", "*"},
    {"locale", "*"},
    {"product", "*"},
    {"retriever_version", "*"},
    {"release", "service.version"},
};

static const char *const default_groupings[][3] = {
    {"intent"}, {"model_route"}, {"tool_path"}, {"release", "intent"}};

static bool is_derived(struct bytes name)
{
    for (size_t i = 0; i < DERIVED; i++)
        if (bytes_equal_text(name, derived_names[i]))
            return true;
    return false;
}

static bool dimension_find(const struct pipeline_config *config, struct bytes name,
                           uint32_t *ret_index)
{
    for (uint32_t i = 0; i < config->dimension_count; i++)
        if (bytes_equal(config->dimension_names[i], name)) {
            *ret_index = i;
            return true;
        }
    return false;
}

static struct dimension *dimension_add(struct pipeline_config *config, struct bytes name)
{
    struct dimension *dimension = &config->dimensions[config->dimension_count];
    config->dimension_names[config->dimension_count++] = name;
    *dimension = (struct dimension){.name = name};
    return dimension;
}

static void load_dimensions(struct config_loader *loader, const struct config_node *map)
{
    if (!config_loader_require(loader, map, NODE_MAP, "dimensions"))
        return;
    /* Room stays for the derived ones. */
    if (map->child_count > DIMENSIONS_MAX - DERIVED) {
        config_loader_error(loader, map, "more than %d dimensions: remove some",
                            DIMENSIONS_MAX - DERIVED);
        return;
    }
    for (const struct config_node *node = map->first; node; node = node->next) {
        struct bytes name = config_loader_keep(loader, node->key);
        if (is_derived(name)) {
            config_loader_error_at_key(loader, node, "%s is derived, not read: remove it here",
                                       (const char *)name.data);
            return;
        }
        if (!config_value_is_name(name)) {
            config_loader_error_at_key(
                loader, node,
                "the name of a dimension must be 1 to 64 of the characters a-z, "
                "0-9, `_`, `.` and `-`");
            return;
        }
        struct dimension *dimension = dimension_add(loader->config, name);
        if (!config_loader_texts(loader, node, "a dimension", dimension->sources,
                                 DIMENSION_SOURCES_MAX, &dimension->source_count))
            return;
        if (dimension->source_count == 0) {
            config_loader_error(loader, node, "a dimension needs an attribute key, or \"*\"");
            return;
        }
    }
}

static void load_default_dimensions(struct pipeline_config *config)
{
    for (size_t i = 0; i < sizeof default_dimensions / sizeof default_dimensions[0]; i++) {
        struct dimension *dimension =
            dimension_add(config, bytes_of_text(default_dimensions[i].name));
        dimension->sources[dimension->source_count++] = bytes_of_text(default_dimensions[i].source);
    }
}

static void unknown_dimension(struct config_loader *loader, const struct config_node *node,
                              struct bytes name)
{
    const struct pipeline_config *config = loader->config;
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < config->dimension_count; i++)
        nearest_offer(&nearest, config->dimension_names[i]);
    for (size_t i = 0; i < DERIVED; i++)
        nearest_offer(&nearest, bytes_of_text(derived_names[i]));
    char hint[OPTION_HINT_SIZE] = "add it to cohorts.dimensions";
    if (nearest.name.data)
        snprintf(hint, sizeof hint, "did you mean %.*s?", (int)nearest.name.size,
                 (const char *)nearest.name.data);
    config_loader_error_at_key(loader, node, "unknown dimension %.*s; %s",
                               (int)utf8_cut(name, 60).size, (const char *)name.data, hint);
}

/* The index of a dimension that a grouping names; a derived one is added on first use. */
static bool grouping_dimension(struct pipeline_config *config, struct bytes name,
                               uint32_t *ret_index)
{
    if (dimension_find(config, name, ret_index))
        return true;
    for (size_t i = 0; i < DERIVED; i++)
        if (bytes_equal_text(name, derived_names[i])) {
            *ret_index = config->dimension_count;
            dimension_add(config, bytes_of_text(derived_names[i]));
            return true;
        }
    return false;
}

static bool has_dimension(const struct grouping_config *grouping, uint32_t dimension)
{
    for (uint32_t i = 0; i < grouping->count; i++)
        if (grouping->dimensions[i] == dimension)
            return true;
    return false;
}

static bool is_same_grouping(const struct grouping_config *a, const struct grouping_config *b)
{
    bool is_same = a->count == b->count;
    for (uint32_t i = 0; i < a->count && is_same; i++)
        is_same = has_dimension(b, a->dimensions[i]);
    return is_same;
}

static void load_grouping(struct config_loader *loader, const struct config_node *list)
{
    struct pipeline_config *config = loader->config;
    struct grouping_config *grouping = &config->groupings[config->grouping_count];
    struct bytes names[GROUPING_DIMENSIONS_MAX];
    uint32_t count = 0, index = 0;
    if (!config_loader_texts(loader, list, "a grouping", names, GROUPING_DIMENSIONS_MAX, &count))
        return;
    if (count == 0) {
        config_loader_error(loader, list, "a grouping needs at least one dimension");
        return;
    }
    const struct config_node *item = list->first;
    for (uint32_t i = 0; i < count; i++, item = item->next) {
        if (!grouping_dimension(config, names[i], &index)) {
            unknown_dimension(loader, item, names[i]);
            return;
        }
        if (has_dimension(grouping, index)) {
            config_loader_error(loader, item, "%.*s is in this grouping twice: remove one",
                                (int)names[i].size, (const char *)names[i].data);
            return;
        }
        grouping->dimensions[grouping->count++] = index;
    }
    for (uint32_t i = 0; i < config->grouping_count; i++)
        if (is_same_grouping(&config->groupings[i], grouping))
            config_loader_error(loader, list,
                                "this grouping is there already: remove one of the two");
    config->grouping_count++;
}

static void load_group_by(struct config_loader *loader, const struct config_node *list)
{
    if (!config_loader_require(loader, list, NODE_LIST, "group_by"))
        return;
    if (list->child_count > GROUPINGS_MAX) {
        config_loader_error(loader, list, "more than %d groupings: remove some", GROUPINGS_MAX);
        return;
    }
    for (const struct config_node *node = list->first; node && !config_loader_failed(loader);
         node = node->next)
        load_grouping(loader, node);
}

/* The default groupings, as far as the file's own dimensions have what they name. */
static void load_default_groupings(struct pipeline_config *config)
{
    for (size_t i = 0; i < sizeof default_groupings / sizeof default_groupings[0]; i++) {
        struct grouping_config grouping = {0};
        bool is_whole = true;
        for (size_t j = 0; default_groupings[i][j]; j++) {
            uint32_t index = 0;
            is_whole = is_whole &&
                       grouping_dimension(config, bytes_of_text(default_groupings[i][j]), &index);
            grouping.dimensions[grouping.count++] = index;
        }
        if (is_whole)
            config->groupings[config->grouping_count++] = grouping;
    }
}

static void no_such_grouping(struct config_loader *loader, const struct config_node *node)
{
    const struct pipeline_config *config = loader->config;
    struct buffer known = {.limit = 600};
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        const struct grouping_config *grouping = &config->groupings[i];
        for (uint32_t j = 0; j < grouping->count; j++) {
            buffer_append_text(&known, j > 0 ? ", " : i > 0 ? ", [" : "[");
            buffer_append_bytes(&known, config->dimension_names[grouping->dimensions[j]]);
        }
        buffer_append_text(&known, "]");
    }
    config_loader_error(
        loader, node,
        "a cohort has a value for each dimension of one grouping of group_by; these are "
        "there: %.*s",
        (int)known.size, known.data ? (const char *)known.data : "");
    buffer_finish(&known);
}

/* A cohort `{ dimension: value, ... }`, whose keys are the dimensions of one grouping in any order.
 * A cohort that is pinned already is found again. */
static bool load_cohort(struct config_loader *loader, const struct config_node *map,
                        uint32_t *ret_pinned)
{
    struct pipeline_config *config = loader->config;
    struct grouping_config keys = {0};
    struct bytes values[DIMENSIONS_MAX] = {{0}};
    if (!config_loader_require(loader, map, NODE_MAP, "a cohort"))
        return false;
    for (const struct config_node *node = map->first; node; node = node->next) {
        uint32_t index = 0;
        if (!dimension_find(config, node->key, &index)) {
            unknown_dimension(loader, node, node->key);
            return false;
        }
        if (node->kind != NODE_SCALAR || node->text.size == 0 ||
            node->text.size > DIMENSION_VALUE_MAX) {
            config_loader_error(loader, node, "the value of a dimension is a text of 1 to %d bytes",
                                DIMENSION_VALUE_MAX);
            return false;
        }
        values[index] = config_loader_keep(loader, node->text);
        if (keys.count < GROUPING_DIMENSIONS_MAX)
            keys.dimensions[keys.count++] = index;
    }
    struct pinned_config found = {.grouping = 0};
    while (found.grouping < config->grouping_count &&
           !is_same_grouping(&config->groupings[found.grouping], &keys))
        found.grouping++;
    if (found.grouping == config->grouping_count || keys.count != map->child_count) {
        no_such_grouping(loader, map);
        return false;
    }
    const struct grouping_config *grouping = &config->groupings[found.grouping];
    for (uint32_t i = 0; i < grouping->count; i++)
        found.values[i] = values[grouping->dimensions[i]];
    for (*ret_pinned = 0; *ret_pinned < config->pinned_count; ++*ret_pinned) {
        const struct pinned_config *pinned = &config->pinned[*ret_pinned];
        bool is_same = pinned->grouping == found.grouping;
        for (uint32_t i = 0; i < grouping->count && is_same; i++)
            is_same = bytes_equal(pinned->values[i], found.values[i]);
        if (is_same)
            return true;
    }
    if (config->pinned_count == PINNED_MAX) {
        config_loader_error(loader, map, "more than %d pinned cohorts: remove some", PINNED_MAX);
        return false;
    }
    config->pinned[config->pinned_count++] = found;
    return true;
}

static void load_pinned(struct config_loader *loader, const struct config_node *list)
{
    uint32_t index = 0;
    if (!config_loader_require(loader, list, NODE_LIST, "pinned"))
        return;
    for (const struct config_node *node = list->first; node; node = node->next)
        if (!load_cohort(loader, node, &index))
            return;
}

static void load_alerts(struct config_loader *loader, const struct config_node *list)
{
    struct pipeline_config *config = loader->config;
    if (!config_loader_require(loader, list, NODE_LIST, "alerts"))
        return;
    if (list->child_count > ALERTS_MAX) {
        config_loader_error(loader, list, "more than %d alerts: remove some", ALERTS_MAX);
        return;
    }
    for (const struct config_node *node = list->first; node && !config_loader_failed(loader);
         node = node->next) {
        struct alert_config *alert = &config->alerts[config->alert_count++];
        config_walk_defaults(loader, "cohorts.alerts[]", alert);
        if (!config_loader_require(loader, node, NODE_MAP, "an alert"))
            return;
        if (!config_walk_object(loader, node, "cohorts.alerts[]", alert))
            return;
        const struct config_node *cohort = config_tree_find(node, "cohort");
        if (!cohort || !config_tree_find(node, "min_pass_rate"))
            config_loader_error(loader, node, "an alert needs both cohort and min_pass_rate");
        else if (load_cohort(loader, cohort, &alert->pinned))
            config_alerts_check(loader, node, alert);
    }
}

void config_cohorts_load(struct config_loader *loader)
{
    static const struct {
        const char *path;
        void (*load)(struct config_loader *loader, const struct config_node *node);
    } parts[] = {{"cohorts.dimensions", load_dimensions},
                 {"cohorts.group_by", load_group_by},
                 {"cohorts.pinned", load_pinned},
                 {"cohorts.alerts", load_alerts}};
    uint32_t errors = loader->findings->error_count;
    for (size_t i = 0; i < 4 && config_loader_recover(loader, errors); i++) {
        if (config_loader_is_given(loader, parts[i].path))
            parts[i].load(loader, config_loader_place(loader, parts[i].path));
        else if (i == 0)
            load_default_dimensions(loader->config);
        else if (i == 1)
            load_default_groupings(loader->config);
    }
    loader->config->ruleset.dimension_names = loader->config->dimension_names;
    loader->config->ruleset.dimension_count = loader->config->dimension_count;
}
