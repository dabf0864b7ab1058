/* A pipeline file being loaded: what all that read a part of it share. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/config/findings.h"
#include "pipelines/config/option.h"
#include "pipelines/config/tree.h"
#include "processor/base/error.h"

enum { UNSOUND_MAX = 32 };

struct config_loader {
    const char *name; /* of the file */
    const struct option_table *options;
    struct pipeline_config *config;
    struct error *error; /* of the step at hand: set until config_loader_recover() */
    struct config_findings *findings;
    struct bytes unsound[UNSOUND_MAX]; /* top-level keys with an error in them */
    uint32_t unsound_count;
    bool
        has_unknown; /* a top-level key that is none: it may be one that is not there, misspelled */
    struct error unavailable; /* the first setting whose feature is not built */
    uint32_t unavailable_line;
    struct arena scratch;
    const struct config_node *root;
    const struct config_node *given[OPTIONS_LIMIT]; /* by row: where the file has it, or NULL */
};

/* `name:line:column: ...`; later errors of the same step are ignored, for what comes after one is often
 * its consequence. */
void config_loader_error(struct config_loader *loader, const struct config_node *node,
                         const char *format, ...) PRINTF_LIKE(3, 4);
void config_loader_error_at_key(struct config_loader *loader, const struct config_node *node,
                                const char *format, ...) PRINTF_LIKE(3, 4);
bool config_loader_failed(const struct config_loader *loader);
/* Between two steps that do not hang on each other: keeps the error of the one behind, so that the
 * next can have its own. True when no step since `errors_before` had one. */
bool config_loader_recover(struct config_loader *loader, uint32_t errors_before);
void config_loader_mark_unsound(struct config_loader *loader, struct bytes key);
/* Does the top-level key stand without an error? What hangs on it is not looked at otherwise. */
bool config_loader_is_sound(const struct config_loader *loader, const char *key);
void config_loader_warn(struct config_loader *loader, const struct config_node *node,
                        const char *format, ...) PRINTF_LIKE(3, 4);
void config_loader_warn_at_key(struct config_loader *loader, const struct config_node *node,
                               const char *format, ...) PRINTF_LIKE(3, 4);
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
