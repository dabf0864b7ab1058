/* What all differences come to: by verdict, by rule, by cohort. Filled pair by pair, printed once.
 * Bounded: beyond DIFF_COHORTS_MAX cohorts the rest is one row. */
#pragma once
#include "pipelines/config/config.h"
#include "state/store/key_index.h"

enum { DIFF_COHORTS_MAX = 100000, OUTCOME_ABSENT = OUTCOMES };

enum diff_change { DIFF_SAME, DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED, DIFF_CHANGES };
extern const char *const diff_change_names[DIFF_CHANGES];

struct diff_cohort {
    char *text; /* "intent=refund, release=1.4" */
    uint64_t runs, fails[2], changes[DIFF_CHANGES];
};

struct diff_rule { /* by name, whichever file has it */
    struct bytes name;
    uint64_t outcomes[OUTCOMES + 1][OUTCOMES + 1]; /* before, after */
};

struct diff_summary {
    uint64_t changes[DIFF_CHANGES];
    uint64_t verdicts[VERDICTS + 1][VERDICTS + 1]; /* before, after; the last: not decided */
    struct diff_rule *rules;
    uint32_t rule_count;
    struct key_index index; /* hash of grouping and text -> cohort */
    struct diff_cohort *cohorts;
    uint32_t cohort_capacity;
};

/* The rules of both files. False: no memory. */
MUST_CHECK bool diff_summary_init(struct diff_summary *summary, const struct ruleset *before,
                                  const struct ruleset *after, bool has_regressions);
void diff_summary_finish(struct diff_summary *summary);
/* The number of the cohort; DIFF_COHORTS_MAX stands for all others. */
uint32_t diff_summary_cohort(struct diff_summary *summary, const struct pipeline_config *config,
                             uint32_t grouping, const struct bytes *dimension_values);
struct diff_rule *diff_summary_rule(struct diff_summary *summary, struct bytes name);
/* A few tables. */
void diff_summary_write(const struct diff_summary *summary, struct buffer *to);
