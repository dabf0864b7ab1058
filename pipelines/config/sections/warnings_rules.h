/* Of warnings those about rules and the names in them. */
#pragma once
#include "pipelines/config/loader.h"

/* Does a rule or a condition name this measurement? A name that ends in `.` stands for all that begin
 * so. */
bool warnings_names_measurement(const struct ruleset *ruleset, const char *name);
void warnings_find_in_rules(struct config_loader *loader);
