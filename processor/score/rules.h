/* Is a rule valid, does it judge, and what do the names in a ruleset stand for. */
#pragma once
#include "processor/score/ruleset.h"

/* NULL when the bands make sense; else one sentence why not ("fail_below must not be above
 * borderline_below"). */
const char *rule_check(const struct rule *rule);
/* A rule judges unless all its measurements are structure or route ones: a run is not good because
 * it was fast. */
bool rule_judges_by_default(const struct rule *rule);
/* Sets needs_content from its rules and expressions, and numbers the measurements that they name,
 * so that a run looks none of them up. Without it a ruleset works, only slower. False: out of
 * memory. */
bool rules_prepare(struct ruleset *ruleset);
