/* Each writes its own key and the end of its line; nothing when there is nothing to say. */
#include "pipelines/config/print/print_custom.h"

#include <string.h>

#include "pipelines/config/sections/kafka_properties.h"
#include "pipelines/config/value.h"
#include "processor/base/json/number.h"
#include "processor/score/expression/expression.h"

static void end_line(struct config_printer *printer)
{
    buffer_append_byte(printer->to, '\n');
}

static void print_number(struct config_printer *printer, double value)
{
    char text[NUMBER_TEXT_SIZE];
    number_format(text, value);
    buffer_append_text(printer->to, text);
}

/* One entry of a list of objects, two levels below the list's key. */
static void print_entry(struct config_printer *printer, const char *object, const void *base)
{
    printer->indent += 4;
    printer->has_dash = true;
    config_printer_object(printer, object, base);
    printer->indent -= 4;
}

void config_print_custom_rules(struct config_printer *printer, const struct option *row,
                               const void *base)
{
    (void)base;
    const struct ruleset *ruleset = &printer->config->ruleset;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, ruleset->rule_count > 0 ? "\n" : " []\n");
    for (uint32_t i = 0; i < ruleset->rule_count; i++)
        print_entry(printer, "rules[]", &ruleset->rules[i]);
}

void config_print_custom_measures(struct config_printer *printer, const struct option *row,
                                  const void *base)
{
    const struct rule *rule = base;
    struct bytes names[RULE_MEASURES_MAX];
    for (uint32_t i = 0; i < rule->measure_count; i++)
        names[i] = rule->measures[i].name;
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    config_printer_texts(printer, names, rule->measure_count);
    end_line(printer);
}

/* Written where it says more than the measurement does: `true` is an error elsewhere. */
void config_print_custom_judges(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    const struct rule *rule = base;
    if (rule->judges && !rule->is_vouched)
        return;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, rule->judges ? " true\n" : " false\n");
}

void config_print_custom_when(struct config_printer *printer, const struct option *row,
                              const void *base)
{
    const struct rule *rule = base;
    if (!rule->when)
        return;
    struct buffer text = {0};
    expression_print(rule->when, &text);
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    config_printer_text(printer, buffer_bytes(&text));
    end_line(printer);
    buffer_finish(&text);
}

void config_print_custom_list(struct config_printer *printer, const struct option *row,
                              const void *base)
{
    const struct bytes_list *list = (const void *)((const char *)base + row->at - 1);
    if (list->count == 0)
        return;
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    config_printer_texts(printer, list->items, list->count);
    end_line(printer);
}

void config_print_custom_expectations(struct config_printer *printer, const struct option *row,
                                      const void *base)
{
    const struct tool_expectation *items =
        *(struct tool_expectation *const *)((const char *)base + row->at - 1);
    uint32_t count = *(const uint32_t *)((const char *)base + row->count_at - 1);
    if (count == 0)
        return;
    config_printer_row_key(printer, row);
    end_line(printer);
    printer->indent += 2;
    for (uint32_t i = 0; i < count; i++) {
        config_printer_key(printer, items[i].value);
        buffer_append_byte(printer->to, ' ');
        config_printer_texts(printer, items[i].tools.items, items[i].tools.count);
        end_line(printer);
    }
    printer->indent -= 2;
}

void config_print_custom_prices(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    (void)base;
    const struct measurement_config *settings = &printer->config->ruleset.measurements;
    if (settings->price_count == 0)
        return;
    config_printer_row_key(printer, row);
    end_line(printer);
    printer->indent += 2;
    for (uint32_t i = 0; i < settings->price_count; i++) {
        config_printer_key(printer, settings->prices[i].model);
        buffer_append_text(printer->to, " { input: ");
        print_number(printer, settings->prices[i].input);
        buffer_append_text(printer->to, ", output: ");
        print_number(printer, settings->prices[i].output);
        buffer_append_text(printer->to, " }\n");
    }
    printer->indent -= 2;
}

void config_print_custom_dimensions(struct config_printer *printer, const struct option *row,
                                    const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    config_printer_row_key(printer, row);
    end_line(printer);
    printer->indent += 2;
    for (uint32_t i = 0; i < config->dimension_count; i++) {
        const struct dimension *dimension = &config->dimensions[i];
        if (dimension->source_count == 0)
            continue; /* A derived one. */
        config_printer_key(printer, dimension->name);
        buffer_append_byte(printer->to, ' ');
        config_printer_texts(printer, dimension->sources, dimension->source_count);
        end_line(printer);
    }
    printer->indent -= 2;
}

void config_print_custom_group_by(struct config_printer *printer, const struct option *row,
                                  const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, " [");
    for (uint32_t i = 0; i < config->grouping_count; i++) {
        struct bytes names[GROUPING_DIMENSIONS_MAX];
        for (uint32_t j = 0; j < config->groupings[i].count; j++)
            names[j] = config->dimension_names[config->groupings[i].dimensions[j]];
        buffer_append_text(printer->to, i > 0 ? ", " : "");
        config_printer_texts(printer, names, config->groupings[i].count);
    }
    buffer_append_text(printer->to, "]\n");
}

