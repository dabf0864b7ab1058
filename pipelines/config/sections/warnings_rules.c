/* A rule that can never speak looks like one that has nothing to say, so each way of that is told: a
 * threshold that no value crosses, or every value; a measurement that has no value in this
 * configuration; a score whose name is nearly another's. */
#include "pipelines/config/sections/warnings_rules.h"

#include <string.h>

#include "processor/base/nearest.h"
#include "processor/base/text/utf8.h"
#include "processor/normalize/facts/lookup.h"
#include "processor/score/expression/expression.h"
#include "processor/score/measurements.h"

enum { NEAR_NAME_BYTES_MIN = 5, SHOWN = 60 };

/* Of a rule: those it judges by, then those of its condition; NULL from the last on. */
static const struct measure *measure_at(const struct rule *rule, uint32_t index)
{
    if (index < rule->measure_count)
        return &rule->measures[index];
    return rule->when ? expression_measure(rule->when, index - rule->measure_count) : NULL;
}

bool warnings_names_measurement(const struct ruleset *ruleset, const char *name)
{
    size_t size = strlen(name);
    bool is_family = size > 0 && name[size - 1] == '.';
    const struct measure *measure;
    for (uint32_t i = 0; i < ruleset->rule_count; i++)
        for (uint32_t k = 0; (measure = measure_at(&ruleset->rules[i], k)); k++) {
            const char *found = measure->measurement ? measure->measurement->name : "";
            if (is_family ? strncmp(found, name, size) == 0 : strcmp(found, name) == 0)
                return true;
        }
    return false;
}

/* --- thresholds --- */

/* Every range begins at 0; has it an end, that is 1. */
static bool ends_at_one(const struct measurement *row)
{
    size_t size = strlen(row->range);
    return size > 0 && row->range[size - 1] == '1';
}

static void check_threshold(struct config_loader *loader, const struct config_node *place,
                            const char *key, double value, const struct measurement *row)
{
    bool is_below = strstr(key, "below") != NULL;
    bool is_never = is_below ? value <= 0 : ends_at_one(row) && value >= 1;
    bool is_always = is_below ? ends_at_one(row) && value > 1 : value < 0;
    if (is_never || is_always)
        config_loader_warn(loader, place, "%s %g: %s value of %s (%s) is %s that", key, value,
                           is_never ? "no" : "every", row->name, row->range,
                           is_below ? "below" : "above");
}

static void check_thresholds(struct config_loader *loader, const struct config_node *node,
                             const struct rule *rule)
{
    const struct {
        const char *key;
        bool is_given;
        double value;
    } thresholds[] = {
        {"fail_below", rule->has_fail_below, rule->fail_below},
        {"borderline_below", rule->has_borderline_below, rule->borderline_below},
        {"fail_above", rule->has_fail_above, rule->fail_above},
        {"borderline_above", rule->has_borderline_above, rule->borderline_above},
    };
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++)
        for (uint32_t k = 0; thresholds[i].is_given && k < rule->measure_count; k++)
            if (rule->measures[k].measurement)
                check_threshold(loader, config_tree_find(node, thresholds[i].key),
                                thresholds[i].key, thresholds[i].value,
                                rule->measures[k].measurement);
    bool is_empty_below = rule->has_fail_below && rule->has_borderline_below &&
                          rule->fail_below >= rule->borderline_below;
    bool is_empty_above = rule->has_fail_above && rule->has_borderline_above &&
                          rule->fail_above <= rule->borderline_above;
    const char *empty = is_empty_below   ? "borderline_below"
                        : is_empty_above ? "borderline_above"
                                         : NULL;
    if (empty)
        config_loader_warn(loader, config_tree_find(node, empty),
                           "%s is where the rule fails: nothing is ever borderline", empty);
}

/* --- values that never come --- */

/* What has to be set for the measurement to have a value; NULL: nothing. */
static const char *lacks_setting(const struct measurement *row,
                                 const struct measurement_config *config)
{
    if (strcmp(row->name, "output.contract") == 0 && !config->output_contract.is_present)
        return "measurements.output_contract";
    if (strncmp(row->name, "trajectory.", 11) == 0 && config->reference_count == 0 &&
        config->required_count == 0)
        return "measurements.trajectory.reference";
    return NULL;
}

static void check_values(struct config_loader *loader, const struct config_node *node,
                         const struct rule *rule)
{
    const char *lacking = NULL;
    for (uint32_t k = 0; k < rule->measure_count; k++) {
        const struct measurement *row = rule->measures[k].measurement;
        lacking = row ? lacks_setting(row, &loader->config->ruleset.measurements) : NULL;
        if (!lacking)
            return; /* One that may have a value is enough. */
    }
    if (lacking)
        config_loader_warn(loader, config_tree_find(node, "measure"),
                           "this rule can never have a value: set %s", lacking);
}

/* --- names of scores --- */

