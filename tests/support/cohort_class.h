/* The class of a run that a judge alone decided, by its verdict. */
#pragma once
#include "state/cohorts/bucket.h"

static inline struct cohort_class judged_class(uint8_t verdict)
{
    static const uint8_t judged[COHORT_VERDICTS] = {
        [COHORT_PASS] = 1, [COHORT_BORDERLINE] = 2, [COHORT_FAIL] = 3, [COHORT_UNSCORED] = 0};
    return (struct cohort_class){.judged = judged[verdict], .is_known = true};
}

/* Runs that a judge failed. */
static inline struct weighted_count judged_failed(const struct cohort_bucket *sums)
{
    return cohort_classes_sum(&sums->classes, 0, COHORT_CONDEMNED - 1, 3, 3);
}

static inline struct weighted_count all_scored(const struct cohort_bucket *sums)
{
    return cohort_classes_sum(&sums->classes, 0, COHORT_CONDEMNED - 1, 1, COHORT_JUDGED - 1);
}
