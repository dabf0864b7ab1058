/* The table that every rate of a cohort is a sum of. A run's class is what the rules that only
 * condemn said of it at worst, and what those that judge said:
 *
 *                        judged:  no value | pass | borderline | fail
 *   condemned: no                          |      |            |
 *              borderline                  |      |            |
 *              fail                        |      |            |
 *
 * Plain sums: tables add up in any order, and what is taken back leaves exactly. */
#pragma once
#include "processor/base/fail_rate.h"
#include "state/store/value.h"

enum { COHORT_CONDEMNED = 3, COHORT_JUDGED = 4 }; /* the caller's numbers, the worst last */

struct cohort_class {
    uint8_t condemned, judged;
    bool is_known;   /* false: decided by a version that did not say */
    bool is_missing; /* an awaited score did not come */
};

struct cohort_classes {
    struct weighted_count cells[COHORT_CONDEMNED][COHORT_JUDGED];
};

/* `sign` -1 takes back what was added. A run without a known class is in no cell. */
void cohort_classes_add(struct cohort_classes *classes, const struct cohort_class *of,
                        double weight, int sign);
void cohort_classes_merge(struct cohort_classes *into, const struct cohort_classes *from);
/* For a whole table, not a delta: a cell without a run has sums of exactly 0, whatever rounding has
 * left behind. */
void cohort_classes_settle(struct cohort_classes *classes);
/* Of the cells from `condemned_from` to `condemned_to` and likewise `judged`, both included. */
struct weighted_count cohort_classes_sum(const struct cohort_classes *classes, int condemned_from,
                                         int condemned_to, int judged_from, int judged_to);

/* be16 bits of the cells that follow | each: signed n, heavy, double weight, weight_squared */
void cohort_classes_encode(const struct cohort_classes *classes, struct buffer *to);
void cohort_classes_decode(struct value_reader *reader, struct cohort_classes *ret_classes);
