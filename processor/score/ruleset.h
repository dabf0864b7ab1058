/* What a shard judges by: rules, and what is configured of the measurements. Plain data, built by
 * the configuration, immutable after rules_prepare(). */
#pragma once
#include "processor/base/regex.h"
#include "processor/route_sources.h"
#include "processor/rule.h"
#include "processor/verdict.h"

/* One set of required and allowed tools, by the value of the first dimension ("*": any). */
struct tool_expectation {
    struct bytes value;
    struct bytes_list tools;
};

/* The form that an answer must have. */
struct output_contract {
    bool is_present, is_json;
    const struct bytes *required_keys; /* of that object */
    uint32_t required_key_count;
    struct regex *pattern; /* NULL: none */
    uint32_t max_length;   /* characters; 0: any number */
};

struct model_price {
    struct bytes model;   /* exact, or a prefix with a trailing `*` */
    double input, output; /* USD per 10^6 tokens */
};

/* What needs configuring of the measurements; zeroed means the defaults. */
struct measurement_config {
    struct tool_expectation *required, *allowed;
    uint32_t required_count, allowed_count;
    struct tool_expectation *reference; /* of trajectory.*; none: the required tools in order */
    uint32_t reference_count;
    struct tool_expectation *argument_match; /* tools by the name of an enum argument_match */
    uint32_t argument_match_count;
    struct model_price *prices;
    uint32_t price_count;
    struct bytes_list loop_exempt;  /* polling tools */
    struct bytes_list leak_allowed; /* addresses that may be told; `*@example.com` for all there */
    struct output_contract output_contract;
    double groundedness_support; /* 0.65 */
    double relevance_min;        /* 0.3 */
    uint32_t steps_max;          /* budget of step_efficiency; 0: none */
    struct route_sources route;  /* where normalization reads a route */
};

/* The immutable set that a shard judges by. */
struct ruleset {
    struct rule *rules;
    uint32_t rule_count;
    struct measurement_config measurements;
    const struct bytes *dimension_names; /* of the pipeline; the first keys tool_selection */
    uint32_t dimension_count;
    const struct bytes *awaited_scores; /* without one, a rule that reads it is missing */
    uint32_t awaited_count;
    uint8_t sha256[32];
    bool needs_content;  /* some rule reads texts */
    uint32_t slot_count; /* of the memo of a run; set by rules_prepare() */
};
