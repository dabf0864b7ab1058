/* Loading in four steps: bytes to a located tree; defaults of all rows; the tree by the rows of the
 * option table; then what only makes sense together, as far as the parts that it is about stand. A
 * missing feature is only named when nothing else is wrong. */
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
#include "pipelines/config/sections/review.h"
#include "pipelines/config/sections/rules.h"
#include "pipelines/config/sections/warnings.h"
#include "pipelines/config/walk.h"
#include "processor/score/rules.h"

enum { CONFIG_ARENA_BYTES = 64 * 1024 * 1024 };

/* default.yaml, embedded at build time. */
extern const uint8_t config_default_yaml[];
extern const size_t config_default_yaml_size;

enum { NEEDS_MAX = 8 };

/* In order: a later step may use what an earlier one has made. */
static const struct load_step {
    void (*run)(struct config_loader *loader);
    const char *needs[NEEDS_MAX]; /* top-level keys without an error; the first is its own */
} steps[] = {
    {config_cohorts_load, {"cohorts"}},
    {config_rules_load, {"rules"}},
    {config_measurements_check, {"measurements"}},
    {config_redaction_check, {"redaction"}},
    {config_review_load, {"review", "rules", "limits"}},
    {config_pipelines_connect, {"service", "receivers", "exporters"}},
    {config_check_limits, {"service", "receivers", "exporters", "limits", "state", "trajectory"}},
    {config_review_check, {"review", "service", "receivers", "limits", "selection", "dataset"}},
};

static void run_steps(struct config_loader *loader)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool is_sound = true;
        for (size_t k = 0; k < NEEDS_MAX && steps[i].needs[k]; k++)
            is_sound = is_sound && config_loader_is_sound(loader, steps[i].needs[k]);
        uint32_t errors = loader->findings->error_count;
        if (is_sound)
            steps[i].run(loader);
        if (!config_loader_recover(loader, errors))
            config_loader_mark_unsound(loader, bytes_of_text(steps[i].needs[0]));
    }
}

/* What rules need of the rest, once all of it is known. */
static void complete_ruleset(struct pipeline_config *config, struct error *error)
{
    for (uint32_t i = 0; i < config->alert_count; i++)
        config->alerts[i].may_condemn = rules_may_condemn(&config->ruleset, false);
    config->ruleset.awaited_scores = config->assembly.await_scores;
    config->ruleset.awaited_count = config->assembly.await_count;
    if (!config_digest(config) || !rules_prepare(&config->ruleset))
        error_set(error, EXIT_TEMPORARY, "out of memory");
}

static struct pipeline_config *load(struct config_loader *loader, struct bytes text)
{
    struct pipeline_config *config = calloc(1, sizeof *config);
    struct config_findings *findings = loader->findings;
    if (!config) {
        error_set(loader->error, EXIT_TEMPORARY, "out of memory");
        return NULL;
    }
    arena_init(&config->arena, CONFIG_ARENA_BYTES);
    arena_init(&loader->scratch, CONFIG_ARENA_BYTES);
    loader->config = config;
    loader->root = config_tree_read(loader->name, text, &loader->scratch, findings, loader->error);
    if (loader->root) {
        config_walk_defaults(loader, "", config);
        config_walk_object(loader, loader->root, "", config);
        run_steps(loader);
    }
    config_findings_take(findings, loader->error);
    if (findings->error_count == 0 && !config_loader_failed(loader))
        complete_ruleset(config, loader->error);
    if (findings->error_count == 0 && !config_loader_failed(loader))
        config_warnings_find(loader);
    config_findings_sort(findings, loader->name);
    if (findings->error_count == FINDINGS_MAX)
        buffer_printf(&findings->errors, "%s: there may be more errors\n", loader->name);
    if (findings->error_count > 0 &&
        (!loader->error->is_set || loader->error->exit_code == EXIT_CONFIG))
        *loader->error = findings->first;
    arena_finish(&loader->scratch);
    if (!config_loader_failed(loader))
        return config;
    config_destroy(config);
    return NULL;
}

struct pipeline_config *config_load_all(const char *name, struct bytes text,
                                        struct error *ret_unavailable, struct error *ret_error)
{
    struct config_findings findings = {.error_count = 0};
    struct config_loader loader = {
        .name = name, .options = &config_options, .findings = &findings, .error = ret_error};
    struct pipeline_config *config = load(&loader, text);
    config_findings_finish(&findings);
    *ret_unavailable = loader.unavailable;
    return config;
}

struct pipeline_config *config_load_text_findings(const char *name, struct bytes text,
                                                  struct config_findings *findings,
                                                  struct error *ret_error)
{
    struct config_loader loader = {
        .name = name, .options = &config_options, .findings = findings, .error = ret_error};
    struct pipeline_config *config = load(&loader, text);
    if (!config || !loader.unavailable.is_set)
        return config;
    config_destroy(config);
    *ret_error = loader.unavailable;
    config_findings_take(findings, &loader.unavailable);
    return NULL;
}

struct pipeline_config *config_load_text(const char *name, struct bytes text,
                                         struct error *ret_error)
{
    struct config_findings findings = {.error_count = 0};
    struct pipeline_config *config = config_load_text_findings(name, text, &findings, ret_error);
    config_findings_finish(&findings);
    return config;
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

struct pipeline_config *config_load_findings(const char *path, struct config_findings *findings,
                                             struct error *ret_error)
{
    if (!path)
        return config_load_text_findings("default.yaml",
                                         bytes_of(config_default_yaml, config_default_yaml_size),
                                         findings, ret_error);
    struct buffer text = {0};
    struct pipeline_config *config = NULL;
    read_file(path, &text, ret_error);
    if (!ret_error->is_set)
        config = config_load_text_findings(path, buffer_bytes(&text), findings, ret_error);
    buffer_finish(&text);
    return config;
}

struct pipeline_config *config_load(const char *path, struct error *ret_error)
{
    struct config_findings findings = {.error_count = 0};
    struct pipeline_config *config = config_load_findings(path, &findings, ret_error);
    config_findings_finish(&findings);
    return config;
}
