/* Alerts of pinned cohorts: burn rates, and what the parts of an alert say together. */
#pragma once
#include "pipelines/config/loader.h"

option_load_fn config_alerts_load_burns;
/* Refuses what can never fire; takes the default burn rates when the file has none. */
void config_alerts_check(struct config_loader *loader, const struct config_node *node,
                         struct alert_config *alert);
