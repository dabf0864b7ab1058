/* Errors and warnings with their places; what readers of parts need in common. */
#include "pipelines/config/loader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void set_error(struct config_loader *loader, uint32_t line, uint32_t column,
                      const char *format, va_list arguments)
{
    char text[900];
    vsnprintf(text, sizeof text, format, arguments);
    error_set(loader->error, EXIT_CONFIG, "%s:%u:%u: %s", loader->name, line, column, text);
}

void config_loader_error(struct config_loader *loader, const struct config_node *node,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(loader, node->line, node->column, format, arguments);
    va_end(arguments);
}

void config_loader_error_at_key(struct config_loader *loader, const struct config_node *node,
                                const char *format, ...)
{
    bool has_key = node->key_line > 0;
    va_list arguments;
    va_start(arguments, format);
    set_error(loader, has_key ? node->key_line : node->line,
              has_key ? node->key_column : node->column, format, arguments);
    va_end(arguments);
}

static void warn(struct config_loader *loader, uint32_t line, uint32_t column, const char *format,
                 va_list arguments)
{
    char text[900];
    vsnprintf(text, sizeof text, format, arguments);
    config_findings_warn(loader->findings, loader->name, line, column, text);
}

void config_loader_warn(struct config_loader *loader, const struct config_node *node,
                        const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    warn(loader, node->line, node->column, format, arguments);
    va_end(arguments);
}

void config_loader_warn_at_key(struct config_loader *loader, const struct config_node *node,
                               const char *format, ...)
{
    bool has_key = node->key_line > 0;
    va_list arguments;
    va_start(arguments, format);
    warn(loader, has_key ? node->key_line : node->line, has_key ? node->key_column : node->column,
         format, arguments);
    va_end(arguments);
}

bool config_loader_recover(struct config_loader *loader, uint32_t errors_before)
{
    if (!loader->config->arena.failed) /* else what is not there looks like the next mistake */
        config_findings_take(loader->findings, loader->error);
    return !loader->error->is_set && loader->findings->error_count == errors_before;
}

void config_loader_mark_unsound(struct config_loader *loader, struct bytes key)
{
    if (loader->unsound_count < UNSOUND_MAX)
        loader->unsound[loader->unsound_count++] = key;
}

bool config_loader_is_sound(const struct config_loader *loader, const char *key)
{
    for (uint32_t i = 0; i < loader->unsound_count; i++)
        if (bytes_equal_text(loader->unsound[i], key))
            return false;
    bool may_be_misspelled = loader->has_unknown && !config_tree_find(loader->root, key);
    return !config_loader_failed(loader) && !may_be_misspelled;
}

bool config_loader_failed(const struct config_loader *loader)
{
    return loader->error->is_set;
}

static const struct config_node *given(const struct config_loader *loader, const char *path)
{
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(loader->options, i)); i++)
        if (strcmp(row->path, path) == 0)
            return loader->given[i];
    abort(); /* A path that is not in the option table is a bug of ours. */
    return NULL;
}

const struct config_node *config_loader_place(const struct config_loader *loader, const char *path)
{
    const struct config_node *node = given(loader, path);
    return node ? node : loader->root;
}

bool config_loader_is_given(const struct config_loader *loader, const char *path)
{
    return given(loader, path) != NULL;
}

void *config_loader_alloc(struct config_loader *loader, size_t count, size_t size)
{
    void *memory = arena_zalloc(&loader->config->arena, count ? count : 1, size);
    if (!memory)
        error_set(loader->error, EXIT_CONFIG, "%s: too large to keep: make it smaller",
                  loader->name);
    return memory;
}

struct bytes config_loader_keep(struct config_loader *loader, struct bytes text)
{
    char *copy = config_loader_alloc(loader, text.size + 1, 1);
    if (!copy)
        return (struct bytes){0};
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return bytes_of(copy, text.size);
}

bool config_loader_require(struct config_loader *loader, const struct config_node *node,
                           enum config_node_kind kind, const char *what)
{
    static const char *const shapes[] = {
        [NODE_SCALAR] = "one value",
        [NODE_LIST] = "a list: [one, two]",
        [NODE_MAP] = "keys with values below it",
    };
    if (node->kind != kind)
        config_loader_error(loader, node, "%s takes %s", what, shapes[kind]);
    return node->kind == kind;
}

bool config_loader_texts(struct config_loader *loader, const struct config_node *node,
                         const char *what, struct bytes *items, uint32_t max, uint32_t *ret_count)
{
    if (!config_loader_require(loader, node, NODE_LIST, what))
        return false;
    if (node->child_count > max) {
        config_loader_error(loader, node, "%s holds more than %u entries: remove some", what, max);
        return false;
    }
    uint32_t count = 0;
    for (const struct config_node *item = node->first; item; item = item->next) {
        if (item->kind != NODE_SCALAR || item->text.size == 0) {
            config_loader_error(loader, item, "an entry of %s must be a text that is not empty",
                                what);
            return false;
        }
        items[count++] = config_loader_keep(loader, item->text);
    }
    *ret_count = count;
    return !config_loader_failed(loader);
}
