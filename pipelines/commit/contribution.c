/* The meeting point of the pipeline's dimensions and the store's numbers. */
#include "pipelines/commit/contribution.h"

#include <assert.h>

#include "pipelines/config/groupings.h"
#include "pipelines/decide/judged_rules.h"
#include "pipelines/commit/stored.h"
#include "processor/regression.h"
#include "state/store/dictionary.h"

void binding_resolve(struct binding *binding, struct store_txn *txn, struct cohorts *cohorts,
                     const struct pipeline_config *config)
{
    struct buffer text = {0};
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        buffer_clear(&text);
        config_groupings_text(config, i, &text);
        binding->groupings[i] = dictionary_id(txn, DICTIONARY_GROUPING, buffer_bytes(&text));
    }
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        binding->rules[i] = dictionary_id(txn, DICTIONARY_RULE, config->ruleset.rules[i].name);
    for (uint32_t i = 0; i < config->pinned_count; i++) {
        const struct pinned_config *pinned = &config->pinned[i];
        cohorts_pin(cohorts, binding->groupings[pinned->grouping], pinned->values,
                    config->groupings[pinned->grouping].count);
    }
    buffer_finish(&text);
    if (config->review.is_present)
        binding->rules[config->ruleset.rule_count] =
            dictionary_id(txn, DICTIONARY_RULE, BYTES_LITERAL(REGRESSION_RULE));
    binding->config = config;
}

void contribution_append(const struct binding *binding, struct store_txn *txn,
                         struct cohorts *cohorts, const struct closed *closed, int64_t wall_ms,
                         struct buffer *to, bool *ret_is_first)
{
    const struct pipeline_config *config = closed->config;
    assert(binding->config == config);
    struct cohort_contribution contribution = {
        .change = closed->revision ? COHORT_CHANGE_AGAIN : COHORT_CHANGE_FIRST,
        .event_ms = (int64_t)closed->event_ms,
        .verdict = stored_verdict(closed->verdict),
        .class = closed->class,
        .weight = closed->weight,
        .duration_ms = closed->duration_ms,
        .tokens = closed->tokens,
        .cost_nano_usd = cohort_nano_usd(closed->cost_usd),
        .group_count = config->grouping_count,
        .rule_count = judged_rules_count(closed),
    };
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        const struct grouping_config *grouping = &config->groupings[i];
        struct bytes values[GROUPING_DIMENSIONS_MAX];
        for (uint32_t d = 0; d < grouping->count; d++)
            values[d] = closed->dimension_values[grouping->dimensions[d]];
        contribution.groups[i].grouping = binding->groupings[i];
        bool is_new = cohort_assign(cohorts, txn, binding->groupings[i], values, grouping->count,
                                    wall_ms, contribution.groups[i].hash);
        if (ret_is_first)
            *ret_is_first |= budget_meet_cohort(txn, config, binding->groupings[i],
                                                contribution.groups[i].hash, is_new);
    }
    for (uint32_t i = 0; i < contribution.rule_count; i++) {
        contribution.rules[i].rule = binding->rules[i];
        contribution.rules[i].outcome =
            closed->is_rule_missing[i] ? COHORT_MISSING : closed->outcomes[i];
    }
    cohort_contribution_encode(&contribution, to);
}

bool contribution_take_back(struct bytes contribution, struct buffer *to)
{
    struct value_reader reader;
    struct cohort_contribution before;
    value_reader_init(&reader, contribution);
    cohort_contribution_decode(&reader, &before);
    if (value_reader_finish(&reader) != STATUS_OK)
        return false;
    before.change = COHORT_CHANGE_REMOVE;
    cohort_contribution_encode(&before, to);
    return true;
}
