/* What reviews say of all runs: the calibrated fail rate of all and of each cohort, what each rule's word
 * is worth, and who was chosen and not reviewed. `flywheel calibrate` and GET /api/v1/calibration:
 *
 *   shares of the machine's verdicts   state/cohorts, of the same days  \
 *   sums of 1/pi of what was reviewed  state/tables/calibration          >  poststratify.h
 *   items chosen, reviewed, not due    the same; the newest items       /
 *
 * A review counts by its first verdict, made before the machine's was shown (calibration_tally.c). What
 * is not known is null with its reason. Days are those of the runs, UTC. Read in short transactions, so
 * beside a running daemon and from any thread. No names of persons. */
#pragma once
#include "pipelines/cohorts/report.h"
#include "pipelines/review/calibration_sums.h"

enum {
    CALIBRATION_REVIEWS_MIN = 20, /* with fewer a cohort has no rate of its own */
    CALIBRATION_DAYS_MIN = 3, /* of a window: shorter ones of the cohort store are no whole days */
};
#define CALIBRATION_RESPONSE_MIN 0.5 /* below it a figure is marked */
#define CALIBRATION_CONFIDENCE 0.95

struct calibration_request {
    struct cohort_report_request cohorts; /* window and time */
    double confidence;
    int64_t from_day, to_day;
    struct bytes rule;     /* absent: all */
    uint32_t cohort_count; /* 0: all cohorts */
    struct bytes names[COHORT_DIMENSIONS_MAX], values[COHORT_DIMENSIONS_MAX];
};

/* Absent texts take the default: 28d, all rules, all cohorts. A cohort is what `flywheel gate` takes.
 * MALFORMED with `ret_error` (EXIT_USAGE). */
MUST_CHECK enum status calibration_parse(struct bytes window, struct bytes rule,
                                         struct bytes cohort, const struct pipeline_config *config,
                                         int64_t now_ms, struct arena *arena,
                                         struct calibration_request *ret_request,
                                         struct error *ret_error);

/* The days of its window and time. False with `ret_error` (EXIT_USAGE). */
MUST_CHECK bool calibration_find_days(struct calibration_request *request, struct error *ret_error);

struct calibration_rate {
    const struct calibration_grouping *grouping; /* NULL: all runs */
    const struct bytes *values;
    int64_t runs;
    struct poststratum strata[CALIBRATION_VERDICTS];
    struct poststratified calibrated;
    const char *reason;   /* why there is no rate of its own; NULL: there is one */
    uint32_t parent;      /* among the rates, of fewer dimensions; 0: all runs */
    bool is_low_response; /* of some verdict it has runs of, less than half was reviewed */
};

/* A share among reviewed runs, with how many of them it is made of. */
struct calibration_share {
    struct estimate share;
    int64_t n;          /* reviewed runs in its denominator */
    double n_effective; /* 0: not said */
    bool is_few;
    const char *reason; /* when it is not known */
};

struct calibration_rule_report {
    struct bytes rule;
    int64_t reviewed, fired, bad; /* reviewed runs that it had judged or could have */
    struct calibration_share precision, recall, lift;
    bool has_own; /* it has a label that reviewers can give */
    struct calibration_share own_precision, own_recall;
};

struct calibration { /* owns what is below; calibration_finish() */
    struct arena arena;
    struct calibration_sums sums;
    const char *traffic_reason;     /* why shares of traffic are not known; NULL: they are */
    struct calibration_rate *rates; /* the first: all runs; then by grouping, most runs first */
    uint32_t rate_count;
    uint32_t asked; /* the rate of request.cohort; 0: none was asked for */
    struct calibration_rule_report *rules;
    uint32_t rule_count;
    struct item_queue queues[ITEM_QUEUES_MAX];
    uint32_t queue_count;
};

MUST_CHECK enum status calibration_read(struct store *store, const struct pipeline_config *config,
                                        const struct calibration_request *request,
                                        struct calibration *ret_calibration,
                                        struct error *ret_error);
void calibration_finish(struct calibration *calibration);

/* --- who was chosen and not reviewed --- */

/* The name of the queue, as far as it is known. */
struct bytes calibration_queue(const struct calibration *calibration, uint64_t queue);
/* What is reviewed of a queue in sample order is a sample: its ratio is no cause for concern. */
bool calibration_is_sampled(const struct pipeline_config *config, struct bytes queue);
/* Reviewed / eligible of what is due; -1: nothing is. */
double calibration_response(const struct calibration_queue_class *class);
