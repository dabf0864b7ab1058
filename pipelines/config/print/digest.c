/* The digest of a ruleset: SHA-256 over one canonical JSON text of all that decides what a record
 * says. Formatting, comments, key order, defaults written out and other spellings of a number or an
 * expression do not change it. Two orders do mean something and stay: of rules (records list their
 * evaluations in it) and of dimensions (records list cohorts in it, and the first one keys
 * tool_selection). The key of hashed attributes enters as an HMAC of a constant. */
#include "pipelines/config/print/digest.h"

#include "processor/base/digest.h"
#include "processor/base/json/writer.h"
#include "processor/normalize/normalize.h"
#include "processor/score/expression/expression.h"

static void write_threshold(struct json_writer *json, const char *key, bool has, double value)
{
    if (has)
        json_put_double(json, key, value);
}

static void write_rule(struct json_writer *json, const struct rule *rule)
{
    struct bytes measures[RULE_MEASURES_MAX];
    for (uint32_t i = 0; i < rule->measure_count; i++)
        measures[i] = rule->measures[i].name;
    json_object_begin(json);
    json_put_bytes(json, "name", rule->name);
    json_put_texts(json, "measure", measures, rule->measure_count);
    if (rule->when) {
        struct buffer text = {0};
        expression_print(rule->when, &text);
        json_put_bytes(json, "when", buffer_bytes(&text));
        buffer_finish(&text);
    }
    write_threshold(json, "fail_below", rule->has_fail_below, rule->fail_below);
    write_threshold(json, "borderline_below", rule->has_borderline_below, rule->borderline_below);
    write_threshold(json, "fail_above", rule->has_fail_above, rule->fail_above);
    write_threshold(json, "borderline_above", rule->has_borderline_above, rule->borderline_above);
    json_put_texts(json, "labels", rule->labels, rule->label_count);
    json_put_uint(json, "priority", rule->priority);
    json_put_bytes(json, "queue", rule->queue);
    json_put_bool(json, "judges", rule->judges);
    if (rule->is_required) /* only then: a ruleset of before keeps its digest */
        json_put_bool(json, "required", true);
    json_object_end(json);
}

static void write_expectations(struct json_writer *json, const char *key,
                               const struct tool_expectation *items, uint32_t count)
{
    json_key(json, key);
    json_object_begin(json);
    for (uint32_t i = 0; i < count; i++) {
        json_key_bytes(json, items[i].value);
        json_array_begin(json);
        for (uint32_t j = 0; j < items[i].tools.count; j++)
            json_string(json, items[i].tools.items[j]);
        json_array_end(json);
    }
    json_object_end(json);
}

static const char *const route_names[ROUTE_FACTS] = {
    [ROUTE_FALLBACK] = "route.fallback",
    [ROUTE_CACHE_HIT] = "route.cache_hit",
    [ROUTE_RETRIES] = "route.retries",
    [ROUTE_POLICY] = "route.policy",
};

static void write_measurements(struct json_writer *json, const struct pipeline_config *config)
{
    const struct measurement_config *settings = &config->ruleset.measurements;
    json_key(json, "measurements");
    json_object_begin(json);
    write_expectations(json, "required", settings->required, settings->required_count);
    write_expectations(json, "allowed", settings->allowed, settings->allowed_count);
    if (settings->reference_count > 0)
        write_expectations(json, "reference", settings->reference, settings->reference_count);
    if (settings->argument_match_count > 0)
        write_expectations(json, "reference_arguments", settings->argument_match,
                           settings->argument_match_count);
    if (settings->leak_allowed.count > 0)
        json_put_texts(json, "leak_allowed", settings->leak_allowed.items,
                       settings->leak_allowed.count);
    for (int fact = 0; fact < ROUTE_FACTS; fact++)
        if (settings->route.of[fact].count > 0)
            json_put_texts(json, route_names[fact], settings->route.of[fact].names,
                           settings->route.of[fact].count);
    json_key(json, "prices");
    json_object_begin(json);
    for (uint32_t i = 0; i < settings->price_count; i++) {
        json_key_bytes(json, settings->prices[i].model);
        json_array_begin(json);
        json_double(json, settings->prices[i].input);
        json_double(json, settings->prices[i].output);
        json_array_end(json);
    }
    json_object_end(json);
    json_put_texts(json, "loop_exempt", settings->loop_exempt.items, settings->loop_exempt.count);
    json_put_double(json, "groundedness_support", settings->groundedness_support);
    json_put_double(json, "relevance_min", settings->relevance_min);
    json_put_uint(json, "steps_max", settings->steps_max);
    if (config->output_contract.is_present) {
        json_key(json, "output_contract");
        json_object_begin(json);
        json_put_bool(json, "json", config->output_contract.is_json);
        json_put_texts(json, "required_keys", config->output_contract.required_keys,
                       config->output_contract.required_key_count);
        json_put_text(json, "pattern",
                      config->output_contract.pattern ? config->output_contract.pattern : "");
        json_put_uint(json, "max_length", config->output_contract.max_length);
        json_object_end(json);
    }
    json_object_end(json);
}

