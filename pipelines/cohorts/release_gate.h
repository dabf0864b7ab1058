/* Is a cohort good enough? Three answers, for CI and for alerts:
 *   pass          the lower bound of the pass rate reaches the target
 *   fail          the upper bound is below the target, or the cohort is worse than its baseline
 *   insufficient  too little is known to say either, and how much more is needed
 * The interval is Wilson's with Kish's effective n; a baseline is compared by Newcombe's interval of
 * the difference. */
#pragma once
#include "pipelines/config/config.h"
#include "state/cohorts/cohort_query.h"

enum gate_outcome { GATE_PASS, GATE_FAIL, GATE_INSUFFICIENT };
extern const char *const gate_outcome_names[];

struct gate_terms {
    double min_pass_rate; /* in [0, 1] */
    double confidence;    /* two-sided, in (0, 1) */
    double min_scored;    /* share of the trajectories that must have been scored */
    bool is_strict;       /* a borderline counts as not passed */
};

enum gate_reason {
    GATE_REACHED,
    GATE_BELOW,
    GATE_NO_TRAJECTORY,
    GATE_FEW_SCORED, /* the share of scored ones is below min_scored */
    GATE_UNDECIDED,  /* the target lies within the interval */
};
extern const char *const gate_reason_names[];

/* What is known of one cohort. Rates and bounds mean nothing while `scored` is 0. */
struct gate_rate {
    int64_t verdicts[COHORT_VERDICTS], total, scored;
    double scored_share; /* 0 without a trajectory */
    double n_effective, pass_rate, low, high;
};
struct gate_rate gate_rate_of(const struct cohort_bucket *sums, const struct gate_terms *terms);

struct gate_decision {
    enum gate_outcome outcome;
    enum gate_reason reason;
    /* More scored trajectories until it is decided, if the rate stays; without any: if all pass.
     * UINT64_MAX: no number within reach would decide it. 0 unless insufficient. */
    uint64_t needed;
};
struct gate_decision gate_decide(const struct gate_rate *rate, const struct gate_terms *terms);

/* --- against a baseline --- */

enum gate_change { GATE_SAME, GATE_REGRESSION, GATE_IMPROVEMENT, GATE_UNKNOWN };
extern const char *const gate_change_names[];

struct gate_comparison {
    enum gate_change change;      /* GATE_UNKNOWN: either side has too little scored */
    double difference, low, high; /* of the pass rates, cohort - baseline */
};
struct gate_comparison gate_compare(const struct gate_rate *cohort,
                                    const struct gate_rate *baseline,
                                    const struct gate_terms *terms);

/* --- cohorts as people write them --- */

/* DIM=VALUE[,DIM=VALUE]; `\` takes the next character as it is, so that values may hold commas and
 * backslashes (`\,` `\\`). White space around names and values is left out. */
struct gate_cohort {
    uint32_t count;
    struct bytes dimensions[COHORT_DIMENSIONS_MAX], values[COHORT_DIMENSIONS_MAX];
};
/* Texts live in the arena. `option` names the origin in the error (EXIT_USAGE). */
MUST_CHECK enum status gate_cohort_parse(const char *option, struct bytes text, struct arena *arena,
                                         struct gate_cohort *ret_cohort, struct error *ret_error);

struct gate_question {
    struct gate_cohort cohort, baseline; /* baseline.count 0: none */
    struct gate_terms terms;
    struct bytes window; /* as it was written */
    int64_t window_ms, as_of_ms;
};

/* `baseline` is the cohort with the dimensions of `question.baseline` put over its own. When it
 * adds a dimension, the cohort itself is everything but the baseline, so that no trajectory stands
 * on both sides. */
struct gate_answer {
    struct gate_cohort baseline_cohort;
    struct gate_rate cohort, baseline;
    struct gate_decision decision; /* of the cohort alone */
    struct gate_comparison comparison;
    enum gate_outcome outcome; /* of all */
    int64_t overflow; /* trajectories under __other__, where the cohort's own may be, too */
};
/* Errors as cohort_report_query(). */
MUST_CHECK enum status gate_ask(struct store *store, const struct pipeline_config *config,
                                const struct gate_question *question,
                                struct gate_answer *ret_answer, struct error *ret_error);

void gate_write_json(const struct gate_question *question, const struct gate_answer *answer,
                     struct buffer *to);
void gate_write_text(const struct gate_question *question, const struct gate_answer *answer,
                     struct buffer *to);
