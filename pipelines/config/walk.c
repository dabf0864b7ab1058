/* The tree by the rows of the option table: sections open themselves, custom rows read themselves,
 * all others are fields. */
#include "pipelines/config/walk.h"

#include <assert.h>

#include "pipelines/config/field.h"
#include "pipelines/config/sections/unavailable.h"
#include "processor/base/text/utf8.h"

static void unknown_key(struct config_loader *loader, const struct config_node *node,
                        const char *prefix)
{
    char hint[OPTION_HINT_SIZE];
    config_option_hint(loader->options, prefix, node->key, hint);
    config_loader_error_at_key(loader, node, "unknown key %.*s; %s",
                               (int)utf8_cut(node->key, 60).size, (const char *)node->key.data,
                               hint);
    loader->has_unknown = loader->has_unknown || !prefix[0];
}

static void walk_key(struct config_loader *loader, const struct config_node *node,
                     const struct option *row, void *base)
{
    loader->given[config_option_index(loader->options, row)] = node;
    config_unavailable_note(loader, row, node);
    if (row->type == OPTION_SECTION) {
        if (row->given_at)
            *(bool *)((char *)base + row->given_at - 1) = true;
        config_walk_object(loader, node, row->path, base);
    } else if (node->is_broken) {
        return; /* That was told. */
    } else if (row->type != OPTION_CUSTOM) {
        config_field_store(loader, row, node, base);
    } else if (row->load) {
        row->load(loader, row, node, base);
    }
}

bool config_walk_object(struct config_loader *loader, const struct config_node *map,
                        const char *prefix, void *base)
{
    uint32_t errors = loader->findings->error_count;
    if (config_tree_is_null(map))
        return true; /* `grpc:` alone asks for the defaults. */
    if (!config_loader_require(loader, map, NODE_MAP, prefix[0] ? prefix : "a pipeline file"))
        return config_loader_recover(loader, errors);
    for (const struct config_node *node = map->first; node && !config_loader_failed(loader);
         node = node->next) {
        const struct option *row = config_option_find(loader->options, prefix, node->key);
        uint32_t before = loader->findings->error_count;
        if (row)
            walk_key(loader, node, row, base);
        else
            unknown_key(loader, node, prefix);
        bool is_whole = config_loader_recover(loader, before) && !node->is_broken;
        if (!is_whole && !prefix[0])
            config_loader_mark_unsound(loader, node->key);
    }
    return config_loader_recover(loader, errors);
}

/* A default as the node that the file would hold; lists are written with commas. */
static void store_default(struct config_loader *loader, const struct option *row, void *base)
{
    struct config_node items[PATHS_MAX] = {{0}};
    struct config_node node = {.kind = NODE_SCALAR, .text = bytes_of_text(row->fallback)};
    bool is_list = row->type == OPTION_POINTERS || row->type == OPTION_JOINED;
    const char *at = row->fallback;
    for (uint32_t i = 0; is_list && at; i++) {
        assert(i < PATHS_MAX);
        const char *comma = strchr(at, ',');
        items[i].text = config_loader_keep(loader, comma ? bytes_of(at, (size_t)(comma - at))
                                                         : bytes_of_text(at));
        items[i].next = comma ? &items[i + 1] : NULL;
        at = comma ? comma + 1 : NULL;
        node.kind = NODE_LIST;
        node.first = items;
        node.child_count = i + 1;
    }
    config_field_store(loader, row, &node, base);
    if (row->given_at)
        *(bool *)((char *)base + row->given_at - 1) = false;
}

void config_walk_defaults(struct config_loader *loader, const char *object, void *base)
{
    size_t size = strlen(object);
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(loader->options, i)); i++) {
        if (row->fallback && config_option_object(row->path) == size &&
            strncmp(row->path, object, size) == 0)
            store_default(loader, row, base);
    }
}
