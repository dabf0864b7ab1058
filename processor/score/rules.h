/* Is a rule valid, does it judge, and what do the names in a ruleset stand for. */
#pragma once
#include "processor/score/ruleset.h"

/* NULL when the bands make sense; else one sentence why not ("fail_below must not be above
 * borderline_below"). */
const char *rule_check(const struct rule *rule);
/* A pass is evidence for the run when the value came from a measurement that judges (a run is not
 * good because it was fast) and could have failed: a rule with a band alone sends runs to people.
 * `measure` is a place in the rule's list. */
bool rule_may_judge(const struct rule *rule, uint32_t measure);
/* Can a fail (or, `is_strict`, a borderline) of it come from a measurement that only condemns? */
bool rule_may_condemn(const struct rule *rule, bool is_strict);
/* Of any rule. */
bool rules_may_condemn(const struct ruleset *ruleset, bool is_strict);
/* Does a fail of it fail a row in a gate over a dataset? What the file says, else where it reads
 * Groundedness, ContextRelevance, GroundTruthMatch or ToolSelectionAccuracy, imported or built in. */
bool rule_counts_in_gate(const struct rule *rule);
/* Sets needs_content from its rules and expressions, and numbers the measurements that they name,
 * so that a run looks none of them up. Without it a ruleset works, only slower. False: out of
 * memory. */
bool rules_prepare(struct ruleset *ruleset);
