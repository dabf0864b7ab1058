/* One question to the release gate, asked of the store. */
#pragma once
#include "pipelines/cohorts/release_gate.h"
#include "processor/base/repeated_gate.h"

/* A value for each of its dimensions; borrowed. */
struct release_gate_cohort {
    uint32_t count;
    struct bytes dimensions[COHORT_DIMENSIONS_MAX], values[COHORT_DIMENSIONS_MAX];
};

struct release_gate_question {
    struct release_gate_cohort cohort, baseline; /* baseline.count 0: none */
    struct release_gate_terms terms;
    struct bytes require; /* names of rules that must have had values, joined by commas */
    struct bytes window;  /* as it was written */
    int64_t window_ms, as_of_ms;
    bool is_repeated;   /* may be asked again and again; there is no window then */
    bool is_calibrated; /* by what reviewers said: who knows them decides (calibrated_gate.h) */
};

/* The fail rate by what reviewers said. */
struct release_gate_calibrated {
    const char *reason; /* why it is not known; NULL: it is */
    double fail_rate, low, high;
    double unreviewed; /* share of the runs whose verdict nobody has reviewed */
    int64_t reviewed;
    bool is_few, is_low_response;
};

/* What a rule of the configuration said of the cohort's runs. */
struct release_gate_rule {
    int64_t outcomes[COHORT_RULE_SUMS];
    int64_t with_value;
    bool is_required, is_lacking; /* a value in less than min_scored of the runs */
};

/* `baseline` is the cohort with the dimensions of `question.baseline` put over its own. When it
 * adds a dimension, the cohort itself is everything but the baseline, so that no trajectory stands
 * on both sides. */
struct release_gate_answer {
    struct release_gate_cohort baseline_cohort;
    struct release_gate_rate cohort, baseline;
    struct release_gate_decision decision; /* of the cohort alone */
    struct release_gate_comparison comparison;
    enum release_gate_outcome outcome;         /* of all */
    struct release_gate_calibrated calibrated; /* of is_calibrated */
    int64_t overflow; /* trajectories under __other__, where the cohort's own may be, too */
    double settled_passed, settled_failed; /* of is_repeated: runs that no revision changes */
    struct repeated_evidence evidence;
    uint32_t rule_count; /* of the configuration, in its order */
    struct release_gate_rule rules[RULES_MAX];
};
/* Errors as cohort_report_query(); MALFORMED (EXIT_USAGE) also for a question that makes no
 * sense. */
MUST_CHECK enum status release_gate_ask(struct store *store, const struct pipeline_config *config,
                                        const struct release_gate_question *question,
                                        struct release_gate_answer *ret_answer,
                                        struct error *ret_error);
