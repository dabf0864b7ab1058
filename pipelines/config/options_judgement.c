/* Rows of what is measured, judged and selected: `measurements`, `rules`, `selection`. */
#include "pipelines/config/sections/measurements.h"
#include "pipelines/config/rows.h"
#include "pipelines/config/sections/rules.h"

#define ROUTE(fact, field) AT(ruleset.measurements.route.of[fact].field)

static const struct option rows[] = {
    SECTION("measurements", 0, "Only what needs configuring; every measurement is there by name."),
    SECTION("measurements.tool_selection", 0, "For `tool_selection.accuracy`."),
    {.path = "measurements.tool_selection.required",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.required),
     .count_at = AT(ruleset.measurements.required_count),
     .load = config_measurements_load_expectations,
     .print = config_print_custom_expectations,
     .type_text = "map of lists, or a list",
     .prose = "Tools that a run must have called, by the value of the first dimension of "
              "`cohorts.dimensions`; `\"*\"` stands for any value, and so does a bare list."},
    {.path = "measurements.tool_selection.allowed",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.allowed),
     .count_at = AT(ruleset.measurements.allowed_count),
     .load = config_measurements_load_expectations,
     .print = config_print_custom_expectations,
     .type_text = "map of lists, or a list",
     .prose = "Tools that a run may call, likewise. Left out: those offered to the model."},
    SECTION("measurements.trajectory", 0, "For `trajectory.*`."),
    {.path = "measurements.trajectory.reference",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.reference),
     .count_at = AT(ruleset.measurements.reference_count),
     .load = config_measurements_load_expectations,
     .print = config_print_custom_expectations,
     .type_text = "map of lists, or a list",
     .prose = "Tool calls that a run is compared with, in order, by the value of the first "
              "dimension: a tool, or a tool and its arguments, as in "
              "`'transfer {\"to\": \"A-1\"}'`. Left out: `tool_selection.required`."},
    {.path = "measurements.trajectory.arguments",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.argument_match),
     .count_at = AT(ruleset.measurements.argument_match_count),
     .load = config_measurements_load_argument_match,
     .print = config_print_custom_expectations,
     .type_text = "map of lists",
     .prose = "How arguments that the reference states are compared, by lists of tools (`\"*\"`: "
              "any): `subset`, the default (others may be there too), `exact` or `ignore`."},
    SECTION("measurements.cost_usd", 0, "For `cost_usd`; a cost attribute on the spans wins."),
    CUSTOM("measurements.cost_usd.prices", config_measurements_load_prices,
           config_print_custom_prices, "map of {input, output}", NULL,
           "USD per 10^6 tokens by model; a name may end in `*`."),
    SECTION("measurements.loop", 0, "For `loop`."),
    {.path = "measurements.loop.exempt",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.loop_exempt),
     .load = config_measurements_load_list,
     .print = config_print_custom_list,
     .type_text = "list of texts",
     .max = 256,
     .prose = "Tools that may repeat themselves, such as polling ones."},
    SECTION("measurements.groundedness", 0, "For `groundedness.lexical`."),
    NUMBER("measurements.groundedness.support", AT(ruleset.measurements.groundedness_support), 0, 1,
           "0.65", "Share of a sentence's words that its context must hold to support it."),
    SECTION("measurements.context_relevance", 0, "For `context_relevance.*`."),
    NUMBER("measurements.context_relevance.min", AT(ruleset.measurements.relevance_min), 0, 1,
           "0.3", "From where on a document counts as relevant."),
    SECTION("measurements.step_efficiency", 0, "For `step_efficiency`."),
    COUNT("measurements.step_efficiency.max_steps", AT(ruleset.measurements.steps_max), 0, 1000000,
          "0", "Steps that a run may take; 0: none is set."),
    SECTION("measurements.output_contract", AT(output_contract.is_present),
            "For `output.contract`: the form that an answer must have."),
    BOOL("measurements.output_contract.json", AT(output_contract.is_json), "false",
         "The answer is JSON."),
    TEXTS("measurements.output_contract.required_keys", AT(output_contract.required_keys),
          AT(output_contract.required_key_count), CONTRACT_KEYS_MAX, "Keys of that object."),
    TEXT("measurements.output_contract.pattern", AT(output_contract.pattern), NULL,
         "A regex that the answer must match."),
    COUNT("measurements.output_contract.max_length", AT(output_contract.max_length), 0, COUNT_MAX,
          "0", "Most characters; 0: any number."),

    SECTION("measurements.leak", 0, "For `leak`."),
    {.path = "measurements.leak.allow",
     .type = OPTION_CUSTOM,
     .at = AT(ruleset.measurements.leak_allowed),
     .load = config_measurements_load_list,
     .print = config_print_custom_list,
     .type_text = "list of texts",
     .max = 256,
     .prose = "E-mail addresses that an answer may tell; `\"*@example.com\"` for all there."},
    SECTION("measurements.route", 0,
            "Where a route is read: attributes of spans, the first that is there counts. `\"*\"` "
            "stands for the names of processor/normalize/README.md; a list without it replaces "
            "them, no list means them."),
    TEXTS("measurements.route.fallback", ROUTE(ROUTE_FALLBACK, names), ROUTE(ROUTE_FALLBACK, count),
          ROUTE_NAMES_MAX,
          "True, or a number above 0, where another model answered than was asked first."),
    TEXTS("measurements.route.cache_hit", ROUTE(ROUTE_CACHE_HIT, names),
          ROUTE(ROUTE_CACHE_HIT, count), ROUTE_NAMES_MAX,
          "True, or a text with the word hit, where a semantic cache answered."),
    TEXTS("measurements.route.retries", ROUTE(ROUTE_RETRIES, names), ROUTE(ROUTE_RETRIES, count),
          ROUTE_NAMES_MAX, "How often a gateway repeated a call."),
    TEXTS("measurements.route.policy", ROUTE(ROUTE_POLICY, names), ROUTE(ROUTE_POLICY, count),
          ROUTE_NAMES_MAX, "The policy by which a gateway chose the model."),

    CUSTOM("rules", NULL, config_print_custom_rules, "list", "none",
           "What is judged. The verdict of a run is its worst rule; at most 200."),
    NAME("rules[].name", RULE(name), NULL, "Unique; required."),
    CUSTOM("rules[].measure", config_rules_load_measures, config_print_custom_measures,
           "text or list of texts", NULL,
           "A measurement, or several: the first that is not na counts. Required."),
    CUSTOM("rules[].when", config_rules_load_when, config_print_custom_when, "expression", "always",
           "The rule applies where this holds; na where data for it is missing."),
    THRESHOLD("rules[].fail_below", RULE(fail_below), RULE(has_fail_below), "Fails below it."),
    THRESHOLD("rules[].borderline_below", RULE(borderline_below), RULE(has_borderline_below),
              "Borderline below it."),
    THRESHOLD("rules[].fail_above", RULE(fail_above), RULE(has_fail_above), "Fails above it."),
    THRESHOLD("rules[].borderline_above", RULE(borderline_above), RULE(has_borderline_above),
              "Borderline above it."),
    TEXTS("rules[].labels", RULE(labels), RULE(label_count), RULE_LABELS_MAX,
          "Failure labels that the record carries."),
    COUNT("rules[].priority", RULE(priority), 1, 9, "5", "1 is most urgent."),
    NAME("rules[].queue", RULE(queue), "review", "The review queue of the record."),
    CUSTOM(
        "rules[].judges", config_rules_load_judges, config_print_custom_judges, "`true`, `false`",
        "by the measurement",
        "Whether a pass of this rule is evidence for the run: where its measurement's is "
        "(`flywheel help measurements`, \"a pass proves\") and it has a fail threshold. `false`: "
        "it only condemns. `true` is for one's own `attributes[\"key\"]` alone, which else only "
        "condemns."),
    {.path = "rules[].required",
     .type = OPTION_BOOL,
     .at = RULE(is_required),
     .fallback = "false",
     .prose = "A run that this rule has no value for does not pass: it is unscored, unless it "
              "failed or is borderline anyway. Where `when` does not hold, it asks nothing."},
    {.path = "rules[].gate",
     .type = OPTION_BOOL,
     .at = RULE(gate),
     .given_at = RULE(has_gate),
     .default_text = "by the measurement",
     .prose = "Whether a fail of this rule fails a row in `flywheel gate --dataset`. Left out: where "
              "it reads Groundedness, ContextRelevance, GroundTruthMatch or ToolSelectionAccuracy, "
              "imported (`score.Groundedness`) or built in (`groundedness.*`, "
              "`context_relevance.*`, `ground_truth.*`, `tool_selection.accuracy`)."},

    SECTION("selection", 0, "Which verdicts become review work: the share of each."),
    NUMBER("selection.fail", AT(selection.share[VERDICT_FAIL]), 0, 1, "1", "Of failed runs."),
    NUMBER("selection.borderline", AT(selection.share[VERDICT_BORDERLINE]), 0, 1, "1",
           "Of borderline runs."),
    NUMBER("selection.unscored", AT(selection.share[VERDICT_UNSCORED]), 0, 1, "0.01",
           "Of runs that no rule could judge: with `pass` the control stratum."),
    NUMBER("selection.pass", AT(selection.share[VERDICT_PASS]), 0, 1, "0.01",
           "Of passed runs: the control stratum, without which no rate of the queue is unbiased."),
    COUNT(
        "selection.control_per_day", AT(selection.control_per_day), 0, COUNT_MAX, "10",
        "Records of the control stratum that a day of event time should have: the shares of `pass` "
        "and `unscored` are at least so many divided by the passed and unscored runs of the day "
        "before, never more than 1; after a day without any the shares apply. It is stated as "
        "`inclusion_probability`, stands over restarts, and a budget still limits it; 0: off. "
        "`replay` applies none."),
    COUNT("selection.new_cohort", AT(selection.new_cohort), 0, 1000, "0",
          "At least the first so many runs of a cohort never seen before, of each of "
          "`cohorts.group_by`. What was not chosen anyway has the reason `new_cohort` and goes to "
          "the queue `control`; `inclusion_probability` is 1. Cohorts that are known when this is "
          "switched on are not new. `replay` applies none."),
    SECTION("selection.budget", AT(budget.is_present),
            "How much review work an hour of event time should bring. Each verdict's probability "
            "becomes "
            "its share of the budget divided by how many the hour before brought, never more than "
            "its own share; without an hour before, the shares apply. The budget is kept by pace: "
            "where more has gone out than the elapsed part of the hour allows, the probability is "
            "halved. It stands over restarts and is stated as `inclusion_probability`; nothing is "
            "refused by count, so a sudden jump goes over the budget by about a fifth. `replay` "
            "applies none."),
    COUNT("selection.budget.per_hour", AT(budget.per_hour), 0, COUNT_MAX, "0",
          "Records an hour; 0: no budget. Floors: fail 70 %, borderline 20 %, control 10 %. What "
          "one does not use goes to those that ask for more: fail first, then borderline, control, "
          "unscored."),
    COUNT("selection.budget.per_signature_per_hour", AT(budget.per_signature_per_hour), 0,
          COUNT_MAX, "0",
          "Failed records an hour with one signature; 0: no budget. Runs above it do not count "
          "against the others. Of an hour the first 4096 signatures are told apart."),
    COUNT("selection.budget.instances", AT(budget.instances), 1, 10000, "1",
          "Instances that share the budget: each keeps to its part of both."),
};

const struct option_section config_options_judgement = {rows, sizeof rows / sizeof rows[0]};