/* One letter more, less, other or swapped; numbers at the end tell versions apart. */
static bool is_nearly(struct bytes a, struct bytes b)
{
    bool ends_in_digit = false;
    if (a.size < NEAR_NAME_BYTES_MIN || b.size < NEAR_NAME_BYTES_MIN || lookup_name_equal(a, b))
        return false;
    ends_in_digit = (a.data[a.size - 1] >= '0' && a.data[a.size - 1] <= '9') ||
                    (b.data[b.size - 1] >= '0' && b.data[b.size - 1] <= '9');
    return !ends_in_digit && nearest_distance(a, b) == 1;
}

static bool is_imported(const struct measure *measure)
{
    return measure->imported.size > 0 && !measure->is_attribute;
}

/* A rule before this one, or this one before `at`, names nearly that score. */
static const struct measure *find_nearly(const struct ruleset *ruleset, uint32_t rule, uint32_t at)
{
    const struct measure *wanted = measure_at(&ruleset->rules[rule], at), *other;
    for (uint32_t i = 0; i <= rule; i++)
        for (uint32_t k = 0; (other = measure_at(&ruleset->rules[i], k)); k++) {
            if (i == rule && k >= at)
                return NULL;
            if (is_imported(other) && is_nearly(other->imported, wanted->imported))
                return other;
        }
    return NULL;
}

static const struct measurement *find_own(struct bytes name)
{
    for (uint32_t i = 0; i < measurement_count; i++)
        if (lookup_name_equal(bytes_of_text(measurements[i].name), name))
            return &measurements[i];
    return NULL;
}

static const struct config_node *place_of(const struct config_node *rule, uint32_t measure,
                                          uint32_t measure_count)
{
    const struct config_node *node =
        config_tree_find(rule, measure < measure_count ? "measure" : "when");
    if (node->kind != NODE_LIST)
        return node;
    for (node = node->first; measure > 0 && node->next; measure--)
        node = node->next;
    return node;
}

static void check_score(struct config_loader *loader, const struct config_node *place,
                        uint32_t rule, uint32_t at)
{
    const struct ruleset *ruleset = &loader->config->ruleset;
    const struct measure *measure = measure_at(&ruleset->rules[rule], at);
    const struct measurement *own = find_own(measure->imported);
    int size = (int)utf8_cut(measure->name, SHOWN).size;
    if (own && !measure->is_label) {
        config_loader_warn(loader, place,
                           "%.*s is what an evaluator attached: our own measurement is %s", size,
                           (const char *)measure->name.data, own->name);
        return;
    }
    for (uint32_t i = 0; i < ruleset->awaited_count; i++)
        if (is_nearly(ruleset->awaited_scores[i], measure->imported)) {
            config_loader_warn(loader, place,
                               "%.*s is nearly %.*s, which is awaited: is it "
                               "misspelled?",
                               size, (const char *)measure->name.data,
                               (int)utf8_cut(ruleset->awaited_scores[i], SHOWN).size,
                               (const char *)ruleset->awaited_scores[i].data);
            return;
        }
    const struct measure *other = find_nearly(ruleset, rule, at);
    if (other)
        config_loader_warn(loader, place,
                           "%.*s is nearly %.*s, which is named too: is one "
                           "misspelled?",
                           size, (const char *)measure->name.data,
                           (int)utf8_cut(other->name, SHOWN).size, (const char *)other->name.data);
}

static bool reads_score(const struct ruleset *ruleset, struct bytes score)
{
    const struct measure *measure;
    for (uint32_t i = 0; i < ruleset->rule_count; i++)
        for (uint32_t k = 0; (measure = measure_at(&ruleset->rules[i], k)); k++)
            if (is_imported(measure) && lookup_name_equal(measure->imported, score))
                return true;
    return false;
}

static void check_awaited(struct config_loader *loader)
{
    const char *path = "trajectory.await.scores";
    if (!config_loader_is_given(loader, path))
        return;
    const struct config_node *item = config_loader_place(loader, path)->first;
    for (; item; item = item->next)
        if (!reads_score(&loader->config->ruleset, item->text))
            config_loader_warn(
                loader, item, "no rule reads score.%.*s: waiting for it only delays verdicts",
                (int)utf8_cut(item->text, SHOWN).size, (const char *)item->text.data);
}

void warnings_find_in_rules(struct config_loader *loader)
{
    const struct ruleset *ruleset = &loader->config->ruleset;
    const struct config_node *node =
        ruleset->rule_count > 0 ? config_loader_place(loader, "rules")->first : NULL;
    for (uint32_t i = 0; node && i < ruleset->rule_count; i++, node = node->next) {
        const struct rule *rule = &ruleset->rules[i];
        check_thresholds(loader, node, rule);
        check_values(loader, node, rule);
        const struct measure *measure;
        for (uint32_t k = 0; (measure = measure_at(rule, k)); k++)
            if (is_imported(measure))
                check_score(loader, place_of(node, k, rule->measure_count), i, k);
    }
    check_awaited(loader);
}
