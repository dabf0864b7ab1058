/* Which verdicts become review work, and with what probability. Hash-stable: u = first 53 bits of
 * SHA-256 of the trajectory id / 2^53, emitted when u < p, so that replays and instances agree. */
#pragma once
#include "processor/verdict.h"

struct selection_policy {
    double share[VERDICTS];   /* fail 1, borderline 1, unscored 0, pass 0.01 */
    uint32_t new_cohort;      /* at least the first k of a cohort never seen; 0 */
    uint32_t control_per_day; /* records of the control stratum that a day should have; 10 */
};

/* Why a trajectory did not become review work. */
enum skip_reason {
    SKIP_NONE,
    SKIP_PASS,             /* a pass outside the control share */
    SKIP_UNSCORED,         /* unscored, outside its share */
    SKIP_SHARE,            /* failed or borderline, outside its share */
    SKIP_NO_AGENT,         /* an evaluator's own trace */
    SKIP_BUDGET,           /* within its share, outside what the budget of the hour leaves of it */
    SKIP_SIGNATURE_BUDGET, /* likewise, of the budget of its failure signature */
    SKIP_ERASED,           /* it was erased, and came again */
    SKIP_REGRESSION_PACE,  /* it failed a row of the regression set; its hour has had enough such */
    SKIP_REASONS
};
extern const char *const skip_reason_names[SKIP_REASONS];

struct selection {
    bool is_emitted;
    enum skip_reason skipped; /* when not emitted */
    double probability;
    bool is_control; /* a pass chosen as control */
    bool is_unscored;
};

/* The most that the budgets in force allow; 1 each: no budget. And the least share of the control
 * stratum, which a budget still limits; 0: none. */
struct selection_limits {
    double stratum, signature;
    double control;
};

/* The u of a trajectory, in [0, 1). */
double select_u(const uint8_t trace_id[TRACE_ID_SIZE]);
/* The share of a verdict, within [0, 1]; of the control stratum, passed and unscored runs, at least
 * `control`. */
double select_share(const struct selection_policy *policy, double control, enum verdict verdict);
/* The control share that brings control_per_day records when a day has as many runs of the stratum
 * as the day before, 0: none is known. */
double select_control(const struct selection_policy *policy, uint64_t runs);
/* By share alone. */
struct selection select_run(const struct selection_policy *policy,
                            const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict);
/* By the smallest of share and budgets. */
struct selection select_within(const struct selection_policy *policy,
                               const struct selection_limits *limits,
                               const uint8_t trace_id[TRACE_ID_SIZE], enum verdict verdict);
