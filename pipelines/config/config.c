/* What is not in the arena of a configuration: compiled expressions and regexes. */
#include "pipelines/config/config.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "processor/score/expression/expression.h"

struct pipeline_config *config_hold(struct pipeline_config *config)
{
    atomic_fetch_add(&config->more_holders, 1);
    return config;
}

void config_destroy(struct pipeline_config *config)
{
    if (!config || atomic_fetch_sub(&config->more_holders, 1) > 0)
        return;
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        expression_destroy(config->ruleset.rules[i].when);
    regex_destroy(config->ruleset.measurements.output_contract.pattern);
    for (uint32_t i = 0; i < config->redaction.custom_count; i++)
        regex_destroy(config->redaction.custom[i]);
    arena_finish(&config->arena);
    free(config);
}
