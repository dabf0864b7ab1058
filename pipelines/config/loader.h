/* A pipeline file being loaded: what all that read a part of it share. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/option.h"
#include "pipelines/config/tree.h"
#include "processor/base/error.h"

struct config_loader {
    const char *name; /* of the file */
    const struct option_table *options;
    struct pipeline_config *config;
    struct error *error;
    struct error unavailable; /* the first setting whose feature is not built */
    uint32_t unavailable_line;
    struct arena scratch;
    const struct config_node *root;
    const struct config_node *given[OPTIONS_LIMIT]; /* by row: where the file has it, or NULL */
};

/* `name:line:column: ...`; later errors are ignored. */
void config_loader_error(struct config_loader *loader, const struct config_node *node,
                         const char *format, ...) PRINTF_LIKE(3, 4);
void config_loader_error_at_key(struct config_loader *loader, const struct config_node *node,
                                const char *format, ...) PRINTF_LIKE(3, 4);
bool config_loader_failed(const struct config_loader *loader);
/* Where the file has this path; the whole document when it has not, for errors of defaults. */
const struct config_node *config_loader_place(const struct config_loader *loader, const char *path);
bool config_loader_is_given(const struct config_loader *loader, const char *path);

/* Copies into the configuration's arena, NUL-terminated; sets the error when there is no room. */
struct bytes config_loader_keep(struct config_loader *loader, struct bytes text);
void *config_loader_alloc(struct config_loader *loader, size_t count, size_t size);
/* A list of texts, each non-empty; false with the error set. */
bool config_loader_texts(struct config_loader *loader, const struct config_node *node,
                         const char *what, struct bytes *items, uint32_t max, uint32_t *ret_count);
bool config_loader_require(struct config_loader *loader, const struct config_node *node,
                           enum config_node_kind kind, const char *what);
