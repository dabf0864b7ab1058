/* `measurements`: the settings that have no fixed keys, and what they say together. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_measurements_load_list, config_measurements_load_argument_match,
    config_measurements_load_expectations, config_measurements_load_prices;
void config_measurements_check(struct config_loader *loader);
