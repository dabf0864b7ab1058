/* Masks and the key of hashed attributes. */
#include "pipelines/config/sections/redaction.h"

#include <string.h>

#include "pipelines/config/substitute.h"

/* The masks of a new policy: each built-in one. MASK_CUSTOM is what the file brings. */
static void keep_builtin(struct redaction_policy *policy, bool is_kept)
{
    for (uint32_t kind = 0; kind < MASK_CUSTOM; kind++)
        policy->builtin[kind] = is_kept;
}

static bool builtin_find(struct bytes name, uint32_t *ret_kind)
{
    for (uint32_t kind = 0; kind < MASK_CUSTOM; kind++)
        if (bytes_equal_text(name, mask_kind_names[kind])) {
            *ret_kind = kind;
            return true;
        }
    return false;
}

/* Names of built-in masks select among them; whatever else is in the list is a regex. A list that
 * names none keeps all. */
void config_redaction_load_masks(struct config_loader *loader, const struct option *row,
                                 const struct config_node *node, void *base)
{
    (void)row;
    struct pipeline_config *config = base;
    struct redaction_policy *policy = &config->redaction;
    bool has_builtin = false;
    if (!config_loader_require(loader, node, NODE_LIST, "mask"))
        return;
    keep_builtin(policy, false);
    for (const struct config_node *item = node->first; item; item = item->next) {
        uint32_t kind = 0;
        struct error problem = {0};
        if (item->kind != NODE_SCALAR || item->text.size == 0) {
            config_loader_error(loader, item, "a mask must be a text: a built-in name or a regex");
            return;
        }
        if (builtin_find(item->text, &kind)) {
            policy->builtin[kind] = has_builtin = true;
            continue;
        }
        if (policy->custom_count == REDACTION_REGEXES_MAX) {
            config_loader_error(loader, item, "more than %d regexes: join some by `|`",
                                REDACTION_REGEXES_MAX);
            return;
        }
        struct regex *regex = regex_create(item->text, &problem);
        if (!regex) {
            config_loader_error(loader, item, "%s", problem.text);
            return;
        }
        config->redaction_regexes[policy->custom_count] = config_loader_keep(loader, item->text);
        policy->custom[policy->custom_count++] = regex;
    }
    if (!has_builtin)
        keep_builtin(policy, true);
}

/* The key lies in the arena of the configuration and nowhere else. */
static void read_key(struct config_loader *loader, const struct config_node *place)
{
    struct pipeline_config *config = loader->config;
    struct error problem = {0};
    struct bytes key = {0};
    struct buffer reference = {0};
    /* The same reader as for ${file:PATH}: regular files of at most 64 KiB. */
    buffer_printf(&reference, "${file:%s}", config->redaction_key_file);
    if (strchr(config->redaction_key_file, '}'))
        error_set(&problem, EXIT_CONFIG, "key_file must not hold a `}`");
    else
        config_substitute(buffer_bytes(&reference), &config->arena, &key, &problem);
    buffer_finish(&reference);
    if (problem.is_set)
        config_loader_error(loader, place, "%s", problem.text);
    else if (key.size < 16)
        config_loader_error(loader, place,
                            "the key in key_file has less than 16 bytes: use a longer one");
    config->redaction.hash_key = key;
}

void config_redaction_check(struct config_loader *loader)
{
    struct pipeline_config *config = loader->config;
    if (config_loader_failed(loader))
        return;
    if (!config_loader_is_given(loader, "redaction.mask"))
        keep_builtin(&config->redaction, true);
    if (config->redaction.hash_count > 0 && !config->redaction_key_file)
        config_loader_error(loader, config_loader_place(loader, "redaction.hash"),
                            "hash needs a key: set redaction.key_file");
    else if (config->redaction_key_file)
        read_key(loader, config_loader_place(loader, "redaction.key_file"));
}
