/* `rules`: what a run is judged by. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_rules_load_measures, config_rules_load_when,
    config_rules_load_judges; /* of one rule */
/* All of them, once the dimensions are known that `when` may name. */
void config_rules_load(struct config_loader *loader);