static void print_cohort(struct config_printer *printer, const struct pinned_config *pinned)
{
    const struct pipeline_config *config = printer->config;
    const struct grouping_config *grouping = &config->groupings[pinned->grouping];
    buffer_append_text(printer->to, "{ ");
    for (uint32_t i = 0; i < grouping->count; i++) {
        buffer_append_text(printer->to, i > 0 ? ", " : "");
        config_printer_text(printer, config->dimension_names[grouping->dimensions[i]]);
        buffer_append_text(printer->to, ": ");
        config_printer_text(printer, pinned->values[i]);
    }
    buffer_append_text(printer->to, " }");
}

void config_print_custom_pinned(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, " [");
    for (uint32_t i = 0; i < config->pinned_count; i++) {
        buffer_append_text(printer->to, i > 0 ? ", " : "");
        print_cohort(printer, &config->pinned[i]);
    }
    buffer_append_text(printer->to, "]\n");
}

void config_print_custom_alerts(struct config_printer *printer, const struct option *row,
                                const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, config->alert_count > 0 ? "\n" : " []\n");
    for (uint32_t i = 0; i < config->alert_count; i++)
        print_entry(printer, "cohorts.alerts[]", &config->alerts[i]);
}

void config_print_custom_alert_cohort(struct config_printer *printer, const struct option *row,
                                      const void *base)
{
    const struct alert_config *alert = base;
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    print_cohort(printer, &printer->config->pinned[alert->pinned]);
    end_line(printer);
}

void config_print_custom_burns(struct config_printer *printer, const struct option *row,
                               const void *base)
{
    const struct alert_config *alert = base;
    char factor[NUMBER_TEXT_SIZE];
    config_printer_row_key(printer, row);
    buffer_append_text(printer->to, alert->burn_count > 0 ? " { " : " {");
    for (uint32_t i = 0; i < alert->burn_count; i++) {
        number_format(factor, alert->burns[i].factor);
        buffer_printf(printer->to, "%s%s: [", i > 0 ? ", " : "", factor);
        config_value_print_duration(printer->to, alert->burns[i].long_ms);
        buffer_append_text(printer->to, ", ");
        config_value_print_duration(printer->to, alert->burns[i].short_ms);
        buffer_append_byte(printer->to, ']');
    }
    buffer_append_text(printer->to, alert->burn_count > 0 ? " }\n" : "}\n");
}

void config_print_custom_masks(struct config_printer *printer, const struct option *row,
                               const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    struct bytes masks[MASK_KINDS + REDACTION_REGEXES_MAX];
    uint32_t count = 0;
    for (uint32_t kind = 0; kind < MASK_CUSTOM; kind++)
        if (config->redaction.builtin[kind])
            masks[count++] = bytes_of_text(mask_kind_names[kind]);
    for (uint32_t i = 0; i < config->redaction.custom_count; i++)
        masks[count++] = config->redaction_regexes[i];
    config_printer_row_key(printer, row);
    buffer_append_byte(printer->to, ' ');
    config_printer_texts(printer, masks, count);
    end_line(printer);
}

void config_print_custom_properties(struct config_printer *printer, const struct option *row,
                                    const void *base)
{
    const char *const *properties = (const void *)((const char *)base + row->at - 1);
    uint32_t count = *(const uint32_t *)((const char *)base + row->count_at - 1);
    if (count == 0)
        return;
    config_printer_row_key(printer, row);
    end_line(printer);
    printer->indent += 2;
    for (uint32_t i = 0; i < count; i++) {
        bool is_masked = !kafka_property_is_plain(properties[2 * i]) && !printer->is_unmasked;
        config_printer_key(printer, bytes_of_text(properties[2 * i]));
        buffer_append_byte(printer->to, ' ');
        config_printer_text(printer, bytes_of_text(is_masked ? "********" : properties[2 * i + 1]));
        end_line(printer);
    }
    printer->indent -= 2;
}

void config_print_custom_exporters(struct config_printer *printer, const struct option *row,
                                   const void *base)
{
    (void)base;
    const struct pipeline_config *config = printer->config;
    config_printer_row_key(printer, row);
    end_line(printer);
    for (uint32_t i = 0; i < config->exporter_count; i++) {
        const struct exporter_config *exporter = &config->exporters[i];
        printer->indent += 2;
        config_printer_key(printer, bytes_of_text(exporter->name));
        end_line(printer);
        printer->indent += 2;
        config_printer_object(printer,
                              exporter->kind == EXPORTER_KAFKA ? "exporters.kafka/NAME"
                                                               : "exporters.file/NAME",
                              exporter);
        printer->indent -= 4;
    }
}
