/* Is a cohort good enough? Three answers, for CI and for alerts:
 *   pass          the lower bound of the pass rate reaches the target
 *   fail          the upper bound is below the target, or the cohort is worse than its baseline
 *   insufficient  too little is known to say either, and how much more is needed
 * The pass rate is 1 - P (cohorts/rates.h). What passes is guarded against mixed weights, what
 * fails is exact where there are few runs, so the two bounds are not those of one interval; a
 * baseline is compared by the interval of the difference. */
#pragma once
#include "pipelines/cohorts/rates.h"
#include "pipelines/config/config.h"
#include "state/cohorts/query.h"

enum release_gate_outcome { RELEASE_GATE_PASS, RELEASE_GATE_FAIL, RELEASE_GATE_INSUFFICIENT };
extern const char *const release_gate_outcome_names[];

struct release_gate_terms {
    double min_pass_rate;   /* in [0, 1] */
    double confidence;      /* two-sided, in (0, 1) */
    double min_scored;      /* share of the trajectories that must have been scored */
    double max_missing;     /* share of what no rule condemned that may lack an awaited score */
    bool is_missing_failed; /* those count as failed, in place of making it insufficient */
    bool is_strict;         /* a borderline counts as not passed */
    bool takes_known;       /* of an alert: where nobody judged, by what is known to have failed */
    bool may_condemn;       /* by the configuration */
    double largest_weight;  /* of the grouping */
};

enum release_gate_reason {
    RELEASE_GATE_REACHED,
    RELEASE_GATE_BELOW,
    RELEASE_GATE_NO_TRAJECTORY,
    RELEASE_GATE_NO_JUDGE,     /* no rule that can pass a run had a value */
    RELEASE_GATE_FEW_SCORED,   /* the share of scored ones is below min_scored */
    RELEASE_GATE_RULE,         /* a required rule had a value too seldom */
    RELEASE_GATE_MISSING,      /* too many awaited scores did not come */
    RELEASE_GATE_UNDECIDED,    /* the target lies within the interval */
    RELEASE_GATE_SAMPLED,      /* --repeated: weights other than 1 */
    RELEASE_GATE_UNCALIBRATED, /* --calibrated: reviews say no rate */
};
extern const char *const release_gate_reason_names[];

/* What is known of one cohort. Bounds mean nothing while `is_known` is false. */
struct release_gate_rate {
    int64_t verdicts[COHORT_VERDICTS], total, scored;
    int64_t counted; /* runs that the rate rests on */
    struct cohort_rates rates;
    bool is_known;
    double n_effective, pass_rate;
    double low, high;                   /* that decide */
    double reported_low, reported_high; /* of one interval */
    bool has_if_missing;
    double if_missing_failed; /* the fail rate then */
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
    RELEASE_GATE_UNKNOWN,
    RELEASE_GATE_SHARE_MOVED, /* so different shares were scored that the rates can't be compared */
};
extern const char *const release_gate_change_names[];

struct release_gate_comparison {
    enum release_gate_change change; /* RELEASE_GATE_UNKNOWN: either side has too little scored */
    double difference, low, high;    /* of the pass rates, cohort - baseline */
};
struct release_gate_comparison release_gate_compare(const struct release_gate_rate *cohort,
                                                    const struct release_gate_rate *baseline,
                                                    const struct release_gate_terms *terms);
