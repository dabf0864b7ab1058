/* The rates of a cohort: sums of cells of its classes (state/cohorts/classes.h), one way for the
 * report, the metrics, the release gate and the alerts.
 *   fail_rate        P of processor/base/fail_rate.h: condemned runs, and the failed of the judged
 *   known_fail_rate  failed of all runs, a floor: who was not judged counts as not failed */
#pragma once
#include "pipelines/config/config.h"
#include "processor/base/fail_rate.h"
#include "state/cohorts/bucket.h"

struct cohort_rate_terms {
    double confidence;      /* two-sided, in (0, 1) */
    bool is_strict;         /* a borderline counts as failed */
    bool may_condemn;       /* false: no rule could, and the condemned share has no width */
    bool is_missing_failed; /* a run without an awaited score counts as failed */
    double largest_weight;  /* of the grouping since start; that of the sums counts too */
};

struct cohort_rates {
    int64_t total, unclassed; /* of all; of an earlier version, in none of what follows */
    int64_t scored, condemned;
    /* Runs for which a rule waited for a score in vain; of these, those that no rule condemned:
     * only they bias the rate, for what is condemned needs no judge. */
    int64_t missing, missing_open;
    double scored_share; /* weighted, of the classed; 0 without one */
    double judged_share; /* the same, of those that no rule condemned; 1 when all are condemned */
    double missing_share; /* the same, without an awaited score */
    struct fail_rate_sums sums;
    struct fail_rate fail; /* is_known: false where nobody judged */
    double low, high;
    struct fail_rate_share known; /* is_known: there is a run with a class */
    double known_low, known_high;
    double borderline; /* of the classed: runs that are not failed, and that people should see */
};
struct cohort_rates cohort_rates_of(const struct cohort_bucket *sums,
                                    const struct cohort_rate_terms *terms);
/* Of a configuration: 95 %, not strict. `config` may be NULL. */
struct cohort_rate_terms cohort_rates_terms(const struct pipeline_config *config,
                                            double largest_weight);
