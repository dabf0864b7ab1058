/* Rows are found by their paths; the table is small and read once, so it is searched from the
 * top. */
#include "pipelines/config/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "processor/base/nearest.h"

const struct option *config_option_at(const struct option_table *table, uint32_t index)
{
    for (size_t i = 0; i < table->section_count; i++) {
        if (index < table->sections[i]->count)
            return &table->sections[i]->rows[index];
        index -= table->sections[i]->count;
    }
    return NULL;
}

uint32_t config_option_index(const struct option_table *table, const struct option *row)
{
    uint32_t before = 0;
    for (size_t i = 0; i < table->section_count; i++) {
        uintptr_t from = (uintptr_t)table->sections[i]->rows, at = (uintptr_t)row;
        if (at >= from && at < from + table->sections[i]->count * sizeof *row)
            return before + (uint32_t)(row - table->sections[i]->rows);
        before += table->sections[i]->count;
    }
    abort(); /* not a row of the table */
}

/* The key of a row directly below `prefix`; absent bytes for other rows. */
static struct bytes key_below(const struct option *row, const char *prefix)
{
    size_t size = strlen(prefix);
    if (strncmp(row->path, prefix, size) != 0 || (size > 0 && row->path[size] != '.'))
        return (struct bytes){0};
    const char *key = row->path + size + (size > 0);
    return strpbrk(key, ".[") ? (struct bytes){0} : bytes_of_text(key);
}

const struct option *config_option_find(const struct option_table *table, const char *prefix,
                                        struct bytes key)
{
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(table, i)); i++) {
        struct bytes found = key_below(row, prefix);
        if (found.data && bytes_equal(found, key))
            return row;
    }
    return NULL;
}

void config_option_hint(const struct option_table *table, const char *prefix, struct bytes key,
                        char ret_hint[OPTION_HINT_SIZE])
{
    struct nearest nearest = nearest_to(key);
    const struct option *row;
    for (uint32_t i = 0; (row = config_option_at(table, i)); i++) {
        struct bytes known = key_below(row, prefix);
        if (known.data)
            nearest_offer(&nearest, known);
    }
    if (nearest.name.data)
        snprintf(ret_hint, OPTION_HINT_SIZE, "did you mean %.*s?", (int)nearest.name.size,
                 (const char *)nearest.name.data);
    else
        snprintf(ret_hint, OPTION_HINT_SIZE, "`flywheel help options` lists what is known");
}

size_t config_option_object(const char *path)
{
    const char *list = strstr(path, "[]"), *name = strstr(path, "/NAME");
    if (!name)
        name = strstr(path, ".NAME");
    if (list)
        return (size_t)(list - path) + 2;
    return name ? (size_t)(name - path) + 5 : 0;
}

const char *config_option_key(const struct option *row)
{
    const char *dot = strrchr(row->path, '.');
    return dot ? dot + 1 : row->path;
}
