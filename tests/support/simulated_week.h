/* A week of runs in virtual time: 40 cohorts with known fail rates, two of which get worse on the
 * way and one of which is quiet, through cohorts, intervals, alerts and selection as the daemon has
 * them. Says what share of the intervals holds the true rate, how long a regression goes unnoticed,
 * what fires without cause, and whether the queue tells the truth about what did not enter it. */
#pragma once
#include <stdio.h>

#include "state/tables/alert.h"

enum { WEEK_COHORTS = 40, WEEK_REGRESSIONS = 2, WEEK_STRATA = 3 };

struct week_plan {
    uint64_t runs, seed;
    int tick_minutes; /* between commits; an hour is a multiple of it */
    double
        late_share; /* of the runs: their score comes a tick after their verdict, which is revised */
};

struct week_regression {
    uint32_t cohort;
    double from, to; /* fail rates */
    int64_t onset_ms;
    bool is_noticed;
    int64_t delay_ms;
    uint64_t delay_runs; /* scored ones of the cohort */
};

struct week_report {
    uint64_t runs, scored, revised;
    uint64_t intervals, covered;                   /* hourly, n >= 30, by cohort */
    uint64_t weighted_intervals, weighted_covered; /* those of cohorts with sampled runs */
    uint64_t quiet_runs; /* scored, of cohorts whose rate does not change (or has not) */
    uint32_t false_alarms[ALERT_KINDS];
    uint32_t records, quiet_records; /* all; those of the quiet cohort */
    struct week_regression regressions[WEEK_REGRESSIONS];
    struct week_stratum { /* from the queue alone, against the truth */
        const char *name;
        double truth, estimate, deviation; /* runs; standard deviation of the estimate */
        uint64_t emitted;
    } strata[WEEK_STRATA];
};

void week_run(const struct week_plan *plan, struct week_report *ret_report);
void week_print(const struct week_report *report, FILE *to);
