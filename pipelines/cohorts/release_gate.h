/* Is a cohort good enough? Three answers, for CI and for alerts:
 *   pass          the lower bound of the pass rate reaches the target
 *   fail          the upper bound is below the target, or the cohort is worse than its baseline
 *   insufficient  too little is known to say either, and how much more is needed
 * The interval is Wilson's with Kish's effective n; a baseline is compared by Newcombe's interval
 * of the difference. */
#pragma once
#include "pipelines/config/config.h"
#include "state/cohorts/query.h"

enum release_gate_outcome { RELEASE_GATE_PASS, RELEASE_GATE_FAIL, RELEASE_GATE_INSUFFICIENT };
extern const char *const release_gate_outcome_names[];

struct release_gate_terms {
    double min_pass_rate; /* in [0, 1] */
    double confidence;    /* two-sided, in (0, 1) */
    double min_scored;    /* share of the trajectories that must have been scored */
    bool is_strict;       /* a borderline counts as not passed */
};

enum release_gate_reason {
    RELEASE_GATE_REACHED,
    RELEASE_GATE_BELOW,
    RELEASE_GATE_NO_TRAJECTORY,
    RELEASE_GATE_FEW_SCORED, /* the share of scored ones is below min_scored */
    RELEASE_GATE_UNDECIDED,  /* the target lies within the interval */
};
extern const char *const release_gate_reason_names[];

/* What is known of one cohort. Rates and bounds mean nothing while `scored` is 0. */
struct release_gate_rate {
    int64_t verdicts[COHORT_VERDICTS], total, scored;
    double scored_share; /* 0 without a trajectory */
    double n_effective, pass_rate, low, high;
};
struct release_gate_rate release_gate_rate_of(const struct cohort_bucket *sums,
                                              const struct release_gate_terms *terms);

struct release_gate_decision {
    enum release_gate_outcome outcome;
    enum release_gate_reason reason;
    /* More scored trajectories until it is decided, if the rate stays; without any: if all pass.
     * UINT64_MAX: no number within reach would decide it. 0 unless insufficient. */
    uint64_t needed;
};
struct release_gate_decision release_gate_decide(const struct release_gate_rate *rate,
                                                 const struct release_gate_terms *terms);

/* --- against a baseline --- */

enum release_gate_change {
    RELEASE_GATE_SAME,
    RELEASE_GATE_REGRESSION,
    RELEASE_GATE_IMPROVEMENT,
    RELEASE_GATE_UNKNOWN
};
extern const char *const release_gate_change_names[];

struct release_gate_comparison {
    enum release_gate_change change; /* RELEASE_GATE_UNKNOWN: either side has too little scored */
    double difference, low, high;    /* of the pass rates, cohort - baseline */
};
struct release_gate_comparison release_gate_compare(const struct release_gate_rate *cohort,
                                                    const struct release_gate_rate *baseline,
                                                    const struct release_gate_terms *terms);

/* --- one question --- */

/* A value for each of its dimensions; borrowed. */
struct release_gate_cohort {
    uint32_t count;
    struct bytes dimensions[COHORT_DIMENSIONS_MAX], values[COHORT_DIMENSIONS_MAX];
};

struct release_gate_question {
    struct release_gate_cohort cohort, baseline; /* baseline.count 0: none */
    struct release_gate_terms terms;
    struct bytes window; /* as it was written */
    int64_t window_ms, as_of_ms;
};

/* `baseline` is the cohort with the dimensions of `question.baseline` put over its own. When it
 * adds a dimension, the cohort itself is everything but the baseline, so that no trajectory stands
 * on both sides. */
struct release_gate_answer {
    struct release_gate_cohort baseline_cohort;
    struct release_gate_rate cohort, baseline;
    struct release_gate_decision decision; /* of the cohort alone */
    struct release_gate_comparison comparison;
    enum release_gate_outcome outcome; /* of all */
    int64_t overflow; /* trajectories under __other__, where the cohort's own may be, too */
};
/* Errors as cohort_report_query(). */
MUST_CHECK enum status release_gate_ask(struct store *store, const struct pipeline_config *config,
                                        const struct release_gate_question *question,
                                        struct release_gate_answer *ret_answer,
                                        struct error *ret_error);
