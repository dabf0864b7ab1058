/* Settings whose feature this version does not have. They are read and checked like all others, so
 * that a file stays valid; a value that would silently do nothing is then refused. A feature that
 * gets built deletes its rows here and nothing else. */
#include "pipelines/config/sections/unavailable.h"

#include <string.h>

static const struct unavailable {
    const char *path;
    const char *allowed; /* the value that asks for nothing; NULL: being there is asking */
    const char *what;
} unavailable[] = {
    {"review.hours", "always", "working hours"},
};

const char *config_unavailable_allowed(const char *path)
{
    for (size_t i = 0; i < sizeof unavailable / sizeof unavailable[0]; i++)
        if (strcmp(path, unavailable[i].path) == 0)
            return unavailable[i].allowed ? unavailable[i].allowed : "";
    return NULL;
}

void config_unavailable_note(struct config_loader *loader, const struct option *row,
                             const struct config_node *node)
{
    for (size_t i = 0; i < sizeof unavailable / sizeof unavailable[0]; i++) {
        if (strcmp(row->path, unavailable[i].path) != 0)
            continue;
        if (unavailable[i].allowed && bytes_equal_text(node->text, unavailable[i].allowed))
            continue;
        if (loader->unavailable.is_set && loader->unavailable_line <= node->key_line)
            continue; /* The first one in the file is the one to name. */
        loader->unavailable = (struct error){0};
        loader->unavailable_line = node->key_line;
        error_set(&loader->unavailable, EXIT_CONFIG,
                  "%s:%u:%u: not available in this version: %s; leave %.*s out", loader->name,
                  node->key_line, node->key_column, unavailable[i].what, (int)node->key.size,
                  (const char *)node->key.data);
    }
}
