/* Loading in four steps: bytes to a located tree; defaults of all rows; the tree by the rows of the
 * option table; then what only makes sense together (cohorts, rules, pipelines, limits). The first
 * error wins; a missing feature is only named when nothing else is wrong. */
#include "pipelines/config/config.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipelines/config/option.h"
#include "processor/base/text/utf8.h"

enum { CONFIG_ARENA_BYTES = 64 * 1024 * 1024 };

/* default.yaml, embedded at build time. */
extern const uint8_t config_default_yaml[];
extern const size_t config_default_yaml_size;

static struct pipeline_config *load(struct config_loader *loader, struct bytes text)
{
    struct pipeline_config *config = calloc(1, sizeof *config);
    if (!config) {
        error_set(loader->error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    arena_init(&config->arena, CONFIG_ARENA_BYTES);
    arena_init(&loader->scratch, CONFIG_ARENA_BYTES);
    loader->config = config;
    loader->root = config_tree_read(loader->name, text, &loader->scratch, loader->error);
    if (loader->root)
        config_load_defaults(loader, "", config);
    if (loader->root)
        config_load_object(loader, loader->root, "", config);
    config_check_cohorts(loader);
    config_check_rules(loader);
    config_check_measurements(loader);
    config_check_redaction(loader);
    config_check_pipelines(loader);
    config_check_limits(loader);
    if (!config_failed(loader) && (!config_digest(config) || !ruleset_prepare(&config->ruleset)))
        error_set(loader->error, EXIT_TEMPORARY, "out of memory");
    arena_finish(&loader->scratch);
    if (!config_failed(loader))
        return config;
    config_destroy(config);
    return NULL;
}

struct pipeline_config *config_load_all(const char *name, struct bytes text,
                                        struct error *ret_unavailable, struct error *ret_error)
{
    struct config_loader loader = {.name = name, .error = ret_error};
    struct pipeline_config *config = load(&loader, text);
    *ret_unavailable = loader.unavailable;
    return config;
}

struct pipeline_config *config_load_text(const char *name, struct bytes text,
                                         struct error *ret_error)
{
    struct error unavailable = {0};
    struct pipeline_config *config = config_load_all(name, text, &unavailable, ret_error);
    if (!config || !unavailable.is_set)
        return config;
    config_destroy(config);
    error_set(ret_error, unavailable.exit_code, "%s", unavailable.text);
    return NULL;
}

/* The whole file in `to`, one byte more than allowed at most: the reader of the tree says so. */
static void read_file(const char *path, struct buffer *to, struct error *error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : 1;
    while (got > 0 && to->size <= TREE_FILE_BYTES_MAX && buffer_reserve(to, 64 * 1024)) {
        got = read(file, to->data + to->size, 64 * 1024);
        to->size += got > 0 ? (size_t)got : 0;
        if (got < 0 && errno == EINTR)
            got = 1;
    }
    if (got < 0)
        error_set(error, errno == EACCES ? EXIT_PERMISSION : EXIT_CONFIG,
                  "can't read the pipeline file %s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
}

struct pipeline_config *config_load(const char *path, struct error *ret_error)
{
    if (!path)
        return config_load_text("default.yaml",
                                bytes_of(config_default_yaml, config_default_yaml_size), ret_error);
    struct buffer text = {0};
    struct pipeline_config *config = NULL;
    read_file(path, &text, ret_error);
    if (!ret_error->is_set)
        config = config_load_text(path, buffer_bytes(&text), ret_error);
    buffer_finish(&text);
    return config;
}

void config_destroy(struct pipeline_config *config)
{
    if (!config)
        return;
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        expression_destroy(config->ruleset.rules[i].when);
    regex_destroy(config->ruleset.measurements.output_contract.pattern);
    for (uint32_t i = 0; i < config->redaction.custom_count; i++)
        regex_destroy(config->redaction.custom[i]);
    arena_finish(&config->arena);
    free(config);
}

static void set_error(struct config_loader *loader, uint32_t line, uint32_t column,
                      const char *format, va_list arguments)
{
    char text[900];
    vsnprintf(text, sizeof text, format, arguments);
    error_set(loader->error, EXIT_CONFIG, "%s:%u:%u: %s", loader->name, line, column, text);
}

void config_error(struct config_loader *loader, const struct config_node *node, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    set_error(loader, node->line, node->column, format, arguments);
    va_end(arguments);
}

void config_error_at_key(struct config_loader *loader, const struct config_node *node,
                         const char *format, ...)
{
    bool has_key = node->key_line > 0;
    va_list arguments;
    va_start(arguments, format);
    set_error(loader, has_key ? node->key_line : node->line,
              has_key ? node->key_column : node->column, format, arguments);
    va_end(arguments);
}

bool config_failed(const struct config_loader *loader)
{
    return loader->error->is_set;
}

static const struct config_node *given(const struct config_loader *loader, const char *path)
{
    const struct option *row;
    for (uint32_t i = 0; (row = option_at(i)); i++)
        if (strcmp(row->path, path) == 0)
            return loader->given[i];
    abort(); /* A path that is not in the option table is a bug of ours. */
    return NULL;
}

const struct config_node *config_place(const struct config_loader *loader, const char *path)
{
    const struct config_node *node = given(loader, path);
    return node ? node : loader->root;
}

bool config_is_given(const struct config_loader *loader, const char *path)
{
    return given(loader, path) != NULL;
}

void config_load_object(struct config_loader *loader, const struct config_node *map,
                        const char *prefix, void *base)
{
    if (config_node_is_null(map))
        return; /* `grpc:` alone asks for the defaults. */
    if (!config_require(loader, map, NODE_MAP, prefix[0] ? prefix : "a pipeline file"))
        return;
    for (const struct config_node *node = map->first; node; node = node->next) {
        const struct option *row = option_find(prefix, node->key);
        if (!row) {
            char hint[OPTION_HINT_SIZE];
            option_hint(hint, prefix, node->key);
            config_error_at_key(loader, node, "unknown key %.*s; %s",
                                (int)utf8_cut(node->key, 60).size, (const char *)node->key.data,
                                hint);
            return;
        }
        loader->given[option_index(row)] = node;
        config_note_unavailable(loader, row, node);
        if (row->type == OPTION_SECTION) {
            if (row->given_at)
                *(bool *)((char *)base + row->given_at - 1) = true;
            config_load_object(loader, node, row->path, base);
        } else if (row->type != OPTION_CUSTOM) {
            option_store(loader, row, node, base);
        } else if (row->load) {
            row->load(loader, row, node, base);
        }
        if (config_failed(loader))
            return;
    }
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
        items[i].text =
            config_keep(loader, comma ? bytes_of(at, (size_t)(comma - at)) : bytes_of_text(at));
        items[i].next = comma ? &items[i + 1] : NULL;
        at = comma ? comma + 1 : NULL;
        node.kind = NODE_LIST;
        node.first = items;
        node.child_count = i + 1;
    }
    option_store(loader, row, &node, base);
    if (row->given_at)
        *(bool *)((char *)base + row->given_at - 1) = false;
}

void config_load_defaults(struct config_loader *loader, const char *object, void *base)
{
    size_t size = strlen(object);
    const struct option *row;
    for (uint32_t i = 0; (row = option_at(i)); i++) {
        if (row->fallback && option_object(row->path) == size &&
            strncmp(row->path, object, size) == 0)
            store_default(loader, row, base);
    }
}

void *config_alloc(struct config_loader *loader, size_t count, size_t size)
{
    void *memory = arena_zalloc(&loader->config->arena, count ? count : 1, size);
    if (!memory)
        error_set(loader->error, EXIT_CONFIG, "%s: too large to keep: make it smaller",
                  loader->name);
    return memory;
}

struct bytes config_keep(struct config_loader *loader, struct bytes text)
{
    char *copy = config_alloc(loader, text.size + 1, 1);
    if (!copy)
        return (struct bytes){0};
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    return bytes_of(copy, text.size);
}

bool config_require(struct config_loader *loader, const struct config_node *node,
                    enum config_node_kind kind, const char *what)
{
    static const char *const shapes[] = {
        [NODE_SCALAR] = "one value",
        [NODE_LIST] = "a list: [one, two]",
        [NODE_MAP] = "keys with values below it",
    };
    if (node->kind != kind)
        config_error(loader, node, "%s takes %s", what, shapes[kind]);
    return node->kind == kind;
}

bool config_texts(struct config_loader *loader, const struct config_node *node, const char *what,
                  struct bytes *items, uint32_t max, uint32_t *ret_count)
{
    if (!config_require(loader, node, NODE_LIST, what))
        return false;
    if (node->child_count > max) {
        config_error(loader, node, "%s holds more than %u entries: remove some", what, max);
        return false;
    }
    uint32_t count = 0;
    for (const struct config_node *item = node->first; item; item = item->next) {
        if (item->kind != NODE_SCALAR || item->text.size == 0) {
            config_error(loader, item, "an entry of %s must be a text that is not empty", what);
            return false;
        }
        items[count++] = config_keep(loader, item->text);
    }
    *ret_count = count;
    return !config_failed(loader);
}
