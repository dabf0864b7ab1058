/* The sums of a window as the report reads them: weights have grown by what was not reviewed. */
#pragma once
#include "pipelines/config/config.h"
#include "pipelines/review/calibration_scope.h"
#include "processor/base/poststratify.h"
#include "state/store/key_index.h"

enum { CALIBRATION_RULESETS_MAX = 64 };

struct calibration_counts { /* of one verdict */
    struct weighted_count all, bad;
};

struct calibration_scope_sums {
    struct calibration_counts verdicts[CALIBRATION_VERDICTS];
};

struct calibration_rule_sums {
    uint32_t name; /* summary_rule_name() */
    bool has_own;
    struct calibration_rule_counts { /* reviewed runs of a verdict */
        struct weighted_count all, fired;
        struct weighted_count bad_fired, bad_missed;
        struct weighted_count own_all; /* of those that could be given its own label */
        struct weighted_count own_fired, own_given_fired, own_given_missed;
    } verdicts[CALIBRATION_VERDICTS];
};

struct calibration_queue_class {
    struct response_class class; /* of all days: day 0 */
    int64_t not_due;
};

struct calibration_sums {           /* owns what is below; calibration_sums_finish() */
    struct response_class *classes; /* sorted, with their factors; `eligible` is what is due */
    size_t class_count, class_capacity;
    struct calibration_queue_class *queue_classes;
    size_t queue_class_count, queue_class_capacity;
    struct key_index scopes; /* by scope: index of */
    struct calibration_scope_sums *scope_sums;
    size_t scope_capacity;
    struct calibration_rule_sums *rules;
    size_t rule_count, rule_capacity;
    uint8_t rulesets[CALIBRATION_RULESETS_MAX][CALIBRATION_RULESET_SIZE]; /* beyond: not told */
    uint32_t ruleset_count;
    bool is_whole; /* false: items are still being counted */
    bool failed;   /* out of memory */
};

MUST_CHECK enum status calibration_sums_read(struct store *store,
                                             const struct review_settings *settings,
                                             int64_t from_day, int64_t to_day, int64_t now_ms,
                                             struct calibration_sums *ret_sums);
/* NULL: no reviewed run of it. */
const struct calibration_scope_sums *
calibration_sums_scope(const struct calibration_sums *sums,
                       const uint8_t scope[CALIBRATION_SCOPE_SIZE]);
const struct calibration_rule_sums *calibration_sums_rule(const struct calibration_sums *sums,
                                                          uint32_t name);
/* How many chosen runs a reviewed one of a class of that day stands for, itself included. */
double calibration_sums_factor(const struct calibration_sums *sums, int64_t day,
                               const struct calibration_class *class);
void calibration_sums_finish(struct calibration_sums *sums);
