/* Is a candidate good enough on a frozen set of rows? Pure: outcomes of rows in, one answer for each
 * suite out.
 *
 *   row:   missing | failed | passed (all, any, or K of its runs passed); flaky: some did, some did not
 *   suite: rows of a cohort -> share that passed, against the target
 *     set          the rows are all there is: passed / rows, exact
 *     population   they stand for more: Wilson's lower bound passes; the upper one fails, exact below
 *                  50 rows; between them it is insufficient
 *
 * Beside the share: failed critical rows, and against a baseline critical rows that fail anew. */
#pragma once
#include "processor/base/statistics.h"

enum gate_row_outcome { GATE_MISSING, GATE_FAILED, GATE_PASSED, GATE_ROW_OUTCOMES };
extern const char *const gate_row_outcome_names[GATE_ROW_OUTCOMES];

struct gate_row_result {
    uint32_t runs, passed;
    enum gate_row_outcome outcome;
    bool is_flaky;
    bool is_unjudged; /* it passed, and nothing was held against it */
};

enum { GATE_REPEATS_ALL = 0, GATE_REPEATS_ANY = 1 }; /* else: so many runs must pass */

struct gate_terms {
    double min_pass_rate, confidence;
    bool is_population;
    bool is_missing_insufficient; /* a row without a run makes it insufficient; else it fails */
    uint32_t repeats;
    uint32_t critical_max; /* failed critical rows that are allowed */
};

/* By the runs of it. */
void gate_row_conclude(struct gate_row_result *result, uint32_t repeats);

enum gate_outcome { GATE_PASS, GATE_FAIL, GATE_INSUFFICIENT, GATE_OUTCOMES };
extern const char *const gate_outcome_names[GATE_OUTCOMES];

enum gate_reason {
    GATE_REACHED,
    GATE_BELOW,
    GATE_CRITICAL,       /* more failed critical rows than allowed */
    GATE_NEWLY_CRITICAL, /* a critical row that the baseline passed */
    GATE_NO_ROWS,
    GATE_ROWS_MISSING, /* rows without a run could decide it */
    GATE_UNDECIDED,    /* the target lies within the interval */
    GATE_REASONS
};
extern const char *const gate_reason_names[GATE_REASONS];

/* Of the same rows, twice. Rows without a run on either side are no pairs. */
struct gate_pairs {
    uint32_t both, newly_passing, newly_failing, neither, unpaired, newly_failing_critical;
    double p, p_worse; /* exact McNemar */
    double difference; /* candidate - baseline, of the pairs */
    struct interval interval;
};

struct gate_suite_answer {
    enum gate_outcome outcome;
    enum gate_reason reason;
    uint32_t rows, passed, failed, missing, flaky, unjudged, critical, critical_failed;
    double pass_rate;         /* of all rows; 0 without one */
    struct interval interval; /* Wilson, of the rows that count */
    double high;              /* that decides */
    uint64_t needed;          /* rows in all, until it is decided at this rate; UINT64_MAX: never */
    bool has_pairs;
    struct gate_pairs pairs;
};

/* What of a row a suite looks at. */
struct gate_member {
    const struct gate_row_result *result, *baseline; /* baseline NULL: there is none */
    bool is_critical;
};
void gate_suite_decide(const struct gate_member *members, uint32_t count,
                       const struct gate_terms *terms, struct gate_suite_answer *ret_answer);
/* Of all suites: the worst; fail above insufficient above pass. No suite: insufficient. */
enum gate_outcome gate_outcome_of(const struct gate_suite_answer *suites, uint32_t count);
