/* One place for who walks outcomes by number. */
#include "pipelines/decide/judged_rules.h"

#include "processor/regression.h"

uint32_t judged_rules_count(const struct closed *closed)
{
    return closed->config->ruleset.rule_count + closed->has_regression;
}

struct bytes judged_rules_name(const struct pipeline_config *config, uint32_t rule)
{
    const struct ruleset *ruleset = &config->ruleset;
    return rule < ruleset->rule_count ? ruleset->rules[rule].name : BYTES_LITERAL(REGRESSION_RULE);
}
