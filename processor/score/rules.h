/* A threshold on a measurement: where borderline starts, where fail starts. Built by the
 * configuration, immutable after. */
#pragma once
#include "processor/rule.h"
#include "processor/score/expression.h"
#include "processor/verdict.h"

/* One set of required and allowed tools, by the value of the first dimension ("*": any). */
struct tool_expectation {
    struct bytes value;
    struct bytes_list tools;
};

struct model_price {
    struct bytes model;   /* exact, or a prefix with a trailing `*` */
    double input, output; /* USD per 10^6 tokens */
};

/* What needs configuring of the measurements; zeroed means the defaults. */
struct measurement_config {
    struct tool_expectation *required, *allowed;
    uint32_t required_count, allowed_count;
    struct model_price *prices;
    uint32_t price_count;
    struct bytes_list loop_exempt; /* polling tools */
    double groundedness_support;   /* 0.65 */
    double relevance_min;          /* 0.3 */
};

/* The immutable set that a shard judges by. */
struct ruleset {
    struct rule *rules;
    uint32_t rule_count;
    struct measurement_config measurements;
    const struct bytes *dimension_names; /* of the pipeline; the first keys tool_selection */
    uint32_t dimension_count;
    uint8_t sha256[32];
    bool needs_content; /* some rule reads texts */
};

/* NULL when the bands make sense; else one sentence why not ("fail_below must not be above
 * borderline_below"). */
const char *rule_check(const struct rule *rule);
/* Finds what a name stands for; false with the nearest known name in `ret_nearest` (may be NULL).
 */
bool measure_resolve(struct bytes name, struct measure *ret_measure, const char **ret_nearest);
/* Sets needs_content from its rules and expressions. */
void ruleset_prepare(struct ruleset *ruleset);