static void write_selection(struct json_writer *json, const struct pipeline_config *config)
{
    json_key(json, "selection");
    json_object_begin(json);
    for (int verdict = 0; verdict < VERDICTS; verdict++)
        json_put_double(json, verdict_name((enum verdict)verdict),
                        config->selection.share[verdict]);
    json_put_uint(json, "control_per_day", config->selection.control_per_day);
    json_put_uint(json, "new_cohort", config->selection.new_cohort);
    json_key(json, "budget");
    json_array_begin(json);
    json_uint(json, config->budget.per_hour);
    json_uint(json, config->budget.per_signature_per_hour);
    json_uint(json, config->budget.instances);
    json_array_end(json);
    json_object_end(json);
}

static void write_redaction(struct json_writer *json, const struct pipeline_config *config)
{
    const struct redaction_policy *policy = &config->redaction;
    json_key(json, "redaction");
    json_object_begin(json);
    json_put_text(json, "content", redaction_content_names[policy->content]);
    json_put_texts(json, "allow", policy->allow, policy->allow_count);
    json_put_texts(json, "hash", policy->hash, policy->hash_count);
    if (policy->hash_key.size > 0) {
        uint8_t digest[SHA256_SIZE];
        digest_hmac_sha256(digest, policy->hash_key, BYTES_LITERAL("flywheel ruleset"));
        json_put_hex(json, "key", digest, sizeof digest);
    }
    json_key(json, "masks");
    json_array_begin(json);
    for (int kind = 0; kind < MASK_CUSTOM; kind++)
        if (policy->builtin[kind])
            json_text(json, mask_kind_names[kind]);
    json_array_end(json);
    json_put_texts(json, "regexes", config->redaction_regexes, policy->custom_count);
    json_object_end(json);
}

bool config_digest(struct pipeline_config *config)
{
    struct buffer text = {0};
    struct json_writer json;
    json_writer_init(&json, &text);
    json_object_begin(&json);
    json_put_uint(&json, "normalizer", NORMALIZER_VERSION);
    json_key(&json, "rules");
    json_array_begin(&json);
    for (uint32_t i = 0; i < config->ruleset.rule_count; i++)
        write_rule(&json, &config->ruleset.rules[i]);
    json_array_end(&json);
    write_measurements(&json, config);
    json_key(&json, "dimensions");
    json_array_begin(&json);
    for (uint32_t i = 0; i < config->dimension_count; i++) {
        json_object_begin(&json);
        json_put_bytes(&json, "name", config->dimensions[i].name);
        json_put_texts(&json, "sources", config->dimensions[i].sources,
                       config->dimensions[i].source_count);
        json_object_end(&json);
    }
    json_array_end(&json);
    write_selection(&json, config);
    write_redaction(&json, config);
    json_object_end(&json);
    bool is_whole = !text.failed;
    digest_sha256(config->ruleset.sha256, buffer_bytes(&text));
    buffer_finish(&text);
    return is_whole;
}
