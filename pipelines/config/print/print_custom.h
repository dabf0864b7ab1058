/* Printers of the rows that have no fixed shape: the counterparts of their loaders. */
#pragma once
#include "pipelines/config/print/printer.h"

option_print_fn config_print_custom_rules, config_print_custom_measures, config_print_custom_when,
    config_print_custom_judges, config_print_custom_list, config_print_custom_expectations,
    config_print_custom_prices, config_print_custom_dimensions, config_print_custom_group_by,
    config_print_custom_pinned, config_print_custom_alerts, config_print_custom_alert_cohort,
    config_print_custom_burns, config_print_custom_masks, config_print_custom_properties,
    config_print_custom_exporters;
