/* What is not in the arena of a configuration: compiled expressions and regexes. */
#include "pipelines/config/config.h"

#include <stdlib.h>

#include "processor/score/expression/expression.h"

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
