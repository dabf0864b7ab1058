/* The option table: every key of the pipeline file is one row of a config_options_*.c, in the order
 * in which the effective configuration and the reference page list them. Defaults are written as
 * one writes them in the file and read by the same code, so that the reference can't disagree with
 * the program. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipelines/config/option.h"
#include "processor/base/nearest.h"

extern const struct option_section options_of_receivers, options_of_trajectory,
    options_of_judgement, options_of_service;

static const struct option_section *const sections[] = {
    &options_of_receivers, &options_of_trajectory, &options_of_judgement, &options_of_service};

_Static_assert(sizeof(enum log_level) == sizeof(uint32_t), "a choice is stored as uint32_t");

const struct option *option_at(uint32_t index)
{
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        if (index < sections[i]->count)
            return &sections[i]->rows[index];
        index -= sections[i]->count;
    }
    return NULL;
}

uint32_t option_index(const struct option *row)
{
    uint32_t before = 0;
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        uintptr_t from = (uintptr_t)sections[i]->rows, at = (uintptr_t)row;
        if (at >= from && at < from + sections[i]->count * sizeof *row)
            return before + (uint32_t)(row - sections[i]->rows);
        before += sections[i]->count;
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
    return strpbrk(key, ".[/") ? (struct bytes){0} : bytes_of_text(key);
}

const struct option *option_find(const char *prefix, struct bytes key)
{
    const struct option *row;
    for (uint32_t i = 0; (row = option_at(i)); i++) {
        struct bytes found = key_below(row, prefix);
        if (found.data && bytes_equal(found, key))
            return row;
    }
    return NULL;
}

void option_hint(char to[OPTION_HINT_SIZE], const char *prefix, struct bytes key)
{
    struct nearest nearest = nearest_to(key);
    const struct option *row;
    for (uint32_t i = 0; (row = option_at(i)); i++) {
        struct bytes known = key_below(row, prefix);
        if (known.data)
            nearest_offer(&nearest, known);
    }
    if (nearest.name.data)
        snprintf(to, OPTION_HINT_SIZE, "did you mean %.*s?", (int)nearest.name.size,
                 (const char *)nearest.name.data);
    else
        snprintf(to, OPTION_HINT_SIZE, "`flywheel help options` lists what is known");
}

size_t option_object(const char *path)
{
    const char *list = strstr(path, "[]"), *name = strstr(path, "/NAME");
    if (list)
        return (size_t)(list - path) + 2;
    return name ? (size_t)(name - path) + 5 : 0;
}
