/* Loading in four steps: bytes to a located tree; defaults of all rows; the tree by the rows of the
 * option table; then what only makes sense together. The first error wins; a missing feature is
 * only named when nothing else is wrong. */
#include "pipelines/config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipelines/config/sections/check.h"
#include "pipelines/config/sections/cohorts.h"
#include "pipelines/config/print/digest.h"
#include "pipelines/config/sections/measurements.h"
#include "pipelines/config/options.h"
#include "pipelines/config/sections/pipelines.h"
#include "pipelines/config/sections/redaction.h"
#include "pipelines/config/sections/rules.h"
#include "pipelines/config/walk.h"
#include "processor/score/rules.h"

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
        config_walk_defaults(loader, "", config);
    if (loader->root)
        config_walk_object(loader, loader->root, "", config);
    config_cohorts_load(loader);
    config_rules_load(loader);
    config_measurements_check(loader);
    for (uint32_t i = 0; i < config->alert_count; i++)
        config->alerts[i].may_condemn = rules_may_condemn(&config->ruleset, false);
    config->ruleset.awaited_scores = config->assembly.await_scores;
    config->ruleset.awaited_count = config->assembly.await_count;
    config_redaction_check(loader);
    config_pipelines_connect(loader);
    config_check_limits(loader);
    if (!config_loader_failed(loader) &&
        (!config_digest(config) || !rules_prepare(&config->ruleset)))
        error_set(loader->error, EXIT_TEMPORARY, "out of memory");
    arena_finish(&loader->scratch);
    if (!config_loader_failed(loader))
        return config;
    config_destroy(config);
    return NULL;
}

struct pipeline_config *config_load_all(const char *name, struct bytes text,
                                        struct error *ret_unavailable, struct error *ret_error)
{
    struct config_loader loader = {.name = name, .options = &config_options, .error = ret_error};
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
